-- Stands before every script of the frequency caps: the record of one user, which cap-record.ts draws. Its rules are
-- those of cap-rules.ts, and what both make of a record is the same to the byte. It stays packed: a table for each part
-- of it takes three times as long.

local VERSION = 1
local WIN_EXTENSION_SEC = 60
local MAX_AHEAD_SEC = 172800
local MAX_HELD = 1000
local MAX_SHOWN = 64
local MAX_U32 = 4294967295
local MAX_U48 = 281474976710655

local KEY_BYTES = 22
local HEAD, CAMPAIGN_BYTES = '<I4BI2B', KEY_BYTES + 8
local WINDOW, WINDOW_BYTES = '<BI4I4', 9
local HELD, HELD_BYTES = '<I4I4', 8
local SHOWN, SHOWN_BYTES = '<I6I4', 10

local byte, find, sub = string.byte, string.find, string.sub
local unpackAt, pack = struct.unpack, struct.pack

-- A whole number from 0 to `most`, or nil.
local function whole(value, most)
  if value == nil or #value > 15 or not find(value, '^%d+$') then return nil end
  local number = tonumber(value)
  return number <= most and number or nil
end

local function isKey(value)
  return value ~= nil and #value == KEY_BYTES
end

-- The record without the campaigns that are over at `now`, and when the last of the others is; nil: it can't be read.
local function siftRecord(packed, now)
  if type(packed) ~= 'string' or byte(packed, 1) ~= VERSION then return nil end
  local size, last, kept = #packed, 0, nil
  local at = 2
  while at <= size do
    if at + CAMPAIGN_BYTES > size + 1 then return nil end
    local ends, windows, held, shown = unpackAt(HEAD, packed, at + KEY_BYTES)
    local behind = at + CAMPAIGN_BYTES + windows * WINDOW_BYTES + held * HELD_BYTES + shown * SHOWN_BYTES
    if behind > size + 1 then return nil end
    if ends <= now then
      kept = kept or { sub(packed, 1, at - 1) }
    else
      if ends > last then last = ends end
      if kept ~= nil then kept[#kept + 1] = sub(packed, at, behind - 1) end
    end
    at = behind
  end
  if kept ~= nil then packed = table.concat(kept) end
  return packed, last
end

local function readRecord(key, now)
  local packed = redis.pcall('GET', key)
  if not packed then return string.char(VERSION), 0 end
  return siftRecord(packed, now)
end

-- It runs out by itself when nothing in it is of use any more.
local function writeRecord(key, packed, last, now)
  redis.call('SET', key, packed, 'EX', math.max(1, last - now))
end

-- Where the campaign begins; nil: nothing is known of it. That its id stands elsewhere by chance is as likely as that
-- two ids are the same.
local function findCampaign(packed, key)
  return find(packed, key, 2, true)
end

-- The record without the campaign's bids that have expired, the times of the others, and the rest of its head.
local function openCampaign(packed, at, now)
  local ends, windows, held, shown, from = unpackAt(HEAD, packed, at + KEY_BYTES)
  local heldAt = from + windows * WINDOW_BYTES
  local shownAt = heldAt + held * HELD_BYTES
  local issued, kept = {}, nil
  for place = heldAt, shownAt - 1, HELD_BYTES do
    local time, expiry = unpackAt(HELD, packed, place)
    local due = expiry + WIN_EXTENSION_SEC
    if due > now and due <= now + MAX_AHEAD_SEC then
      issued[#issued + 1] = time
      if kept ~= nil then kept[#kept + 1] = sub(packed, place, place + HELD_BYTES - 1) end
    else
      kept = kept or { sub(packed, heldAt, place - 1) }
    end
  end
  if kept ~= nil then
    packed = sub(packed, 1, at + KEY_BYTES - 1) .. pack(HEAD, ends, windows, #issued, shown)
      .. sub(packed, from, heldAt - 1) .. table.concat(kept) .. sub(packed, shownAt)
  end
  return packed, issued, ends, windows, shown
end

-- The record without one bid of an opened campaign, or nil: it is not held.
local function takeHeld(packed, at, issued, expiry, ends, windows, held, shown)
  local heldAt = at + CAMPAIGN_BYTES + windows * WINDOW_BYTES
  local bid = pack(HELD, issued, expiry)
  for place = heldAt, heldAt + (held - 1) * HELD_BYTES, HELD_BYTES do
    if sub(packed, place, place + HELD_BYTES - 1) == bid then
      return sub(packed, 1, at + KEY_BYTES - 1) .. pack(HEAD, ends, windows, held - 1, shown)
        .. sub(packed, at + CAMPAIGN_BYTES, place - 1) .. sub(packed, place + HELD_BYTES)
    end
  end
  return nil
end

-- true: what stands under the users of this hash slot is complete. Else it was lost, and is being put together again.
local function isComplete(epoch)
  return epoch and byte(epoch, 1) ~= 45
end
