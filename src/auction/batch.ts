/**
 * Batches of bid requests in shared memory: one buffer, cut into regions, each of which carries one batch to a
 * worker and its answers back.
 *
 *   ┌──────────┬──────────┬──────────┬───
 *   │ region 0 │ region 1 │ region 2 │ …
 *   └──────────┴──────────┴──────────┴───
 *   region
 *   ┌──────────────────────────────────────────────────────────┐
 *   │ header   i32 claim · i32 count · f64 busyMs · padding    │  64 bytes
 *   ├──────────────────────────────────────────────────────────┤
 *   │ table    per request:                                    │  MAX_REQUESTS × 40 bytes
 *   │   i32 bodyAt · i32 bodyBytes · i32 resumeAt · i32 resumes│
 *   │   f64 nowMs · f64 deadlineMs · i32 answerAt · i32 answer │
 *   ├──────────────────────────────────────────────────────────┤
 *   │ bodies and resume lists                                  │  layout.requestBytes
 *   ├──────────────────────────────────────────────────────────┤
 *   │ answers (decision-codec.ts)                              │  layout.answerBytes
 *   └──────────────────────────────────────────────────────────┘
 *
 * The claim says whose the region is. It is the only field that both sides may change at once:
 *
 *             offer                claim (worker)
 *      0 ─────────────▶ ticket ─────────────────────▶ −thread ──▶ 0   by the front, once the worker has
 *      ▲                  │                                           answered or its thread has exited
 *      └──────────────────┘ revoke (front)
 *
 * Tickets of a region count up, so that a task which arrives after its batch was revoked finds another number.
 * They begin again after 2^31 batches of one region, weeks later: no task waits that long.
 */
import type { SharedBytes } from './decision-codec.ts';

export interface BatchLayout {
  readonly regions: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

/** At some 25 µs a decision a batch takes under 2 ms: a larger one would make its first wait for its last. */
export const MAX_REQUESTS = 64;

/**
 * 32 × 64 requests of 25 µs are about 50 ms of work for one worker: whoever waited behind more would be answered
 * past a usual tmax, and is better refused at once. 128 KiB are 64 requests of 2 KiB each way; 8 MiB in all.
 */
export const DEFAULT_LAYOUT: BatchLayout = { regions: 32, requestBytes: 128 * 1024, answerBytes: 128 * 1024 };

/** What the table says in place of an answer's length. */
export const UNANSWERED = {
  /** The answers before it left no room: to be asked again. */
  again: 0,
  /** No answer area holds it. */
  tooLarge: -1,
  /** Its deadline had passed. */
  late: -2,
  /** The decider threw. */
  failed: -3,
} as const;

const HEADER_BYTES = 64;
const ENTRY_BYTES = 40;
const TABLE_BYTES = MAX_REQUESTS * ENTRY_BYTES;
const ALIGNMENT = 8;
const LAST_TICKET = 2 ** 31 - 1;

/** Offsets in 4-byte words, of a region and of a table entry; 8-byte fields in 8-byte words. */
const REGION_WORD = { claim: 0, count: 1 } as const;
const REGION_DOUBLE = { busyMs: 1 } as const;
const ENTRY_WORD = { bodyAt: 0, bodyBytes: 1, resumeAt: 2, resumes: 3, answerAt: 8, answer: 9 } as const;
const ENTRY_DOUBLE = { nowMs: 2, deadlineMs: 3 } as const;
/** `resumes` of a request that is decided from the start. */
const FROM_THE_START = -1;

export class BatchMemory implements SharedBytes {
  readonly buffer: SharedArrayBuffer;
  readonly layout: BatchLayout;
  readonly view: DataView;
  readonly bytes: Buffer;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #regionBytes: number;

  /** Over a new buffer, or in a worker over the front's. */
  constructor(layout: BatchLayout, buffer?: SharedArrayBuffer) {
    this.layout = layout;
    this.#regionBytes = HEADER_BYTES + TABLE_BYTES + layout.requestBytes + layout.answerBytes;
    const size = this.#regionBytes * layout.regions;
    if (layout.requestBytes % ALIGNMENT !== 0 || layout.answerBytes % ALIGNMENT !== 0) {
      throw new Error(`areas of a region must be multiples of ${ALIGNMENT} bytes`);
    }
    if (size > LAST_TICKET) throw new Error('offsets into the batch memory must fit 31 bits');
    this.buffer = buffer ?? new SharedArrayBuffer(size);
    this.view = new DataView(this.buffer);
    this.bytes = Buffer.from(this.buffer);
    this.#words = new Int32Array(this.buffer);
    this.#doubles = new Float64Array(this.buffer);
  }

