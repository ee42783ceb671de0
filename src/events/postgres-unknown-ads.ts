/** Ads of nobody's have rows of their own in ad_stats_minute, up to a bound: a flood of them must not fill the table. */
import type { Transaction } from '../database/postgres-pool.ts';
import type { AdEvent } from './event.ts';
import { column } from './postgres-columns.ts';
import { tableLock } from './postgres-table-locks.ts';
import { MINUTE_MS, OVERFLOW_AD_ID, minuteKey, startOf, type CountedEvent } from './tally.ts';

/** Somebody who counts ads of his own here may have so many; a day of a flood then adds no more than 150 MB. */
export const MAX_UNKNOWN_ADS_A_MINUTE = 1_000;
/** Held by a batch that brings unknown ads: two that counted at once would both find room. */
const UNKNOWN_ADS_LOCK = tableLock(7_238_011);

/** Places from 1 on. A subquery by row looks into one partition; a join would go through all. */
const FIND_OVERFLOW = `
  WITH wanted AS (
    SELECT to_timestamp(second) AS bucket_start, ad_id, place
      FROM unnest($1::float8[], $2::text[]) WITH ORDINALITY AS wanted (second, ad_id, place)
  ), newcomers AS (
    SELECT bucket_start, place, row_number() OVER (PARTITION BY bucket_start ORDER BY place) AS nth
      FROM wanted
     WHERE (SELECT true FROM ad_stats_minute AS kept
             WHERE kept.bucket_start = wanted.bucket_start AND kept.ad_id = wanted.ad_id) IS NULL
  ), taken AS (
    SELECT bucket_start, (
             SELECT count(*) FROM (
               SELECT FROM ad_stats_minute AS kept
                WHERE kept.bucket_start = minutes.bucket_start AND NOT kept.known AND kept.ad_id <> '${OVERFLOW_AD_ID}'
                LIMIT $3::integer
             ) AS rows
           ) AS ads
      FROM (SELECT DISTINCT bucket_start FROM newcomers) AS minutes
  )
  SELECT place::integer FROM newcomers JOIN taken USING (bucket_start) WHERE ads + nth > $3::integer`;

/** The keys (minuteKey) of those that find no room. An ad that has its row keeps it, one that has none gets none later. */
export async function findOverflow(
  transaction: Transaction,
  events: readonly CountedEvent<AdEvent>[],
  limit: number,
): Promise<ReadonlySet<string>> {
  const unknown = new Map<string, CountedEvent>();
  for (const counted of events) {
    if (counted.event.known || counted.event.adId === OVERFLOW_AD_ID) continue;
    const key = minuteKey(counted);
    if (!unknown.has(key)) unknown.set(key, counted);
  }
  if (unknown.size === 0) return new Set();
  await transaction.query(`SELECT pg_advisory_xact_lock(${UNKNOWN_ADS_LOCK})`);
  const wanted = [...unknown.values()];
  const { rows } = await transaction.query<{ place: number }>({
    name: 'find-overflow',
    text: FIND_OVERFLOW,
    values: [
      column(wanted.map(({ countedMs }) => startOf(countedMs, MINUTE_MS) / 1000)),
      column(wanted.map(({ event }) => event.adId)),
      limit,
    ],
  });
  const keys = [...unknown.keys()];
  return new Set(rows.map(({ place }) => keys[place - 1] ?? ''));
}
