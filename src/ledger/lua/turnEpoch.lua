-- The epoch of a tag, under which the records of its users stand: as long as its key is there, they are complete. A Redis
-- that lost its data has none; it is begun, what was lost is put back by restoreRecord, and then it is ended: open.
-- Lost once more meanwhile, what was put back is lost too, and it is begun anew.
-- KEYS: the tag's epoch: its number, and before it a '-' until what was lost is put back
-- ARGV: 1 'ask', 'begin' or 'end', 2 the number
-- Codes: open, begun (both with the number that stands), lost, invalid

local step, number = ARGV[1], whole(ARGV[2], MAX_U48)
if not number or number == 0 or #ARGV ~= 2 or (step ~= 'ask' and step ~= 'begin' and step ~= 'end') then
  return { 'invalid' }
end
local stands = redis.call('GET', KEYS[1])
if step == 'begin' and not stands then
  stands = '-' .. ARGV[2]
  redis.call('SET', KEYS[1], stands)
elseif step == 'end' and stands == '-' .. ARGV[2] then
  stands = ARGV[2]
  redis.call('SET', KEYS[1], stands)
end
if not stands then return { 'lost' } end
if isComplete(stands) then return { 'open', stands } end
return { 'begun', sub(stands, 2) }
