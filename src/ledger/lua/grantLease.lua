-- Gives a node a slice of the budget, in a lease of the node's own: at most what is neither posted nor leased and what
-- pacing allows by now, and nothing where that is less than it lacks. What the node has not used of the lease so far goes
-- back first. Asked twice, it gives twice, and says both times how much the lease was granted in all.
-- KEYS: the book, the zset of open leases, the lease
-- ARGV: 1 now (ms), 2 node, 3 the lease's number, 4 day, 5 model, 6 the most of the day's budget by now,
--       7 lifetime budget or '', 8 wish, 9 least, 10 last expiry (s), 11 how long the lease is remembered after it (s),
--       12 given back of the lease so far, 13 daily budget, 14 1 where the lease is new,
--       15 a slice of the line that the budget is paced along or '', 16 how many nanos a second the line rises,
--       17 the share that bids take of a lease that is new or '' (share.ts), 18 how much of its bids is remembered
-- Codes: granted, refused, paced (only pacing withholds it), taken (the number is another node's), unknown (no such
--        lease), closed, lost (the book is not whole), invalid
-- Then: granted of the lease in all, available, posted of the day, posted ever, of the bids whose end is known
-- their prices and those of the ones that were billed, and up to 4 leases past their last expiry

local MODELS = { cpm = true, cpc = true, cpa = true }
local OVERDUE_AT_ONCE = 4
local KEPT_DAYS = 3
-- As in pacing.ts, which says why.
local CATCH_UP_MS, CATCH_UP_RISE, PACE_SKEW_MS = 2700000, 1 + 60 / 45, 60000

local book, leases, lease = KEYS[1], KEYS[2], KEYS[3]
local now, day, allowance, lifetime = count(ARGV[1]), whole(ARGV[4]), count(ARGV[6]), limit(ARGV[7])
local wish, least, last, kept = count(ARGV[8]), count(ARGV[9]), count(ARGV[10]), count(ARGV[11])
local returned, daily, isNew = count(ARGV[12]), count(ARGV[13]), ARGV[14] == '1'
local told, slice, speed = now, limit(ARGV[15]), count(ARGV[16])
local share, remembered = limit(ARGV[17]), count(ARGV[18])
if not (now and day and allowance and lifetime and wish and least and last and kept and returned and daily)
  or not count(ARGV[3]) or not MODELS[ARGV[5]] or ARGV[2] == '' or #ARGV ~= 18
  or not slice or not speed or not share or share == 0 or not remembered then
  return { 'invalid' }
end
if not isWhole(book) then return { 'lost' } end
now = seeTime(book, now)

-- A budget is less than was told before.
local isCut = false

-- Sums of days that are over stay for a few days.
local function forgetDays()
  if redis.call('HGET', book, 'day') == ARGV[4] then return end
  redis.call('HSET', book, 'day', ARGV[4])
  local days = {}
  for _, name in ipairs(redis.call('HKEYS', book)) do
    local key = name:match('^p(%-?%d+)$')
    if key then days[#days + 1] = tonumber(key) end
  end
  table.sort(days)
  for at = 1, #days - KEPT_DAYS do
    local old = digits(days[at])
    if field(book, 'l' .. old) == 0 then redis.call('HDEL', book, 'p' .. old, 'l' .. old) end
  end
end

-- What an edit has left above the budget is no fault of the books. Where bids take less than they cost, only a cut is one.
local function noteEdit()
  local sums = redis.call('HMGET', book, 'posted', 'leased', 'p' .. ARGV[4], 'l' .. ARGV[4], 'late', 'edited', 'excess')
  if sums[7] and not isCut then return end
  local function sum(at) return tonumber(sums[at] or '0') end
  local excess = math.max(sum(1) + sum(2) - lifetime, sum(3) + sum(4) - daily) - sum(5) - sum(7)
  if excess > sum(6) then redis.call('HSET', book, 'edited', digits(excess)) end
end

-- What may be posted and leased of the day by now, and whether that is to be kept without a grant too.
local function paceLevel(used)
  if slice == math.huge then return allowance, false end
  local before = redis.call('HMGET', book, 'paceDay', 'paceMs', 'pace')
  if before[1] ~= ARGV[4] or tonumber(before[2]) - told > PACE_SKEW_MS then
    return math.min(allowance, used + slice), true
  end
  local level = tonumber(before[3])
  local behind = math.max(0, allowance - level)
  local rise = math.max(speed / 1000 * CATCH_UP_RISE, speed / 1000 + behind / CATCH_UP_MS)
  rise = math.floor(math.max(0, told - tonumber(before[2])) * rise)
  level = math.min(allowance, level + rise)
  if rise < slice then return level, false end
  return math.min(level, used + slice), true
end

local known = redis.call('HMGET', lease, 'node', 'day', 'granted', 'returned', 'closed', 'last')
if known[1] and known[1] ~= ARGV[2] then return { 'taken' } end
if not known[1] and not isNew then return { 'unknown' } end
if known[5] then return { 'closed' } end
if known[1] and known[2] ~= ARGV[4] then return { 'invalid' } end

forgetDays()
local before = redis.call('HMGET', book, 'daily', 'lifetime')
isCut = before[1] and (daily < tonumber(before[1]) or lifetime < limit(before[2]))
redis.call('HSET', book, 'daily', ARGV[13], 'lifetime', ARGV[7])
local back = math.min(returned, tonumber(known[3] or '0')) - tonumber(known[4] or '0')
if back > 0 then
  release(book, lease, ARGV[4], back)
  redis.call('HSET', lease, 'returned', ARGV[12])
end

local used = field(book, 'p' .. ARGV[4]) + field(book, 'l' .. ARGV[4])
local level, isRisen = paceLevel(used)
local left = available(book, ARGV[4], daily, lifetime)
if left < 0 then noteEdit() end
local free = math.min(left, level - used)
local code = left >= least and 'paced' or 'refused'
local granted = tonumber(known[3] or '0')
if free >= least then
  code = 'granted'
  local amount = math.min(wish, free)
  granted = granted + amount
  last = math.max(last, tonumber(known[6] or '0'))
  redis.call('HSET', lease, 'granted', digits(granted), 'last', digits(last))
  if not known[1] then
    redis.call('HSET', lease, 'node', ARGV[2], 'day', ARGV[4], 'model', ARGV[5], 'through', '0', 'returned', '0')
    if share <= WHOLE_SHARE then redis.call('HSET', lease, 'share', ARGV[17], 'remembered', ARGV[18]) end
    if share < WHOLE_SHARE then redis.call('HSETNX', book, 'excess', '0') end
  end
  release(book, lease, ARGV[4], -amount)
  free = free - amount
  used = used + amount
  redis.call('ZADD', leases, digits(last), ARGV[3])
  redis.call('EXPIRE', lease, digits(math.max(1, last - math.floor(now / 1000)) + kept))
end

if slice ~= math.huge and (code == 'granted' or isRisen) then
  level = math.min(level, used + slice)
  redis.call('HSET', book, 'paceDay', ARGV[4], 'paceMs', digits(told), 'pace', digits(level))
end

local overdue = redis.call('ZRANGEBYSCORE', leases, '-inf', digits(math.floor(now / 1000)), 'LIMIT', 0, OVERDUE_AT_ONCE)
return {
  code, digits(granted), digits(math.min(free, MAX_EXACT)),
  digits(field(book, 'p' .. ARGV[4])), digits(field(book, 'posted')),
  digits(field(book, 'tried')), digits(field(book, 'won')), unpack(overdue)
}
