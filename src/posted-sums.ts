/** What a campaign has posted, as the counted events tell: for books that Redis does not have. */
import type { Pool } from './database/postgres-pool.ts';
import type { PostedSums } from './ledger/redis-grants.ts';

const POSTED = `
  SELECT coalesce((SELECT sum(spend_nanos) FROM daily_metrics WHERE campaign_id = $1::uuid), 0)::text AS ever,
    coalesce((SELECT sum(spend_nanos) FROM ad_stats_minute WHERE bucket_start >= to_timestamp($2::float8 / 1000)
      AND ad_id IN (SELECT id::text FROM ads WHERE campaign_id = $1::uuid)), 0)::text AS today`;

/** `dayStartMs`: the campaign's last midnight. null: Postgres can't tell now. */
export async function findPosted(
  pool: Pool,
  campaignId: string,
  dayStartMs: number,
): Promise<PostedSums | null> {
  try {
    const { rows } = await pool.query<{ ever: string; today: string }>(POSTED, [campaignId, dayStartMs]);
    const [row] = rows;
    return row === undefined ? null : { everNanos: Number(row.ever), dayNanos: Number(row.today) };
  } catch {
    return null;
  }
}
