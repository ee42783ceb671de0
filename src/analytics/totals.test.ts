/** A Postgres and two replicas of it that lag, asked through the cache of two nodes in every order. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { largerOf, NO_COUNTS, type Counts } from './counts.ts';
import { spanOf, startsOf, type Span } from './span.ts';
import { createTotals, type HighWater, type Reading, type ReadTotals, type Totals } from './totals.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21, 12);
const CAMPAIGN = { kind: 'campaign', id: 'c' } as const;
const OWNER = 'advertiser';
const LAST_WEEK = spanOf('day', NOW_MS - 6 * DAY_MS, NOW_MS);

/** What Redis does (redis-high-water.redis.test.ts holds that it does). */
function sharedWater(turn = (): Promise<void> => Promise.resolve()): HighWater {
  const shown = new Map<string, Map<number, Counts>>();
  const of = (series: string): Map<number, Counts> => {
    const counts = shown.get(series) ?? new Map<number, Counts>();
    shown.set(series, counts);
    return counts;
  };
  return {
    async raise(series, { ownerId, counts }) {
      await turn();
      const known = of(series);
      for (const [startMs, read] of counts) {
        known.set(startMs, largerOf(known.get(startMs) ?? NO_COUNTS, read));
      }
      const raised = new Map([...counts.keys()].map((startMs) => [startMs, known.get(startMs) ?? NO_COUNTS]));
      await turn();
      return { ownerId, counts: raised };
    },
    async look(series, startsMs) {
      await turn();
      const known = [...of(series)].filter(([startMs]) => startsMs.includes(startMs));
      await turn();
      return known.length === 0 ? null : { ownerId: OWNER, counts: new Map(known) };
    },
  };
}

/** All of today. */
function reading(impressions: number, { lastMs }: Span): Reading {
  const isToday = lastMs >= LAST_WEEK.lastMs;
  return { ownerId: OWNER, counts: new Map(isToday ? [[lastMs, { ...NO_COUNTS, impressions }]] : []) };
}

async function shownBy(totals: Totals, span = LAST_WEEK): Promise<number | string> {
  const shown = await totals(CAMPAIGN, span);
  if (typeof shown === 'string') return shown;
  const sum = shown.counts.reduce((total, { impressions }) => total + impressions, 0);
  return shown.isStale ? `${String(sum)}, stale` : sum;
}

