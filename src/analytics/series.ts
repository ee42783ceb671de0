/**
 * What was read of one campaign or ad, bucket by bucket. It only grows: a reading that brings less, as of a replica that
 * lags, changes nothing.
 */
import { largerOf, NO_COUNTS, type Counts } from './counts.ts';
import { startsOf, UNIT_MS, type Span } from './span.ts';

interface Bucket {
  readonly counts: Counts;
  readonly readAtMs: number;
}

/** Events reach their bucket within a second; from here on only late ones come. */
const OPEN_AFTER_END_MS = 600_000;
/** With the consumer's 0.1 s, a committed total is shown within a second. */
const OPEN_FRESH_MS = 500;
/** Events may be dated back by weeks, and few are. */
const CLOSED_FRESH_MS = 60_000;
/** Twice the widest span: who asks for the last hour every minute leaves buckets behind. */
const MAX_BUCKETS = 3_000;

export class Series {
  #buckets = new Map<number, Bucket>();
  #lastReadAtMs = -Infinity;
  readonly #onResize: (buckets: number) => void;
  /** The advertiser whose it is, as last read; null: nobody's. */
  ownerId: string | null = null;

  /** `onResize` is told of every bucket that comes, and of those that go by a negative number. */
  constructor(onResize: (buckets: number) => void) {
    this.#onResize = onResize;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** The part of the span that must be read again; null: all of it is fresh. */
  dueOf(span: Span, nowMs: number): Span | null {
    const due = startsOf(span).filter((startMs) => this.#isDue(startMs + UNIT_MS[span.unit], startMs, nowMs));
    const [firstMs] = due;
    return firstMs === undefined ? null : { ...span, firstMs, lastMs: due.at(-1) ?? firstMs };
  }

  /** What was read of the span at that time: buckets that it does not name are empty. */
  take(span: Span, read: ReadonlyMap<number, Counts>, readAtMs: number): void {
    for (const startMs of startsOf(span)) this.#raise(startMs, read.get(startMs) ?? NO_COUNTS, readAtMs);
    this.#lastReadAtMs = Math.max(this.#lastReadAtMs, readAtMs);
    if (this.size > MAX_BUCKETS) this.#forgetBut(span);
  }

  /** What others have shown. It is no reading of ours. */
  raise(shown: ReadonlyMap<number, Counts>): void {
    for (const [startMs, counts] of shown) this.#raise(startMs, counts, -Infinity);
  }

  /** null: some of it is not known. What began after the last reading is empty as far as anyone knows. */
  view(span: Span): readonly Counts[] | null {
    const seen: Counts[] = [];
    for (const startMs of startsOf(span)) {
      const bucket = this.#buckets.get(startMs);
      const isUnread = startMs <= this.#lastReadAtMs || this.#lastReadAtMs === -Infinity;
      if (bucket === undefined && isUnread) return null;
      seen.push(bucket?.counts ?? NO_COUNTS);
    }
    return seen;
  }

  #isDue(endMs: number, startMs: number, nowMs: number): boolean {
    const bucket = this.#buckets.get(startMs);
    if (bucket === undefined) return true;
    const isOpen = nowMs < endMs + OPEN_AFTER_END_MS;
    return nowMs - bucket.readAtMs >= (isOpen ? OPEN_FRESH_MS : CLOSED_FRESH_MS);
  }

  #raise(startMs: number, counts: Counts, readAtMs: number): void {
    const known = this.#buckets.get(startMs);
    if (known === undefined) this.#onResize(1);
    this.#buckets.set(startMs, {
      counts: known === undefined ? counts : largerOf(known.counts, counts),
      readAtMs: Math.max(known?.readAtMs ?? -Infinity, readAtMs),
    });
  }

  #forgetBut(span: Span): void {
    const kept = new Map<number, Bucket>();
    for (const startMs of startsOf(span)) {
      const bucket = this.#buckets.get(startMs);
      if (bucket !== undefined) kept.set(startMs, bucket);
    }
    this.#onResize(kept.size - this.size);
    this.#buckets = kept;
  }
}
