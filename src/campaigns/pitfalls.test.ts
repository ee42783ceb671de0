import { describe, expect, it } from 'vitest';
import { costNanos } from '../money.ts';
import { makeDemoCampaigns } from './demo.ts';
import type { Campaign, FrequencyCap } from './model.ts';
import { findPitfalls } from './pitfalls.ts';

const [DEMO] = makeDemoCampaigns(Date.parse('2026-11-01T00:00:00Z'));
const PLAIN: Campaign = {
  ...DEMO!,
  bid: { model: 'cpm', amountMicros: 2_500_000 },
  dailyBudgetNanos: costNanos(500e9),
  lifetimeBudgetNanos: null,
  frequencyCaps: [],
};

function fieldsOf(changed: Partial<Campaign>): readonly string[] {
  return findPitfalls({ ...PLAIN, ...changed }).map(({ field }) => field);
}

function withCaps(...frequencyCaps: readonly FrequencyCap[]): Partial<Campaign> {
  return { frequencyCaps };
}

describe('the pitfalls of a campaign', () => {
  it('are none in a plain one, nor in those of the demo', () => {
    expect(findPitfalls(PLAIN)).toEqual([]);
    expect(makeDemoCampaigns(0).flatMap(findPitfalls)).toEqual([]);
  });

  it.each([
    ['cpm', 2_500_000, 'one impression costs (0.0025 USD)'],
    ['cpc', 2_500, 'one click costs (0.0025 USD)'],
    ['cpa', 2_500, 'one conversion costs (0.0025 USD)'],
  ] as const)('name a budget that does not bear one unit of %s', (model, amountMicros, words) => {
    const bid = { model, amountMicros };
    expect(fieldsOf({ bid, dailyBudgetNanos: costNanos(2_500_000) })).toEqual([]);
    const poor = { ...PLAIN, bid, dailyBudgetNanos: costNanos(2_499_999) };
    expect(findPitfalls(poor)).toEqual([
      { field: 'dailyBudget', message: `is less than ${words}: nothing is ever bid` },
    ]);
    expect(fieldsOf({ bid, lifetimeBudgetNanos: costNanos(2_499_999) })).toContain('lifetimeBudget');
  });

  it('name a lifetime budget below the daily one', () => {
    expect(fieldsOf({ lifetimeBudgetNanos: costNanos(500e9) })).toEqual([]);
    expect(fieldsOf({ lifetimeBudgetNanos: costNanos(500e9 - 1) })).toEqual(['lifetimeBudget']);
  });

  it('name the caps that another one of their window makes idle, and not that one', () => {
    const day3 = { limit: 3, window: 'day' } as const;
    const day5 = { limit: 5, window: 'day' } as const;
    expect(fieldsOf(withCaps(day3, { limit: 1, window: 'hour' }))).toEqual([]);
    expect(fieldsOf(withCaps(day5, day3))).toEqual(['frequencyCaps[0]']);
    expect(fieldsOf(withCaps(day3, day5, day3))).toEqual(['frequencyCaps[1]', 'frequencyCaps[2]']);
  });

  it('are told of caps, too, that plain SQL has written', () => {
    const odd = [null, {}, { limit: 3, window: 'day' }] as unknown as readonly FrequencyCap[];
    expect(fieldsOf(withCaps(...odd))).not.toContain('frequencyCaps[2]');
  });
});