describe('totals', () => {
  it('are never smaller than what any node has shown before, in whatever order answers and readings come', async () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 30; round++) {
      let nowMs = NOW_MS;
      let committed = 0;
      const waiting: (() => void)[] = [];
      const read: ReadTotals = (_, span) => {
        const lagging = Math.max(0, committed - random.integer(50));
        return new Promise((resolve) => waiting.push(() => resolve(reading(lagging, span))));
      };
      const highWater = sharedWater(() => new Promise((resolve) => waiting.push(resolve)));
      const nodes = [1, 2].map(() => createTotals({ read, highWater, clock: () => nowMs }));
      let shownMost = 0;
      const answers: Promise<[before: number, shown: number]>[] = [];
      for (let step = 0; step < 200; step++) {
        committed += random.integer(10);
        nowMs += random.pick([0, 10, 400, 600, 61_000]);
        if (random.chance(0.6)) {
          const before = shownMost;
          const node = random.pick(nodes);
          const span = random.pick([LAST_WEEK, spanOf('day', NOW_MS - DAY_MS, NOW_MS)]);
          answers.push(
            shownBy(node, span).then((shown) => {
              shownMost = Math.max(shownMost, Number(shown));
              return [before, Number(shown)];
            }),
          );
        } else waiting.splice(random.integer(waiting.length + 1), 3).forEach((answer) => answer());
        // Some microtasks: where answers stand between two awaits is left to chance.
        for (let turn = random.integer(6); turn > 0; turn--) await Promise.resolve();
      }
      while (waiting.length > 0) {
        waiting.splice(0).forEach((answer) => answer());
        await new Promise(setImmediate);
      }
      for (const [before, shown] of await Promise.all(answers)) {
        expect(shown, `seed ${String(SEED)}`).toBeGreaterThanOrEqual(before);
      }
      expect(answers.length).toBeGreaterThan(50);
    }
  });

  it('are read again once they are half a second old, of days that are over once a minute', async () => {
    let nowMs = NOW_MS;
    const spans: Span[] = [];
    const totals = createTotals({
      read: (_, span) => {
        spans.push(span);
        return Promise.resolve(reading(spans.length, span));
      },
      highWater: null,
      clock: () => nowMs,
    });
    await totals(CAMPAIGN, LAST_WEEK);
    nowMs += 499;
    expect(await shownBy(totals)).toBe(1);
    nowMs += 1;
    expect(await shownBy(totals)).toBe(2);
    nowMs += 59_500;
    await totals(CAMPAIGN, LAST_WEEK);
    const today = { ...LAST_WEEK, firstMs: LAST_WEEK.lastMs };
    expect(spans).toEqual([LAST_WEEK, today, LAST_WEEK]);
  });

  it('are read once for all who ask meanwhile', async () => {
    let readings = 0;
    const totals = createTotals({
      read: (_, span) => Promise.resolve(reading(++readings, span)),
      highWater: null,
      clock: () => NOW_MS,
    });
    await Promise.all([1, 2, 3].map(() => totals(CAMPAIGN, LAST_WEEK)));
    expect(readings).toBe(1);
  });

  it('are those that were known last while Postgres is away, and empty in a bucket that began since', async () => {
    let nowMs = NOW_MS;
    let isAway = false;
    const totals = createTotals({
      read: (_, span) => Promise.resolve(isAway ? 'unavailable' : reading(7, span)),
      highWater: null,
      clock: () => nowMs,
    });
    expect(await shownBy(totals)).toBe(7);
    isAway = true;
    nowMs += DAY_MS;
    expect(await shownBy(totals)).toBe('7, stale');
    expect(await shownBy(totals, { ...LAST_WEEK, lastMs: LAST_WEEK.lastMs + DAY_MS })).toBe('7, stale');
    expect(await shownBy(totals, { ...LAST_WEEK, firstMs: LAST_WEEK.firstMs - DAY_MS })).toBe('unavailable');
    isAway = false;
    expect(await shownBy(totals)).toBe(7);
  });

  it('are those that another node has shown where this one can not ask Postgres', async () => {
    const highWater = sharedWater();
    const edges = { highWater, clock: () => NOW_MS };
    const other = createTotals({ read: (_, span) => Promise.resolve(reading(7, span)), ...edges });
    const cutOff = createTotals({ read: () => Promise.resolve('unavailable'), ...edges });
    expect(await shownBy(cutOff)).toBe('unavailable');
    await other(CAMPAIGN, LAST_WEEK);
    expect(await cutOff(CAMPAIGN, LAST_WEEK)).toMatchObject({ ownerId: OWNER, isStale: true });
    expect(await shownBy(cutOff)).toBe('7, stale');
  });

  it('are kept within bounds: what was asked for longest ago goes first', async () => {
    let readings = 0;
    const read: ReadTotals = (_, span) => Promise.resolve(reading(++readings, span));
    const totals = createTotals(
      { read, highWater: null, clock: () => NOW_MS },
      2 * startsOf(LAST_WEEK).length,
    );
    for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) await totals({ kind: 'campaign', id }, LAST_WEEK);
    expect(readings).toBe(4);
  });

  it('of a window that moves on do not grow without end', async () => {
    let nowMs = NOW_MS;
    let reads = 0;
    const read: ReadTotals = (_, span) => Promise.resolve(reading(++reads, span));
    const totals = createTotals({ read, highWater: null, clock: () => nowMs }, 10_000);
    for (let hours = 0; hours < 400; hours++, nowMs += 3_600_000) {
      await totals({ kind: 'ad', id: 'x' }, spanOf('minute', nowMs - 3_600_000, nowMs));
    }
    // A series that is over its bound would have pushed this one out.
    await totals(CAMPAIGN, LAST_WEEK);
    const before = reads;
    await totals({ kind: 'ad', id: 'x' }, spanOf('minute', nowMs - 7_200_000, nowMs - 3_600_000));
    await totals(CAMPAIGN, LAST_WEEK);
    expect(reads).toBe(before + 1);
  });
});
