import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool, type Transaction } from '../database/postgres-pool.ts';
import { isAway, isDeadlock } from '../database/postgres-refusals.ts';
import { openScratchServer, type ScratchServer } from '../database/fixtures/postgres-scratch.ts';
import { NOW_MS, adEvent, batchOf, randomEvent } from './fixtures/random-events.ts';
import { recount, rowIds } from './fixtures/recount.ts';
import { consume, type BatchOutcome, type SourceBatch } from './postgres-consume.ts';
import { keepDays, openSeenDay } from './postgres-days.ts';
import { readOffset } from './postgres-offsets.ts';
import { DAY_MS } from './tally.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
const RETRY_MS = 5;
/** Of one batch. */
const MAX_KILLS = 3;

let server: ScratchServer;
let url: string;
let pool: Pool;

beforeAll(() => {
  server = openScratchServer();
});
afterAll(async () => {
  await server.close();
});
beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  return () => pool.end();
});

/** A pool whose connections die in place of their statement number `fatal`, or behind it. */
function dyingPool(fatal: number, when: 'before' | 'after'): { readonly pool: Pool; statements(): number } {
  let count = 0;
  const dying = Object.create(pool) as Pool;
  dying.connect = (async (): Promise<Transaction> => {
    const client = await pool.connect();
    const { query, release } = client as unknown as {
      query: (...args: unknown[]) => Promise<unknown>;
      release: (broken?: boolean) => void;
    };
    const die = () =>
      pool.query('SELECT pg_terminate_backend($1, 10000)', [
        (client as unknown as { processID: number }).processID,
      ]);
    return Object.assign(client, {
      async query(...args: unknown[]) {
        count += 1;
        if (count === fatal && when === 'before') await die();
        const result = await query.apply(client, args);
        if (count !== fatal || when === 'before') return result;
        await die();
        throw new Error('Connection terminated');
      },
      release(broken?: boolean) {
        Object.assign(client, { query, release });
        release.call(client, broken);
      },
    });
  }) as Pool['connect'];
  return { pool: dying, statements: () => count };
}

describe('a consumer that dies', () => {
  it.each(['before', 'after'] as const)('%s any of its statements leaves all or nothing', async (when) => {
    const random = seededRandom(SEED);
    const terms = { nowMs: NOW_MS, keptDays: 60 };
    const first = Array.from({ length: 40 }, (_, n) => randomEvent(random, `w${String(n)}`, NOW_MS));
    await consume(pool, batchOf(first), terms);
    let firstOffset = 40;
    for (let fatal = 1, statements = 1; fatal <= statements; fatal += 1) {
      const events = Array.from({ length: 12 }, (_, n) =>
        randomEvent(random, `${String(fatal)}.${String(n % 11)}`, NOW_MS),
      );
      const unreadable = adEvent({ eventId: '', campaignId: 'none' });
      const batch = batchOf([...events, unreadable], { firstOffset });
      firstOffset = batch.nextOffset;

      const dying = dyingPool(fatal, when);
      await consume(dying.pool, batch, terms).catch(() => undefined);
      statements = dying.statements();
      await consume(pool, batch, terms);

      expect(await recount(pool), `seed ${String(SEED)}, statement ${String(fatal)}`).toEqual([]);
      const { rows } = await pool.query(
        `SELECT (SELECT count(*) FROM processed_events) AS seen, (SELECT count(*) FROM dead_letters) AS dead`,
      );
      expect(rows).toEqual([{ seen: 40 + fatal * 11, dead: fatal }]);
      expect(await readOffset(pool, batch)).toBe(firstOffset);
    }
  });
});

interface Delivery {
  readonly batch: SourceBatch;
  readonly nowMs: number;
}

/** Half of all ids come again: here, on another partition, or on another day. */
function stream(partition: number, ids: Set<string>): readonly Delivery[] {
  const random = seededRandom(SEED + partition);
  let firstOffset = 0;
  return Array.from({ length: 20 }, (_, n) => {
    const nowMs = NOW_MS + n * (DAY_MS / 4);
    const events = Array.from({ length: random.between(1, 120) }, () =>
      randomEvent(random, `id ${String(random.integer(2_000))}`, nowMs),
    );
    for (const { eventId } of events) ids.add(eventId);
    const batch = batchOf(events, { partition, firstOffset });
    firstOffset = batch.nextOffset;
    return { batch, nowMs };
  });
}

describe('a storm of repeats, crashes and midnights', () => {
  it('counts every id once, and the sums are those of the rows', async () => {
    const ids = new Set<string>();
    const streams = [0, 1, 2].map((partition) => stream(partition, ids));
    const chances = seededRandom(SEED);
    const over = new AbortController();
    let nowMs = NOW_MS;
    let processed = 0;
    let kills = 0;
    let lastMs = 20;
    const knife = openPool(url, () => {});

    async function killOne(): Promise<void> {
      const { rowCount } = await knife.query(
        `SELECT pg_terminate_backend(pid) FROM (
           SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
              AND xact_start IS NOT NULL AND query NOT LIKE '%pg_terminate_backend%' ORDER BY random() LIMIT 1) AS victim`,
      );
      kills += rowCount ?? 0;
    }
    async function untilConsumed({ batch, nowMs: atMs }: Delivery): Promise<BatchOutcome> {
      for (let tries = 0; ; tries += 1) {
        // A busy machine takes longer than any fixed time: what is under way when the last one took as long.
        const kill =
          tries < MAX_KILLS && chances.chance(0.5) ? sleep(chances.integer(lastMs)).then(killOne) : null;
        const startMs = performance.now();
        try {
          const outcome = await consume(pool, batch, { nowMs: atMs, keptDays: 60, maxUnknownAds: 2 });
          lastMs = performance.now() - startMs;
          return outcome;
        } catch (error) {
          expect(isAway(error) && !isDeadlock(error), String(error)).toBe(true);
          await sleep(RETRY_MS);
        } finally {
          await kill;
        }
      }
    }
    async function consumer(deliveries: readonly Delivery[]): Promise<void> {
      for (const delivery of deliveries) {
        nowMs = Math.max(nowMs, delivery.nowMs);
        // Sometimes two hold the partition for theirs.
        const holders = chances.chance(0.2) ? [1, 2] : [1];
        const outcomes = await Promise.all(holders.map(() => untilConsumed(delivery)));
        for (const outcome of outcomes) processed += outcome.processed;
      }
    }
    async function keeper(): Promise<void> {
      while (!over.signal.aborted) {
        // Ids are kept for as long as the storm lasts.
        await keepDays(pool, { eventDays: 100, seenDays: 1_000, deadDays: 1_000 }, nowMs).catch(
          () => undefined,
        );
        await openSeenDay(pool, nowMs).catch(() => undefined);
        await sleep(chances.integer(100));
      }
    }
    const weather = keeper();
    await Promise.all(streams.map(consumer));
    over.abort();
    await weather;
    await knife.end();

    const said = `seed ${String(SEED)}`;
    expect(await recount(pool), said).toEqual([]);
    const seen = await pool.query<{ id: string }>('SELECT event_id AS id FROM processed_events ORDER BY 1');
    expect(
      seen.rows.map(({ id }) => id),
      said,
    ).toEqual([...ids].sort());
    const rows = await rowIds(pool);
    expect(rows, said).toEqual([...new Set(rows)]);
    expect(kills).toBeGreaterThan(0);
    // An answer that was lost is told as a repeat.
    expect(processed).toBeLessThanOrEqual(ids.size);
    const days = await pool.query('SELECT FROM seen_days');
    expect(days.rowCount).toBeGreaterThan(1);
  });
});
