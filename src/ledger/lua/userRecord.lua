-- Stands before every script of the frequency caps: the record of one user, which cap-record.ts draws. Its rules are
-- those of cap-rules.ts, and what both make of a record is the same to the byte.

local VERSION = 1
local WIN_EXTENSION_SEC = 60
local MAX_AHEAD_SEC = 172800
local MAX_HELD = 1000
local MAX_SHOWN = 64
local MAX_U32 = 4294967295
local MAX_U48 = 281474976710655

local HEAD, HEAD_BYTES = '<I4BI2B', 8
local WINDOW, WINDOW_BYTES = '<BI4I4', 9
local HELD, HELD_BYTES = '<I4I4', 8
local SHOWN, SHOWN_BYTES = '<I6I4', 10
local KEY_BYTES = 22

-- A whole number from 0 to `most`, or nil.
local function whole(value, most)
  if type(value) == 'string' then
    if #value > 15 or not value:match('^%d+$') then return nil end
    value = tonumber(value)
  end
  if type(value) ~= 'number' or value < 0 or value > most or value % 1 ~= 0 then return nil end
  return value
end

local function keyOf(value)
  return type(value) == 'string' and #value == KEY_BYTES and value or nil
end

local function unpackRows(format, bytes, packed)
  local rows = {}
  for at = 1, #packed, bytes do
    local row = { struct.unpack(format, packed, at) }
    rows[#rows + 1] = row
  end
  return rows
end

local function packRows(format, rows)
  local packed = {}
  for i = 1, #rows do packed[i] = struct.pack(format, unpack(rows[i])) end
  return table.concat(packed)
end

-- What is not over at `now`. A campaign's windows and held bids stay packed until it is looked at.
local function unpackRecord(packed, now)
  local record = {}
  if packed:byte(1) ~= VERSION then error('version') end
  local at = 2
  while at <= #packed do
    local ends, windows, held, shown, from = struct.unpack(HEAD, packed, at + KEY_BYTES)
    local heldAt = from + windows * WINDOW_BYTES
    local shownAt = heldAt + held * HELD_BYTES
    local next = shownAt + shown * SHOWN_BYTES
    if next > #packed + 1 then error('length') end
    if ends > now then
      record[#record + 1] = {
        key = packed:sub(at, at + KEY_BYTES - 1),
        ends = ends,
        windows = packed:sub(from, heldAt - 1),
        held = packed:sub(heldAt, shownAt - 1),
        shown = packed:sub(shownAt, next - 1),
      }
    end
    at = next
  end
  return record
end

-- nil: what stands there can't be read.
local function readRecord(key, now)
  local packed = redis.pcall('GET', key)
  if packed == false then return {} end
  if type(packed) ~= 'string' then return nil end
  local isSound, record = pcall(unpackRecord, packed, now)
  return isSound and record or nil
end

-- It runs out by itself when nothing in it is of use any more.
local function writeRecord(key, record, now)
  local parts = { string.char(VERSION) }
  local last = 0
  for _, campaign in ipairs(record) do
    local windows, held = campaign.windows, campaign.held
    if campaign.isOpen then windows, held = packRows(WINDOW, windows), packRows(HELD, held) end
    local counts = struct.pack(HEAD, campaign.ends, #windows / WINDOW_BYTES, #held / HELD_BYTES, #campaign.shown / SHOWN_BYTES)
    parts[#parts + 1] = campaign.key .. counts .. windows .. held .. campaign.shown
    last = math.max(last, campaign.ends)
  end
  redis.call('SET', key, table.concat(parts), 'EX', string.format('%.0f', last - now))
end

-- The campaign, without the bids that have expired; nil: nothing is known of it.
local function findCampaign(record, key, now)
  for i = 1, #record do
    local campaign = record[i]
    if campaign.key == key then
      if not campaign.isOpen then
        campaign.isOpen = true
        campaign.windows = unpackRows(WINDOW, WINDOW_BYTES, campaign.windows)
        local held = unpackRows(HELD, HELD_BYTES, campaign.held)
        campaign.held = {}
        for _, bid in ipairs(held) do
          local due = bid[2] + WIN_EXTENSION_SEC
          if due > now and due <= now + MAX_AHEAD_SEC then campaign.held[#campaign.held + 1] = bid end
        end
      end
      return campaign
    end
  end
  return nil
end

-- true: one was held until then, and is no more.
local function takeHeld(campaign, issued, expiry)
  for i, bid in ipairs(campaign.held) do
    if bid[1] == issued and bid[2] == expiry then
      table.remove(campaign.held, i)
      return true
    end
  end
  return false
end
