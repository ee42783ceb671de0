/**
 * Latencies counted on the hot path: a preallocated cell a bucket, found by one count of leading zeros.
 * Bucket k holds what took at most 2^k / 16 ms; the last one, what took longer than 2.048 s.
 */

const BUCKETS = 16;
const FIRST_BOUNDS_PER_MS = 16;
const LONGEST_MS = 2 ** (BUCKETS - 1) / FIRST_BOUNDS_PER_MS;

/** Upper bounds in seconds, without +Inf. */
export const BUCKET_BOUNDS_SEC: readonly number[] = Array.from(
  { length: BUCKETS },
  (_, k) => 2 ** k / FIRST_BOUNDS_PER_MS / 1000,
);

/** One row of buckets a label value. */
export class Durations {
  private readonly cells: Float64Array;
  private readonly sumsMs: Float64Array;

  constructor(rows: number) {
    this.cells = new Float64Array(rows * (BUCKETS + 1));
    this.sumsMs = new Float64Array(rows);
  }

  observe(row: number, elapsedMs: number): void {
    const cell = row * (BUCKETS + 1) + bucketOf(elapsedMs);
    this.cells[cell] = (this.cells[cell] ?? 0) + 1;
    this.sumsMs[row] = (this.sumsMs[row] ?? 0) + elapsedMs;
  }

  /** How many took at most each of BUCKET_BOUNDS_SEC, then how many there were in all. */
  cumulative(row: number): readonly number[] {
    let sum = 0;
    const start = row * (BUCKETS + 1);
    return Array.from(this.cells.subarray(start, start + BUCKETS + 1), (count) => (sum += count));
  }

  sumSec(row: number): number {
    return (this.sumsMs[row] ?? 0) / 1000;
  }
}

function bucketOf(elapsedMs: number): number {
  if (elapsedMs > LONGEST_MS) return BUCKETS;
  const sixteenths = Math.ceil(elapsedMs * FIRST_BOUNDS_PER_MS);
  return sixteenths <= 1 ? 0 : 32 - Math.clz32(sixteenths - 1);
}