  /** Front: hands the region's batch over under `ticket`. The region must be free. */
  offer(region: number, ticket: number, count: number): void {
    this.#words[this.#word(region) + REGION_WORD.count] = count;
    Atomics.store(this.#words, this.#word(region) + REGION_WORD.claim, ticket);
  }

  /** Worker: true when the batch is this thread's; false when it was revoked. */
  claim(region: number, ticket: number, thread: number): boolean {
    const at = this.#word(region) + REGION_WORD.claim;
    return Atomics.compareExchange(this.#words, at, ticket, -thread) === ticket;
  }

  /** Front: takes the batch back. 0: nobody will touch the region; else the thread that holds it. */
  revoke(region: number, ticket: number): number {
    const at = this.#word(region) + REGION_WORD.claim;
    const found = Atomics.compareExchange(this.#words, at, ticket, 0);
    return found === ticket ? 0 : -found;
  }

  /** Front: the worker has answered, or its thread has exited. */
  release(region: number): void {
    Atomics.store(this.#words, this.#word(region) + REGION_WORD.claim, 0);
  }

  count(region: number): number {
    return this.#words[this.#word(region) + REGION_WORD.count] ?? 0;
  }

  busyMs(region: number): number {
    return this.#doubles[this.#double(region) + REGION_DOUBLE.busyMs] ?? 0;
  }

  setBusyMs(region: number, busyMs: number): void {
    this.#doubles[this.#double(region) + REGION_DOUBLE.busyMs] = busyMs;
  }

  /**
   * Writes request `index` behind the `usedBytes` that the requests before it fill. Returns the bytes used then,
   * or -1 where the area is too small for it.
   */
  writeRequest(region: number, index: number, usedBytes: number, request: BatchRequest): number {
    const { body, resume } = request;
    const needed = requestBytes(body.length, resume);
    if (usedBytes + needed > this.layout.requestBytes) return -1;
    const resumeAt = this.#requestsAt(region) + usedBytes;
    const bodyAt = resumeAt + (resume === null ? 0 : resume.length * 4);
    resume?.forEach((ordinal, i) => (this.#words[resumeAt / 4 + i] = ordinal));
    this.bytes.set(body, bodyAt);
    const word = this.#entryWord(region, index);
    this.#words[word + ENTRY_WORD.bodyAt] = bodyAt;
    this.#words[word + ENTRY_WORD.bodyBytes] = body.length;
    this.#words[word + ENTRY_WORD.resumeAt] = resumeAt;
    this.#words[word + ENTRY_WORD.resumes] = resume === null ? FROM_THE_START : resume.length;
    this.#doubles[word / 2 + ENTRY_DOUBLE.nowMs] = request.nowMs;
    this.#doubles[word / 2 + ENTRY_DOUBLE.deadlineMs] = request.deadlineMs;
    return usedBytes + needed;
  }

  /** The request as the worker reads it: `body` is a view that is good until the batch is answered. */
  readRequest(region: number, index: number): BatchRequest {
    const word = this.#entryWord(region, index);
    const bodyAt = this.#words[word + ENTRY_WORD.bodyAt] ?? 0;
    const resumeAt = (this.#words[word + ENTRY_WORD.resumeAt] ?? 0) / 4;
    const resumes = this.#words[word + ENTRY_WORD.resumes] ?? FROM_THE_START;
    return {
      body: this.bytes.subarray(bodyAt, bodyAt + (this.#words[word + ENTRY_WORD.bodyBytes] ?? 0)),
      resume: resumes < 0 ? null : Array.from(this.#words.subarray(resumeAt, resumeAt + resumes)),
      nowMs: this.#doubles[word / 2 + ENTRY_DOUBLE.nowMs] ?? 0,
      deadlineMs: this.#doubles[word / 2 + ENTRY_DOUBLE.deadlineMs] ?? 0,
    };
  }

  /** Where the region's answer area begins; it ends `layout.answerBytes` later. */
  answersAt(region: number): number {
    return this.#requestsAt(region) + this.layout.requestBytes;
  }

  /** `answer`: the answer's bytes, or one of UNANSWERED. */
  setAnswer(region: number, index: number, answerAt: number, answer: number): void {
    const word = this.#entryWord(region, index);
    this.#words[word + ENTRY_WORD.answerAt] = answerAt;
    this.#words[word + ENTRY_WORD.answer] = answer;
  }

  answer(region: number, index: number): number {
    return this.#words[this.#entryWord(region, index) + ENTRY_WORD.answer] ?? UNANSWERED.failed;
  }

  answerAt(region: number, index: number): number {
    return this.#words[this.#entryWord(region, index) + ENTRY_WORD.answerAt] ?? 0;
  }

  #requestsAt(region: number): number {
    return region * this.#regionBytes + HEADER_BYTES + TABLE_BYTES;
  }

  #word(region: number): number {
    return (region * this.#regionBytes) / 4;
  }

  #double(region: number): number {
    return (region * this.#regionBytes) / 8;
  }

  #entryWord(region: number, index: number): number {
    return (region * this.#regionBytes + HEADER_BYTES + index * ENTRY_BYTES) / 4;
  }
}

export interface BatchRequest {
  readonly body: Buffer;
  readonly resume: readonly number[] | null;
  /** Epoch milliseconds, both. */
  readonly nowMs: number;
  readonly deadlineMs: number;
}

/** The ticket after `ticket`; the first is 1. */
export function nextTicket(ticket: number): number {
  return ticket === LAST_TICKET ? 1 : ticket + 1;
}

/** Bytes that a request takes of a region's request area: its resume list and its body, rounded up. */
function requestBytes(bodyBytes: number, resume: readonly number[] | null): number {
  const bytes = bodyBytes + (resume === null ? 0 : resume.length * 4);
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
