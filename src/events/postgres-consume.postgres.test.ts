import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import {
  openScratchServer,
  untilWaiting,
  type ScratchServer,
} from '../database/fixtures/postgres-scratch.ts';
import type { AdEvent } from './event.ts';
import { NOW_MS, adEvent, batchOf } from './fixtures/random-events.ts';
import { recount, rowIds } from './fixtures/recount.ts';
import { consume, consumeTogether, type SourceBatch } from './postgres-consume.ts';
import { keepDays, openSeenDay } from './postgres-days.ts';
import { forgetOffset, readOffset } from './postgres-offsets.ts';
import { DAY_MS } from './tally.ts';

const TERMS = { nowMs: NOW_MS, keptDays: 30 };
const RETENTION = { eventDays: 30, seenDays: 2, deadDays: 30 };

let server: ScratchServer;
let pool: Pool;

beforeAll(() => {
  server = openScratchServer();
});
afterAll(async () => {
  await server.close();
});
beforeEach(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  return () => pool.end();
});

async function rowsOf(sql: string): Promise<readonly object[]> {
  return (await pool.query<object>(sql)).rows;
}

describe('a batch', () => {
  it('becomes rows, sums by minute and by day, and the offset', async () => {
    const outcome = await consume(
      pool,
      batchOf([
        adEvent({ eventId: 'a', spendNanos: 2_000_000, bidMicros: 2_500_000 }),
        adEvent({ eventId: 'b', type: 'click', userId: 'u "1" \\', spendNanos: 500_000_000 }),
        adEvent({ eventId: 'c', type: 'conversion', valueMicros: 7_000_000, mediaCostNanos: 3 }),
        adEvent({ eventId: 'd', adId: '1', campaignId: '', known: false, signed: false }),
        {
          type: 'auction',
          eventId: 'e',
          atMs: NOW_MS,
          receivedAtMs: NOW_MS,
          adId: '',
          campaignId: '',
          nbr: 8,
          count: 70,
        },
        { ...adEvent({ eventId: 'f' }), type: 'auction', nbr: null, count: 30 },
      ]),
      TERMS,
    );
    expect(outcome).toEqual({ batchSize: 6, processed: 6, deduped: 0, dead: 0, unknownOverflow: 0 });
    expect(
      await rowsOf('SELECT event_id, event_type, user_id, bid_micros, stated_at FROM events_log ORDER BY 1'),
    ).toEqual([
      { event_id: 'a', event_type: 'impression', user_id: null, bid_micros: 2_500_000, stated_at: null },
      { event_id: 'b', event_type: 'click', user_id: 'u "1" \\', bid_micros: null, stated_at: null },
      { event_id: 'c', event_type: 'conversion', user_id: null, bid_micros: null, stated_at: null },
      { event_id: 'd', event_type: 'impression', user_id: null, bid_micros: null, stated_at: null },
    ]);
    expect(
      await rowsOf(
        'SELECT ad_id, known, impressions, clicks, spend_nanos FROM ad_stats_minute ORDER BY ad_id',
      ),
    ).toEqual([
      {
        ad_id: adEvent({ eventId: '' }).adId,
        known: true,
        impressions: 1,
        clicks: 1,
        spend_nanos: 502_000_000,
      },
      { ad_id: '1', known: false, impressions: 1, clicks: 0, spend_nanos: 0 },
    ]);
    expect(
      await rowsOf(
        `SELECT date::text, impressions, clicks, conversions, bids, spend, value_micros, media_cost_nanos
           FROM daily_metrics`,
      ),
    ).toEqual([
      {
        date: '2026-11-21',
        impressions: 1,
        clicks: 1,
        conversions: 1,
        bids: 30,
        spend: '0.502000000',
        value_micros: 7_000_000,
        media_cost_nanos: 3,
      },
    ]);
    expect(await rowsOf('SELECT nbr, no_bids FROM no_bids_minute')).toEqual([{ nbr: 8, no_bids: 70 }]);
    expect(await readOffset(pool, { source: 'spool', partition: 0 })).toBe(6);
    expect(await recount(pool)).toEqual([]);
  });

  it('counts an id once: within a batch, over batches, sources and days, and of whatever type', async () => {
    const twice = [adEvent({ eventId: 'a' }), adEvent({ eventId: 'a', type: 'click' })];
    expect(await consume(pool, batchOf(twice), TERMS)).toMatchObject({ processed: 1, deduped: 1 });
    const other = { source: 'topic', partition: 3 };
    expect(await consume(pool, batchOf(twice, other), TERMS)).toMatchObject({ processed: 0, deduped: 2 });
    await openSeenDay(pool, NOW_MS + DAY_MS);
    const nextDay = { ...TERMS, nowMs: NOW_MS + DAY_MS };
    const again = batchOf([adEvent({ eventId: 'a', atMs: NOW_MS + DAY_MS })], { ...other, firstOffset: 2 });
    expect(await consume(pool, again, nextDay)).toMatchObject({ processed: 0, deduped: 1 });
    expect(await rowIds(pool)).toEqual(['a']);
    expect(await recount(pool)).toEqual([]);
  });

  it('that comes again is passed over by its offsets, and a source made anew is read from its beginning', async () => {
    const batch = batchOf([adEvent({ eventId: 'a' })]);
    await consume(pool, batch, TERMS);
    const unlike = batchOf([adEvent({ eventId: 'b' }), adEvent({ eventId: 'c' })]);
    expect(await consume(pool, unlike, TERMS)).toMatchObject({ processed: 1, deduped: 1 });
    expect(await rowIds(pool)).toEqual(['a', 'c']);
    await forgetOffset(pool, batch);
    expect(await readOffset(pool, batch)).toBeNull();
    expect(await consume(pool, unlike, TERMS)).toMatchObject({ processed: 1, deduped: 1 });
    expect(await rowIds(pool)).toEqual(['a', 'b', 'c']);
  });
});

