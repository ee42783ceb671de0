import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceUrl } from '../fixtures/services.ts';
import { describeLedger } from './fixtures/ledger-suite.ts';
import { openSharedBench } from './fixtures/shared-bench.ts';
import { SharedBooks } from './fixtures/shared-books.ts';
import { SharedWalk } from './fixtures/shared-walk.ts';

describeLedger('the ledger in a Redis Cluster', (nowMs) =>
  openSharedBench(serviceUrl('REDIS_CLUSTER_URL'), nowMs),
);

/** On one server the same walk is longer: redis-walk.redis.test.ts. */
const WALKS = 8;
const STEPS = 150;
const FIRST_SEED = Number(process.env.GAVEL_WALK_SEED ?? 1);

describe('the ledger in a Redis Cluster', () => {
  let books: SharedBooks;
  beforeAll(async () => {
    books = await SharedBooks.open(serviceUrl('REDIS_CLUSTER_URL'));
  });
  afterAll(() => books.close());

  it('keeps its books over three nodes that crash, on all masters', { timeout: 120_000 }, async () => {
    const seeds = Array.from({ length: WALKS }, (_, nth) => FIRST_SEED + nth);
    await Promise.all(
      seeds.map(async (seed) => {
        const walk = new SharedWalk(seed, 3, books);
        for (let step = 0; step < STEPS; step++) {
          await walk.step().catch((error: unknown) => {
            throw new Error(`seed ${String(seed)} step ${String(step)}`, { cause: error });
          });
        }
        await walk.end();
      }),
    );
    const holders = await books.keysByServer();
    expect(holders.filter((keys) => keys.length > 0).length).toBeGreaterThanOrEqual(3);
    expect(books.faults).toEqual([]);
  });
});
