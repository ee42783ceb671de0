/** Takes over into the fresh tables what a replay does not count anew: rows with their sums, bids, and ids. */
import type { Transaction } from '../database/postgres-pool.ts';
import { AD_EVENT_TYPES } from './event.ts';
import { DAY_TABLES, dayOf, dayOfPartition } from './postgres-days.ts';
import { SEEN_BEFORE, listPartitions, slowly, type ReplaySchemas } from './postgres-replay-tables.ts';
import type { Cut } from './replay-cut.ts';
import { DAY_MS, OVERFLOW_AD_ID } from './tally.ts';

const COUNTS = AD_EVENT_TYPES.map((type) => ({ type, name: type === 'loss' ? 'losses' : `${type}s` }));
const AMOUNTS = ['spend_nanos', 'media_cost_nanos', 'value_micros'];
const RATED_COUNTS = COUNTS.filter(({ type }) => ['impression', 'click', 'conversion'].includes(type));
const SUM_NAMES = [...COUNTS.map(({ name }) => name), ...AMOUNTS];
const RATED_NAMES = RATED_COUNTS.map(({ name }) => `rated_${name}`);
const SUMS = SUM_NAMES.join(', ');
const DAY_SUMS = [...SUM_NAMES, ...RATED_NAMES].join(', ');

/** Of rows of events. */
const COUNTED = [
  ...COUNTS.map(({ type }) => `count(*) FILTER (WHERE event_type = '${type}')`),
  ...AMOUNTS.map((name) => `coalesce(sum(${name}), 0)::bigint`),
].join(', ');
const COUNTED_RATED = RATED_COUNTS.map(
  ({ type }) => `count(*) FILTER (WHERE rated AND event_type = '${type}')`,
).join(', ');

/** Days that are made anew: from the first one on, and those before of which the live tables hold what is recounted. */
export async function listTouchedDays(
  session: Transaction,
  { live }: ReplaySchemas,
  { fromMs }: Cut,
): Promise<readonly string[]> {
  const firstDay = dayOf(fromMs);
  const { rows } = await session.query<{ day: string }>(
    slowly(
      `SELECT DISTINCT ("timestamp" AT TIME ZONE 'UTC')::date::text AS day FROM ${live}.events_log
        WHERE received_at >= $1 AND "timestamp" < $2`,
      [new Date(fromMs), startOfDay(firstDay)],
    ),
  );
  const days = new Set(rows.map(({ day }) => day));
  for (const table of DAY_TABLES) {
    for (const { name } of await listPartitions(session, live, table)) {
      const day = dayOfPartition(name);
      if (day >= firstDay) days.add(day);
    }
  }
  return [...days].sort();
}

/**
 * The rows of a day that came before, with their sums. Those that the replay has counted as well, because they were
 * counted only after it began, are left out.
 */
export async function copyDay(
  session: Transaction,
  { live, fresh }: ReplaySchemas,
  { fromMs }: Cut,
  day: string,
): Promise<void> {
  const nextDay = dayOf(Date.parse(day) + DAY_MS);
  await session.query(
    slowly(
      `WITH kept AS MATERIALIZED (
         SELECT rows.* FROM ${live}.events_log AS rows
          WHERE "timestamp" >= $1 AND "timestamp" < $2 AND received_at < $3 AND NOT EXISTS (
            SELECT FROM ${fresh}.events_log AS counted
             WHERE counted.event_id = rows.event_id AND counted."timestamp" >= $1 AND counted."timestamp" < $2
               AND counted.received_at < $3)
       ), placed AS MATERIALIZED (
         SELECT *, ${placeOf({ live, fresh })} AS place
           FROM (SELECT *, date_trunc('minute', "timestamp", 'UTC') AS minute FROM kept) AS kept
       ), rows AS (
         INSERT INTO ${fresh}.events_log SELECT * FROM kept
       ), minutes AS (
         INSERT INTO ${fresh}.ad_stats_minute AS old (bucket_start, ad_id, known, ${SUMS})
         SELECT minute, place, bool_or(known), ${COUNTED} FROM placed GROUP BY 1, 2
         ON CONFLICT (bucket_start, ad_id) DO UPDATE SET known = old.known OR excluded.known, ${added(SUM_NAMES)}
       ), days AS (
         INSERT INTO ${fresh}.ad_stats_day AS old (ad_id, date, known, ${DAY_SUMS})
         SELECT place, $4::date, bool_or(known), ${COUNTED}, ${COUNTED_RATED} FROM placed GROUP BY 1
         ON CONFLICT (ad_id, date) DO UPDATE
           SET known = old.known OR excluded.known, ${added([...SUM_NAMES, ...RATED_NAMES])}
       )
       INSERT INTO ${fresh}.daily_metrics AS old (campaign_id, date, ${SUMS})
       SELECT campaign_id::uuid, $4::date, ${COUNTED} FROM kept WHERE known GROUP BY 1
       ON CONFLICT (campaign_id, date) DO UPDATE SET ${added(SUM_NAMES)}`,
      [startOfDay(day), startOfDay(nextDay), new Date(fromMs), day],
    ),
  );
}