describe('the minute in which an event counts', () => {
  it('is its own while that day is kept and at most a day ahead, else the one in which it came', async () => {
    const firstKeptMs = Date.UTC(2026, 9, 22);
    const receivedAtMs = NOW_MS - 90_000;
    const stated = {
      kept: firstKeptMs,
      old: firstKeptMs - 1,
      ahead: NOW_MS + DAY_MS,
      future: NOW_MS + DAY_MS + 1,
    };
    const events = Object.entries(stated).map(([eventId, atMs]) => adEvent({ eventId, atMs, receivedAtMs }));
    const lost = adEvent({ eventId: 'both', atMs: 0, receivedAtMs: Date.UTC(2199, 1) });
    await consume(pool, batchOf([...events, lost]), TERMS);
    const { rows } = await pool.query<{ id: string; at: Date; stated: Date | null }>(
      'SELECT event_id AS id, "timestamp" AS at, stated_at AS stated FROM events_log',
    );
    const counted = Object.fromEntries(
      rows.map(({ id, at, stated: said }) => [id, [+at, said === null ? null : +said]]),
    );
    expect(counted).toEqual({
      kept: [stated.kept, null],
      old: [receivedAtMs, stated.old],
      ahead: [stated.ahead, null],
      future: [receivedAtMs, stated.future],
      both: [NOW_MS, 0],
    });
    expect(await recount(pool)).toEqual([]);
  });
});

