/** What is told of campaigns and ads, against their events counted anew. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCampaignStore } from '../campaigns/postgres-store.ts';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { seededCampaigns } from '../campaigns/seeded.ts';
import { openScratchServer } from '../database/fixtures/postgres-scratch.ts';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import { readReplica } from '../database/postgres-replica.ts';
import { adEvent, batchOf, NOW_MS, randomEvent } from '../events/fixtures/random-events.ts';
import { consume } from '../events/postgres-consume.ts';
import { NO_COUNTS, type Counts } from './counts.ts';
import { createTotalsReader } from './postgres-totals.ts';
import { BUCKET_UNITS, spanOf, UNIT_MS, type Span } from './span.ts';
import type { ReadTotals, Subject } from './totals.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const TERMS = { nowMs: NOW_MS, keptDays: 30 };
const EVENTS = 4_000;

const server = openScratchServer();
let pool: Pool;
let read: ReadTotals;
let campaigns: readonly { readonly id: string; readonly advertiserId: string; readonly adId: string }[];

beforeAll(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  read = createTotalsReader(readReplica(pool, null, () => {}, Date.now));
  const seeded = seededCampaigns({ count: 3, seed: 1 });
  await createCampaignStore(pool).insertMany(seeded);
  campaigns = seeded.map(({ id, advertiserId, ads }) => ({ id, advertiserId, adId: ads[0]?.id ?? '' }));
  const random = seededRandom(SEED);
  const events = Array.from({ length: EVENTS }, (_, n) => {
    const event = randomEvent(random, `event ${String(n)}`, NOW_MS);
    const { id, adId } = random.pick(campaigns);
    return event.type !== 'auction' && event.known ? { ...event, adId, campaignId: id } : event;
  });
  await consume(pool, batchOf([...events, ...events.slice(0, 100)]), TERMS);
});
afterAll(async () => {
  await pool.end();
  await server.close();
});

async function countsOf(subject: Subject, span: Span): Promise<[string, Counts][]> {
  const reading = await read(subject, span);
  if (typeof reading === 'string') throw new Error(reading);
  return [...reading.counts].map(([ms, counts]) => [new Date(ms).toISOString(), counts] as [string, Counts]);
}

/** The oracle. */
async function recounted(
  { kind, id }: Subject,
  { unit, firstMs, lastMs }: Span,
): Promise<[string, Counts][]> {
  const { rows } = await pool.query<Counts & { start: Date }>(
    `SELECT date_trunc($1, "timestamp", 'UTC') AS start, count(*) FILTER (WHERE event_type = 'impression') AS impressions,
            count(*) FILTER (WHERE event_type = 'click') AS clicks,
            count(*) FILTER (WHERE event_type = 'conversion') AS conversions,
            ${kind === 'campaign' ? 'sum(spend_nanos)::bigint' : '0'} AS "spendNanos"
       FROM events_log
      WHERE ${kind === 'campaign' ? 'known AND campaign_id' : 'ad_id'} = $2 AND "timestamp" >= $3 AND "timestamp" < $4
      GROUP BY 1`,
    [unit, id, new Date(firstMs), new Date(lastMs + UNIT_MS[unit])],
  );
  return rows.map(({ start, ...counts }) => [start.toISOString(), counts]);
}

describe('totals', () => {
  it('of every campaign and ad are those of its events, in every range', async () => {
    const random = seededRandom(SEED + 1);
    const unknown = await pool.query<{ id: string }>(
      'SELECT DISTINCT ad_id AS id FROM events_log WHERE NOT known',
    );
    const ads = [...campaigns.map(({ adId }) => adId), ...unknown.rows.slice(0, 3).map(({ id }) => id)];
    const subjects: Subject[] = [
      ...campaigns.map(({ id }) => ({ kind: 'campaign', id }) as const),
      ...ads.map((id) => ({ kind: 'ad', id }) as const),
    ];
    let found = 0;
    for (const subject of subjects) {
      for (const unit of subject.kind === 'campaign' ? ['day' as const] : BUCKET_UNITS) {
        for (let tries = 0; tries < 5; tries++) {
          const toMs = NOW_MS - random.integer(10) * UNIT_MS[unit];
          const span = spanOf(unit, toMs - random.integer(1_500) * UNIT_MS[unit], toMs);
          const told = await countsOf(subject, span);
          found += told.length;
          expect(new Map(told), `seed ${String(SEED)}`).toEqual(new Map(await recounted(subject, span)));
        }
      }
    }
    expect(found).toBeGreaterThan(100);
  });

  it('are of days of UTC: the first and the last instant of one are in it', async () => {
    const id = 'at the edges';
    const day = Date.UTC(2026, 10, 15);
    const at = (atMs: number, eventId: string) => adEvent({ eventId, atMs, adId: id, known: false });
    const events = [
      at(day - 1, 'before'),
      at(day, 'first'),
      at(day + UNIT_MS.day - 1, 'last'),
      at(day + UNIT_MS.day, 'after'),
    ];
    await consume(pool, batchOf(events, { source: 'edges' }), TERMS);
    const counts = { ...NO_COUNTS, impressions: 2 };
    const subject = { kind: 'ad', id } as const;
    expect(await countsOf(subject, spanOf('day', day, day))).toEqual([[new Date(day).toISOString(), counts]]);
    const minutes = await countsOf(subject, spanOf('minute', day, day + UNIT_MS.day - 1));
    expect(minutes.map(([start]) => start).sort()).toEqual([
      '2026-11-15T00:00:00.000Z',
      '2026-11-15T23:59:00.000Z',
    ]);
  });

  it('name the advertiser whose they are, and nobody for an ad of nobody’s', async () => {
    const [campaign] = campaigns;
    const span = spanOf('day', NOW_MS, NOW_MS);
    const owner = { ownerId: campaign?.advertiserId };
    expect(await read({ kind: 'campaign', id: campaign?.id ?? '' }, span)).toMatchObject(owner);
    expect(await read({ kind: 'ad', id: campaign?.adId ?? '' }, span)).toMatchObject(owner);
    expect(await read({ kind: 'ad', id: randomUUID() }, span)).toEqual({ ownerId: null, counts: new Map() });
    expect(await read({ kind: 'campaign', id: randomUUID() }, span)).toBe('unknown');
  });

  it('are unavailable where Postgres does not answer in time', async () => {
    const locker = await pool.connect();
    try {
      await locker.query('BEGIN; LOCK TABLE daily_metrics IN ACCESS EXCLUSIVE MODE');
      const subject = { kind: 'campaign', id: campaigns[0]?.id ?? '' } as const;
      expect(await read(subject, spanOf('day', NOW_MS, NOW_MS))).toBe('unavailable');
    } finally {
      await locker.query('ROLLBACK');
      locker.release();
    }
  });
});
