/** Events that are counted anew count as if their consumer had never been wrong. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { openScratchServer } from '../database/fixtures/postgres-scratch.ts';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import { serviceUrl } from '../fixtures/services.ts';
import type { EventRecord } from './event.ts';
import {
  closeBenches,
  makeTopic,
  nameUnique,
  openBench,
  withAdmin,
  type Bench,
} from './fixtures/kafka-bench.ts';
import { adEvent, batchOf, randomEvent } from './fixtures/random-events.ts';
import { recount, rowIds } from './fixtures/recount.ts';
import {
  KEPT_DAYS,
  compareTables,
  openSender,
  readTables,
  sendDated,
  startCounting,
  untilCounted,
  type Sender,
  type Tables,
} from './fixtures/replay-bench.ts';
import type { KafkaConsumer } from './kafka-consumer.ts';
import { consume } from './postgres-consume.ts';
import { keepDays } from './postgres-days.ts';
import { replayLetter } from './postgres-dead-letters.ts';
import type { ReplayOutcome } from './postgres-replay-settling.ts';
import { replay } from './postgres-replay.ts';
import { REPLAY_LOCK } from './postgres-table-locks.ts';
import { DAY_MS } from './tally.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const PARTITIONS = 3;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const server = openScratchServer();
const pools: Pool[] = [];
const consumers: KafkaConsumer[] = [];
let bench: Bench;
let sender: Sender;
let url: string;
let pool: Pool;
let topics: readonly string[];

beforeEach(async () => {
  bench = openBench(BROKERS);
  sender = openSender(bench.client);
  topics = [
    await makeTopic(bench.client, 'one', PARTITIONS),
    await makeTopic(bench.client, 'two', PARTITIONS),
  ];
  [url, pool] = await newDatabase();
});
afterEach(async () => {
  await closeBenches();
  consumers.splice(0);
  await Promise.all(pools.splice(0).map((opened) => opened.end()));
});
afterAll(() => server.close());

async function newDatabase(): Promise<[string, Pool]> {
  const made = await server.createDatabase();
  await migrate(made);
  const opened = openPool(made, () => {});
  pools.push(opened);
  return [made, opened];
}

async function count(counted = pool): Promise<void> {
  consumers.push(await startCounting(bench.client, counted, topics));
  await untilCounted(BROKERS, counted, topics);
}

/** What a consumer that was never wrong makes of all that was sent. */
async function countElsewhere(): Promise<Tables> {
  const [, other] = await newDatabase();
  await count(other);
  return readTables(other);
}

interface Terms {
  readonly mode?: 'swap' | 'check';
  readonly onProgress?: () => void;
  /** Once what stays is copied, and before anything is counted anew. */
  readonly onCopied?: () => Promise<void>;
}

function replayFrom(
  fromMs: number,
  { mode = 'swap', onProgress = () => {}, onCopied = () => Promise.resolve() }: Terms = {},
): Promise<ReplayOutcome> {
  return replay({
    kafka: {
      findStretch: (names, ms) => bench.client.findStretch(names, ms),
      openConsumer: (order) => onCopied().then(() => bench.client.openConsumer(order)),
    },
    pool,
    url,
    group: nameUnique('replay'),
    topics,
    cut: { fromMs: startOfMinute(fromMs), nowMs: Date.now(), keptDays: KEPT_DAYS },
    seenDays: 2,
    mode,
    onProgress,
  });
}

function startOfMinute(ms: number): number {
  return ms - (ms % MINUTE_MS);
}

/** Received over the last three days, stated up to forty days before; one in five comes again, as it was. */
function makeEvents(seed: number, amount: number): readonly EventRecord[] {
  const random = seededRandom(seed);
  const nowMs = Date.now();
  const events: EventRecord[] = [];
  for (let number = 0; number < amount; number += 1) {
    const twin = random.chance(0.2) ? events[random.integer(number)] : undefined;
    const receivedAtMs = nowMs - random.integer(3 * DAY_MS);
    const made = randomEvent(random, `${String(seed)} ${String(number)}`, receivedAtMs);
    // No server tells of no bids at all.
    const event = made.type === 'auction' ? { ...made, count: made.count + 1 } : made;
    events.push(twin ?? event);
  }
  return events;
}

