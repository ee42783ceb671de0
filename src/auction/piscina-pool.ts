/**
 * The worker pool: bid requests in batches through shared memory, and an answer for each whatever becomes of the
 * worker that has it.
 *
 *   submit ─▶ a gathering batch ─┬─ a worker is idle: at the end of this event-loop turn ─▶ the worker
 *                                └─ none is: the batch grows until one is, or until its region is full
 *
 * - No region is free: `overloaded`, at once.
 * - A deadline passes: `timeout`. A worker still busy HANG_MS after that counts as hung and is replaced.
 * - A worker dies: `failed` for all of its batch, and piscina starts another. Its region, and its pin on the
 *   index, are given back only when the thread has exited: until then it may still read and write there.
 * - A request larger than a region, or an answer that no region holds, is decided on this thread. That and
 *   nothing else: what a worker died of is not tried here.
 */
import { BatchIntake, callBack, type Batch, type IndexPins } from './batch-intake.ts';
import type { WorkerData } from './batch-run.ts';
import { BatchMemory, UNANSWERED, type BatchLayout } from './batch.ts';
import { decodeDecision } from './decision-codec.ts';
import type { Decision } from './decision.ts';
import type { Done, Handover, Outcome, Question } from './handover.ts';
import { PiscinaThreads } from './piscina-threads.ts';
import { NOTHING_YET, type PoolHooks, type PoolStats } from './pool-report.ts';

export interface PoolOptions {
  readonly workers: number;
  /** A module that exports `runBatch`; it is given `WorkerData`. */
  readonly workerFile: URL;
  /** Plain data for the decider in each worker. */
  readonly policy: unknown;
  readonly layout: BatchLayout;
  readonly indexes: IndexPins;
  /** Decides on this thread what no region can hold. */
  decideInline(question: Question): Decision;
  readonly hooks: PoolHooks;
}

export interface Pool extends Handover {
  stats(): PoolStats;
}

/** How often deadlines are looked at while anything is under way: a timeout is told at most this much late. */
const SWEEP_MS = 5;
/** Being late is not being hung: a thread that lost its core or collects its heap comes back well within this. */
const HANG_MS = 250;

/** Starts the workers; resolves when all have loaded. Rejects when one can't. */
export async function openPool(options: PoolOptions): Promise<Pool> {
  const pool = new PiscinaPool(options);
  await pool.start();
  return pool;
}

class PiscinaPool implements Pool {
  readonly #options: PoolOptions;
  readonly #memory: BatchMemory;
  readonly #intake: BatchIntake;
  readonly #threads: PiscinaThreads;
  readonly #counts = { ...NOTHING_YET };
  #flushDue = false;
  #sweepTimer: NodeJS.Timeout | null = null;
  #closing = false;
  #onAnswered: (() => void) | null = null;

  constructor(options: PoolOptions) {
    const { workers, workerFile, layout, policy, hooks } = options;
    this.#options = options;
    this.#memory = new BatchMemory(layout);
    this.#intake = new BatchIntake(this.#memory, options.indexes);
    const workerData: WorkerData = { layout, policy, memory: this.#memory.buffer };
    this.#threads = new PiscinaThreads(
      { workers, workerFile, workerData },
      {
        onReady: () => this.#flush(),
        onExit: (exitCode) => {
          this.#counts.workerExits += 1;
          hooks.onWorkerExit(exitCode);
        },
        onFault: (error) => hooks.onFault(describe(error)),
      },
    );
  }

  async start(): Promise<void> {
    try {
      await this.#threads.start();
    } catch (error) {
      await this.#threads.end();
      throw new Error('a worker does not start', { cause: error });
    }
  }

