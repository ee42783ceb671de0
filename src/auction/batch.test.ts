import { describe, expect, test } from 'vitest';
import { BatchIntake } from './batch-intake.ts';
import { createBatchRunner, type BatchTask } from './batch-run.ts';
import { BatchMemory, MAX_REQUESTS, nextTicket, UNANSWERED } from './batch.ts';
import type { Outcome, Question } from './handover.ts';
import type { PinnedIndex } from '../targeting/index-holder.ts';
import type { Index } from '../targeting/tiers.ts';

const LAYOUT = { regions: 3, requestBytes: 1024, answerBytes: 1024 };
const NO_PINS = { pin: (pinned: PinnedIndex) => pinned, unpin: () => {} };
const PINNED: PinnedIndex = {
  index: { epoch: 1 } as unknown as Index,
  pins: 1,
};

function question(body: string, more: Partial<Question> = {}): Question {
  return { body: Buffer.from(body), pinned: PINNED, nowMs: 1, deadlineMs: 1000, resume: null, ...more };
}

function runnerOf(memory: BatchMemory, thread = 7, nowMs = 0) {
  const run = createBatchRunner({
    memory,
    thread,
    decide: (_index, body) => {
      if (body.toString() === 'throw') throw new Error('thrown');
      return { kind: 'invalid', field: body.toString(), message: '' };
    },
    openIndex: () => PINNED.index,
    nowMs: () => nowMs,
    elapsedMs: () => 0,
  });
  return (region: number, ticket: number) =>
    run({ region, ticket, index: { epoch: 1, tiers: [] } } satisfies BatchTask);
}

describe('a region', () => {
  test('is the worker’s once it is claimed, and the front learns whose when it comes too late', () => {
    const memory = new BatchMemory(LAYOUT);
    memory.offer(1, 5, 0);
    expect(memory.claim(1, 5, 7)).toBe(true);
    expect(memory.claim(1, 5, 8)).toBe(false);
    expect(memory.revoke(1, 5)).toBe(7);
    memory.release(1);
    memory.offer(1, 6, 0);
    expect(memory.claim(1, 6, 8)).toBe(true);
  });

  test('is free at once when it is revoked before its claim, and a task that comes late finds nothing', () => {
    const memory = new BatchMemory(LAYOUT);
    const run = runnerOf(memory);
    memory.writeRequest(0, 0, 0, question('first'));
    memory.offer(0, 1, 1);
    expect(memory.revoke(0, 1)).toBe(0);
    // The region's next batch is on its way when the task of the first arrives.
    memory.setAnswer(0, 0, 0, UNANSWERED.failed);
    memory.writeRequest(0, 0, 0, question('second'));
    memory.offer(0, 2, 1);
    run(0, 1);
    expect(memory.answer(0, 0)).toBe(UNANSWERED.failed);
    run(0, 2);
    expect(memory.answer(0, 0)).toBeGreaterThan(0);
    expect(memory.revoke(0, 2)).toBe(7);
  });

  test('counts its tickets from 1 and never hands out 0 or a negative one', () => {
    expect(nextTicket(0)).toBe(1);
    expect(nextTicket(2 ** 31 - 1)).toBe(1);
  });

  test('carries bodies, times and resume lists of any length side by side', () => {
    const memory = new BatchMemory(LAYOUT);
    const asked = ['', 'a', 'seven b', 'some longer body'].map((body, i) =>
      question(body, {
        nowMs: i + 0.5,
        deadlineMs: i * 3,
        resume: i % 2 === 0 ? null : [i, -1, 2 ** 31 - 1],
      }),
    );
    let used = 0;
    for (const [i, one] of asked.entries()) used = memory.writeRequest(2, i, used, one);
    for (const [i, { body, nowMs, deadlineMs, resume }] of asked.entries()) {
      expect(memory.readRequest(2, i)).toEqual({ body, nowMs, deadlineMs, resume });
    }
  });

  test('says what became of a request that has no answer, and goes on with the next', () => {
    const memory = new BatchMemory({ ...LAYOUT, answerBytes: 128 });
    const bodies = ['x'.repeat(200), 'fits', 'throw', 'x'.repeat(118), 'fits too'];
    let used = 0;
    for (const [i, body] of bodies.entries()) used = memory.writeRequest(0, i, used, question(body));
    used = memory.writeRequest(0, bodies.length, used, question('late', { deadlineMs: 9 }));
    memory.offer(0, 1, bodies.length + 1);
    expect(runnerOf(memory, 7, 10)(0, 1)).toContain('thrown');
    const answers = [...bodies, 'late'].map((_, i) => memory.answer(0, i));
    expect(answers).toEqual([
      UNANSWERED.tooLarge,
      expect.toSatisfy((bytes: number) => bytes > 0),
      UNANSWERED.failed,
      UNANSWERED.again,
      expect.toSatisfy((bytes: number) => bytes > 0),
      UNANSWERED.late,
    ]);
  });
});

