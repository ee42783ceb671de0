/** Keeps who was shown campaigns with a lifetime cap, when the rows that tell of it are dropped. */
import pg from 'pg';
import { inTransaction, quickQuery, type Pool } from '../database/postgres-pool.ts';

/** Of a row of events_log, as SQL: what names its bid, in a notice as in an impression. */
export const BID_OF_EVENT = `regexp_replace(event_id, '^gavel:[a-z]+:[0-9a-f-]{36}:', '')`;
/** Rows that say that a bid was shown. */
export const IS_SHOWING = `signed AND user_id IS NOT NULL AND event_type IN ('impression', 'billing')`;
/** A day of rows is read, in the background. */
const KEEP_LIMIT_MS = 3_600_000;
const UNDEFINED_TABLE = '42P01';

const HAS_LIFETIME_CAP = `status <> 'ended' AND (ends_at IS NULL OR ends_at > now())
  AND frequency_caps @> '[{"window": "lifetime"}]'`;

const FORGET = `
  DELETE FROM lifetime_showings WHERE campaign_id IN (SELECT id FROM campaigns WHERE NOT (${HAS_LIFETIME_CAP}))`;

/** Those of a day's partition, unless another process has dropped it. Again, it changes nothing. */
export async function keepLifetimeShowings(pool: Pool, partition: string): Promise<void> {
  try {
    await inTransaction(pool, async (transaction) => {
      await transaction.query('SET LOCAL statement_timeout = 0');
      await transaction.query(quickQuery(keepOf(partition), [], KEEP_LIMIT_MS));
      await transaction.query(quickQuery(FORGET, [], KEEP_LIMIT_MS));
    });
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE)) throw error;
  }
}

function keepOf(partition: string): string {
  return `
    INSERT INTO lifetime_showings (campaign_id, user_id, bid)
    SELECT DISTINCT campaigns.id, user_id, ${BID_OF_EVENT}
      FROM ${partition} JOIN campaigns ON campaign_id = campaigns.id::text
     WHERE ${HAS_LIFETIME_CAP} AND ${IS_SHOWING}
    ON CONFLICT DO NOTHING`;
}