describe('ads of nobody’s', () => {
  it('are added up under `overflow` once a minute has enough of them, and keep their rows', async () => {
    const flood = Array.from({ length: 50 }, (_, n) =>
      adEvent({ eventId: `e${String(n)}`, adId: `x${String(n % 25)}`, campaignId: 'nobody', known: false }),
    );
    const terms = { ...TERMS, maxUnknownAds: 10 };
    expect(await consume(pool, batchOf(flood), terms)).toMatchObject({ processed: 50, unknownOverflow: 30 });
    const more = ['x1', 'x20', 'y', 'overflow'].map((adId) => adEvent({ eventId: adId, adId, known: false }));
    const laterMinute = adEvent({ eventId: 'l', adId: 'y', atMs: NOW_MS + 60_000, known: false });
    const ours = adEvent({ eventId: 'o' });
    const second = batchOf([...more, laterMinute, ours], { firstOffset: 50 });
    expect(await consume(pool, second, terms)).toMatchObject({ processed: 6, unknownOverflow: 2 });
    expect(
      await rowsOf(
        'SELECT bucket_start, count(*)::int AS ads FROM ad_stats_minute WHERE NOT known GROUP BY 1 ORDER BY 1',
      ),
    ).toEqual([
      { bucket_start: new Date(NOW_MS), ads: 11 },
      { bucket_start: new Date(NOW_MS + 60_000), ads: 1 },
    ]);
    expect(await rowsOf(`SELECT impressions FROM ad_stats_minute WHERE ad_id = 'overflow'`)).toEqual([
      { impressions: 33 },
    ]);
    expect(await rowsOf('SELECT campaign_id FROM daily_metrics')).toHaveLength(1);
    expect(await rowIds(pool)).toHaveLength(56);
    expect(await recount(pool)).toEqual([]);
  });
});

describe('what can not be counted', () => {
  const tooMuch = { spendNanos: Number.MAX_SAFE_INTEGER };

  it('becomes a dead letter with its reason, and all else of its batch counts', async () => {
    const events = Array.from({ length: 20 }, (_, n) =>
      adEvent({ eventId: `e${String(n)}`, ...(n === 7 || n === 13 ? tooMuch : {}) }),
    );
    const batch = batchOf([...events, adEvent({ eventId: 'z', campaignId: 'C1' })]);
    const rubbish = { offset: 21, value: Buffer.from([9, 1]) };
    const outcome = await consume(
      pool,
      { ...batch, messages: [...batch.messages, rubbish], nextOffset: 25 },
      TERMS,
    );
    expect(outcome).toEqual({ batchSize: 22, processed: 19, deduped: 0, dead: 3, unknownOverflow: 0 });
    const letters = await rowsOf(
      'SELECT message_offset::int AS at, value, reason FROM dead_letters ORDER BY at',
    );
    expect(letters).toEqual([
      {
        at: 13,
        value: batch.messages[13]?.value,
        reason: expect.stringMatching(/^Postgres does not take it: .*nanos/) as unknown,
      },
      {
        at: 20,
        value: batch.messages[20]?.value,
        reason: 'campaignId of a campaign of ours is no UUID in lower case.',
      },
      { at: 21, value: rubbish.value, reason: 'Version 9 is unknown, 1 is read.' },
    ]);
    expect(await readOffset(pool, batch)).toBe(25);
    expect(await recount(pool)).toEqual([]);
  });

  it('is not made a dead letter where Postgres is what fails', async () => {
    await pool.query('ALTER TABLE events_log RENAME TO elsewhere');
    await expect(consume(pool, batchOf([adEvent({ eventId: 'a' })]), TERMS)).rejects.toThrow('events_log');
    await pool.query('ALTER TABLE elsewhere RENAME TO events_log');
    expect(await readOffset(pool, { source: 'spool', partition: 0 })).toBeNull();
    expect(await rowsOf('SELECT FROM dead_letters')).toEqual([]);
    expect(await consume(pool, batchOf([adEvent({ eventId: 'a' })]), TERMS)).toMatchObject({ processed: 1 });
  });

  it('are ids that only Postgres holds for the same: each counts', async () => {
    const events = ['\ud800', '\udfff'].map((half, n) => adEvent({ eventId: `e${String(n)}`, adId: half }));
    expect(await consume(pool, batchOf(events), TERMS)).toMatchObject({ processed: 2, dead: 0 });
    expect(await recount(pool)).toEqual([]);
  });
});

