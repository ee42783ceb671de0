import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openScratchServer } from '../database/fixtures/postgres-scratch.ts';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import { adEvent, batchOf } from '../events/fixtures/random-events.ts';
import type { AdEvent } from '../events/event.ts';
import { consume } from '../events/postgres-consume.ts';
import { makeDays } from '../events/postgres-days.ts';
import { RATE_DAYS, readAdCounts } from './postgres-ad-counts.ts';

const ADS = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'] as const;
const DAY_MS = 86_400_000;
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

const server = openScratchServer();
let pool: Pool;

beforeAll(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
});
afterAll(async () => {
  await pool.end();
  await server.close();
});

let nextId = 0;
async function count(events: readonly Partial<AdEvent>[]): Promise<void> {
  const nowMs = Date.now();
  const full = events.map((event) =>
    adEvent({ atMs: nowMs, receivedAtMs: nowMs, eventId: `event ${String(nextId++)}`, ...event }),
  );
  const batch = batchOf(full, { source: `source ${String(nextId)}` });
  await consume(pool, batch, { nowMs, keptDays: RATE_DAYS + 5 });
}

it('tells what may be rated of each ad of ours, and nothing that anyone may have posted', async () => {
  const [first, second] = ADS;
  await count([
    ...Array.from({ length: 5 }, () => ({ adId: first })),
    { adId: first, type: 'click' },
    { adId: first, type: 'conversion' },
    { adId: first, type: 'billing' },
    // What /bid answered: clicks on it would be missed.
    { adId: first, rated: false },
    // A stranger's: views that would ruin the one, clicks that would make the other win.
    ...Array.from({ length: 50 }, () => ({ adId: first, signed: false, rated: false })),
    ...Array.from(
      { length: 50 },
      () => ({ adId: second, type: 'click', signed: false, rated: false }) as const,
    ),
    { adId: 'x'.repeat(36), known: false, signed: false, rated: false, campaignId: '' },
  ]);
  expect(await readAdCounts(pool)).toEqual([{ adId: first, impressions: 5, clicks: 1, conversions: 1 }]);
});

it('adds up the last days, today among them, and forgets what was before', async () => {
  const adId = ADS[1];
  const daysAgo = (days: number): Partial<AdEvent> => ({ adId, atMs: Date.now() - days * DAY_MS });
  await count([daysAgo(0), daysAgo(1), daysAgo(RATE_DAYS - 1), daysAgo(RATE_DAYS), daysAgo(RATE_DAYS + 2)]);
  const own = (await readAdCounts(pool)).find((row) => row.adId === adId);
  expect(own).toEqual({ adId, impressions: 3, clicks: 0, conversions: 0 });
});

it('a database that counted before learns from its rows what came by tokens', async () => {
  const url = await server.createDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'gavel-migrations-'));
  cpSync(MIGRATIONS, folder, {
    recursive: true,
    filter: (path) => !(Number(/(\d+)\.do\./.exec(path)?.[1]) >= 9),
  });
  await migrate(url, folder);
  rmSync(folder, { recursive: true });
  const older = openPool(url, () => {});
  await makeDays(older, [Date.now()]);
  const [adId] = ADS;
  await older.query(
    `INSERT INTO events_log (event_id, event_type, ad_id, known, signed, spend_nanos, media_cost_nanos, trace_id,
                             "timestamp", received_at)
     SELECT n, CASE WHEN n <= 4 THEN 'impression' ELSE 'click' END, $1, true, n IN (1, 2, 3, 5), 0, 0, '', now(), now()
       FROM generate_series(1, 9) AS n`,
    [adId],
  );
  await older.query(
    `INSERT INTO ad_stats_day (ad_id, date, known, impressions, clicks)
     VALUES ($1, (now() AT TIME ZONE 'UTC')::date, true, 4, 5)`,
    [adId],
  );
  await migrate(url);
  expect(await readAdCounts(older)).toEqual([{ adId, impressions: 3, clicks: 1, conversions: 0 }]);
  await older.end();
});
