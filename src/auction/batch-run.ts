/** What a worker does with a batch: claims it, decides its requests one by one, leaves the answers in its region. */
import type { Index, IndexHandle } from '../targeting/tiers.ts';
import { UNANSWERED, type BatchLayout, type BatchMemory, type BatchRequest } from './batch.ts';
import { encodeDecision } from './decision-codec.ts';
import type { Decision } from './decision.ts';

/** What a worker is given when it starts. */
export interface WorkerData<Policy = unknown> {
  readonly layout: BatchLayout;
  readonly memory: SharedArrayBuffer;
  readonly policy: Policy;
}

/** The message that tells a worker of a batch. */
export interface BatchTask {
  readonly region: number;
  readonly ticket: number;
  /** Its epoch names it: a buffer that came in a message is a new object each time. */
  readonly index: IndexHandle;
}

/** A task without a batch: answered as soon as the worker has started. */
export const START: BatchTask = { region: -1, ticket: 0, index: { epoch: -1, tiers: [] } };

export interface BatchRunnerParts {
  readonly memory: BatchMemory;
  /** This thread's number, above 0. */
  readonly thread: number;
  decide(index: Index, body: Buffer, nowMs: number, resume: readonly number[] | null): Decision;
  /** `opened`: the one before, which shares most of it. */
  openIndex(handle: IndexHandle, opened: Index | null): Index;
  /** Epoch milliseconds, held against deadlines. */
  nowMs(): number;
  /** Milliseconds of a clock that never jumps. */
  elapsedMs(): number;
}

/**
 * Makes the function that runs a batch. It never throws: a request whose decision throws fails alone, and what
 * went wrong first is returned ('' where nothing did).
 */
export function createBatchRunner(parts: BatchRunnerParts): (task: BatchTask) => string {
  const { memory, thread } = parts;
  let opened: Index | null = null;

  function indexOf({ index }: BatchTask): Index {
    if (opened?.epoch !== index.epoch) opened = parts.openIndex(index, opened);
    return opened;
  }

  /** Decides one request; returns its answer's bytes, or one of UNANSWERED. */
  function answer(index: Index, request: BatchRequest, at: number, start: number, end: number): number {
    if (request.deadlineMs <= parts.nowMs()) return UNANSWERED.late;
    const decision = parts.decide(index, request.body, request.nowMs, request.resume);
    const bytes = encodeDecision(decision, memory, at, end);
    if (bytes >= 0) return bytes;
    return at === start ? UNANSWERED.tooLarge : UNANSWERED.again;
  }

  return (task) => {
    if (task.region < 0 || !memory.claim(task.region, task.ticket, thread)) return '';
    const startedMs = parts.elapsedMs();
    const start = memory.answersAt(task.region);
    const end = start + memory.layout.answerBytes;
    let at = start;
    let fault = '';
    for (let i = 0; i < memory.count(task.region); i++) {
      let found: number = UNANSWERED.failed;
      try {
        found = answer(indexOf(task), memory.readRequest(task.region, i), at, start, end);
      } catch (error) {
        if (fault === '') fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
      memory.setAnswer(task.region, i, at, found);
      if (found > 0) at += found;
    }
    memory.setBusyMs(task.region, parts.elapsedMs() - startedMs);
    return fault;
  };
}
