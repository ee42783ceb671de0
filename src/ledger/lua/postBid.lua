-- Moves a bid's money from what is leased to what is posted, once. After its expiry or its loss notice it moves too, since
-- the exchange charges it, and is counted as late.
-- KEYS: the book, the lease, its marks
-- ARGV: 1 now (ms), 2 ordinal, 3 amount, 4 what was reserved, 5 expiry (s)
-- Codes: posted, late, repeated, unknown, invalid
-- Then, for the first two: posted of the day, posted ever, posted without having been leased, and by how much the budgets
-- that were last told are exceeded

local book, lease, marks = KEYS[1], KEYS[2], KEYS[3]
local now, ordinal, amount = count(ARGV[1]), count(ARGV[2]), count(ARGV[3])
local reserved, expiry = count(ARGV[4]), count(ARGV[5])
if not (now and ordinal and amount and reserved and expiry) or ordinal > MAX_ORDINAL or #ARGV ~= 5 then
  return { 'invalid' }
end
local reservation = findReservation(book, lease, marks, now, ordinal, expiry)
if reservation == nil then return { 'unknown' } end
if has(reservation.set, POSTED) then return { 'repeated' } end

amount = math.min(amount, reserved)
local released = 0
if not reservation.isReleased then released = giveBack(book, lease, reservation, reserved) end
post(book, reservation.day, amount)
writeMarks(marks, lease, ordinal, bit.bor(reservation.set, POSTED))
local posted = { digits(field(book, 'p' .. reservation.day)), digits(field(book, 'posted')) }
if reservation.isOver then
  add(book, 'late', amount)
  local told = redis.call('HMGET', book, 'day', 'daily', 'lifetime')
  local excess = told[1] and -available(book, told[1], limit(told[2]), limit(told[3])) or 0
  return { 'late', posted[1], posted[2], '0', digits(math.max(0, excess)) }
end
return { 'posted', posted[1], posted[2], digits(math.max(0, amount - released)), '0' }