describe('batches of several partitions', () => {
  const [clicks, wins, losses] = ['clicks', 'wins', 'losses'] as const;

  it('are one transaction, with an outcome for each; an id in two of them counts in the first', async () => {
    const rubbish = { offset: 2, value: Buffer.from([9, 1]) };
    const first = batchOf([adEvent({ eventId: 'a' }), adEvent({ eventId: 'b' })], { source: wins });
    const second = batchOf([adEvent({ eventId: 'b' }), adEvent({ eventId: 'c' })], { source: clicks });
    const third = { ...batchOf([], { source: losses, partition: 3 }), messages: [rubbish], nextOffset: 3 };
    expect(await consumeTogether(pool, [first, second, third], TERMS)).toEqual([
      { batchSize: 2, processed: 2, deduped: 0, dead: 0, unknownOverflow: 0 },
      { batchSize: 2, processed: 1, deduped: 1, dead: 0, unknownOverflow: 0 },
      { batchSize: 1, processed: 0, deduped: 0, dead: 1, unknownOverflow: 0 },
    ]);
    const writers = await rowsOf(
      'SELECT xmin FROM events_log UNION SELECT xmin FROM dead_letters UNION SELECT xmin FROM consumed_offsets',
    );
    expect(writers).toHaveLength(1);
    expect(await rowIds(pool)).toEqual(['a', 'b', 'c']);
    const offsets = [first, second, third].map((batch) => readOffset(pool, batch));
    expect(await Promise.all(offsets)).toEqual([first.nextOffset, second.nextOffset, 3]);
    expect(await recount(pool)).toEqual([]);
  });

  it('that come again in other company are passed over, each by its own offset', async () => {
    const first = batchOf([adEvent({ eventId: 'a' })], { source: wins });
    const second = batchOf([adEvent({ eventId: 'b' })], { source: clicks });
    const third = batchOf([adEvent({ eventId: 'c' })], { source: clicks, partition: 1 });
    await consumeTogether(pool, [first, second], TERMS);
    expect(await consumeTogether(pool, [third, first, second], TERMS)).toMatchObject([
      { processed: 1, deduped: 0 },
      { processed: 0, deduped: 1 },
      { processed: 0, deduped: 1 },
    ]);
    expect(await rowIds(pool)).toEqual(['a', 'b', 'c']);
    expect(await recount(pool)).toEqual([]);
  });

  it('count one by one where Postgres refuses a value of one of them', async () => {
    const sound = batchOf([adEvent({ eventId: 'a' }), adEvent({ eventId: 'b' })], { source: wins });
    const [much, more] = ['c', 'x'].map((eventId) =>
      adEvent({ eventId, spendNanos: Number.MAX_SAFE_INTEGER }),
    ) as [AdEvent, AdEvent];
    const mixed = batchOf([much, more, adEvent({ eventId: 'd' })], { source: clicks });
    expect(await consumeTogether(pool, [sound, mixed], TERMS)).toMatchObject([
      { processed: 2, dead: 0 },
      { processed: 2, dead: 1 },
    ]);
    expect(await rowsOf('SELECT source, message_offset::int AS at FROM dead_letters')).toEqual([
      { source: clicks, at: 1 },
    ]);
    expect(await rowIds(pool)).toEqual(['a', 'b', 'c', 'd']);
    expect(await recount(pool)).toEqual([]);
  });

  it('of two consumers that hold the same partitions wait for one another, and never in a circle', async () => {
    await openSeenDay(pool, NOW_MS);
    const batch = (source: string): SourceBatch => batchOf([adEvent({ eventId: source })], { source });
    const [forth, back] = [
      [batch(wins), batch(clicks)],
      [batch(clicks), batch(wins)],
    ];
    await consumeTogether(pool, [batch('others')], TERMS);
    const holder = await pool.connect();
    await holder.query(
      `BEGIN; INSERT INTO consumed_offsets (source, partition, next_offset) VALUES ('wins', 0, 0)`,
    );
    const outcomes = Promise.all([forth, back].map((batches) => consumeTogether(pool, batches, TERMS)));
    await untilWaiting(pool, 2);
    await holder.query('ROLLBACK');
    holder.release();
    const processed = (await outcomes).map((each) => each.map((outcome) => outcome.processed).join());
    expect(processed.toSorted()).toEqual(['0,0', '1,1']);
    expect(await recount(pool)).toEqual([]);
  });
});

