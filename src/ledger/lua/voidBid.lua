-- Gives back what a bid that lost had reserved, once. A post that comes later still counts.
-- KEYS: the book, the lease, its marks
-- ARGV: 1 now (ms), 2 ordinal, 3 price, 4 expiry (s)
-- Codes: voided, repeated, already_posted, expired, unknown, lost (the book is not whole), invalid
-- Then, for the first: what it had taken of its lease

local book, lease, marks = KEYS[1], KEYS[2], KEYS[3]
local now, ordinal, reserved, expiry = count(ARGV[1]), count(ARGV[2]), count(ARGV[3]), count(ARGV[4])
if not (now and ordinal and reserved and expiry) or ordinal > MAX_ORDINAL or #ARGV ~= 4 then return { 'invalid' } end
if not isWhole(book) then return { 'lost' } end
local reservation = findReservation(book, lease, marks, now, ordinal, expiry)
if reservation == nil then return { 'unknown' } end
if has(reservation.set, POSTED) then return { 'already_posted' } end
if has(reservation.set, VOIDED) then return { 'repeated' } end
if reservation.isOver then return { 'expired' } end

local released = giveBack(book, lease, reservation, reserved)
writeMarks(marks, lease, ordinal, bit.bor(reservation.set, VOIDED))
return { 'voided', digits(released) }
