-- Does again what was done to bids of a lease and is not in the book that is being rebuilt. In one that is whole it only
-- marks them, so that a notice that comes again counts once; their money stands in its sums.
-- KEYS: the book, the lease, its marks
-- ARGV: in fives: ordinal, what happened to it as a bit, what was reserved, what was posted, expiry (s)
-- Codes: redone, unknown (no such lease), lost (the book's rebuilding has not begun), invalid

local book, lease, marks = KEYS[1], KEYS[2], KEYS[3]
if #ARGV == 0 or #ARGV % 5 ~= 0 then return { 'invalid' } end
for at, text in ipairs(ARGV) do
  local number = count(text)
  if number == nil or at % 5 == 1 and number > MAX_ORDINAL or at % 5 == 2 and number > 255 then return { 'invalid' } end
end
local wasWhole = isWhole(book)
if not wasWhole and redis.call('HGET', book, 'rebuilding') ~= history() then return { 'lost' } end
if redis.call('EXISTS', lease) == 0 then return { 'unknown' } end

-- Puts what a win keeps longer into its later second; where the first is over, it is not in the lease any more.
local function extend(reservation, held, expiry)
  local through = field(lease, 'through')
  if expiry + WIN_EXTENSION_SEC <= through then return end
  if expiry > through then add(lease, 'n' .. digits(expiry), held) else release(book, lease, reservation.day, -held) end
  add(lease, 'n' .. digits(expiry + WIN_EXTENSION_SEC), -held)
end

-- Moves what the bit stands for. Nodes tell in any order: what a post has taken out, nothing takes out again.
local function move(reservation, bits, reserved, amount, expiry)
  local isReleased, isPosted = reservation.isReleased, has(reservation.set, POSTED)
  if has(bits, POSTED) then
    if not isReleased then giveBack(book, lease, reservation, reserved) else add(book, 'late', amount) end
  elseif has(bits, VOIDED) then
    if not isReleased and not isPosted then giveBack(book, lease, reservation, reserved) end
  elseif has(bits, WON) and not isPosted and not has(reservation.set, VOIDED) then
    extend(reservation, heldOf(reservation, reserved), expiry)
  end
  post(book, reservation.day, amount)
end

for at = 1, #ARGV, 5 do
  local ordinal, bits, reserved = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local amount, expiry = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  if wasWhole then bits = bit.band(bits, bit.bor(POSTED, CLICKED, CONVERTED)) end
  local reservation = findReservation(book, lease, marks, 0, ordinal, expiry)
  bits = bit.band(bits, bit.bnot(reservation.set))
  if bits ~= 0 then
    if not wasWhole then move(reservation, bits, reserved, amount, expiry) end
    writeMarks(marks, lease, ordinal, bit.bor(reservation.set, bits))
  end
end
return { 'redone' }
