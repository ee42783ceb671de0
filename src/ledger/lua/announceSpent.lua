-- Tells all nodes of a campaign whose budget bears no unit any more. Entries bear rising numbers, for followStream.
-- KEYS: the stream
-- ARGV: 1 the campaign's id
-- Codes: announced, invalid

local MAX_ENTRIES = 1000

if #ARGV ~= 1 or ARGV[1] == '' then return { 'invalid' } end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local number = last and tonumber(last[1]:match('^%d+')) + 1 or 1
redis.call('XADD', KEYS[1], 'MAXLEN', '~', MAX_ENTRIES, digits(number) .. '-0', 'campaign', ARGV[1])
return { 'announced' }
