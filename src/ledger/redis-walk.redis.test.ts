/**
 * Seeded random walks. `GAVEL_WALK_STEPS=200000 npx vitest run src/ledger/redis-walk.redis.test.ts` takes more of them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceUrl } from '../fixtures/services.ts';
import { SharedBooks } from './fixtures/shared-books.ts';
import { SharedWalk } from './fixtures/shared-walk.ts';
import { TwinWalk } from './fixtures/twin-walk.ts';

/** Half a minute's worth. */
const STEPS = Number(process.env.GAVEL_WALK_STEPS ?? 12_000);
const STEPS_PER_SEED = 500;
const AT_ONCE = 16;
const FIRST_SEED = Number(process.env.GAVEL_WALK_SEED ?? 1);

let books: SharedBooks;
beforeAll(async () => {
  books = await SharedBooks.open(serviceUrl('REDIS_URL'));
});
afterAll(() => books.close());

interface Walk {
  readonly seen: ReadonlyMap<string, number>;
  step(): Promise<void>;
  end?(): Promise<void>;
}

/** What was seen over all walks; some at once, so that none waits for its trips alone. */
async function walkAll(begin: (seed: number) => Walk, steps = STEPS): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>();
  const seeds = Array.from({ length: Math.ceil(steps / STEPS_PER_SEED) }, (_, at) => FIRST_SEED + at);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        await walkOne(seed, begin(seed), seen);
      }
    }),
  );
  return seen;
}

async function walkOne(seed: number, walk: Walk, seen: Map<string, number>): Promise<void> {
  for (let step = 0; step < STEPS_PER_SEED; step++) {
    try {
      await walk.step();
    } catch (error) {
      throw new Error(`seed ${String(seed)} step ${String(step)}`, { cause: error });
    }
  }
  await walk.end?.();
  for (const [what, count] of walk.seen) seen.set(what, (seen.get(what) ?? 0) + count);
}

describe('the ledger in Redis', () => {
  it('agrees with the embedded one at each step of a random walk', { timeout: 3_600_000 }, async () => {
    const seen = await walkAll((seed) => new TwinWalk(seed, books));
    const wanted = [
      ...['reserve', 'reserve none', 'release', 'terms', 'crash', 'pending', 'share'],
      ...['post posted', 'post late', 'post repeated', 'post unknown'],
      ...['void voided', 'void repeated', 'void already_posted', 'void expired', 'void unknown'],
      ...['win extended', 'win repeated', 'win already_posted', 'win expired'],
      ...['postClick posted', 'postClick repeated', 'postClick uncharged'],
      ...['postConversion posted', 'postConversion repeated', 'postConversion unclicked'],
    ];
    expect(wanted.filter((what) => !seen.has(what))).toEqual([]);
  });

  for (const nodes of [2, 3]) {
    const title = `keeps its books over ${String(nodes)} nodes that crash, and lines that lose calls`;
    it(title, { timeout: 3_600_000 }, async () => {
      const seen = await walkAll((seed) => new SharedWalk(seed, nodes, books), STEPS / 2);
      const wanted = [
        ...['reserve', 'reserve none', 'tick', 'terms', 'crash', 'clock', 'forged', 'owed', 'owed again'],
        ...['post posted', 'post late', 'post repeated', 'post owed'],
        ...['void voided', 'void repeated', 'void already_posted', 'void expired'],
        ...['win extended', 'win repeated', 'win already_posted', 'win expired'],
        ...['click posted', 'click repeated', 'click uncharged', 'share'],
      ];
      expect(wanted.filter((what) => !seen.has(what))).toEqual([]);
    });
  }
});
