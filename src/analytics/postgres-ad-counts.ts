/** How often ads were shown, clicked on and converted, over the last days: what moves their prices. */
import { quickQuery, type Pool } from '../database/postgres-pool.ts';

/** Today among them, in UTC. Long enough for a rate to be known, short enough to forget what an ad once was. */
export const RATE_DAYS = 30;
/** 10,000 ads with a row a day take a tenth of it; a server that takes longer is asked again a minute later. */
const LIMIT_MS = 10_000;

interface AdCountRow {
  readonly adId: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
}

/** Of ads that were shown. An ad that is known has a UUID. */
const READ = `
  SELECT ad_id AS "adId", sum(rated_impressions)::bigint AS impressions, sum(rated_clicks)::bigint AS clicks,
         sum(rated_conversions)::bigint AS conversions
    FROM ad_stats_day
   WHERE known AND date > (now() AT TIME ZONE 'UTC')::date - ${String(RATE_DAYS)}
   GROUP BY ad_id HAVING sum(rated_impressions) > 0`;

export async function readAdCounts(pool: Pool): Promise<readonly AdCountRow[]> {
  return (await pool.query<AdCountRow>(quickQuery(READ, [], LIMIT_MS))).rows;
}
