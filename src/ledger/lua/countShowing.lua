-- Counts that a bid was shown, once, in the windows of the bid's time.
-- KEYS: the user's record, the epoch of its tag
-- ARGV: 1 now (s), 2 the campaign's key, 3 time of the bid (s), 4 expiry (s), 5 lease, 6 ordinal; and, for where nothing
--       of the campaign is known any more, the windows of the bid's time: 7 until (s), then window, start (s) of each
-- Codes: (the first four with the epoch's number) shown, late (it was not held any more), repeated, unknown (nothing of
--  the campaign), lost (the records of the tag are not complete), unreadable, invalid

local now, key = whole(ARGV[1], MAX_U32), ARGV[2]
local issued, expiry = whole(ARGV[3], MAX_U32), whole(ARGV[4], MAX_U32)
local lease, ordinal = whole(ARGV[5], MAX_U48), whole(ARGV[6], MAX_U32)
if not (now and isKey(key) and issued and expiry and lease and ordinal) then return { 'invalid' } end
local rows = {}
for place = 7, #ARGV do
  local most = place > 7 and place % 2 == 0 and 255 or MAX_U32
  rows[place - 6] = whole(ARGV[place], most)
  if rows[place - 6] == nil then return { 'invalid' } end
end
if #rows == 1 or (#rows > 0 and #rows % 2 == 0) then return { 'invalid' } end

local epoch = redis.call('GET', KEYS[2])
if not isComplete(epoch) then return { 'lost' } end
local record, last = readRecord(KEYS[1], now)
if record == nil then return { 'unreadable' } end
local at = findCampaign(record, key)
if at == nil then
  if #rows == 0 or rows[1] <= now then return { 'unknown', epoch } end
  local windows = {}
  for place = 2, #rows, 2 do windows[#windows + 1] = pack(WINDOW, rows[place], rows[place + 1], 0) end
  at = #record + 1
  record = record .. key .. pack(HEAD, rows[1], #windows, 0, 0) .. table.concat(windows)
  last = math.max(last, rows[1])
end
local held, ends, windows, shown
record, held, ends, windows, shown = openCampaign(record, at, now)

local name = pack(SHOWN, lease, ordinal)
local shownAt = at + CAMPAIGN_BYTES + windows * WINDOW_BYTES + #held * HELD_BYTES
for place = shownAt, shownAt + (shown - 1) * SHOWN_BYTES, SHOWN_BYTES do
  if sub(record, place, place + SHOWN_BYTES - 1) == name then return { 'repeated', epoch } end
end

local taken = takeHeld(record, at, issued, expiry, ends, windows, #held, shown)
if taken ~= nil then record, shownAt = taken, shownAt - HELD_BYTES end
local from = at + CAMPAIGN_BYTES
local counted = {}
for place = from, from + (windows - 1) * WINDOW_BYTES, WINDOW_BYTES do
  local window, start, showings = unpackAt(WINDOW, record, place)
  if issued >= start and showings < MAX_U32 then showings = showings + 1 end
  counted[#counted + 1] = pack(WINDOW, window, start, showings)
end
local behind = shownAt + shown * SHOWN_BYTES
local names = (sub(record, shownAt, behind - 1) .. name):sub(-MAX_SHOWN * SHOWN_BYTES)
record = sub(record, 1, at + KEY_BYTES - 1)
  .. pack(HEAD, ends, windows, (shownAt - from - windows * WINDOW_BYTES) / HELD_BYTES, #names / SHOWN_BYTES)
  .. table.concat(counted) .. sub(record, from + windows * WINDOW_BYTES, shownAt - 1) .. names .. sub(record, behind)
writeRecord(KEYS[1], record, last, now)
return { taken and 'shown' or 'late', epoch }
