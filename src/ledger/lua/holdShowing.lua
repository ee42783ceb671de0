-- Chooses for each imp of a request the first candidate whose caps let this user be shown it, and holds it: shown and
-- held never pass a limit. No two imps get the same ad. What one imp takes, the next sees.
-- KEYS: the user's record, the epoch of its tag
-- ARGV: 1 now (s), 2 '1' or '0': nothing is held, 3 the imps, packed. A number is five bytes of 7 bits, the lowest first,
--       so that any client can send it as text:
--         imp     expiry (s)  bytes of its choices  choice*
--         choice  ad  u8 caps, and where it has any: 22 key  until (s)  (u8 window  start (s)  limit)*
-- Codes: held (the epoch's number, and for each imp two numbers: the place of its choice from 1 on and the time (s) of the
--  bid; or, less than 0, the place of the cap that stopped its last choice, and 0; or 0, 0: there was nothing to take),
--  lost (the records of the tag are not complete), unreadable, invalid

local NUMBER_BYTES = 5
local CHOICE_BYTES, CAP_BYTES = 6, 11

local now, asked = whole(ARGV[1], MAX_U32), ARGV[3]
if now == nil or #ARGV ~= 3 or (ARGV[2] ~= '0' and ARGV[2] ~= '1') then return { 'invalid' } end

-- nil: there is none, or it is too large.
local function number(at)
  local a, b, c, d, e = byte(asked, at, at + 4)
  if e == nil then return nil end
  local value = a + b * 128 + c * 16384 + d * 2097152 + e * 268435456
  return value <= MAX_U32 and value or nil
end

local epoch = redis.call('GET', KEYS[2])
if not isComplete(epoch) then return { 'lost' } end
local record, last = readRecord(KEYS[1], now)
if record == nil then return { 'unreadable' } end

-- How the caps of a choice stand in its campaign's windows.
local campaignAt, isNew, isCurrent, isAllNew, issuedAt
local issued, ends, windows, shown

-- The count in the window that counts: the cap's, or a later one that a clock ahead of ours has reached before.
local function countIn(window, start)
  local from = campaignAt + CAMPAIGN_BYTES
  local count, isKnown = 0, false
  for place = from, from + (windows - 1) * WINDOW_BYTES, WINDOW_BYTES do
    if byte(record, place) == window then
      local _, began, showings = unpackAt(WINDOW, record, place)
      if began >= start and began <= now + MAX_AHEAD_SEC then
        isKnown, isAllNew = true, false
        start, count = began, showings
        if began > issuedAt then issuedAt = began end
      end
      break
    end
  end
  if not isKnown then isCurrent = false end
  for i = 1, #issued do
    if issued[i] >= start then count = count + 1 end
  end
  return count
end

-- The place of the first cap that is reached; 0: none; nil: the choice can't be read.
local function fullCap(at, caps)
  local key = sub(asked, at + CHOICE_BYTES, at + CHOICE_BYTES + KEY_BYTES - 1)
  campaignAt = findCampaign(record, key)
  isNew, isCurrent, isAllNew, issuedAt = campaignAt == nil, true, true, now
  local reached = 0
  if not isNew then
    record, issued, ends, windows, shown = openCampaign(record, campaignAt, now)
    if #issued >= MAX_HELD then reached = 1 end
  end
  local place = at + CHOICE_BYTES + KEY_BYTES + NUMBER_BYTES
  for cap = 1, caps do
    local start, limit = number(place + 1), number(place + 6)
    if start == nil or limit == nil then return nil end
    if not isNew and reached == 0 and countIn(byte(asked, place), start) >= limit then reached = cap end
    place = place + CAP_BYTES
  end
  return reached
end

-- The windows of a campaign, as this choice finds or begins them.
local function turnWindows(at, caps)
  local rows = {}
  if not isNew then
    rows = { unpackAt('<' .. ('BI4I4'):rep(windows), record, campaignAt + CAMPAIGN_BYTES) }
    rows[#rows] = nil
  end
  for cap = 0, caps - 1 do
    local place = at + CHOICE_BYTES + KEY_BYTES + NUMBER_BYTES + cap * CAP_BYTES
    local window, start = byte(asked, place), number(place + 1)
    local row
    for i = 1, #rows, 3 do
      if rows[i] == window then
        row = i
        break
      end
    end
    if row == nil then
      row = #rows + 1
      rows[row], rows[row + 1], rows[row + 2] = window, start, 0
    elseif rows[row + 1] < start or rows[row + 1] > now + MAX_AHEAD_SEC then
      rows[row + 1], rows[row + 2] = start, 0
    end
  end
  local count = #rows / 3
  return count, pack('<' .. ('BI4I4'):rep(count), unpack(rows))
end

-- The time of the bid: now, or the beginning of the latest window that it counts in.
local function enterHold(at, caps, expiry)
  local key = sub(asked, at + CHOICE_BYTES, at + CHOICE_BYTES + KEY_BYTES - 1)
  local due = math.max(number(at + CHOICE_BYTES + KEY_BYTES), expiry + WIN_EXTENSION_SEC)
  local bid = pack(HELD, issuedAt, expiry)
  if isNew then
    local count, rows = turnWindows(at, caps)
    record = record .. key .. pack(HEAD, due, count, 1, 0) .. rows .. bid
  else
    local from = campaignAt + CAMPAIGN_BYTES
    local heldAt = from + windows * WINDOW_BYTES
    local shownAt = heldAt + #issued * HELD_BYTES
    local count, rows = windows, nil
    if not isCurrent then count, rows = turnWindows(at, caps) end
    due = math.max(due, ends)
    local behind = shownAt
    -- A repeat of what was shown before could add to none of them.
    if isAllNew then behind, shown = shownAt + shown * SHOWN_BYTES, 0 end
    record = sub(record, 1, campaignAt + KEY_BYTES - 1) .. pack(HEAD, due, count, #issued + 1, shown)
      .. (rows or sub(record, from, heldAt - 1)) .. sub(record, heldAt, shownAt - 1) .. bid .. sub(record, behind)
  end
  if due > last then last = due end
  return issuedAt
end

local taken = {}
local isHeld = false
local reply = { 'held', epoch }
local at, size = 1, #asked
while at <= size do
  local expiry, bytes = number(at), number(at + NUMBER_BYTES)
  if bytes == nil or expiry == nil or expiry > MAX_U32 - WIN_EXTENSION_SEC then return { 'invalid' } end
  at = at + 2 * NUMBER_BYTES
  local behind = at + bytes
  if behind > size + 1 then return { 'invalid' } end
  local pick, time, place = 0, 0, 0
  while at < behind do
    local ad, caps = number(at), byte(asked, at + NUMBER_BYTES)
    local following = at + CHOICE_BYTES
    if caps ~= nil and caps > 0 then following = following + KEY_BYTES + NUMBER_BYTES + caps * CAP_BYTES end
    if ad == nil or caps == nil or following > behind then return { 'invalid' } end
    place = place + 1
    if not taken[ad] then
      local cap = 0
      if caps > 0 then
        cap = fullCap(at, caps)
        if cap == nil or number(at + CHOICE_BYTES + KEY_BYTES) == nil then return { 'invalid' } end
      end
      if cap == 0 then
        taken[ad] = true
        pick, time = place, now
        if caps > 0 then
          time = enterHold(at, caps, expiry)
          isHeld = true
        end
        break
      end
      pick = -cap
    end
    at = following
  end
  at = behind
  reply[#reply + 1] = pick
  reply[#reply + 1] = time
end
if isHeld and ARGV[2] == '1' then writeRecord(KEYS[1], record, last, now) end
return reply
