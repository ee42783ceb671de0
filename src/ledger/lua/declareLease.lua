-- Writes down a lease as its node knows it, where the book is rebuilt, or the lease was lost.
-- KEYS: the book, the zset of open leases, the lease
-- ARGV: 1 now (ms), 2 node, 3 the lease's number, 4 day, 5 model, 6 granted in all, 7 given back so far, 8 unused, 9 the last
--       second that is over, 10 last expiry (s), 11 how long the lease is remembered after it (s), 12 the share that bids take
--       of it or '', 13 how much of its bids is remembered, then pairs of a second and what was reserved until it
-- Codes: declared, taken (the number is another node's), lost (the book's rebuilding has not begun), invalid
-- Then: 1 where the lease was not known

local MODELS = { cpm = true, cpc = true, cpa = true }

local book, leases, lease = KEYS[1], KEYS[2], KEYS[3]
local now, day, granted, returned = count(ARGV[1]), whole(ARGV[4]), count(ARGV[6]), count(ARGV[7])
local unused, through, last, kept = count(ARGV[8]), count(ARGV[9]), count(ARGV[10]), count(ARGV[11])
local share, remembered = limit(ARGV[12]), count(ARGV[13])
if not (now and day and granted and returned and unused and through and last and kept) or not count(ARGV[3])
  or not MODELS[ARGV[5]] or ARGV[2] == '' or #ARGV < 13 or #ARGV % 2 == 0
  or not share or share == 0 or not remembered then
  return { 'invalid' }
end
for at = 14, #ARGV, 2 do
  if count(ARGV[at]) == nil or count(ARGV[at + 1]) == nil then return { 'invalid' } end
end
local wasWhole = isWhole(book)
if not wasWhole and redis.call('HGET', book, 'rebuilding') ~= history() then return { 'lost' } end
local known = redis.call('HMGET', lease, 'node', 'granted', 'through', 'outstanding', 'last', 'closed')
if known[1] and known[1] ~= ARGV[2] then return { 'taken' } end
if known[6] then return { 'declared', '0' } end

-- All that is unused or reserved, but for what notices have taken out of seconds that are not over.
local function outstandingOf(over)
  local sum = unused
  for at = 14, #ARGV, 2 do
    if tonumber(ARGV[at]) > over then sum = sum + tonumber(ARGV[at + 1]) end
  end
  local all = redis.call('HGETALL', lease)
  for at = 1, #all, 2 do
    local second = tonumber(all[at]:match('^n(%d+)$') or '')
    if second and second <= over then redis.call('HDEL', lease, all[at])
    elseif second then sum = sum - tonumber(all[at + 1]) end
  end
  return math.max(0, sum)
end

local before = tonumber(known[2] or '0')
if known[1] and wasWhole then
  -- The books are as they were, but for slices that they do not remember.
  release(book, lease, ARGV[4], -math.max(0, granted - before))
else
  through = math.max(through, tonumber(known[3] or '0'))
  -- A slice whose answer the node never got is its own too.
  local outstanding = outstandingOf(through) + (known[1] and math.max(0, before - granted) or 0)
  release(book, lease, ARGV[4], tonumber(known[4] or '0') - outstanding)
  redis.call('HSET', lease, 'node', ARGV[2], 'day', ARGV[4], 'model', ARGV[5],
    'returned', ARGV[7], 'through', digits(through))
end
last = math.max(last, tonumber(known[5] or '0'))
redis.call('HSET', lease, 'granted', digits(math.max(granted, before)), 'last', digits(last))
if share <= WHOLE_SHARE then redis.call('HSET', lease, 'share', ARGV[12], 'remembered', ARGV[13]) end
if share < WHOLE_SHARE then redis.call('HSETNX', book, 'excess', '0') end
redis.call('ZADD', leases, digits(last), ARGV[3])
redis.call('EXPIRE', lease, digits(math.max(1, last - math.floor(now / 1000)) + kept))
return { 'declared', known[1] and '0' or '1' }
