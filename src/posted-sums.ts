/**
 * What a campaign has posted, as the counted events tell: for books that Redis does not have. Questions of one turn are one
 * question to Postgres: an empty Redis asks for all campaigns at once.
 */
import type { Pool } from './database/postgres-pool.ts';
import { DONE } from './ledger/done-calls.ts';
import type { MarkedCall, PostedSums } from './ledger/redis-recovery.ts';
import { readEventId } from './server/tracking.ts';

/** Repeats come within minutes, and an open lease is an hour old at most. */
const MARKED_WITHIN_SEC = 3_600;
/** Of a campaign; the newest. */
const MAX_MARKED = 50_000;

// Who asks first has opened the book: the others find that it has one. In the order of ids, so that two servers do not wait
// for each other.
const POSTED = `
  WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::float8[]) AS asked(campaign_id, day_start_ms)
  ), opened AS (
    INSERT INTO budget_books (campaign_id) SELECT campaign_id FROM asked ORDER BY campaign_id
    ON CONFLICT DO NOTHING RETURNING campaign_id
  )
  SELECT campaign_id,
    coalesce((SELECT sum(spend_nanos) FROM daily_metrics WHERE campaign_id = asked.campaign_id), 0)::text AS ever,
    coalesce((SELECT sum(spend_nanos) FROM ad_stats_minute
      WHERE bucket_start >= to_timestamp(day_start_ms / 1000)
        AND ad_id IN (SELECT id::text FROM ads WHERE campaign_id = asked.campaign_id)), 0)::text AS today,
    campaign_id IN (SELECT campaign_id FROM opened) AS is_new
  FROM asked`;

// By its type; an impression is one where it posted, which is that of the simple form.
const MARKED = `
  SELECT event_id, event_type FROM events_log
  WHERE campaign_id = $1 AND "timestamp" > now() - make_interval(secs => $2) AND signed
    AND (event_type IN ('billing', 'click', 'conversion') OR event_type = 'impression' AND spend_nanos > 0)
  ORDER BY "timestamp" DESC LIMIT $3`;
const BITS: Readonly<Record<string, number>> = {
  billing: DONE.posted,
  impression: DONE.posted,
  click: DONE.clicked,
  conversion: DONE.converted,
};

interface PostedRow {
  readonly campaign_id: string;
  readonly ever: string;
  readonly today: string;
  readonly is_new: boolean;
}

interface Question {
  readonly dayStartMs: number;
  readonly answer: (posted: PostedSums | null) => void;
}

/** `dayStartMs`: the campaign's last midnight. null: Postgres can't tell now. */
export function createPostedSums(
  pool: Pool,
): (campaignId: string, dayStartMs: number) => Promise<PostedSums | null> {
  let waiting = new Map<string, Question[]>();

  function askSoon(): void {
    setImmediate(() => {
      const asked = waiting;
      waiting = new Map();
      void askAll(pool, asked);
    });
  }

  return (campaignId, dayStartMs) =>
    new Promise((answer) => {
      if (waiting.size === 0) askSoon();
      waiting.set(campaignId, [...(waiting.get(campaignId) ?? []), { dayStartMs, answer }]);
    });
}

async function askAll(pool: Pool, asked: ReadonlyMap<string, readonly Question[]>): Promise<void> {
  const found = await findPosted(pool, asked).catch(() => new Map<string, PostedSums>());
  for (const [campaignId, questions] of asked) {
    for (const { answer } of questions) answer(found.get(campaignId) ?? null);
  }
}

async function findPosted(
  pool: Pool,
  asked: ReadonlyMap<string, readonly Question[]>,
): Promise<ReadonlyMap<string, PostedSums>> {
  const dayStarts = [...asked.values()].map(([first]) => first?.dayStartMs ?? 0);
  const { rows } = await pool.query<PostedRow>(POSTED, [[...asked.keys()], dayStarts]);
  return new Map(
    rows.map(({ campaign_id: campaignId, ever, today, is_new: isNew }) => [
      campaignId,
      { everNanos: Number(ever), dayNanos: Number(today), isNew },
    ]),
  );
}

/** What has counted of the campaign's latest bids; nothing where Postgres can't tell now. */
export async function findMarked(pool: Pool, campaignId: string): Promise<readonly MarkedCall[]> {
  try {
    const { rows } = await pool.query<{ event_id: string; event_type: string }>(MARKED, [
      campaignId,
      MARKED_WITHIN_SEC,
      MAX_MARKED,
    ]);
    return rows.flatMap(({ event_id: id, event_type: type }) => {
      const place = readEventId(id);
      return place === null ? [] : [{ ...place, bits: BITS[type] ?? 0 }];
    });
  } catch {
    return [];
  }
}
