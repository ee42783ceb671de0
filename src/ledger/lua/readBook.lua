-- What the book of a campaign says.
-- KEYS: the book
-- ARGV: 1 day
-- Codes: read, lost (the book is not whole), invalid
-- Then: posted of the day, posted ever, leased of the day, leased ever, late, edited, what bids that took less than they cost
-- have lifted above the budget

local day = whole(ARGV[1])
if day == nil or #ARGV ~= 1 then return { 'invalid' } end
if not isWhole(KEYS[1]) then return { 'lost' } end
local sums = redis.call('HMGET', KEYS[1], 'p' .. ARGV[1], 'posted', 'l' .. ARGV[1], 'leased', 'late', 'edited', 'excess')
local answer = { 'read' }
for at = 1, 7 do answer[at + 1] = sums[at] or '0' end
return answer
