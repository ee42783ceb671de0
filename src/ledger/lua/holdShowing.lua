-- Chooses for each imp of a request the first candidate whose caps let this user be shown it, and holds it: shown and
-- held never pass a limit. No two imps get the same ad. What one imp takes, the next sees.
-- KEYS: the user's record
-- ARGV: 1 now (s), 2 '1' or '0': nothing is held, 3 the imps, as JSON: [[expiry (s), choice, …], …], a choice of a campaign
--       without caps [ad], of one with caps [ad, key, until (s), window, start (s), limit, window, start, limit, …]
-- Codes: held (and for each imp two numbers: the place of its choice from 1 on and the time (s) of the bid; or, less than 0,
--  the place of the cap that stopped its last choice, and 0; or 0, 0: there was nothing to take), unreadable, invalid

local now = whole(ARGV[1], MAX_U32)
local isParsed, imps = pcall(cjson.decode, ARGV[3] or '')
if now == nil or #ARGV ~= 3 or (ARGV[2] ~= '0' and ARGV[2] ~= '1') or not isParsed or type(imps) ~= 'table' then
  return { 'invalid' }
end

-- All numbers of a choice are whole, and there are as many as it takes.
local function isChoice(choice)
  if type(choice) ~= 'table' or whole(choice[1], MAX_U32) == nil then return false end
  if #choice == 1 then return true end
  if #choice < 6 or #choice % 3 ~= 0 or keyOf(choice[2]) == nil then return false end
  for i = 3, #choice do
    if whole(choice[i], MAX_U32) == nil then return false end
  end
  for i = 4, #choice, 3 do
    if choice[i] > 255 then return false end
  end
  return true
end

for i = 1, #imps do
  if type(imps[i]) ~= 'table' or whole(imps[i][1], MAX_U32 - WIN_EXTENSION_SEC) == nil then return { 'invalid' } end
  for at = 2, #imps[i] do
    if not isChoice(imps[i][at]) then return { 'invalid' } end
  end
end

local record = readRecord(KEYS[1], now)
if record == nil then return { 'unreadable' } end

local function windowOf(campaign, window)
  for _, known in ipairs(campaign.windows) do
    if known[1] == window then return known end
  end
  return nil
end

-- Else it is the cap's window, or a later one that a clock ahead of ours has reached before: then that one counts.
local function isOver(known, start)
  return known[2] < start or known[2] > now + MAX_AHEAD_SEC
end

-- The place of the first cap that is reached; nil: none.
local function fullCap(choice)
  local campaign = findCampaign(record, choice[2], now)
  if campaign == nil then return nil end
  if #campaign.held >= MAX_HELD then return 1 end
  for at = 4, #choice, 3 do
    local start, limit = choice[at + 1], choice[at + 2]
    local known = windowOf(campaign, choice[at])
    local count = 0
    if known ~= nil and not isOver(known, start) then start, count = known[2], known[3] end
    for _, bid in ipairs(campaign.held) do
      if bid[1] >= start then count = count + 1 end
    end
    if count >= limit then return (at - 1) / 3 end
  end
  return nil
end

-- The time of the bid: now, or the beginning of the latest window that it counts in.
local function enterHold(choice, expiry)
  local campaign = findCampaign(record, choice[2], now)
  if campaign == nil then
    campaign = { key = choice[2], ends = 0, windows = {}, held = {}, shown = '', isOpen = true }
    record[#record + 1] = campaign
  end
  local issued = now
  local isAllNew = true
  for at = 4, #choice, 3 do
    local window, start = choice[at], choice[at + 1]
    local known = windowOf(campaign, window)
    if known == nil then
      campaign.windows[#campaign.windows + 1] = { window, start, 0 }
    elseif isOver(known, start) then
      known[2], known[3] = start, 0
    else
      isAllNew = false
      issued = math.max(issued, known[2])
    end
  end
  -- A repeat of what was shown before could add to none of them.
  if isAllNew then campaign.shown = '' end
  campaign.held[#campaign.held + 1] = { issued, expiry }
  campaign.ends = math.max(campaign.ends, choice[3], expiry + WIN_EXTENSION_SEC)
  return issued
end

local taken = {}
local isHeld = false
local reply = { 'held' }
for _, imp in ipairs(imps) do
  local pick, time = 0, 0
  for at = 2, #imp do
    local choice = imp[at]
    if not taken[choice[1]] then
      local isCapped = #choice > 1
      local cap = isCapped and fullCap(choice)
      if not cap then
        taken[choice[1]] = true
        pick, time = at - 1, now
        if isCapped then
          time = enterHold(choice, imp[1])
          isHeld = true
        end
        break
      end
      pick = -cap
    end
  end
  reply[#reply + 1] = pick
  reply[#reply + 1] = time
end
if isHeld and ARGV[2] == '1' then writeRecord(KEYS[1], record, now) end
return reply
