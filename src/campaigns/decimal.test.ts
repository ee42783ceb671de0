import { describe, expect, it } from 'vitest';

import { scaleDecimal } from './decimal.ts';

describe('a decimal as an integer of a small unit', () => {
  it.each([
    [2.5, 6, 2_500_000],
    [0.000001, 6, 1],
    [1e-9, 9, 1],
    [1.25e-7, 9, 125],
    [500, 9, 500_000_000_000],
    [0.1 + 0.2, 6, 300_000],
    [1.1 * 3, 6, 3_300_000],
    [0.29, 6, 290_000],
    [1.005, 6, 1_005_000],
    [4.35, 9, 4_350_000_000],
    [4_194_303.999999999, 9, 4_194_303_999_999_999],
    [9_007_199.25474099, 9, Number.MAX_SAFE_INTEGER - 1],
    [0, 6, 0],
    [-2.5, 6, -2_500_000],
    [120, 0, 120],
  ])('%d with %i decimals is exactly %i', (value, decimals, expected) => {
    expect(scaleDecimal(value, decimals)).toEqual({ kind: 'exact', value: expected });
  });

  it.each([
    [0.0000001, 6],
    [2.5000001, 6],
    [1 / 3, 9],
    [1e-10, 9],
  ])('%d has more digits than %i decimals', (value, decimals) => {
    expect(scaleDecimal(value, decimals)).toEqual({ kind: 'too_fine' });
  });

  it.each([
    [9_007_199.254740993, 9],
    [1e21, 6],
    [Number.POSITIVE_INFINITY, 6],
  ])('%d is too large for %i decimals', (value, decimals) => {
    expect(scaleDecimal(value, decimals)).toEqual({ kind: 'too_large' });
  });

  it('agrees with the digits of every amount of up to six decimals', () => {
    for (let micros = 1; micros < 40_000_000; micros += 1_237) {
      expect(scaleDecimal(micros / 1e6, 6)).toEqual({ kind: 'exact', value: micros });
    }
  });
});
