-- Stands before every script of the ledger. Nanos are doubles here, exact up to 2^53, and are written by '%.0f':
-- tostring keeps 14 digits.

local WIN_EXTENSION_SEC = 60
local MAX_ORDINAL = 65535
local MAX_EXACT = 9007199254740991
local WHOLE_SHARE = 1024
local MAX_ANNOUNCED = 1000
local MARKS_SHORT_MS = 60000

-- One byte an ordinal.
local POSTED, VOIDED, WON, WON_LATE, CLICKED, CONVERTED, SHOWN, CHARGED = 1, 2, 4, 8, 16, 32, 64, 128

-- A whole number that is exact, or nil.
local function whole(text)
  if type(text) ~= 'string' or #text > 17 or not text:match('^%-?%d+$') then return nil end
  local number = tonumber(text)
  if number > MAX_EXACT or number < -MAX_EXACT then return nil end
  return number
end

-- A whole number from 0 on, or nil.
local function count(text)
  local number = whole(text)
  if number == nil or number < 0 then return nil end
  return number
end

-- '' is no limit; nil is no number.
local function limit(text)
  if text == '' then return math.huge end
  return count(text)
end

local function digits(number)
  return string.format('%.0f', number)
end

local function field(key, name)
  return tonumber(redis.call('HGET', key, name) or '0')
end

local function add(key, name, number)
  if number ~= 0 then redis.call('HINCRBY', key, name, digits(number)) end
end

-- The later of a caller's time and the latest that the book has seen: skew reopens nothing.
local function seeTime(book, nowMs)
  local seen = field(book, 'seen')
  if nowMs <= seen then return seen end
  redis.call('HSET', book, 'seen', digits(nowMs))
  return nowMs
end

-- Names what this server holds: another name after a restart and after a failover, when the last that was written may
-- be gone.
local function history()
  local info = redis.pcall('INFO', 'replication')
  return type(info) == 'string' and info:match('master_replid:(%x+)') or 'untold'
end

-- The book is there, and was opened on what this server holds. Else only openBook may make it whole.
local function isWhole(book)
  return redis.call('HGET', book, 'home') == history()
end

-- By the server's own clock, which alone measures how long a book is rebuilt.
local function serverMs()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Entries bear rising numbers, for followStream: by the time, so that they go on rising after a loss, which takes the newest.
local function announce(stream, name, value)
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  local number = math.max(serverMs(), newest and tonumber(newest[1]:match('^%d+')) + 1 or 1)
  redis.call('XADD', stream, 'MAXLEN', '~', MAX_ANNOUNCED, digits(number) .. '-0', name, value)
end

-- What is neither posted nor leased, of the day and of all time.
local function available(book, day, dailyLimit, lifetimeLimit)
  local sums = redis.call('HMGET', book, 'posted', 'leased', 'p' .. day, 'l' .. day)
  local ever = lifetimeLimit - tonumber(sums[1] or '0') - tonumber(sums[2] or '0')
  local today = dailyLimit - tonumber(sums[3] or '0') - tonumber(sums[4] or '0')
  return math.min(ever, today)
end

-- Takes an amount out of a lease, and out of what is leased of its day and of all time.
local function release(book, lease, day, nanos)
  add(lease, 'outstanding', -nanos)
  add(book, 'leased', -nanos)
  add(book, 'l' .. day, -nanos)
end

local function post(book, day, nanos)
  add(book, 'posted', nanos)
  add(book, 'p' .. day, nanos)
end

local function readMarks(marks, ordinal)
  local byte = redis.call('GETRANGE', marks, ordinal, ordinal)
  return byte == '' and 0 or byte:byte()
end

-- They are kept for as long as their lease, whose time grows with each slice, but for a minute.
local function writeMarks(marks, lease, ordinal, value)
  redis.call('SETRANGE', marks, ordinal, string.char(value))
  local ttl = redis.call('PTTL', lease)
  if ttl > 0 and ttl - redis.call('PTTL', marks) > MARKS_SHORT_MS then redis.call('PEXPIRE', marks, ttl) end
end

local function has(marks, mark)
  return bit.band(marks, mark) ~= 0
end

-- What a notice meets: the day and the marks of its reservation, when it expires, and whether it has. nil: no lease.
local function findReservation(book, lease, marks, nowMs, ordinal, expirySec)
  local known = redis.call('HMGET', lease, 'day', 'model', 'through', 'share')
  if not known[1] then return nil end
  local set = readMarks(marks, ordinal)
  local endsSec = expirySec
  if has(set, WON) then endsSec = expirySec + WIN_EXTENSION_SEC end
  local isReleased = endsSec <= tonumber(known[3]) or has(set, VOIDED)
  return {
    day = known[1],
    model = known[2],
    share = tonumber(known[4] or WHOLE_SHARE),
    isExpected = known[4],
    set = set,
    endsSec = endsSec,
    isReleased = isReleased,
    isOver = isReleased or seeTime(book, nowMs) >= endsSec * 1000,
  }
end

-- What a bid of that price takes of its lease, as in share.ts.
local function heldOf(reservation, price)
  return math.ceil(price * reservation.share / WHOLE_SHARE)
end

-- What a second of a lease has already given back: settleLease takes it off what the node says it reserved in it.
local function giveBack(book, lease, reservation, price)
  local released = math.min(heldOf(reservation, price), field(lease, 'outstanding'))
  add(lease, 'n' .. digits(reservation.endsSec), released)
  release(book, lease, reservation.day, released)
  return released
end