describe('the intake', () => {
  function intakeOf(layout = LAYOUT) {
    const intake = new BatchIntake(new BatchMemory(layout), NO_PINS);
    const outcomes: Outcome[] = [];
    const add = (one: Question, idle: number) =>
      intake.add(
        one,
        (outcome) => outcomes.push(outcome),
        () => idle,
      );
    const take = () => intake.next()?.questions.length ?? 0;
    return { intake, outcomes, add, take };
  }

  test('splits the requests of a turn evenly over the workers that are idle', () => {
    const { add, take } = intakeOf();
    for (let i = 0; i < 40; i++) expect(add(question('b'), 2)).toBe('added');
    expect([take(), take(), take()]).toEqual([20, 20, 0]);
  });

  test('keeps them together while at most one worker is idle, or while they are few', () => {
    const { add, take } = intakeOf();
    for (let i = 0; i < 40; i++) add(question('b'), 1);
    expect([take(), take()]).toEqual([40, 0]);
    for (let i = 0; i < 8; i++) add(question('b'), 2);
    expect([take(), take()]).toEqual([8, 0]);
  });

  test('closes a batch that is full by number or by bytes, and is full itself without a free region', () => {
    const { add, take } = intakeOf();
    for (let i = 0; i < MAX_REQUESTS + 1; i++) expect(add(question('b'), 0)).toBe('added');
    expect(add(question('x'.repeat(1020)), 0)).toBe('added');
    expect(add(question('b'), 0)).toBe('full');
    expect([take(), take(), take(), take()]).toEqual([MAX_REQUESTS, 1, 1, 0]);
  });

  test('takes nothing that no region can hold, and loses no region by it', () => {
    const { intake, add } = intakeOf();
    expect(add(question('x'.repeat(1025)), 0)).toBe('oversize');
    expect(add(question('x'.repeat(1020), { resume: [1, 2] }), 0)).toBe('oversize');
    expect(intake.busy.size).toBe(0);
    expect(add(question('x'.repeat(1024)), 0)).toBe('added');
  });

  test('never puts requests for two snapshots into one batch', () => {
    const { intake, add } = intakeOf();
    const other: PinnedIndex = { ...PINNED };
    for (let i = 0; i < 10; i++) add(question('b', { pinned: i % 2 === 0 ? PINNED : other }), 0);
    const batches = [intake.next(), intake.next()];
    for (const batch of batches) {
      expect(batch?.questions.length).toBe(5);
      expect(batch?.questions.every((one) => one?.pinned === batch.pinned)).toBe(true);
    }
  });

  test('answers each question when its own deadline has passed, and once', () => {
    const { intake, outcomes, add } = intakeOf();
    for (const deadlineMs of [30, 10, 20]) add(question('b', { deadlineMs }), 0);
    const batch = intake.next();
    expect([9, 10, 10, 25, 40, 50].map((nowMs) => batch?.expire(nowMs))).toEqual([0, 1, 0, 1, 1, 0]);
    batch?.answerAll({ kind: 'failed' });
    expect(outcomes).toEqual([{ kind: 'timeout' }, { kind: 'timeout' }, { kind: 'timeout' }]);
  });
});
