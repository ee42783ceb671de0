/** Totals in the words of an answer: percent, USD, and rates that are null where there is nothing to divide by. */
import { NANOS_PER_USD } from '../money.ts';
import type { Counts } from './counts.ts';
import { dayText, startsOf, type Span } from './span.ts';

export interface DayMetrics {
  readonly date: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
  /** Clicks of a hundred impressions. */
  readonly ctr: number | null;
  /** In USD, as are the costs. */
  readonly spend: number;
  /** Of a click. */
  readonly cpc: number | null;
}

export interface CampaignReport {
  readonly dateRange: { readonly start: string; readonly end: string };
  readonly summary: {
    readonly totalImpressions: number;
    readonly totalClicks: number;
    readonly totalConversions: number;
    readonly ctr: number | null;
    readonly totalSpend: number;
    readonly cpc: number | null;
    /** Of a thousand impressions. */
    readonly cpm: number | null;
  };
  /** Every day of the range. */
  readonly dailyMetrics: readonly DayMetrics[];
}

export interface AdBucket {
  readonly start: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
}

const RATE_SCALE = 10_000;

/** `counts`: one for each day of the span. */
export function reportCampaign(span: Span, counts: readonly Counts[]): CampaignReport {
  const impressions = sum(counts, (day) => day.impressions);
  const clicks = sum(counts, (day) => day.clicks);
  // In a year a campaign can spend more nanos than a number holds exactly.
  const spendNanos = counts.reduce((nanos, day) => nanos + BigInt(day.spendNanos), 0n);
  const totalSpend = usdOf(spendNanos);
  return {
    dateRange: { start: dayText(span.firstMs), end: dayText(span.lastMs) },
    summary: {
      totalImpressions: impressions,
      totalClicks: clicks,
      totalConversions: sum(counts, (day) => day.conversions),
      ctr: rate(clicks * 100, impressions),
      totalSpend,
      cpc: rate(totalSpend, clicks),
      cpm: rate(totalSpend * 1000, impressions),
    },
    dailyMetrics: inBuckets(span, counts, (startMs, day) => {
      const spend = usdOf(BigInt(day.spendNanos));
      return {
        date: dayText(startMs),
        impressions: day.impressions,
        clicks: day.clicks,
        conversions: day.conversions,
        ctr: rate(day.clicks * 100, day.impressions),
        spend,
        cpc: rate(spend, day.clicks),
      };
    }),
  };
}

/** `counts`: one for each bucket of the span. */
export function reportAd(span: Span, counts: readonly Counts[]): readonly AdBucket[] {
  return inBuckets(span, counts, (startMs, { impressions, clicks, conversions }) => ({
    start: new Date(startMs).toISOString(),
    impressions,
    clicks,
    conversions,
  }));
}

function inBuckets<T>(
  span: Span,
  counts: readonly Counts[],
  report: (startMs: number, counts: Counts) => T,
): readonly T[] {
  return startsOf(span).map((startMs, place) => {
    const bucket = counts[place];
    if (bucket === undefined) throw new RangeError('a bucket of the span has no counts');
    return report(startMs, bucket);
  });
}

function sum(counts: readonly Counts[], valueOf: (counts: Counts) => number): number {
  return counts.reduce((total, bucket) => total + valueOf(bucket), 0);
}

/** The nearest number to the exact decimal. */
function usdOf(nanos: bigint): number {
  const scale = BigInt(NANOS_PER_USD);
  return Number(`${String(nanos / scale)}.${String(nanos % scale).padStart(9, '0')}`);
}

function rate(dividend: number, divisor: number): number | null {
  return divisor === 0 ? null : Math.round((dividend / divisor) * RATE_SCALE) / RATE_SCALE;
}
