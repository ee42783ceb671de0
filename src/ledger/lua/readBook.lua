-- What the book of a campaign says.
-- KEYS: the book
-- ARGV: 1 day
-- Codes: read, unknown, invalid
-- Then: posted of the day, posted ever, leased of the day, leased ever, late, edited

local day = whole(ARGV[1])
if day == nil or #ARGV ~= 1 then return { 'invalid' } end
if redis.call('EXISTS', KEYS[1]) == 0 then return { 'unknown' } end
local sums = redis.call('HMGET', KEYS[1], 'p' .. ARGV[1], 'posted', 'l' .. ARGV[1], 'leased', 'late', 'edited')
local answer = { 'read' }
for at = 1, 6 do answer[at + 1] = sums[at] or '0' end
return answer
