/**
 * The front's side of batches: requests are gathered into regions, wait for a worker in the order in which they
 * came, and are answered. A region is
 *
 *   free ─▶ gathering ─▶ running ─▶ free              the worker answered
 *               │           ├─▶ revoked, free         all were too late and no worker had begun
 *               │           └─▶ orphaned ─▶ free      its worker died: free once that thread has exited
 *               └─▶ free                              all were too late before a worker had time
 */
import type { PinnedIndex } from '../targeting/index-holder.ts';
import { MAX_REQUESTS, nextTicket, type BatchMemory } from './batch.ts';
import type { Done, Outcome, Question } from './handover.ts';

/**
 * With another worker idle, a batch of this many is joined by a second one. A hand-over costs both threads
 * together some 33 µs (and 1 µs a request more), little beside the decisions of as many requests.
 */
const SPLIT_REQUESTS = 8;

export class Batch {
  readonly region: number;
  readonly ticket: number;
  readonly pinned: PinnedIndex;
  /** By place in the region's table; null once it is answered. */
  readonly questions: (Question | null)[] = [];
  readonly #dones: Done[] = [];
  state: 'gathering' | 'running' | 'revoked' | 'orphaned' = 'gathering';
  /** Questions that are not answered yet. */
  pending = 0;
  /** Bytes of the request area in use. */
  usedBytes = 0;
  /** When its worker counts as hung; Infinity until the front saw it late. */
  hungAtMs = Infinity;
  #earliestMs = Infinity;

  constructor(region: number, ticket: number, pinned: PinnedIndex) {
    this.region = region;
    this.ticket = ticket;
    this.pinned = pinned;
  }

  /** false where it has no room for the question. */
  add(memory: BatchMemory, question: Question, done: Done): boolean {
    const index = this.questions.length;
    if (index === MAX_REQUESTS) return false;
    const usedBytes = memory.writeRequest(this.region, index, this.usedBytes, question);
    if (usedBytes < 0) return false;
    this.usedBytes = usedBytes;
    this.questions.push(question);
    this.#dones.push(done);
    this.pending += 1;
    if (question.deadlineMs < this.#earliestMs) this.#earliestMs = question.deadlineMs;
    return true;
  }

  /** Answers the question at `index`, unless it has been. */
  answer(index: number, outcome: Outcome): void {
    const done = this.#dones[index];
    if (done === undefined || this.questions[index] === null) return;
    this.questions[index] = null;
    this.pending -= 1;
    callBack(done, outcome);
  }

  answerAll(outcome: Outcome): void {
    for (let i = 0; i < this.questions.length; i++) this.answer(i, outcome);
  }

  /** Takes `question`, at `index`, out unanswered, to be submitted again. */
  withdraw(index: number, question: Question): { readonly question: Question; readonly done: Done } {
    const done = this.#dones[index];
    if (done === undefined || this.questions[index] !== question)
      throw new Error('withdrawn, but not pending');
    this.questions[index] = null;
    this.pending -= 1;
    return { question, done };
  }

  /** Answers those whose deadline has passed. Returns how many. */
  expire(nowMs: number): number {
    if (nowMs < this.#earliestMs) return 0;
    let expired = 0;
    let earliestMs = Infinity;
    // A callback may add a question to a batch that is still gathering: the length is read anew each time.
    for (let i = 0; i < this.questions.length; i++) {
      const deadlineMs = this.questions[i]?.deadlineMs ?? Infinity;
      if (deadlineMs <= nowMs) {
        expired += 1;
        this.answer(i, { kind: 'timeout' });
      } else if (deadlineMs < earliestMs) {
        earliestMs = deadlineMs;
      }
    }
    this.#earliestMs = earliestMs;
    return expired;
  }
}

export class BatchIntake {
  readonly #memory: BatchMemory;
  readonly #pins: IndexPins;
  readonly #freeRegions: number[];
  readonly #tickets: number[];
  /** Gathering, oldest first. */
  #waiting: Batch[] = [];
  /** Those of them that may have room. */
  #open: Batch[] = [];
  /** Every batch whose region is not free. */
  readonly busy = new Set<Batch>();

  constructor(memory: BatchMemory, pins: IndexPins) {
    this.#memory = memory;
    this.#pins = pins;
    this.#freeRegions = Array.from({ length: memory.layout.regions }, (_, region) => region);
    this.#tickets = this.#freeRegions.map(() => 0);
  }

  /** `oversize`: no region can hold it. `full`: no region is free. */
  add(question: Question, done: Done, idleWorkers: () => number): 'added' | 'oversize' | 'full' {
    while (true) {
      const open = this.#leastFilled(question.pinned, idleWorkers) ?? this.#openRegion(question.pinned);
      if (open === null) return 'full';
      if (open.add(this.#memory, question, done)) return 'added';
      this.#open = this.#open.filter((batch) => batch !== open);
      if (open.questions.length > 0) continue;
      this.free(open);
      return 'oversize';
    }
  }

  /** The batch that has waited longest, offered to whoever claims it; null where none waits. */
  next(): Batch | null {
    const batch = this.#waiting.shift();
    if (batch === undefined) return null;
    this.#open = this.#open.filter((other) => other !== batch);
    batch.state = 'running';
    this.#memory.offer(batch.region, batch.ticket, batch.questions.length);
    return batch;
  }

  /** The region may be used again: no worker will touch it. */
  free(batch: Batch): void {
    if (!this.busy.delete(batch)) throw new Error(`region ${batch.region} was freed twice`);
    this.#waiting = this.#waiting.filter((other) => other !== batch);
    this.#open = this.#open.filter((other) => other !== batch);
    this.#memory.release(batch.region);
    this.#freeRegions.push(batch.region);
    this.#pins.unpin(batch.pinned);
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** true while any question is not answered. */
  hasPending(): boolean {
    for (const batch of this.busy) {
      if (batch.pending > 0) return true;
    }
    return false;
  }

  waitingRequests(): number {
    return this.#waiting.reduce((sum, batch) => sum + batch.pending, 0);
  }

  /** The open batch to join: the emptiest, unless another worker would be idle while it grows. */
  #leastFilled(pinned: PinnedIndex, idleWorkers: () => number): Batch | null {
    let least: Batch | null = null;
    for (const batch of this.#open) {
      if (batch.pinned !== pinned) continue;
      if (least === null || batch.questions.length < least.questions.length) least = batch;
    }
    if (least === null || least.questions.length < SPLIT_REQUESTS) return least;
    return this.#freeRegions.length > 0 && this.#open.length < idleWorkers() ? null : least;
  }

  #openRegion(pinned: PinnedIndex): Batch | null {
    const region = this.#freeRegions.pop();
    if (region === undefined) return null;
    const ticket = nextTicket(this.#tickets[region] ?? 0);
    this.#tickets[region] = ticket;
    const batch = new Batch(region, ticket, this.#pins.pin(pinned));
    this.busy.add(batch);
    this.#waiting.push(batch);
    this.#open.push(batch);
    return batch;
  }
}

/** What of IndexHolder is needed: a batch pins its index until no worker can be reading it. */
export interface IndexPins {
  pin(pinned: PinnedIndex): PinnedIndex;
  unpin(pinned: PinnedIndex): void;
}

/** A callback that throws is a programmer's error: it crashes the process, after the others have been called. */
export function callBack(done: Done, outcome: Outcome): void {
  try {
    done(outcome);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
