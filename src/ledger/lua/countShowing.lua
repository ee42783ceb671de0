-- Counts that a bid was shown, once, in the windows of the bid's time.
-- KEYS: the user's record
-- ARGV: 1 now (s), 2 the campaign's key, 3 time of the bid (s), 4 expiry (s), 5 lease, 6 ordinal
-- Codes: shown, late (it was not held any more), repeated, unknown (nothing of the campaign), unreadable, invalid

local now, key = whole(ARGV[1], MAX_U32), keyOf(ARGV[2])
local issued, expiry = whole(ARGV[3], MAX_U32), whole(ARGV[4], MAX_U32)
local lease, ordinal = whole(ARGV[5], MAX_U48), whole(ARGV[6], MAX_U32)
if not (now and key and issued and expiry and lease and ordinal) or #ARGV ~= 6 then return { 'invalid' } end

local record = readRecord(KEYS[1], now)
if record == nil then return { 'unreadable' } end
local campaign = findCampaign(record, key, now)
if campaign == nil then return { 'unknown' } end
local name = struct.pack(SHOWN, lease, ordinal)
for at = 1, #campaign.shown, SHOWN_BYTES do
  if campaign.shown:sub(at, at + SHOWN_BYTES - 1) == name then return { 'repeated' } end
end

local wasHeld = takeHeld(campaign, issued, expiry)
for _, window in ipairs(campaign.windows) do
  if issued >= window[2] and window[3] < MAX_U32 then window[3] = window[3] + 1 end
end
campaign.shown = (campaign.shown .. name):sub(-MAX_SHOWN * SHOWN_BYTES)
writeRecord(KEYS[1], record, now)
return { wasHeld and 'shown' or 'late' }
