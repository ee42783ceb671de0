import { describe, expect, it } from 'vitest';
import { costNanos, MAX_COST_NANOS } from '../money.ts';
import { heldOf, keepShare, priceOf, rememberedNanos, shareOf, WHOLE_SHARE } from './share.ts';

const TERMS = { model: 'cpm', budgetMode: 'expected', unitNanos: costNanos(1_000) } as const;
const MUCH = 1_000_000_000;

function wins(tried: number, won: number) {
  return { triedNanos: tried * TERMS.unitNanos, wonNanos: won * TERMS.unitNanos };
}

describe('the share of a price that a bid reserves', () => {
  it('is the whole price in budget mode strict, and of what is paid by the click', () => {
    expect(shareOf({ ...TERMS, budgetMode: 'strict' }, wins(5_000, 5), MUCH)).toBe(WHOLE_SHARE);
    expect(shareOf({ ...TERMS, model: 'cpc' }, wins(5_000, 5), MUCH)).toBe(WHOLE_SHARE);
  });

  it('is the whole price until the end of 200 bids is known', () => {
    expect(shareOf(TERMS, wins(199, 2), MUCH)).toBe(WHOLE_SHARE);
    expect(shareOf(TERMS, wins(200, 2), MUCH)).toBeLessThan(WHOLE_SHARE / 8);
  });

  it('is the whole price once less than a unit is left', () => {
    expect(shareOf(TERMS, wins(5_000, 50), 999)).toBe(WHOLE_SHARE);
    expect(shareOf(TERMS, wins(5_000, 50), 1_000)).toBeLessThan(WHOLE_SHARE);
  });

  it('is above the measured rate by a margin that falls with what is known and with what is left', () => {
    const rate = 0.1;
    const shares = [200, 1_000, 8_000].map((tried) => shareOf(TERMS, wins(tried, tried * rate), MUCH));
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    for (const share of shares) expect(share).toBeGreaterThan(rate * WHOLE_SHARE * 1.25);
    const left = [1, 10, 100, 10_000].map((units) => shareOf(TERMS, wins(8_000, 800), units * 1_000));
    expect(left).toEqual([...left].sort((a, b) => b - a));
    expect(left[3]).toBeLessThan(rate * WHOLE_SHARE * 1.5);
  });

  it('is never under 2 % and never above the price', () => {
    expect(shareOf(TERMS, wins(8_000, 0), MUCH)).toBe(21);
    expect(shareOf(TERMS, wins(8_000, 9_000), MUCH)).toBe(WHOLE_SHARE);
  });

  it('stays that of the open lease while it is near, and is whole at once where it must be', () => {
    expect(keepShare(null, 300)).toBe(300);
    expect(keepShare(100, 112)).toBe(100);
    expect(keepShare(100, 113)).toBe(113);
    expect(keepShare(100, 75)).toBe(100);
    expect(keepShare(100, 74)).toBe(74);
    expect(keepShare(1_000, WHOLE_SHARE)).toBe(WHOLE_SHARE);
  });

  it('is rounded up to a nano, and exact at 2^53 - 1 nanos', () => {
    expect(heldOf(0, 21)).toBe(0);
    expect(heldOf(1, 21)).toBe(1);
    expect(heldOf(1_000, 21)).toBe(21);
    expect(heldOf(MAX_COST_NANOS, WHOLE_SHARE)).toBe(MAX_COST_NANOS);
    expect(heldOf(MAX_COST_NANOS, 512)).toBe(2 ** 52);
    expect(priceOf(heldOf(1_000_000, 100), 100)).toBeGreaterThanOrEqual(1_000_000);
    expect(Number.isSafeInteger(rememberedNanos(MAX_COST_NANOS))).toBe(true);
  });
});
