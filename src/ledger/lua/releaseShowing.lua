-- Lets go of a bid that was held and will not be shown. To be called once a bid: what is held is sums.
-- KEYS: the user's record
-- ARGV: 1 now (s), 2 the campaign's key, 3 time of the bid (s), 4 expiry (s)
-- Codes: released, unknown (it is not held any more), unreadable, invalid

local now, key = whole(ARGV[1], MAX_U32), ARGV[2]
local issued, expiry = whole(ARGV[3], MAX_U32), whole(ARGV[4], MAX_U32)
if not (now and isKey(key) and issued and expiry) or #ARGV ~= 4 then return { 'invalid' } end

local record, last = readRecord(KEYS[1], now)
if record == nil then return { 'unreadable' } end
local at = findCampaign(record, key)
if at == nil then return { 'unknown' } end
local held, ends, windows, shown
record, held, ends, windows, shown = openCampaign(record, at, now)
local taken = takeHeld(record, at, issued, expiry, ends, windows, #held, shown)
if taken == nil then return { 'unknown' } end
writeRecord(KEYS[1], taken, last, now)
return { 'released' }
