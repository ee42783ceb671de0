-- Opens the book of a campaign with what it has posted so far. A book that is open stays as it is.
-- KEYS: the book
-- ARGV: now (ms), posted ever, then pairs of a day and what was posted in it
-- Codes: opened, repeated, invalid

local now, posted = count(ARGV[1]), count(ARGV[2])
if now == nil or posted == nil or #ARGV % 2 ~= 0 then return { 'invalid' } end
for at = 3, #ARGV, 2 do
  if count(ARGV[at]) == nil or count(ARGV[at + 1]) == nil then return { 'invalid' } end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return { 'repeated' } end
redis.call('HSET', KEYS[1], 'seen', digits(now), 'posted', digits(posted), 'leased', '0')
for at = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], 'p' .. ARGV[at], ARGV[at + 1]) end
return { 'opened' }
