/**
 * The pool's threads, as piscina runs them, by number. Piscina forgets a thread when it gives it up; what the
 * thread could write to is safe only when it has exited, which is later. So they are kept count of here.
 */
import { Piscina } from 'piscina';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { START, type BatchTask } from './batch-run.ts';
import { LatestTaskQueue } from './piscina-queue.ts';

export interface ThreadOptions {
  readonly workers: number;
  /** A module that exports `runBatch`. */
  readonly workerFile: URL;
  /** Copied to each worker. */
  readonly workerData: unknown;
}

export interface ThreadHooks {
  /** A worker has loaded and waits for its first batch. */
  onReady(): void;
  onExit(exitCode: number): void;
  /** A worker failed while it had no batch. */
  onFault(error: unknown): void;
}

/** Piscina gives up on workers that fail while they start; so often a start is tried all the same. */
const REVIVE_MS = 1000;
/**
 * A thread that is told to end while it handles an uncaught error forgets it and goes to sleep for good, at times
 * (seen on Node 20.20): it is told again.
 */
const TERMINATE_AGAIN_MS = 100;
/** A decider's caches are bounded; what grows beyond this is a leak, and better ends in a new worker. */
const WORKER_HEAP_MB = 256;

export class PiscinaThreads {
  readonly #piscina: Piscina<BatchTask, string>;
  readonly #workers: number;
  readonly #hooks: ThreadHooks;
  readonly #live = new Map<number, Worker>();
  readonly #afterExit = new Map<number, (() => void)[]>();
  /** Threads that were told to end, and the timers that tell them again. */
  readonly #ended = new Map<number, NodeJS.Timeout>();
  #revivedAtMs = 0;
  #ending = false;

  constructor(options: ThreadOptions, hooks: ThreadHooks) {
    this.#workers = options.workers;
    this.#hooks = hooks;
    this.#piscina = new Piscina<BatchTask, string>({
      filename: fileURLToPath(options.workerFile),
      name: 'runBatch',
      workerData: options.workerData,
      minThreads: options.workers,
      maxThreads: options.workers,
      concurrentTasksPerWorker: 1,
      taskQueue: new LatestTaskQueue(),
      atomics: 'sync',
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    this.#update();
    this.#piscina.on('workerCreate', () => {
      this.#update();
      hooks.onReady();
    });
    this.#piscina.on('error', (error) => hooks.onFault(error));
  }

  /** Resolves when all workers have loaded; rejects with the error of one that can't. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#workers }, () => this.#piscina.run(START)));
  }

  /** Workers that wait for a batch. */
  get idle(): number {
    return this.#ending ? 0 : this.#piscina.idleThreads;
  }

  /** Threads that have not exited: more than workers while one is being replaced. */
  get size(): number {
    return this.#live.size;
  }

  /** Has an idle worker run the batch. Rejects when it dies, or has died. */
  run(task: BatchTask): Promise<string> {
    const ran = this.#piscina.run(task);
    this.#update();
    return ran;
  }

  /** Starts a worker in place of one that piscina gave up on, at most one a second. */
  revive(nowMs: number): void {
    if (this.#ending || this.#piscina.threads.length === this.#workers) return;
    if (nowMs - this.#revivedAtMs < REVIVE_MS) return;
    this.#revivedAtMs = nowMs;
    this.run(START).catch((error: unknown) => this.#hooks.onFault(error));
  }

  /** Has the thread exit, whatever it is doing. */
  terminate(thread: number): void {
    const worker = this.#live.get(thread);
    if (worker === undefined || this.#ended.has(thread)) return;
    void worker.terminate();
    this.#ended.set(
      thread,
      setInterval(() => void worker.terminate(), TERMINATE_AGAIN_MS),
    );
  }

  /** Runs `action` when the thread has exited, at once where it has. */
  afterExit(thread: number, action: () => void): void {
    const actions = this.#afterExit.get(thread);
    if (!this.#live.has(thread)) action();
    else if (actions === undefined) this.#afterExit.set(thread, [action]);
    else actions.push(action);
  }

  /** Ends all threads, those too that piscina starts meanwhile in place of one that ended. */
  async end(): Promise<void> {
    this.#ending = true;
    for (const thread of this.#live.keys()) this.terminate(thread);
    await this.#piscina.destroy();
    for (const [thread, worker] of this.#live) {
      this.terminate(thread);
      await new Promise((resolve) => worker.once('exit', resolve));
    }
  }

  /**
   * Notes threads that are new. Piscina starts them when it is made, in `run`, and in its own listeners to the
   * end of another, which come before ours: called after each of these, no thread goes unnoticed.
   */
  #update(): void {
    const { threads } = this.#piscina;
    if (threads.length === this.#live.size && threads.every((worker) => this.#live.has(worker.threadId)))
      return;
    const known = new Set(this.#live.values());
    for (const worker of threads) {
      if (!known.has(worker)) this.#note(worker);
    }
  }

  #note(worker: Worker): void {
    // A worker that has exited has no number any more.
    const thread = worker.threadId;
    this.#live.set(thread, worker);
    worker.on('error', () => {
      this.#update();
      this.terminate(thread);
    });
    worker.on('exit', (exitCode) => {
      this.#live.delete(thread);
      clearInterval(this.#ended.get(thread));
      this.#ended.delete(thread);
      this.#update();
      for (const action of this.#afterExit.get(thread) ?? []) action();
      this.#afterExit.delete(thread);
      if (!this.#ending) this.#hooks.onExit(exitCode);
    });
  }
}
