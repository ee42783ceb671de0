import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { refreshRanks, type RankRefresh } from './rank-refresh.ts';
import { compileIndex } from './targeting/compile.ts';
import { NO_COUNTS } from './targeting/ad-counts.ts';
import { IndexHolder } from './targeting/index-holder.ts';
import type { Measured } from './targeting/piscina-compiler.ts';
import { openSnapshot } from './targeting/snapshot-view.ts';
import { indexOf } from './targeting/tiers.ts';

const PRIORS = { ctr: 0.001, cvr: 0.00001 };
const MINUTE_MS = 60_000;

let ranked: Measured[];
let told: string[];
let measure: () => Promise<Measured>;
let rank: () => Promise<void>;
let holder: IndexHolder;
let refresh: RankRefresh;

beforeEach(() => {
  vi.useFakeTimers();
  ranked = [];
  told = [];
  measure = () => Promise.resolve({ counts: NO_COUNTS, moved: ranked.length });
  rank = () => Promise.resolve();
  const { buffer } = compileIndex([], { nowMs: 0, epoch: 1, priors: PRIORS });
  holder = new IndexHolder(indexOf(openSnapshot(buffer)), () => () => {});
  const tell = (_facts: object, message: string): void => void told.push(message);
  refresh = refreshRanks({
    meter: { measure: () => measure() },
    holder,
    feed: {
      rank: (measured) => {
        ranked.push(measured);
        return rank();
      },
    },
    databaseUrl: '',
    priors: PRIORS,
    everyMs: MINUTE_MS,
    log: { debug: tell, info: tell, warn: tell, error: tell, fatal: tell },
  });
});
afterEach(() => {
  refresh.stop();
  vi.useRealTimers();
});

it('measures at once and then every minute, and tells when prices moved', async () => {
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS + 1);
  expect(ranked.map(({ moved }) => moved)).toEqual([0, 1, 2]);
  expect(told).toEqual(Array(2).fill('measured rates moved rank prices'));
});

it('while Postgres is away the last rates hold; that is told once, and measured again when it is back', async () => {
  measure = () => Promise.reject(new Error('away'));
  await vi.advanceTimersByTimeAsync(3 * MINUTE_MS + 1);
  expect(ranked.length).toBe(1);
  expect(told).toEqual(['ranks do not follow measured rates: campaigns are ranked by the last ones']);
  measure = () => Promise.resolve({ counts: NO_COUNTS, moved: 7 });
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(ranked.at(-1)?.moved).toBe(7);
});

it('what could not be compiled is tried again a minute later', async () => {
  rank = () => Promise.reject(new Error('no campaigns'));
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS + 1);
  expect(ranked.length).toBe(3);
});

it('keeps the index that is looked at from being written over, until it was looked at', async () => {
  let answer = (_measured: Measured): void => {};
  measure = () => new Promise((resolve) => (answer = resolve));
  await vi.advanceTimersByTimeAsync(MINUTE_MS + 1);
  expect(holder.pin().pins).toBe(2);
  answer({ counts: NO_COUNTS, moved: 0 });
  await vi.advanceTimersByTimeAsync(0);
  expect(holder.pin().pins).toBe(2);
});

it('does nothing any more once it is stopped, with what is under way neither', async () => {
  let answer = (_measured: Measured): void => {};
  measure = () => new Promise((resolve) => (answer = resolve));
  await vi.advanceTimersByTimeAsync(MINUTE_MS + 1);
  refresh.stop();
  answer({ counts: NO_COUNTS, moved: 1 });
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(ranked.length).toBe(1);
});