describe('two consumers', () => {
  it('that bring the same ids in another order wait for one another, and neither is undone', async () => {
    const events = Array.from({ length: 500 }, (_, n) => adEvent({ eventId: `e${String(n)}` }));
    const [forth, back] = [batchOf(events, { partition: 1 }), batchOf(events.toReversed(), { partition: 2 })];
    await openSeenDay(pool, NOW_MS);
    const holder = await pool.connect();
    // Both come to a halt on their way, with some ids taken and some to take.
    await holder.query(`BEGIN; INSERT INTO processed_events SELECT 'e250', day FROM seen_days`);
    const outcomes = Promise.all([consume(pool, forth, TERMS), consume(pool, back, TERMS)]);
    await untilWaiting(pool, 2);
    await holder.query('ROLLBACK');
    holder.release();
    expect((await outcomes).map(({ processed }) => processed).toSorted((a, b) => a - b)).toEqual([0, 500]);
    expect(await recount(pool)).toEqual([]);
  });

  it('that bring ads of nobody’s at once fill a minute no further than one would', async () => {
    await keepDays(pool, RETENTION, NOW_MS);
    const flood = (name: string) =>
      Array.from({ length: 10 }, (_, n) => {
        const adId = `${name}${String(n)}`;
        return adEvent({ eventId: adId, adId, known: false });
      });
    const holder = await pool.connect();
    await holder.query('BEGIN; LOCK TABLE events_log IN SHARE MODE');
    const terms = { ...TERMS, maxUnknownAds: 10 };
    const outcomes = ['x', 'y'].map((name, partition) =>
      consume(pool, batchOf(flood(name), { partition }), terms),
    );
    await untilWaiting(pool, 2);
    await holder.query('COMMIT');
    holder.release();
    const overflows = (await Promise.all(outcomes)).map(({ unknownOverflow }) => unknownOverflow);
    expect(overflows.toSorted((a, b) => a - b)).toEqual([0, 10]);
    expect(await recount(pool)).toEqual([]);
  });

  it('one before and one behind midnight count an id once', async () => {
    const midnightMs = Date.UTC(2026, 10, 22);
    await keepDays(pool, RETENTION, midnightMs - 1);
    const holder = await pool.connect();
    // The sums of the first are held, so that its transaction stays open.
    await holder.query('BEGIN; LOCK TABLE ad_stats_minute IN SHARE MODE');
    const early = consume(pool, batchOf([adEvent({ eventId: 'a' })]), { ...TERMS, nowMs: midnightMs - 1 });
    await untilWaiting(pool, 1);
    const turn = openSeenDay(pool, midnightMs);
    await untilWaiting(pool, 2);
    const late = consume(pool, batchOf([adEvent({ eventId: 'a' })], { partition: 1 }), {
      ...TERMS,
      nowMs: midnightMs,
    });
    await untilWaiting(pool, 3);
    await holder.query('COMMIT');
    holder.release();
    expect(await Promise.all([early, turn, late])).toMatchObject([
      { processed: 1 },
      ['processed_events_20261122'],
      { deduped: 1 },
    ]);
    expect(await rowIds(pool)).toEqual(['a']);
  });
});
