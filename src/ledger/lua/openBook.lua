-- Opens the book of a campaign: at once where it never had one, else when the time of its rebuilding is over, with the
-- most that anyone knows was posted: what is left of the book itself, a node, Postgres. A book that is whole stays as it is.
-- KEYS: the book
-- ARGV: 1 now (ms), 2 1 where it never had a book, 3 day, then as Postgres counts it: 4 posted ever, 5 posted of the day
-- Codes: opened, repeated, waiting, lost (its rebuilding has not begun on this server), invalid
-- Then, for waiting: for how long (ms)

local book = KEYS[1]
local now, day, counted, countedToday = count(ARGV[1]), whole(ARGV[3]), count(ARGV[4]), count(ARGV[5])
if not (now and day and counted and countedToday) or #ARGV ~= 5 then return { 'invalid' } end
if isWhole(book) then return { 'repeated' } end
local sums = redis.call('HMGET', book, 'rebuilding', 'until', 'heard', 'empty', 'posted', 'p' .. ARGV[3], 'leased')
if ARGV[2] ~= '1' or sums[5] then
  if sums[1] ~= history() then return { 'lost' } end
  local left = tonumber(sums[2]) - serverMs()
  if left > 0 then return { 'waiting', digits(left) } end
end

-- What nodes still owe will be posted after this. In a book that was empty it is marked: it counts as posted.
local owed = 0
for _, name in ipairs(redis.call('HKEYS', book)) do
  if name:sub(1, 5) == 'owed:' then
    owed = owed + field(book, name)
    redis.call('HDEL', book, name)
  end
end
if sums[4] == '0' then counted, countedToday = math.max(0, counted - owed), math.max(0, countedToday - owed) end

-- What nobody has counted for a day was posted today.
local written, writtenToday = tonumber(sums[5] or '0'), tonumber(sums[6] or '0')
local posted = math.max(written, counted, tonumber(sums[3] or '0'))
local today = countedToday + posted - counted
if sums[4] == '0' then today = math.max(countedToday, writtenToday + posted - written) end
redis.call('HSET', book, 'home', history(), 'posted', digits(posted), 'leased', sums[7] or '0')
redis.call('HSET', book, 'p' .. ARGV[3], digits(math.min(posted, math.max(today, writtenToday))))
redis.call('HDEL', book, 'rebuilding', 'until', 'heard', 'empty')
seeTime(book, now)
return { 'opened' }
