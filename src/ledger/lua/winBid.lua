-- Keeps what a bid that won has reserved for WIN_EXTENSION_SEC longer, once.
-- KEYS: the book, the lease, its marks
-- ARGV: 1 now (ms), 2 ordinal, 3 price, 4 expiry (s)
-- Codes: extended, repeated, already_posted, expired, unknown, lost (the book is not whole), invalid

local book, lease, marks = KEYS[1], KEYS[2], KEYS[3]
local now, ordinal, reserved, expiry = count(ARGV[1]), count(ARGV[2]), count(ARGV[3]), count(ARGV[4])
if not (now and ordinal and reserved and expiry) or ordinal > MAX_ORDINAL or #ARGV ~= 4 then return { 'invalid' } end
if not isWhole(book) then return { 'lost' } end
local reservation = findReservation(book, lease, marks, now, ordinal, expiry)
if reservation == nil then return { 'unknown' } end
if has(reservation.set, WON) or has(reservation.set, WON_LATE) then return { 'repeated' } end

if has(reservation.set, POSTED) or reservation.isOver then
  writeMarks(marks, lease, ordinal, bit.bor(reservation.set, WON_LATE))
  return { has(reservation.set, POSTED) and 'already_posted' or 'expired' }
end
-- Out of one second and into a later one.
local held = heldOf(reservation, reserved)
add(lease, 'n' .. digits(expiry), held)
add(lease, 'n' .. digits(expiry + WIN_EXTENSION_SEC), -held)
writeMarks(marks, lease, ordinal, bit.bor(reservation.set, WON))
return { 'extended' }
