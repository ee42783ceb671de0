/** Time in buckets of UTC: what a question asks for, and what is read to answer it. */
export type BucketUnit = 'minute' | 'hour' | 'day';

export const BUCKET_UNITS: readonly BucketUnit[] = ['minute', 'hour', 'day'];
export const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** Buckets one after the other, the last one included. */
export interface Span {
  readonly unit: BucketUnit;
  /** Where the first bucket begins. */
  readonly firstMs: number;
  /** Where the last bucket begins. */
  readonly lastMs: number;
}

/** From the bucket of one instant to that of another. */
export function spanOf(unit: BucketUnit, fromMs: number, toMs: number): Span {
  return { unit, firstMs: bucketOf(unit, fromMs), lastMs: bucketOf(unit, toMs) };
}

/** 0 or less where it ends before it begins. */
export function countBuckets({ unit, firstMs, lastMs }: Span): number {
  return (lastMs - firstMs) / UNIT_MS[unit] + 1;
}

/** Where each bucket begins. */
export function startsOf(span: Span): readonly number[] {
  return Array.from({ length: countBuckets(span) }, (_, n) => span.firstMs + n * UNIT_MS[span.unit]);
}

/** As 2026-11-21. */
export function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function bucketOf(unit: BucketUnit, ms: number): number {
  return ms - (ms % UNIT_MS[unit]);
}