async function sendMixed(events: readonly EventRecord[]): Promise<void> {
  const [one = '', two = ''] = topics;
  const half = Math.floor(events.length / 2);
  await sender.send(one, events.slice(0, half));
  await sender.send(two, events.slice(half));
}

/** As a consumer that miscounted since then, and lost rows. */
async function spoil(fromMs: number): Promise<void> {
  const from = new Date(startOfMinute(fromMs));
  await pool.query('DELETE FROM events_log WHERE received_at >= $1 AND spend_nanos % 3 = 0', [from]);
  await pool.query('UPDATE events_log SET spend_nanos = 7 WHERE received_at >= $1', [from]);
  await pool.query('UPDATE ad_stats_minute SET clicks = clicks + 5 WHERE bucket_start >= $1', [from]);
  await pool.query(`DELETE FROM ad_stats_day WHERE date > $1::timestamptz::date`, [from]);
  await pool.query('UPDATE daily_metrics SET spend_nanos = 1, bids = 1 WHERE date > $1::timestamptz::date', [
    from,
  ]);
  await pool.query('UPDATE bids_minute SET bids = bids + 1 WHERE bucket_start >= $1', [from]);
  await pool.query('DELETE FROM no_bids_minute WHERE bucket_start >= $1', [from]);
}

describe('a replay', () => {
  it(`puts right what was counted wrong since its time (seed ${String(SEED)})`, async () => {
    await sendMixed(makeEvents(SEED, 3_000));
    await count();
    const sound = await readTables(pool);
    const fromMs = Date.now() - 2 * DAY_MS;
    await spoil(fromMs);
    expect(compareTables(sound, await readTables(pool)).length).toBeGreaterThan(100);
    await replayFrom(fromMs);
    expect(await recount(pool)).toEqual([]);
    expect(compareTables(sound, await readTables(pool))).toEqual([]);
    expect(compareTables(sound, await countElsewhere())).toEqual([]);
  });

  it(`loses and doubles nothing of what is counted while it runs (seed ${String(SEED + 1)})`, async () => {
    await sendMixed(makeEvents(SEED + 1, 2_000));
    await count();
    const reader = await pool.connect();
    const read = async (): Promise<number> => {
      const text = 'SELECT count(*) AS impressions FROM impressions';
      return (await reader.query<{ impressions: number }>({ name: 'read', text })).rows[0]?.impressions ?? 0;
    };
    const before = await read();
    const fromMs = Date.now() - DAY_MS;
    await spoil(fromMs);
    let isOver = false;
    const sending = (async () => {
      for (let part = 0; !isOver; part += 1) {
        await sendMixed(makeEvents(SEED + 1_000 + part, 20));
        // No faster than it is counted.
        await untilCounted(BROKERS, pool, topics);
      }
    })();
    try {
      await replayFrom(fromMs);
      const after = await read();
      expect(after).toBeGreaterThan(before);
    } finally {
      isOver = true;
      await sending;
      reader.release();
    }
    await sendMixed(makeEvents(SEED + 1, 2_000));
    await sendMixed(makeEvents(SEED + 2, 500));
    await untilCounted(BROKERS, pool, topics);
    expect(await recount(pool)).toEqual([]);
    expect(compareTables(await countElsewhere(), await readTables(pool))).toEqual([]);
  });

  it('leaves what came before, also what Kafka does not have, and counts no later twin of it', async () => {
    const nowMs = Date.now();
    const fromMs = startOfMinute(nowMs - HOUR_MS);
    const before = { atMs: fromMs - 1, receivedAtMs: fromMs - 1, spendNanos: 5 };
    const after = { atMs: fromMs, receivedAtMs: fromMs, spendNanos: 7 };
    const early = adEvent({ ...before, eventId: 'by a spool' });
    await consume(pool, batchOf([early]), { nowMs, keptDays: KEPT_DAYS });
    await pool.query('UPDATE consumed_offsets SET updated_at = $1', [new Date(fromMs - 1)]);
    const [topic = ''] = topics;
    await sender.send(topic, [
      adEvent({ ...before, eventId: 'twin' }),
      adEvent({ ...after, eventId: 'twin' }),
    ]);
    await sender.send(topic, [adEvent({ ...after, eventId: 'later' })]);
    await sender.send(topic, [adEvent({ ...after, atMs: fromMs - 20 * DAY_MS, eventId: 'late' })]);
    await sender.send(topic, [adEvent({ ...before, atMs: fromMs - 20 * DAY_MS, eventId: 'old' })]);
    await count();
    const sound = await readTables(pool);
    await pool.query(`DELETE FROM events_log WHERE event_id IN ('late', 'later')`);
    expect(await recount(pool)).not.toEqual([]);
    expect((await replayFrom(fromMs)).processed).toBe(2);
    expect(await recount(pool)).toEqual([]);
    expect(compareTables(sound, await readTables(pool))).toEqual([]);
    await sender.send(topic, [early, adEvent({ ...after, eventId: 'twin' })]);
    await untilCounted(BROKERS, pool, topics);
    expect(compareTables(sound, await readTables(pool))).toEqual([]);
  });

  it('loses nothing of what came before and is counted only while it runs', async () => {
    const nowMs = Date.now();
    const times = { atMs: nowMs - HOUR_MS / 2, receivedAtMs: nowMs - HOUR_MS / 2 };
    const [topic = ''] = topics;
    const { campaignId, adId } = adEvent({ eventId: '' });
    const bids = { type: 'auction', campaignId, adId, nbr: null, count: 3 } as const;
    const early = [
      adEvent({ ...times, eventId: 'early', spendNanos: 5 }),
      { ...bids, ...times, eventId: 'early bids' },
    ];
    await sendDated(BROKERS, topic, early, times.receivedAtMs);
    await sender.send(topic, [adEvent({ atMs: nowMs, receivedAtMs: nowMs, eventId: 'present' })]);
    await replayFrom(nowMs - 5 * MINUTE_MS, { onCopied: () => count() });
    expect(await rowIds(pool)).toEqual(['early', 'present']);
    expect(await recount(pool)).toEqual([]);
    expect(compareTables(await countElsewhere(), await readTables(pool))).toEqual([]);
  });

  it('fetches a table of the present day that is gone, and the next round of the keeper finds all in order', async () => {
    await sendMixed(makeEvents(SEED + 3, 500));
    await count();
    const sound = await readTables(pool);
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    await pool.query(
      `DROP TABLE IF EXISTS events_log_${today}, bids_minute_${today}, ad_stats_minute_${today}`,
    );
    await replayFrom(Date.now() - 2 * DAY_MS);
    expect(compareTables(sound, await readTables(pool))).toEqual([]);
    await keepDays(pool, { eventDays: KEPT_DAYS, seenDays: 2, deadDays: KEPT_DAYS }, Date.now());
    const { rows } = await pool.query(`SELECT FROM pg_constraint WHERE conname = 'replayed_day'`);
    expect(rows).toEqual([]);
    expect(await readSchemas()).toEqual([]);
  });

  it('counts letters that were dead only for the consumer of then', async () => {
    const nowMs = Date.now();
    const [topic = ''] = topics;
    const times = { atMs: nowMs, receivedAtMs: nowMs };
    await sender.sendBytes(topic, [Buffer.from('rubbish'), Buffer.from('sound')]);
    await count();
    const { rows } = await pool.query<{ id: number; offset: number }>(
      `SELECT id, message_offset AS "offset" FROM dead_letters ORDER BY id`,
    );
    expect(rows).toHaveLength(2);
    const [sound] = batchOf([adEvent({ ...times, eventId: 'sound' })]).messages;
    await sender.sendBytes(topic, [Buffer.from(sound?.value ?? [])]);
    await untilCounted(BROKERS, pool, topics);
    const lost = await readTables(pool);
    await pool.query(`DELETE FROM events_log`);
    await pool.query(
      `INSERT INTO dead_letters (source, partition, message_offset, value, reason)
       SELECT source, partition, 2, $1, 'for the consumer of then' FROM dead_letters LIMIT 1`,
      [sound?.value],
    );
    await replayFrom(nowMs);
    expect(compareTables(lost, await readTables(pool))).toEqual([]);
  });

  it('that only checks tells what would change, and changes nothing', async () => {
    await sendMixed(makeEvents(SEED + 4, 500));
    await count();
    const fromMs = Date.now() - 2 * DAY_MS;
    const sound = await replayFrom(fromMs, { mode: 'check' });
    expect(sound.differences.map(({ going, coming, sums }) => [going, coming, sums])).toEqual(
      sound.differences.map(() => [0, 0, []]),
    );
    const yesterday = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
    await pool.query('UPDATE daily_metrics SET bids = bids + 1000 WHERE date = $1', [yesterday]);
    await pool.query(
      `DELETE FROM events_log WHERE event_id IN (SELECT max(event_id) FROM events_log WHERE received_at >= $1)`,
      [new Date(fromMs)],
    );
    const spoiled = await readTables(pool);
    const { differences } = await replayFrom(fromMs, { mode: 'check' });
    const told = new Map(differences.map((difference) => [difference.table, difference]));
    expect(told.get('events_log')).toMatchObject({ going: 0, coming: 1 });
    expect(told.get('daily_metrics')?.sums.map(({ name }) => name)).toEqual(['bids']);
    expect(told.get('ad_stats_minute')).toMatchObject({ going: 0, coming: 0, sums: [] });
    expect(compareTables(spoiled, await readTables(pool))).toEqual([]);
    expect(await readSchemas()).toEqual([]);
  });
});

