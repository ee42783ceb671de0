-- Puts back a user's record that was lost, unless one stands there.
-- KEYS: the user's record, the epoch of its tag
-- ARGV: 1 now (s), 2 the number under which the epoch was begun, 3 the record, two hex digits a byte
-- Codes: restored, known (one stands there, or the epoch is open), lost (all was lost anew), unreadable, invalid

local now, number, digits = whole(ARGV[1], MAX_U32), whole(ARGV[2], MAX_U48), ARGV[3]
if not (now and number and digits) or #ARGV ~= 3 or #digits % 2 ~= 0 or find(digits, '[^0-9a-f]') then
  return { 'invalid' }
end
local epoch = redis.call('GET', KEYS[2])
if not epoch then return { 'lost' } end
if isComplete(epoch) or redis.call('EXISTS', KEYS[1]) == 1 then return { 'known' } end
if epoch ~= '-' .. ARGV[2] then return { 'lost' } end
local packed = digits:gsub('..', function(pair) return string.char(tonumber(pair, 16)) end)
local record, last = siftRecord(packed, now)
if record == nil then return { 'unreadable' } end
if last > now then writeRecord(KEYS[1], record, last, now) end
return { 'restored' }
