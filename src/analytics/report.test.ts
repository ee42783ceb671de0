import { describe, expect, it } from 'vitest';
import { NO_COUNTS } from './counts.ts';
import { reportAd, reportCampaign } from './report.ts';
import { countBuckets, spanOf, startsOf } from './span.ts';

const DAY = Date.UTC(2026, 10, 21);
const TWO_DAYS = spanOf('day', DAY, DAY + 86_400_000);

describe('a campaign’s report', () => {
  it('has every day of the range, and their sum', () => {
    const counts = [
      { impressions: 3_000, clicks: 7, conversions: 1, spendNanos: 4_500_000_001 },
      { ...NO_COUNTS, impressions: 1 },
    ];
    expect(reportCampaign(TWO_DAYS, counts)).toEqual({
      dateRange: { start: '2026-11-21', end: '2026-11-22' },
      summary: {
        totalImpressions: 3_001,
        totalClicks: 7,
        totalConversions: 1,
        ctr: 0.2333,
        totalSpend: 4.500000001,
        cpc: 0.6429,
        cpm: 1.4995,
      },
      dailyMetrics: [
        {
          date: '2026-11-21',
          impressions: 3_000,
          clicks: 7,
          conversions: 1,
          ctr: 0.2333,
          spend: 4.500000001,
          cpc: 0.6429,
        },
        { date: '2026-11-22', impressions: 1, clicks: 0, conversions: 0, ctr: 0, spend: 0, cpc: null },
      ],
    });
  });

  it('has no rate where there is nothing to divide by', () => {
    const { summary } = reportCampaign(TWO_DAYS, [NO_COUNTS, NO_COUNTS]);
    expect([summary.ctr, summary.cpc, summary.cpm]).toEqual([null, null, null]);
  });

  it('adds up more than a number of nanos holds exactly', () => {
    const spendNanos = Number.MAX_SAFE_INTEGER;
    const { summary } = reportCampaign(TWO_DAYS, [
      { ...NO_COUNTS, spendNanos },
      { ...NO_COUNTS, spendNanos },
    ]);
    expect(summary.totalSpend).toBe(18014398.509481982);
  });
});

describe('buckets', () => {
  it('are those from the first instant’s to the last one’s', () => {
    const span = spanOf('hour', DAY + 59 * 60_000, DAY + 2 * 3_600_000);
    expect(startsOf(span)).toEqual([DAY, DAY + 3_600_000, DAY + 7_200_000]);
    expect(reportAd(span, [NO_COUNTS, NO_COUNTS, { ...NO_COUNTS, clicks: 2 }]).at(-1)).toEqual({
      start: '2026-11-21T02:00:00.000Z',
      impressions: 0,
      clicks: 2,
      conversions: 0,
    });
  });

  it('are none where a span ends before it begins', () => {
    expect(countBuckets(spanOf('minute', DAY, DAY - 1))).toBe(0);
  });
});