describe('no replay begins', () => {
  it('before what is kept', async () => {
    await expect(replayFrom(Date.now() - 32 * DAY_MS)).rejects.toThrow(/^Events are kept since .*Z only/);
  });

  it('where Kafka deleted messages of that time', async () => {
    const [topic = ''] = topics;
    await sender.sendBytes(topic, [Buffer.from('one'), Buffer.from('two')]);
    await withAdmin(BROKERS, async (admin) => {
      const held = (await admin.fetchTopicOffsets(topic)).find(({ high }) => high === '2');
      await admin.deleteTopicRecords({
        topic,
        partitions: [{ partition: held?.partition ?? 0, offset: '1' }],
      });
    });
    await expect(replayFrom(Date.now() - 2 * HOUR_MS)).rejects.toThrow(
      new RegExp(`^The topic ${topic} keeps its messages for 1 hours only: begin behind `),
    );
  });

  it('for a time in which a server counted without Kafka', async () => {
    const nowMs = Date.now();
    await consume(pool, batchOf([adEvent({ eventId: 'a' })]), { nowMs, keptDays: KEPT_DAYS });
    await expect(replayFrom(nowMs - HOUR_MS)).rejects.toThrow(/^Until .*Z a server counted without Kafka/);
  });

  it('where a topic was made anew', async () => {
    const [topic = ''] = topics;
    await pool.query('INSERT INTO consumed_offsets (source, partition, next_offset) VALUES ($1, 0, 5)', [
      topic,
    ]);
    await expect(replayFrom(Date.now())).rejects.toThrow(`${topic}/0 was counted up to 5, and is shorter`);
  });

  it('beside another, and no letter is counted by hand meanwhile', async () => {
    await sender.sendBytes(topics[0] ?? '', [Buffer.from('rubbish')]);
    await count();
    const [sound] = batchOf([adEvent({ eventId: 'a' })]).messages;
    await pool.query('UPDATE dead_letters SET value = $1', [sound?.value]);
    const session = await pool.connect();
    await session.query(`SELECT pg_advisory_lock(${REPLAY_LOCK})`);
    await expect(replayFrom(Date.now())).rejects.toThrow('Another replay of this database runs');
    const terms = { nowMs: Date.now(), keptDays: KEPT_DAYS };
    await expect(replayLetter(pool, 1, terms)).rejects.toThrow('A replay of events runs');
    session.release(true);
    await expect.poll(() => replayLetter(pool, 1, terms).catch(() => null)).toEqual({ kind: 'counted' });
    expect(await rowIds(pool)).toEqual(['a']);
  });
});

async function readSchemas(): Promise<readonly object[]> {
  return (await pool.query<object>(`SELECT nspname FROM pg_namespace WHERE nspname LIKE '%\\_replay\\_%'`))
    .rows;
}
