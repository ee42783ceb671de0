/** Committed totals of a campaign or an ad, one statement a question. */
import { settlesWithin } from '../database/postgres-patience.ts';
import { quickQuery, type Pool } from '../database/postgres-pool.ts';
import { isAway } from '../database/postgres-refusals.ts';
import type { ReplicaReads } from '../database/postgres-replica.ts';
import type { Counts } from './counts.ts';
import type { BucketUnit, Span } from './span.ts';
import type { Reading, ReadTotals, Subject } from './totals.ts';

/** From the question to the answer, a connection made anew included. */
const PATIENCE_MS = 2_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Row extends Counts {
  readonly ownerId: string | null;
  /** null: nothing was counted in the span. */
  readonly startMs: number | null;
}

/** $1 an id, $2 and $3 the first and the last bucket in seconds. No row: there is no such campaign. */
const CAMPAIGN_DAYS = `
  SELECT advertiser_id AS "ownerId", (extract(epoch FROM date) * 1000)::bigint AS "startMs",
         impressions, clicks, conversions, spend_nanos AS "spendNanos"
    FROM campaigns
    LEFT JOIN daily_metrics ON campaign_id = id AND date BETWEEN ${utcDay('$2')} AND ${utcDay('$3')}
   WHERE id = $1`;

/** $4 is the id where it is a UUID, as those of our ads are. */
const AD_BUCKETS: Readonly<Record<BucketUnit, string>> = {
  minute: ofAd(`
    SELECT bucket_start AS start, impressions, clicks, conversions
      FROM ad_stats_minute
     WHERE ad_id = $1 AND bucket_start >= to_timestamp($2) AND bucket_start <= to_timestamp($3)`),
  hour: ofAd(`
    SELECT date_trunc('hour', bucket_start, 'UTC') AS start, sum(impressions)::bigint AS impressions,
           sum(clicks)::bigint AS clicks, sum(conversions)::bigint AS conversions
      FROM ad_stats_minute
     WHERE ad_id = $1 AND bucket_start >= to_timestamp($2) AND bucket_start < to_timestamp($3) + interval '1 hour'
     GROUP BY 1`),
  day: ofAd(`
    SELECT date::timestamp AT TIME ZONE 'UTC' AS start, impressions, clicks, conversions
      FROM ad_stats_day
     WHERE ad_id = $1 AND date BETWEEN ${utcDay('$2')} AND ${utcDay('$3')}`),
};

export function createTotalsReader(reads: ReplicaReads): ReadTotals {
  return async (subject, span) => {
    const reading = reads.read((pool) => readTotals(pool, subject, span));
    try {
      if (!(await settlesWithin(reading, PATIENCE_MS))) return 'unavailable';
      const read = await reading;
      // What a replica does not know may be new.
      const isNew = read === 'unknown' || read.ownerId === null;
      if (!isNew || reads.replica === null) return read;
      const anew = readTotals(reads.primary, subject, span);
      return (await settlesWithin(anew, PATIENCE_MS)) ? await anew : 'unavailable';
    } catch (error) {
      if (isAway(error)) return 'unavailable';
      throw error;
    }
  };
}

/** The statement of a question and its values. */
export function questionOf(
  { kind, id }: Subject,
  { unit, firstMs, lastMs }: Span,
): {
  readonly text: string;
  readonly values: readonly unknown[];
} {
  const seconds = [firstMs / 1000, lastMs / 1000];
  if (kind === 'campaign') return { text: CAMPAIGN_DAYS, values: [id, ...seconds] };
  return { text: AD_BUCKETS[unit], values: [id, ...seconds, UUID.test(id) ? id : null] };
}

async function readTotals(pool: Pool, subject: Subject, span: Span): Promise<Reading | 'unknown'> {
  const { text, values } = questionOf(subject, span);
  const { rows } = await pool.query<Row>(quickQuery(text, values, PATIENCE_MS));
  const [first] = rows;
  if (first === undefined) return 'unknown';
  const counts = new Map<number, Counts>();
  for (const { startMs, impressions, clicks, conversions, spendNanos } of rows) {
    if (startMs !== null) counts.set(startMs, { impressions, clicks, conversions, spendNanos });
  }
  return { ownerId: first.ownerId, counts };
}

/** With whose ad it is; one row at least. */
function ofAd(buckets: string): string {
  return `
  SELECT (SELECT advertiser_id FROM ads JOIN campaigns ON campaigns.id = campaign_id WHERE ads.id = $4::uuid) AS "ownerId",
         (extract(epoch FROM start) * 1000)::bigint AS "startMs", impressions, clicks, conversions, 0 AS "spendNanos"
    FROM (VALUES (0)) AS one LEFT JOIN (${buckets}) AS counted ON true`;
}

function utcDay(seconds: string): string {
  return `(to_timestamp(${seconds}) AT TIME ZONE 'UTC')::date`;
}
