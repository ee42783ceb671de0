-- Gives a node a slice of the budget, in a lease of the node's own: at most what is neither posted nor leased, and
-- nothing where that is less than it lacks. What the node has not used of the lease so far goes back first. Asked
-- twice, it gives twice, and says both times how much the lease was granted in all.
-- KEYS: the book, the zset of open leases, the lease
-- ARGV: 1 now (ms), 2 node, 3 the lease's number, 4 day, 5 model, 6 allowance of the day, 7 lifetime budget or '',
--       8 wish, 9 least, 10 last expiry (s), 11 how long the lease is remembered after it (s),
--       12 given back of the lease so far, 13 daily budget, 14 1 where the lease is new
-- Codes: granted, refused, taken (the number is another node's), unknown (no book, or no such lease), closed, invalid
-- Then: granted of the lease in all, available, posted of the day, posted ever, and up to 4 leases past their last expiry

local MODELS = { cpm = true, cpc = true, cpa = true }
local OVERDUE_AT_ONCE = 4
local KEPT_DAYS = 3

local book, leases, lease = KEYS[1], KEYS[2], KEYS[3]
local now, day, allowance, lifetime = count(ARGV[1]), whole(ARGV[4]), count(ARGV[6]), limit(ARGV[7])
local wish, least, last, kept = count(ARGV[8]), count(ARGV[9]), count(ARGV[10]), count(ARGV[11])
local returned, daily, isNew = count(ARGV[12]), count(ARGV[13]), ARGV[14] == '1'
if not (now and day and allowance and lifetime and wish and least and last and kept and returned and daily)
  or not count(ARGV[3]) or not MODELS[ARGV[5]] or ARGV[2] == '' or #ARGV ~= 14 then
  return { 'invalid' }
end
if redis.call('EXISTS', book) == 0 then return { 'unknown' } end
now = seeTime(book, now)

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

-- What an edit has left above the budget is no fault of the books.
local function noteEdit()
  local sums = redis.call('HMGET', book, 'posted', 'leased', 'p' .. ARGV[4], 'l' .. ARGV[4], 'late', 'edited')
  local function sum(at) return tonumber(sums[at] or '0') end
  local excess = math.max(sum(1) + sum(2) - lifetime, sum(3) + sum(4) - daily) - sum(5)
  if excess > sum(6) then redis.call('HSET', book, 'edited', digits(excess)) end
end

local known = redis.call('HMGET', lease, 'node', 'day', 'granted', 'returned', 'closed', 'last')
if known[1] and known[1] ~= ARGV[2] then return { 'taken' } end
if not known[1] and not isNew then return { 'unknown' } end
if known[5] then return { 'closed' } end
if known[1] and known[2] ~= ARGV[4] then return { 'invalid' } end

forgetDays()
redis.call('HSET', book, 'daily', ARGV[13], 'lifetime', ARGV[7])
local back = math.min(returned, tonumber(known[3] or '0')) - tonumber(known[4] or '0')
if back > 0 then
  release(book, lease, ARGV[4], back)
  redis.call('HSET', lease, 'returned', ARGV[12])
end

local free = available(book, ARGV[4], allowance, lifetime)
if free < 0 then noteEdit() end
local code = 'refused'
local granted = tonumber(known[3] or '0')
if free >= least then
  code = 'granted'
  local amount = math.min(wish, free)
  granted = granted + amount
  last = math.max(last, tonumber(known[6] or '0'))
  redis.call('HSET', lease, 'granted', digits(granted), 'last', digits(last))
  if not known[1] then
    redis.call('HSET', lease, 'node', ARGV[2], 'day', ARGV[4], 'model', ARGV[5], 'through', '0', 'returned', '0')
  end
  release(book, lease, ARGV[4], -amount)
  free = free - amount
  redis.call('ZADD', leases, digits(last), ARGV[3])
  redis.call('EXPIRE', lease, digits(math.max(1, last - math.floor(now / 1000)) + kept))
end

local overdue = redis.call('ZRANGEBYSCORE', leases, '-inf', digits(math.floor(now / 1000)), 'LIMIT', 0, OVERDUE_AT_ONCE)
return {
  code, digits(granted), digits(math.min(free, MAX_EXACT)),
  digits(field(book, 'p' .. ARGV[4])), digits(field(book, 'posted')), unpack(overdue)
}
