import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { IndexKeeper } from './index-keeper.ts';
import { NO_COUNTS } from './targeting/ad-counts.ts';
import type { CompiledAnswer } from './targeting/piscina-compiler.ts';

const PRIORS = { ctr: 0.001, cvr: 0.00001 };

let saved: string[];
let warned: string[];
let failure: Error | null;
let workMs: number;
let keeper: IndexKeeper;

beforeEach(() => {
  vi.useFakeTimers();
  saved = [];
  warned = [];
  failure = null;
  workMs = 10;
  const ignore = (): void => undefined;
  const save = (what: string): Promise<number> => {
    if (failure !== null) return Promise.reject(failure);
    saved.push(what);
    return Promise.resolve(workMs);
  };
  keeper = new IndexKeeper({
    folder: '/data/index',
    terms: { database: 'd', priors: PRIORS, program: 'p' },
    databaseUrl: '',
    saver: {
      saveBase: ({ facts }) => save(`base ${facts.version}`),
      saveChanges: () => save('changes'),
    },
    counts: () => NO_COUNTS,
    clock: () => 0,
    newId: () => 'id',
    log: {
      debug: ignore,
      info: ignore,
      warn: (_, text) => void warned.push(text),
      error: ignore,
      fatal: ignore,
    },
  });
});
afterEach(() => vi.useRealTimers());

function base(version: number): CompiledAnswer {
  const buffer = new SharedArrayBuffer(0);
  return { buffer, version, mark: '', changed: null, compileMs: 1, unsound: [] };
}

it('saves a base with what changed since, and of several only the last', async () => {
  keeper.noteBase(base(1));
  keeper.noteBase(base(2));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(saved).toEqual(['base 2', 'changes']);
});

it('saves many changes at once, and those that follow later', async () => {
  for (let i = 0; i < 100; i++) keeper.noteChange();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(saved).toEqual(['changes']);
  keeper.noteChange();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(saved).toEqual(['changes', 'changes']);
});

it('rests after much work, so that saving takes a twentieth of a core', async () => {
  workMs = 500;
  keeper.noteChange();
  await vi.advanceTimersByTimeAsync(1_000);
  keeper.noteChange();
  await vi.advanceTimersByTimeAsync(9_999);
  expect(saved).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(saved).toHaveLength(2);
});

it('tells once of a disk that refuses, and tries again until it does not', async () => {
  failure = new Error('no space is left');
  keeper.noteBase(base(1));
  await vi.advanceTimersByTimeAsync(30_000);
  expect([saved, warned.length]).toEqual([[], 1]);
  failure = null;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(saved).toEqual(['base 1', 'changes']);
});

it('saves what is left when it is closed, and nothing afterwards', async () => {
  keeper.noteBase(base(1));
  await keeper.close();
  expect(saved).toEqual(['base 1', 'changes']);
  keeper.noteChange();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(saved).toHaveLength(2);
});

it('is closed soon where the disk refuses', async () => {
  failure = new Error('no space is left');
  keeper.noteChange();
  await keeper.close();
  expect(saved).toEqual([]);
});
