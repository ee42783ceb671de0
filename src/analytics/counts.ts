/** What happened to a campaign or an ad in a time. */
export interface Counts {
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
  /** Of campaigns; 0 where nobody asks for it. */
  readonly spendNanos: number;
}

export const NO_COUNTS: Counts = { impressions: 0, clicks: 0, conversions: 0, spendNanos: 0 };

/** Counts only grow: of two that were read of the same time, the larger were read of a later state. */
export function largerOf(a: Counts, b: Counts): Counts {
  return {
    impressions: Math.max(a.impressions, b.impressions),
    clicks: Math.max(a.clicks, b.clicks),
    conversions: Math.max(a.conversions, b.conversions),
    spendNanos: Math.max(a.spendNanos, b.spendNanos),
  };
}
