-- Tells all nodes that a server of Redis has lost what was written to it, so that they declare what they hold.
-- KEYS: the stream
-- ARGV: 1 the node that tells
-- Codes: announced, invalid

if #ARGV ~= 1 or ARGV[1] == '' then return { 'invalid' } end
announce(KEYS[1], 'lost', ARGV[1])
return { 'announced' }
