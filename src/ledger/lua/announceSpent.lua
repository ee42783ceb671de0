-- Tells all nodes of a campaign whose budget bears no unit any more.
-- KEYS: the stream
-- ARGV: 1 the campaign's id
-- Codes: announced, invalid

if #ARGV ~= 1 or ARGV[1] == '' then return { 'invalid' } end
announce(KEYS[1], 'campaign', ARGV[1])
return { 'announced' }
