import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { IndexHolder, type PinnedIndex } from '../targeting/index-holder.ts';
import type { Index } from '../targeting/tiers.ts';
import type { BatchLayout } from './batch.ts';
import type { Decision } from './decision.ts';
import type { Outcome, Question } from './handover.ts';
import { openPool, type Pool } from './piscina-pool.ts';

const WORKER = new URL('../../dist/auction/fixtures/piscina-moody-worker.js', import.meta.url);
const LAYOUT: BatchLayout = { regions: 8, requestBytes: 8192, answerBytes: 65_536 };
const INDEX_CELLS = 64;
/** Long enough that nothing is late that is not meant to be. */
const PATIENT_MS = 30_000;

function startTimer(afterMs: number, action: () => void): () => void {
  const timer = setTimeout(action, afterMs);
  return () => clearTimeout(timer);
}

/** Every cell holds the epoch, so that a worker sees it when it is overwritten. */
function compile(epoch: number, buffer = new SharedArrayBuffer(4 * INDEX_CELLS)): Index {
  new Int32Array(buffer).fill(epoch);
  const tiers = [{ buffer, hidden: null, since: epoch }];
  return { epoch, base: { snapshot: { buffer } }, handle: { epoch, tiers } } as unknown as Index;
}

const INLINE: Decision = { kind: 'invalid', field: 'inline', message: '' };

interface Bench {
  readonly pool: Pool;
  readonly holder: IndexHolder;
  readonly faults: string[];
  readonly exits: number[];
  /** Bodies that were decided on this thread. */
  readonly inline: string[];
  readonly failingStarts: Int32Array;
  readonly stallMs: Int32Array;
  readonly ask: (body: string, more?: Partial<Pick<Question, 'deadlineMs' | 'resume'>>) => Promise<Answer>;
  /** Resolves when no region is in use. */
  readonly calm: () => Promise<void>;
}

interface Answer {
  readonly outcome: Outcome;
  readonly pinned: PinnedIndex;
}

const opened: Pool[] = [];
let calledTwice: string[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((pool) => pool.close()));
  expect(calledTwice).toEqual([]);
  calledTwice = [];
});

