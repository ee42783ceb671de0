-- Begins to rebuild a book that is not whole: for REBUILD_MS nothing is granted and no notice counts, while the nodes declare
-- their leases and do again what they did last. Keeps the most that any of them has heard was posted.
-- KEYS: the book
-- ARGV: 1 posted ever, as the node last heard, 2 node, 3 what it could not post yet of what Postgres counts
-- Codes: begun, rebuilding, whole, invalid
-- Then, for the first two: for how long (ms)

-- As long as a slice is taken from: a node that hears nothing has stopped by itself.
local REBUILD_MS = 2000

local book, heard, owed = KEYS[1], count(ARGV[1]), count(ARGV[3])
if not heard or not owed or ARGV[2] == '' or #ARGV ~= 3 then return { 'invalid' } end
if isWhole(book) then return { 'whole' } end
local known = redis.call('HMGET', book, 'rebuilding', 'until', 'heard', 'empty', 'home')
local code = 'rebuilding'
if known[1] ~= history() then
  code = 'begun'
  known[2], known[3] = digits(serverMs() + REBUILD_MS), known[3] or '0'
  local isEmpty = known[4] == '1' or not known[5]
  redis.call('HSET', book, 'rebuilding', history(), 'until', known[2], 'empty', isEmpty and '1' or '0')
end
redis.call('HSET', book, 'heard', digits(math.max(heard, tonumber(known[3]))), 'owed:' .. ARGV[2], digits(owed))
return { code, digits(math.max(0, tonumber(known[2]) - serverMs())) }
