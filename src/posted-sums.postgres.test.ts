import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { DONE } from './ledger/done-calls.ts';
import { createPostedSums, findMarked } from './posted-sums.ts';
import { eventIdOf } from './server/tracking.ts';

const server = openScratchServer();
let pool: Pool;
beforeEach(async () => {
  const database = await server.createDatabase();
  await migrate(database);
  pool = openPool(database, () => {});
});
afterEach(() => pool.end());
afterAll(() => server.close());

async function count(campaignId: string, date: string, nanos: number): Promise<void> {
  await pool.query('INSERT INTO daily_metrics (campaign_id, date, spend_nanos) VALUES ($1, $2, $3)', [
    campaignId,
    date,
    nanos,
  ]);
}

it('tells many campaigns at once what each has posted, and whether it ever had a book', async () => {
  const ids = Array.from({ length: 600 }, () => randomUUID());
  await count(ids[0]!, '2026-11-20', 5);
  await count(ids[0]!, '2026-11-21', 7);
  const findPosted = createPostedSums(pool);
  const posted = await Promise.all(ids.map((id) => findPosted(id, 0)));
  expect(posted[0]).toEqual({ everNanos: 12, dayNanos: 0, isNew: true });
  expect(new Set(posted.slice(1).map((one) => JSON.stringify(one)))).toEqual(
    new Set([JSON.stringify({ everNanos: 0, dayNanos: 0, isNew: true })]),
  );
  expect(await findPosted(ids[1]!, 0)).toEqual({ everNanos: 0, dayNanos: 0, isNew: false });
});

it('tells nothing while Postgres can not be asked', async () => {
  await pool.query('DROP TABLE budget_books, events_log CASCADE');
  expect(await createPostedSums(pool)(randomUUID(), 0)).toBeNull();
  expect(await findMarked(pool, randomUUID())).toEqual([]);
});

it('finds which bids were billed or clicked lately, by the names of their events', async () => {
  const campaignId = randomUUID();
  await pool.query('CREATE TABLE events_log_all PARTITION OF events_log DEFAULT');
  const place = { campaignId, lease: 114_900_449_241_728, ordinal: 65_535, issuedMs: Date.now() };
  for (const [type, nanos] of [
    ['billing', 5],
    ['click', 0],
    ['impression', 0],
    ['loss', 0],
  ] as const) {
    await pool.query(
      `INSERT INTO events_log (event_id, event_type, campaign_id, ad_id, known, signed, spend_nanos, media_cost_nanos,
        trace_id, "timestamp", received_at) VALUES ($1, $2, $3, 'a', true, true, $4, 0, 't', now(), now())`,
      [eventIdOf(type, place), type, campaignId, nanos],
    );
  }
  const marked = await findMarked(pool, campaignId);
  const { lease, ordinal } = place;
  expect(new Set(marked.map(({ bits }) => bits))).toEqual(new Set([DONE.posted, DONE.clicked]));
  for (const call of marked) expect(call).toMatchObject({ lease, ordinal });
});