async function openBench(workers: number, layout: BatchLayout = LAYOUT): Promise<Bench> {
  const holder = new IndexHolder(compile(1), startTimer);
  const faults: string[] = [];
  const exits: number[] = [];
  const inline: string[] = [];
  const failingStarts = new Int32Array(new SharedArrayBuffer(4));
  const stallMs = new Int32Array(new SharedArrayBuffer(4));
  const pool = await openPool({
    workers,
    workerFile: WORKER,
    policy: { failingStarts, stallMs },
    layout,
    indexes: holder,
    decideInline: ({ body }) => {
      inline.push(body.toString());
      return INLINE;
    },
    hooks: {
      onBatch: () => {},
      onWorkerExit: (exitCode) => exits.push(exitCode),
      onFault: (fault) => faults.push(fault),
    },
  });
  opened.push(pool);
  const ask: Bench['ask'] = (body, more = {}) => {
    const pinned = holder.pin();
    const nowMs = Date.now();
    const question: Question = {
      body: Buffer.from(body),
      pinned,
      nowMs,
      deadlineMs: nowMs + PATIENT_MS,
      resume: null,
      ...more,
    };
    let calls = 0;
    return new Promise((resolve) => {
      pool.submit(question, (outcome) => {
        calls += 1;
        if (calls > 1) calledTwice.push(body);
        holder.unpin(pinned);
        resolve({ outcome, pinned });
      });
    });
  };
  const calm = async () => {
    while (pool.stats().busyRegions > 0) await sleep(2);
  };
  return { pool, holder, faults, exits, inline, failingStarts, stallMs, ask, calm };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Resolves when what was submitted in this turn is on its way to an idle worker. */
async function dispatched(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

/** What the moody worker answered; a failed expectation where it did not. */
function decided({ outcome }: Answer) {
  if (outcome.kind !== 'decision' || outcome.decision.kind !== 'decided') {
    throw new Error(`no decision but ${JSON.stringify(outcome)}`);
  }
  return outcome.decision;
}

function kinds(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of answers) counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
  return counts;
}

describe('the pool', () => {
  test('gives each of thousands of concurrent requests its own answer', async () => {
    const { pool, ask } = await openBench(2, { ...LAYOUT, regions: 40 });
    for (let round = 0; round < 5; round++) {
      const ids = Array.from({ length: 2000 }, (_, i) => `${round}-${i}-${'é'.repeat(i % 50)}`);
      const answers = await Promise.all(ids.map((id) => ask(`answer ${id}`)));
      expect(answers.map((answer) => decided(answer).requestId)).toEqual(ids);
    }
    const { batches, batchedRequests, failures, timeouts, overloaded } = pool.stats();
    expect({ batchedRequests, failures, timeouts, overloaded }).toEqual({
      batchedRequests: 10_000,
      failures: 0,
      timeouts: 0,
      overloaded: 0,
    });
    expect(batches).toBeLessThan(2000);
  });

  test('hands over the time, the resume list and which worker decided', async () => {
    const { ask } = await openBench(2);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => ask(`answer ${i}`, i % 2 === 0 ? {} : { resume: [i, 1] })),
    );
    expect(answers.map((answer) => decided(answer).imps[0]?.resumeFrom)).toEqual(
      Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? -1 : i)),
    );
    expect(new Set(answers.map((answer) => decided(answer).userId)).size).toBe(2);
  });

  test.each([1, 2, 3])(
    'mixes nothing up while workers are killed, hang and throw at random (seed %i)',
    async (seed) => {
      const { pool, holder, ask, calm, inline } = await openBench(2, { ...LAYOUT, regions: 12 });
      const random = seededRandom(seed);
      const asked: { readonly mood: string; readonly id: string; readonly answer: Promise<Answer> }[] = [];
      for (let turn = 0; turn < 300; turn++) {
        for (let i = random.integer(40); i >= 0; i--) {
          const mood = random.chance(0.004) ? random.pick(['exit', 'crash', 'hang', 'throw']) : 'answer';
          const id = `${turn}-${i}`;
          const deadlineMs = Date.now() + random.between(20, 400);
          asked.push({ mood, id, answer: ask(`${mood} ${id}`, { deadlineMs }) });
        }
        await sleep(random.integer(4));
      }
      const counts: Record<string, number> = {};
      for (const { mood, id, answer } of asked) {
        const found = await answer;
        const { outcome } = found;
        counts[`${mood} ${outcome.kind}`] = (counts[`${mood} ${outcome.kind}`] ?? 0) + 1;
        if (outcome.kind === 'decision') expect(decided(found).requestId, `seed ${seed}`).toBe(id);
        if (mood !== 'answer' && mood !== 'crash') expect(outcome.kind, `seed ${seed}`).not.toBe('decision');
      }
      expect(counts['answer decision'], JSON.stringify(counts)).toBeGreaterThan(100);
      expect(pool.stats().workerExits, `seed ${seed}`).toBeGreaterThan(0);
      expect(inline).toEqual([]);
      await calm();
      expect(holder.pin().pins).toBe(1);
      const after = await Promise.all(Array.from({ length: 300 }, (_, i) => ask(`answer after-${i}`)));
      expect(after.map((answer) => decided(answer).requestId)).toEqual(after.map((_, i) => `after-${i}`));
    },
  );

  test('fails one request alone when its decision throws, and says what was thrown', async () => {
    const { ask, faults, exits } = await openBench(1);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask(`${i === 7 ? 'throw' : 'answer'} ${i}`)),
    );
    expect(kinds(answers)).toEqual({ decision: 19, failed: 1 });
    expect(answers[7]?.outcome.kind).toBe('failed');
    expect(faults).toEqual([expect.stringContaining('told to throw by 7')]);
    expect(exits).toEqual([]);
  });

  test.each(['exit', 'exhaust'])(
    'answers the batch of a worker that dies (%s), and goes on with a new one',
    async (mood) => {
      const { ask, calm, exits, inline, pool } = await openBench(1);
      const first = decided(await ask('answer first'));
      const answers = await Promise.all([ask('answer a'), ask(`${mood} b`), ask('answer c')]);
      expect(kinds(answers)).toEqual({ failed: 3 });
      const second = decided(await ask('answer second'));
      expect(second.userId).not.toBe(first.userId);
      await calm();
      expect(exits.length).toBe(1);
      // What a worker may have died of is never tried on this thread.
      expect(inline).toEqual([]);
      expect(pool.stats()).toMatchObject({ failures: 3, workerExits: 1, threads: 1 });
    },
  );

  test('gets every region back from workers that die of an error that nobody catches, and not before they exit', async () => {
    const { ask, calm, exits, pool } = await openBench(1, { ...LAYOUT, regions: 2 });
    for (let i = 0; i < 20; i++) {
      // Answered or failed, as the error overtakes the answer or not.
      const { outcome } = await ask(`crash ${i}`);
      expect(['decision', 'failed']).toContain(outcome.kind);
      if (outcome.kind === 'failed' && exits.length === i) expect(pool.stats().busyRegions).toBe(1);
      while (exits.length === i) await sleep(2);
      await calm();
    }
    expect(decided(await ask('answer a')).requestId).toBe('a');
    expect(pool.stats()).toMatchObject({ workerExits: 20, threads: 1, overloaded: 0 });
  });

  test('takes a batch back that its worker has not begun, and that worker then leaves the next one alone', async () => {
    const { ask, stallMs, exits, pool } = await openBench(1, { ...LAYOUT, regions: 1 });
    Atomics.store(stallMs, 0, 150);
    const first = await ask('answer first', { deadlineMs: Date.now() + 20 });
    expect(first.outcome.kind).toBe('timeout');
    // Free at once, though its task is still on the way.
    expect(pool.stats().busyRegions).toBe(0);
    Atomics.store(stallMs, 0, 0);
    const answers = await Promise.all([ask('answer second'), ask('answer third')]);
    expect(answers.map((answer) => decided(answer).requestId)).toEqual(['second', 'third']);
    expect(exits).toEqual([]);
    expect(pool.stats()).toMatchObject({ batches: 1, timeouts: 1, failures: 0 });
  });

  test('answers the batch of a worker that hangs by its deadline, replaces it, and only then reuses its region', async () => {
    const { ask, calm, exits, holder, pool } = await openBench(1, { ...LAYOUT, regions: 1 });
    const answers = await Promise.all(
      ['answer a', 'hang b', 'answer c'].map((body) => ask(body, { deadlineMs: Date.now() + 50 })),
    );
    expect(kinds(answers)).toEqual({ timeout: 3 });
    // The only region, and the snapshot, are still the hung worker's.
    expect(exits).toEqual([]);
    expect(pool.stats().busyRegions).toBe(1);
    expect(holder.pin().pins).toBe(2);
    expect((await ask('answer d')).outcome.kind).toBe('overloaded');
    await calm();
    expect(exits.length).toBe(1);
    expect(holder.pin().pins).toBe(2);
    expect(decided(await ask('answer e')).requestId).toBe('e');
    expect(pool.stats()).toMatchObject({ timeouts: 3, overloaded: 1, workerExits: 1 });
  });

  test('lets a worker live that is late but not hung', async () => {
    const { ask, calm, exits } = await openBench(1);
    const before = decided(await ask('answer first'));
    const late = await ask('slow b 60', { deadlineMs: Date.now() + 20 });
    expect(late.outcome.kind).toBe('timeout');
    await calm();
    expect(decided(await ask('answer c')).userId).toBe(before.userId);
    expect(exits).toEqual([]);
  });

  test('tells those that wait behind a slow batch in time', async () => {
    const { ask, pool } = await openBench(1);
    const slow = ask('slow a 500');
    await dispatched();
    const waiting = await Promise.all(
      Array.from({ length: 100 }, (_, i) => ask(`answer ${i}`, { deadlineMs: Date.now() + 30 })),
    );
    expect(kinds(waiting)).toEqual({ timeout: 100 });
    expect(decided(await slow).requestId).toBe('a');
    expect(pool.stats().timeouts).toBe(100);
  });

  test('sheds when every region is in use, and recovers', async () => {
    const { ask, calm, pool } = await openBench(1, { ...LAYOUT, regions: 3 });
    const slow = ask('slow a 300');
    await dispatched();
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(`answer ${i}`)));
    expect(kinds(answers)).toEqual({ decision: 128, overloaded: 72 });
    expect(answers.slice(0, 128).map((answer) => decided(answer).requestId)).toEqual(
      Array.from({ length: 128 }, (_, i) => String(i)),
    );
    expect(decided(await slow).requestId).toBe('a');
    await calm();
    expect(kinds(await Promise.all([ask('answer b'), ask('answer c')]))).toEqual({ decision: 2 });
    expect(pool.stats().overloaded).toBe(72);
  });

  test('decides on this thread a request that no region holds and an answer that no region holds', async () => {
    const { ask, calm, inline, pool } = await openBench(1);
    const oversize = `answer oversize ${'x'.repeat(LAYOUT.requestBytes)}`;
    const overflow = `large overflow ${LAYOUT.answerBytes}`;
    const answers = await Promise.all([ask(oversize), ask('answer a'), ask(overflow)]);
    expect(answers.map(({ outcome }) => outcome)).toMatchObject([
      { kind: 'decision', decision: INLINE },
      { kind: 'decision', decision: { requestId: 'a' } },
      { kind: 'decision', decision: INLINE },
    ]);
    expect(inline).toEqual([oversize, overflow]);
    expect(pool.stats().inline).toBe(2);
    await calm();
  });

  test('asks again for answers that the ones before them left no room for', async () => {
    const { ask, inline } = await openBench(1);
    const half = Math.floor(LAYOUT.answerBytes / 2);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => ask(`large ${i} ${half}`)));
    expect(answers.map((answer) => decided(answer).requestId)).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(inline).toEqual([]);
  });

  test('decides against the snapshot that the question pinned, also while snapshots change under load', async () => {
    const { ask, holder, calm, pool } = await openBench(2);
    const seen = new Set<number>();
    let reused = 0;
    const answers: Promise<void>[] = [];
    for (let turn = 0; turn < 400; turn++) {
      for (let i = 0; i < 10; i++) {
        const answer = ask(`answer ${turn}-${i}`).then((found) => {
          const { epoch } = found.pinned.index;
          expect(found.outcome).toMatchObject({ pinned: found.pinned });
          expect(decided(found).imps[0]?.impId).toBe(`epoch ${epoch}`);
          seen.add(epoch);
        });
        answers.push(answer);
      }
      if (turn % 4 === 0) {
        const spare = await holder.spareBuffer(1);
        if (spare !== undefined) reused += 1;
        holder.publish(compile(holder.current.epoch + 1, spare));
      }
      // As many as the regions hold, whatever else the machine does.
      do await new Promise(setImmediate);
      while (pool.stats().busyRegions > LAYOUT.regions / 2);
    }
    await Promise.all(answers);
    await calm();
    expect(seen.size).toBeGreaterThan(50);
    expect(reused).toBeGreaterThan(50);
  });

  test('answers everything before it closes, even what hangs, and then takes nothing more', async () => {
    const { ask, pool, exits } = await openBench(2);
    const deadlineMs = Date.now() + 200;
    const answers = [
      ...Array.from({ length: 100 }, (_, i) => ask(`answer ${i}`, { deadlineMs })),
      ask('slow x 50', { deadlineMs }),
      ask('hang y', { deadlineMs }),
    ];
    await new Promise(setImmediate);
    opened.splice(0);
    const closed = pool.close();
    expect((await ask('answer late')).outcome.kind).toBe('overloaded');
    await closed;
    const { decision = 0, timeout = 0 } = kinds(await Promise.all(answers));
    expect(decision + timeout).toBe(102);
    expect(timeout).toBeGreaterThan(0);
    expect(exits).toEqual([]);
    expect(pool.stats()).toMatchObject({ threads: 0, busyRegions: 0 });
  });

  test('closes at once when nothing is under way', async () => {
    const { pool } = await openBench(2);
    opened.splice(0);
    await pool.close();
    expect(pool.stats().threads).toBe(0);
  });

  test('does not open when a worker can’t start, and says why', async () => {
    const failingStarts = new Int32Array(new SharedArrayBuffer(4)).fill(1000);
    const stallMs = new Int32Array(new SharedArrayBuffer(4));
    const opening = openPool({
      workers: 2,
      workerFile: WORKER,
      policy: { failingStarts, stallMs },
      layout: LAYOUT,
      indexes: new IndexHolder(compile(1), startTimer),
      decideInline: () => INLINE,
      hooks: { onBatch: () => {}, onWorkerExit: () => {}, onFault: () => {} },
    });
    await expect(opening).rejects.toMatchObject({
      message: 'a worker does not start',
      cause: { message: 'told not to start' },
    });
  });

  test('comes back after workers failed to start in place of one that died', async () => {
    const { ask, failingStarts, pool } = await openBench(1);
    Atomics.store(failingStarts, 0, 2);
    expect((await ask('exit a')).outcome.kind).toBe('failed');
    const found = await ask('answer b');
    expect(decided(found).requestId).toBe('b');
    expect(pool.stats().workerExits).toBe(3);
  });
});
