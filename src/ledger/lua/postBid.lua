-- Moves a bid's money from what is leased to what is posted, once. After its expiry or its loss notice it moves too, since
-- the exchange charges it, and is counted as late.
-- KEYS: the book, the lease, its marks
-- ARGV: 1 now (ms), 2 ordinal, 3 amount, 4 price, 5 expiry (s)
-- Codes: posted, late, repeated, unknown, lost (the book is not whole), invalid
-- Then, for the first two: posted of the day, posted ever, posted without having been leased, by how much what is posted
-- and leased is above the budgets that were last told, and by how much the bid has lifted what is posted above them

local book, lease, marks = KEYS[1], KEYS[2], KEYS[3]
local now, ordinal, amount = count(ARGV[1]), count(ARGV[2]), count(ARGV[3])
local reserved, expiry = count(ARGV[4]), count(ARGV[5])
if not (now and ordinal and amount and reserved and expiry) or ordinal > MAX_ORDINAL or #ARGV ~= 5 then
  return { 'invalid' }
end
if not isWhole(book) then return { 'lost' } end
local reservation = findReservation(book, lease, marks, now, ordinal, expiry)
if reservation == nil then return { 'unknown' } end
if has(reservation.set, POSTED) then return { 'repeated' } end

amount = math.min(amount, reserved)
-- Where bids take less than they may cost: by how much what is posted is above the budgets.
local told = redis.call('HMGET', book, 'day', 'daily', 'lifetime', 'excess')
local function overspent()
  if not told[4] or not told[2] then return 0 end
  local today = field(book, 'p' .. reservation.day) - limit(told[2])
  return math.max(0, today, field(book, 'posted') - limit(told[3]))
end

local before = overspent()
local released = 0
if not reservation.isReleased then released = giveBack(book, lease, reservation, reserved) end
post(book, reservation.day, amount)
if reservation.isExpected and released > 0 then add(lease, 'w' .. digits(reservation.endsSec), reserved)
elseif reservation.isExpected then add(book, 'won', reserved) end
writeMarks(marks, lease, ordinal, bit.bor(reservation.set, POSTED))
local posted = { digits(field(book, 'p' .. reservation.day)), digits(field(book, 'posted')) }
local overdrawn = '0'
if told[2] and (reservation.isOver or told[4]) then
  overdrawn = digits(math.max(0, -available(book, told[1], limit(told[2]), limit(told[3]))))
end
if reservation.isOver then
  add(book, 'late', amount)
  return { 'late', posted[1], posted[2], '0', overdrawn, '0' }
end
local excess = overspent() - before
if excess > 0 then add(book, 'excess', excess) end
local unleased = math.max(0, math.min(amount, heldOf(reservation, reserved)) - released)
return { 'posted', posted[1], posted[2], digits(unleased), overdrawn, digits(excess) }