/**
 * The minutes of bids and no-bids before the replay's first, on the day that it begins in; the days before that keep
 * theirs. While nobody counts.
 */
export async function copyAuctions(
  session: Transaction,
  { live, fresh }: ReplaySchemas,
  { fromMs }: Cut,
  days: readonly string[],
): Promise<void> {
  const firstDay = dayOf(fromMs);
  const span = [startOfDay(firstDay), new Date(fromMs)];
  for (const table of ['bids_minute', 'no_bids_minute']) {
    await session.query(
      slowly(
        `INSERT INTO ${fresh}.${table} SELECT * FROM ${live}.${table} WHERE bucket_start >= $1 AND bucket_start < $2`,
        span,
      ),
    );
  }
  await session.query(
    slowly(
      `INSERT INTO ${fresh}.daily_metrics AS old (campaign_id, date, bids)
       SELECT campaign_id, $3::date, sum(bids)::bigint FROM ${live}.bids_minute
        WHERE bucket_start >= $1 AND bucket_start < $2 GROUP BY 1
       ON CONFLICT (campaign_id, date) DO UPDATE SET bids = old.bids + excluded.bids`,
      [...span, firstDay],
    ),
  );
  await session.query(
    `INSERT INTO ${fresh}.daily_metrics AS old (campaign_id, date, bids)
     SELECT campaign_id, date, bids FROM ${live}.daily_metrics
      WHERE date = ANY ($1::date[]) AND date < $2::date AND bids > 0
     ON CONFLICT (campaign_id, date) DO UPDATE SET bids = excluded.bids`,
    [days, firstDay],
  );
}

/**
 * Ids of what came before and counts already: a twin that came later is none. By the rows, as an id alone does not tell
 * when its event came. All that were seen so far are noted beside, for what the consumers count from now on.
 */
export async function copySeen(
  session: Transaction,
  { live, fresh }: ReplaySchemas,
  { fromMs }: Cut,
  { openDay, seenDays }: { readonly openDay: string; readonly seenDays: number },
): Promise<void> {
  // A day's ids are forgotten so long after it was closed.
  const sinceMs = fromMs - (seenDays + 1) * DAY_MS;
  await session.query(
    slowly(
      `INSERT INTO ${fresh}.processed_events (event_id, day)
       SELECT event_id, $3::date FROM ${live}.events_log WHERE received_at >= $1 AND received_at < $2
       ON CONFLICT DO NOTHING`,
      [new Date(sinceMs), new Date(fromMs), openDay],
    ),
  );
  await session.query(
    slowly(
      `INSERT INTO ${fresh}.${SEEN_BEFORE} SELECT event_id FROM ${live}.processed_events ON CONFLICT DO NOTHING`,
    ),
  );
}

/** An ad of nobody's has a row of its own, or all of a minute stands under `overflow`: never both. */
function placeOf({ live, fresh }: ReplaySchemas): string {
  const own = (schema: string, adId: string): string =>
    `EXISTS (SELECT FROM ${schema}.ad_stats_minute AS own WHERE own.bucket_start = minute AND own.ad_id = ${adId})`;
  const overflow = `'${OVERFLOW_AD_ID}'`;
  return `CASE WHEN known OR ${own(fresh, 'kept.ad_id')}
                 OR (${own(live, 'kept.ad_id')} AND NOT ${own(fresh, overflow)})
               THEN ad_id ELSE ${overflow} END`;
}

function added(names: readonly string[]): string {
  return names.map((name) => `${name} = old.${name} + excluded.${name}`).join(', ');
}

function startOfDay(day: string): Date {
  return new Date(Date.parse(day));
}
