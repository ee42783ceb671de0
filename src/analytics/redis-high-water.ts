/**
 * The totals that any node has shown, in Redis, a hash a series: no node shows less, whichever replica it asks, and one that
 * has just started knows them while Postgres is away.
 */
import type { RedisConnection } from '../database/redis-connection.ts';
import type { RedisReply, ScriptOutcome } from '../database/redis-script.ts';
import type { Counts } from './counts.ts';
import type { HighWater, Reading } from './totals.ts';

/** Under a millisecond for most; an answer waits no longer for what it can do without. */
const CALL_LIMIT_MS = 200;
/** Since it was last raised. As long as a replica may lag, or Postgres be away. */
const KEPT_SECONDS = 3_600;
/** Four times what a question asks for: a window that moves on leaves buckets behind. */
const MAX_FIELDS = 6_000;

/**
 * Raises the buckets of a series to what was read, each number by itself. ARGV: the seconds to keep it, the most fields, the
 * owner, then for each bucket its start and its counts in words. Returns each bucket's counts, which are those or larger.
 * Numbers stay in the words they came in: Lua writes no number of 16 digits.
 */
const RAISE_TOTALS = {
  lua: `
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[2]) then redis.call('DEL', KEYS[1]) end
local starts = {}
for i = 4, #ARGV, 2 do starts[#starts + 1] = ARGV[i] end
local shown = redis.call('HMGET', KEYS[1], unpack(starts))
local fields, counts = { 'owner', ARGV[3] }, {}
for n = 1, #starts do
  local read = ARGV[2 * n + 3]
  if shown[n] then
    local words, others = {}, string.gmatch(shown[n], '%d+')
    for word in string.gmatch(read, '%d+') do
      local other = others()
      words[#words + 1] = tonumber(other) > tonumber(word) and other or word
    end
    read = table.concat(words, ' ')
  end
  counts[n] = read
  fields[#fields + 1] = starts[n]
  fields[#fields + 1] = read
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return counts`,
  keys: 1,
};
/** ARGV: starts of buckets. Returns the owner and their counts; false for what nobody has shown. */
const LOOK_AT_TOTALS = { lua: `return redis.call('HMGET', KEYS[1], 'owner', unpack(ARGV))`, keys: 1 };

/** `databaseId`: servers of several databases may share a Redis. */
export function openHighWater(redis: RedisConnection, databaseId: string): HighWater {
  const raiseTotals = redis.defineScript('raiseTotals', RAISE_TOTALS);
  const lookAtTotals = redis.defineScript('lookAtTotals', LOOK_AT_TOTALS);
  const keyOf = (series: string): string => `gavel:totals:{${databaseId}:${series}}`;
  return {
    async raise(series, { ownerId, counts }) {
      const buckets = [...counts].flatMap(([startMs, of]) => [startMs, inWords(of)]);
      const args = [KEPT_SECONDS, MAX_FIELDS, ownerId ?? '', ...buckets];
      const reply = wordsOf(await raiseTotals([keyOf(series)], args, CALL_LIMIT_MS));
      return reply === 'away' ? 'away' : { ownerId, counts: countsOf([...counts.keys()], reply) };
    },
    async look(series, startsMs) {
      const reply = wordsOf(await lookAtTotals([keyOf(series)], startsMs, CALL_LIMIT_MS));
      if (reply === 'away') return 'away';
      const [owner, ...counts] = reply;
      if (typeof owner !== 'string') return null;
      return { ownerId: owner === '' ? null : owner, counts: countsOf(startsMs, counts) };
    },
  };
}

function inWords({ impressions, clicks, conversions, spendNanos }: Counts): string {
  return [impressions, clicks, conversions, spendNanos].map(String).join(' ');
}

function countsOf(startsMs: readonly number[], words: readonly RedisReply[]): Reading['counts'] {
  const counts = new Map<number, Counts>();
  for (const [place, startMs] of startsMs.entries()) {
    const word = words[place];
    if (typeof word !== 'string') continue;
    const [impressions = 0, clicks = 0, conversions = 0, spendNanos = 0] = word.split(' ').map(Number);
    counts.set(startMs, { impressions, clicks, conversions, spendNanos });
  }
  return counts;
}

function wordsOf(outcome: ScriptOutcome): readonly RedisReply[] | 'away' {
  return outcome.kind === 'reply' && Array.isArray(outcome.reply)
    ? (outcome.reply as readonly RedisReply[])
    : 'away';
}
