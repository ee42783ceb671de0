-- Takes a click's or a conversion's amount from what is neither posted nor leased, once; where that is not enough, it
-- counts and is not charged. A conversion counts only after its click. A click costs only in a cpc lease, a conversion
-- only in a cpa lease.
-- KEYS: the book, the lease, its marks
-- ARGV: 1 now (ms), 2 ordinal, 3 click or conversion, 4 amount, 5 day, 6 daily budget, 7 lifetime budget or '',
--       8 unit; or '' for 5 to 8: as the book was last told
-- Codes: posted, uncharged, repeated, unclicked, unknown, lost (the book is not whole), invalid
-- Then, for the first two: posted of the day, posted ever, 1 where the budget does not bear a unit any more

local ACTIONS = {
  click = { mark = CLICKED, model = 'cpc' },
  conversion = { mark = CONVERTED, model = 'cpa' },
}

local book, lease, marks = KEYS[1], KEYS[2], KEYS[3]
local now, ordinal, action, amount = count(ARGV[1]), count(ARGV[2]), ACTIONS[ARGV[3]], count(ARGV[4])
local today, dailyText, lifetimeText, unit = ARGV[5], ARGV[6], ARGV[7], count(ARGV[8])
if ARGV[5] == '' then
  local told = redis.call('HMGET', book, 'day', 'daily', 'lifetime')
  today, dailyText, lifetimeText, unit = told[1] or '0', told[2] or '0', told[3] or '', 0
end
local day, daily, lifetime = whole(today), count(dailyText), limit(lifetimeText)
if not (now and ordinal and action and amount and day and daily and lifetime and unit)
  or ordinal > MAX_ORDINAL or #ARGV ~= 8 then
  return { 'invalid' }
end
if not isWhole(book) then return { 'lost' } end
local reservation = findReservation(book, lease, marks, now, ordinal, 0)
if reservation == nil then return { 'unknown' } end
if ARGV[3] == 'conversion' and not has(reservation.set, CLICKED) then return { 'unclicked' } end
if has(reservation.set, action.mark) then return { 'repeated' } end

if reservation.model ~= action.model then amount = 0 end
local free = available(book, today, daily, lifetime)
local set = bit.bor(reservation.set, action.mark)
local code = 'uncharged'
if amount == 0 or amount <= free then
  code = 'posted'
  free = free - amount
  post(book, today, amount)
  if amount > 0 and ARGV[3] == 'click' then set = bit.bor(set, CHARGED) end
end
writeMarks(marks, lease, ordinal, set)
return {
  code, digits(field(book, 'p' .. today)), digits(field(book, 'posted')),
  reservation.model ~= 'cpm' and free < unit and '1' or '0'
}
