-- Gives back of a lease what its node has not used, and what it reserved until seconds that are over, but for what
-- notices have taken out of those before. Told twice, it is done once. Any node settles a lease whose last expiry is
-- over: all that is left of it goes back.
-- KEYS: the book, the zset of open leases, the lease
-- ARGV: 1 now (ms), 2 node, 3 the lease's number, 4 given back so far, 5 the last second that is over, 6 1 where nothing
--       is taken from it any more, then pairs of a second and what was reserved until it
-- Codes: settled, closed (nothing of it is left), other (it is another node's, and its last expiry is not over), unknown,
--        lost (the book is not whole), invalid
-- Then: granted in all, outstanding, the next second in which something of it is due or 0, posted of its day, posted
-- ever, expired now

local book, leases, lease = KEYS[1], KEYS[2], KEYS[3]
local now, number, returned, through = count(ARGV[1]), count(ARGV[3]), count(ARGV[4]), count(ARGV[5])
if not (now and number and returned and through) or #ARGV % 2 ~= 0 or #ARGV < 6 then return { 'invalid' } end
for at = 7, #ARGV, 2 do
  if count(ARGV[at]) == nil or count(ARGV[at + 1]) == nil then return { 'invalid' } end
end
local known = redis.call('HMGET', lease, 'node', 'day', 'granted', 'returned', 'through', 'last', 'outstanding',
  'share', 'remembered')
if not isWhole(book) then return { 'lost' } end
if not known[1] then
  redis.call('ZREM', leases, ARGV[3])
  return { 'unknown' }
end
now = seeTime(book, now)
local day, granted, last = known[2], tonumber(known[3]), tonumber(known[6])
local outstanding = tonumber(known[7] or '0')
local isOverdue = math.floor(now / 1000) >= last

-- How the bids of those seconds ended, of which `reserved` was taken of the lease; what is older counts half, a quarter, …
local function countBids(reserved, won)
  if not known[8] or reserved + won == 0 then return end
  local sums = redis.call('HMGET', book, 'tried', 'won')
  local tried = tonumber(sums[1] or '0') + math.floor(reserved * WHOLE_SHARE / tonumber(known[8]))
  won = won + tonumber(sums[2] or '0')
  while tried > tonumber(known[9]) do tried, won = math.floor(tried / 2), math.floor(won / 2) end
  redis.call('HSET', book, 'tried', digits(tried), 'won', digits(won))
end

-- Sums the seconds up to `through`; what a win has put into one stands there below zero. Says which comes next.
local function expire()
  local due, nextSec, won = 0, 0, 0
  local before = tonumber(known[5])
  for at = 7, #ARGV, 2 do
    local second = tonumber(ARGV[at])
    if second > before and second <= through then due = due + tonumber(ARGV[at + 1]) end
  end
  local reserved = due
  local all = redis.call('HGETALL', lease)
  for at = 1, #all, 2 do
    local kind, text = all[at]:match('^([nw])(%d+)$')
    local second = tonumber(text or '')
    if second and second <= through then
      if kind == 'n' then due = due - tonumber(all[at + 1]) else won = won + tonumber(all[at + 1]) end
      redis.call('HDEL', lease, all[at])
    elseif kind == 'n' and (nextSec == 0 or second < nextSec) then
      nextSec = second
    end
  end
  countBids(reserved, won)
  if through > before then redis.call('HSET', lease, 'through', digits(through)) end
  return math.max(0, due), nextSec
end

local function answer(code, left, nextSec, expired)
  return {
    code, digits(granted), digits(left), digits(nextSec),
    digits(field(book, 'p' .. day)), digits(field(book, 'posted')), digits(expired)
  }
end

if isOverdue then
  release(book, lease, day, outstanding)
  redis.call('HSET', lease, 'closed', '1', 'through', digits(math.max(last, tonumber(known[5]))))
  redis.call('ZREM', leases, ARGV[3])
  return answer('closed', 0, 0, outstanding)
end
if known[1] ~= ARGV[2] then return { 'other' } end

local back = math.max(0, math.min(returned, granted) - tonumber(known[4]))
if back > 0 then redis.call('HSET', lease, 'returned', digits(tonumber(known[4]) + back)) end
local due, nextSec = expire()
local released = math.min(outstanding, back + due)
release(book, lease, day, released)
local left = outstanding - released
local expired = math.max(0, released - back)
if ARGV[6] ~= '1' then return answer('settled', left, nextSec, expired) end
if left == 0 then
  redis.call('HSET', lease, 'closed', '1')
  redis.call('ZREM', leases, ARGV[3])
  return answer('closed', 0, 0, expired)
end
return answer('settled', left, nextSec, expired)
