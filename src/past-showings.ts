/**
 * Who was shown campaigns with frequency caps, as counted events tell, for records that Redis has lost: of each campaign
 * as far back as its longest window goes. A bid is named by the id of its event, and shown by its bill, by an
 * impression, or by both.
 */
import { quickQuery, type Pool } from './database/postgres-pool.ts';
import { BID_OF_EVENT, IS_SHOWING } from './events/postgres-lifetime-showings.ts';
import { isCap } from './campaigns/frequency-cap.ts';
import type { PastShowing, PastUser } from './ledger/cap-recovery.ts';
import { keyOf } from './ledger/cap-record.ts';
import type { CapTerms } from './ledger/caps.ts';

interface Row {
  readonly userHash: string;
  readonly campaignId: string;
  /** Lease, ordinal and time, each to the base 36. */
  readonly bid: string;
}

/** Some megabytes. */
const ROWS_AT_ONCE = 10_000;
/** All showings of a week are read and put in order. */
const READ_LIMIT_MS = 3_600_000;
const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
const BASE = 36;

/** A bit more than a window: a day may have 25 hours. */
const SHOWINGS = `
  WITH capped AS (
    SELECT id, now() - max(CASE cap->>'window' WHEN 'minute' THEN interval '5 minutes' WHEN 'hour' THEN interval '2 hours'
             WHEN 'day' THEN interval '2 days' WHEN 'week' THEN interval '8 days' ELSE interval '100 years' END) AS since
      FROM campaigns, jsonb_array_elements(frequency_caps) AS cap WHERE status <> 'ended' GROUP BY id
  ), shown AS (
    SELECT user_id, id AS campaign_id, ${BID_OF_EVENT} AS bid
      FROM events_log JOIN capped ON campaign_id = id::text AND "timestamp" >= since
     WHERE ${IS_SHOWING} AND left(user_id, 2) = ANY ($1::text[])
    UNION
    SELECT user_id, campaign_id, bid FROM lifetime_showings JOIN capped ON campaign_id = id
     WHERE left(user_id, 2) = ANY ($1::text[])
  )
  SELECT user_id AS "userHash", campaign_id::text AS "campaignId", bid FROM shown ORDER BY user_id`;

const TERMS = `
  SELECT id, timezone, ends_at AS "endsAt", frequency_caps AS caps FROM campaigns
   WHERE status <> 'ended' AND frequency_caps <> '[]'`;

interface TermsRow {
  readonly id: string;
  readonly timezone: string;
  readonly endsAt: Date | null;
  /** Of JSON: any. */
  readonly caps: readonly unknown[];
}

/** By campaign, also of those that are paused. One whose caps can't be read is not served, and is left out. */
export async function readCapTerms(pool: Pool): Promise<ReadonlyMap<string, CapTerms>> {
  const { rows } = await pool.query<TermsRow>(quickQuery(TERMS, [], READ_LIMIT_MS));
  const terms = new Map<string, CapTerms>();
  for (const { id, timezone, endsAt, caps } of rows) {
    if (!caps.every(isCap)) continue;
    terms.set(id, { key: keyOf(id), timezone, endMs: endsAt?.getTime() ?? Infinity, caps });
  }
  return terms;
}

/** `tags`: how the users' hashes begin. */
export async function* readPastShowings(
  pool: Pool,
  tags: readonly string[],
): AsyncGenerator<readonly PastUser[]> {
  let user = null as { readonly userHash: string; readonly showings: PastShowing[] } | null;
  for await (const rows of readRows(pool, tags)) {
    const complete: PastUser[] = [];
    for (const { userHash, campaignId, bid } of rows) {
      if (user?.userHash !== userHash) {
        if (user !== null) complete.push(inOrder(user));
        user = { userHash, showings: [] };
      }
      const showing = readBid(campaignId, bid);
      if (showing !== null) user.showings.push(showing);
    }
    yield complete;
  }
  if (user !== null) yield [inOrder(user)];
}

async function* readRows(pool: Pool, tags: readonly string[]): AsyncGenerator<readonly Row[]> {
  const client = await pool.connect();
  client.on('error', ignore);
  let isSound = false;
  try {
    await client.query(BEGIN);
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query(
      quickQuery(`DECLARE showings NO SCROLL CURSOR FOR ${SHOWINGS}`, [tags], READ_LIMIT_MS),
    );
    for (;;) {
      const { rows } = await client.query<Row>(
        quickQuery(`FETCH ${String(ROWS_AT_ONCE)} FROM showings`, [], READ_LIMIT_MS),
      );
      if (rows.length === 0) break;
      yield rows;
    }
    await client.query('COMMIT');
    isSound = true;
  } finally {
    client.off('error', ignore);
    client.release(!isSound);
  }
}

const ignore = (): void => undefined;

/** Of two bids of one millisecond, the one with the lower number came first. */
function inOrder({ userHash, showings }: PastUser): PastUser {
  const sorted = [...showings].sort((a, b) => a.issuedMs - b.issuedMs || a.ordinal - b.ordinal);
  return { userHash, showings: sorted };
}

/** null: it is none of ours. */
function readBid(campaignId: string, bid: string): PastShowing | null {
  const [lease, ordinal, issuedMs, ...more] = bid.split(':').map((part) => parseInt(part, BASE));
  if (lease === undefined || ordinal === undefined || issuedMs === undefined || more.length > 0) return null;
  return [lease, ordinal, issuedMs].every(Number.isSafeInteger)
    ? { campaignId, lease, ordinal, issuedMs }
    : null;
}
