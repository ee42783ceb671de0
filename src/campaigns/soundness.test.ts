import { describe, expect, it } from 'vitest';

import { MAX_PRICE_MICROS } from '../money.ts';
import { makeDemoCampaigns } from './demo.ts';
import type { Ad, Campaign, FrequencyCap, TargetingRule } from './model.ts';
import { seededCampaigns } from './seeded.ts';
import { findUnsound } from './soundness.ts';

const NOW_MS = Date.parse('2026-10-01T12:00:00Z');
const [BASE] = seededCampaigns({ count: 1, seed: 1 });
const PLAIN: Campaign = { ...BASE!, targeting: [] };

function withAd(changed: Partial<Ad>): Campaign {
  return { ...PLAIN, ads: [{ ...PLAIN.ads[0]!, ...changed }] };
}

function withSchedule(changed: object): Campaign {
  return { ...PLAIN, schedule: { ...PLAIN.schedule, ...changed } };
}

/** As a row of a database can be, whatever the model says. */
function withRule(rule: object): Campaign {
  return { ...PLAIN, targeting: [rule as TargetingRule] };
}

function withCap(cap: object | null): Campaign {
  return { ...PLAIN, frequencyCaps: [cap as FrequencyCap] };
}

describe('a campaign of the database', () => {
  it('is sound where validation or the generator made it', () => {
    const campaigns = [...makeDemoCampaigns(NOW_MS), ...seededCampaigns({ count: 500, seed: 2 })];
    expect(campaigns.map(findUnsound).filter((reason) => reason !== null)).toEqual([]);
  });

  it.each([
    ['its time zone', withSchedule({ timezone: 'Mars/Base' }), 'no time zone is named Mars/Base'],
    ['its start', withSchedule({ startMs: NaN }), 'its start or its end is no time'],
    ['its end', withSchedule({ endMs: NaN }), 'its start or its end is no time'],
    ['no daypart', withSchedule({ dayparts: [null] }), 'a daypart is not of days and minutes'],
    ['a daypart without days', withSchedule({ dayparts: [{}] }), 'a daypart is not of days and minutes'],
    [
      'a daypart of a ninth day',
      withSchedule({ dayparts: [{ days: [9], fromMinute: 0, toMinute: 60 }] }),
      'a daypart is not of days and minutes',
    ],
    [
      'its dimension',
      withRule({ dimension: 'weather', operator: 'include', values: ['rain'] }),
      'no dimension is named weather',
    ],
    [
      'a dimension that objects inherit',
      withRule({ dimension: 'constructor', operator: 'include', values: ['x'] }),
      'no dimension is named constructor',
    ],
    ['its price', { ...PLAIN, bid: { model: 'cpm', amountMicros: 2 ** 48 } }, 'its price is out of range'],
    ['a price of 0', { ...PLAIN, bid: { model: 'cpc', amountMicros: 0 } }, 'its price is out of range'],
    [
      'a price of one action',
      { ...PLAIN, bid: { model: 'cpa', amountMicros: Math.ceil(2 ** 53 / 1_000) } },
      'its price is out of range',
    ],
    ['a missing side', withAd({ height: null }), 'is a banner without a size'],
    ['a side of 0', withAd({ width: 0 }), 'is a banner without a size'],
    ['a side too long', withAd({ width: 65_536 }), 'has a side above 65535 pixels'],
    ['a video’s side', withAd({ type: 'video', height: 65_536 }), 'has a side above 65535 pixels'],
    ['a hole in a list', withAd({ adomain: [null as unknown as string] }), 'has a list that is not of texts'],
    ['no frequency cap', withCap(null), 'a frequency cap is not of a limit and a window'],
    ['a cap’s window', withCap({ limit: 3, window: 'fortnight' }), 'a frequency cap is not of a limit'],
    ['a cap’s limit', withCap({ limit: 0, window: 'day' }), 'a frequency cap is not of a limit'],
    ['a hole in its deals', { ...PLAIN, deals: [null as unknown as string] }, 'its deals are not texts'],
  ] as const)('is unsound for %s', (_, campaign, reason) => {
    expect(findUnsound(campaign)).toContain(reason);
  });

  it('is sound up to the last price and the last pixel', () => {
    expect(findUnsound({ ...PLAIN, bid: { model: 'cpm', amountMicros: MAX_PRICE_MICROS } })).toBeNull();
    expect(findUnsound(withAd({ width: 65_535, height: 65_535 }))).toBeNull();
    expect(findUnsound(withAd({ type: 'native', width: null, height: null }))).toBeNull();
  });

  it('is served with values that validation would refuse: lists grow, and shrink', () => {
    const rule = { dimension: 'region', operator: 'include', values: ['US-ZZ'] } as const;
    expect(findUnsound({ ...PLAIN, targeting: [rule] })).toBeNull();
    expect(findUnsound(withSchedule({ timezone: 'PST' }))).toBeNull();
    expect(findUnsound(withAd({ categories: ['IAB99'], cattax: 77 }))).toBeNull();
  });

  it('is not judged by ads that it does not show', () => {
    expect(findUnsound(withAd({ status: 'paused', width: null }))).toBeNull();
  });
});
