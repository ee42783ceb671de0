-- Gives back what a click took, once. It stays a click.
-- KEYS: the book, the lease, its marks
-- ARGV: 1 now (ms), 2 ordinal, 3 amount, 4 day or '': as the book was last told
-- Codes: refunded, repeated (it took nothing, or that was given back before), unknown, lost (the book is not whole), invalid

local book, lease, marks = KEYS[1], KEYS[2], KEYS[3]
local now, ordinal, amount, day = count(ARGV[1]), count(ARGV[2]), count(ARGV[3]), ARGV[4]
if day == '' then day = redis.call('HGET', book, 'day') or '0' end
if not (now and ordinal and amount and whole(day)) or ordinal > MAX_ORDINAL or #ARGV ~= 4 then return { 'invalid' } end
if not isWhole(book) then return { 'lost' } end
local reservation = findReservation(book, lease, marks, now, ordinal, 0)
if reservation == nil then return { 'unknown' } end
if not has(reservation.set, CHARGED) then return { 'repeated' } end
post(book, day, -amount)
writeMarks(marks, lease, ordinal, bit.band(reservation.set, bit.bnot(CHARGED)))
return { 'refunded' }