  submit(question: Question, done: Done): void {
    const added = this.#closing ? 'full' : this.#intake.add(question, done, () => this.#threads.idle);
    if (added === 'added') {
      this.#wake();
    } else if (added === 'oversize') {
      callBack(done, this.#decideInline(question));
    } else {
      this.#counts.overloaded += 1;
      callBack(done, { kind: 'overloaded' });
    }
  }

  async close(): Promise<void> {
    if (this.#closing) throw new Error('the pool was closed twice');
    this.#closing = true;
    if (this.#intake.hasPending()) {
      await new Promise<void>((resolve) => {
        this.#onAnswered = resolve;
      });
    }
    await this.#threads.end();
    if (this.#sweepTimer !== null) clearInterval(this.#sweepTimer);
  }

  stats(): PoolStats {
    return {
      ...this.#counts,
      waitingRequests: this.#intake.waitingRequests(),
      busyRegions: this.#intake.busy.size,
      threads: this.#threads.size,
    };
  }

  /** At the end of the turn, so that all of its requests share a batch. */
  #wake(): void {
    this.#sweepTimer ??= setInterval(() => this.#sweep(), SWEEP_MS);
    if (this.#flushDue) return;
    this.#flushDue = true;
    setImmediate(() => {
      this.#flushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#threads.idle > 0) {
      const batch = this.#intake.next();
      if (batch === null) return;
      const { region, ticket } = batch;
      const { handle } = batch.pinned.index;
      this.#threads.run({ region, ticket, index: handle }).then(
        (fault) => this.#settled(batch, fault),
        (error: unknown) => this.#lost(batch, error),
      );
    }
  }

  /** The worker has done what it can for the batch. */
  #settled(batch: Batch, fault: string): void {
    if (this.#intake.hasWaiting) this.#wake();
    // A revoked region is another batch's by now.
    if (batch.state === 'revoked') return;
    const { region, questions } = batch;
    const busyMs = this.#memory.busyMs(region);
    this.#counts.batches += 1;
    this.#counts.batchedRequests += questions.length;
    this.#counts.workerBusyMs += busyMs;
    const again: { readonly question: Question; readonly done: Done }[] = [];
    for (const [i, question] of questions.entries()) {
      if (question === null) continue;
      if (this.#memory.answer(region, i) === UNANSWERED.again) again.push(batch.withdraw(i, question));
      else batch.answer(i, this.#read(batch, i, question));
    }
    this.#intake.free(batch);
    for (const { question, done } of again) this.submit(question, done);
    this.#options.hooks.onBatch(questions.length, busyMs);
    if (fault !== '') this.#options.hooks.onFault(fault);
  }

  #read({ region, pinned }: Batch, index: number, question: Question): Outcome {
    const answer = this.#memory.answer(region, index);
    if (answer > 0) {
      const decision = decodeDecision(this.#memory, this.#memory.answerAt(region, index));
      return { kind: 'decision', decision, pinned };
    }
    if (answer === UNANSWERED.tooLarge) return this.#decideInline(question);
    const late = answer === UNANSWERED.late;
    this.#counts[late ? 'timeouts' : 'failures'] += 1;
    return { kind: late ? 'timeout' : 'failed' };
  }

  #decideInline(question: Question): Outcome {
    this.#counts.inline += 1;
    try {
      return { kind: 'decision', decision: this.#options.decideInline(question), pinned: question.pinned };
    } catch (error) {
      this.#counts.failures += 1;
      this.#options.hooks.onFault(describe(error));
      return { kind: 'failed' };
    }
  }

  /** The worker died with the batch, or before it began. */
  #lost(batch: Batch, error: unknown): void {
    if (batch.state === 'revoked') return;
    batch.state = 'orphaned';
    const thread = this.#memory.revoke(batch.region, batch.ticket);
    this.#threads.terminate(thread);
    this.#threads.afterExit(thread, () => this.#intake.free(batch));
    this.#counts.failures += batch.pending;
    this.#options.hooks.onFault(describe(error));
    batch.answerAll({ kind: 'failed' });
  }

  #sweep(): void {
    const nowMs = Date.now();
    for (const batch of this.#intake.busy) {
      this.#counts.timeouts += batch.expire(nowMs);
      if (batch.pending === 0) this.#giveUp(batch, nowMs);
    }
    if (this.#intake.hasWaiting) {
      this.#flush();
      this.#threads.revive(nowMs);
    }
    if (!this.#intake.hasPending()) this.#onAnswered?.();
    if (this.#intake.busy.size > 0 || this.#sweepTimer === null) return;
    clearInterval(this.#sweepTimer);
    this.#sweepTimer = null;
  }

  /** Nobody waits for the batch any more. */
  #giveUp(batch: Batch, nowMs: number): void {
    if (batch.state === 'gathering') this.#intake.free(batch);
    if (batch.state !== 'running') return;
    const thread = this.#memory.revoke(batch.region, batch.ticket);
    if (thread === 0) {
      batch.state = 'revoked';
      this.#intake.free(batch);
    } else if (batch.hungAtMs === Infinity) {
      // Counted from now and not from the deadline: it may be this thread that stood still.
      batch.hungAtMs = nowMs + HANG_MS;
    } else if (nowMs >= batch.hungAtMs) {
      this.#threads.terminate(thread);
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
