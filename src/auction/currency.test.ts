import { describe, expect, it } from 'vitest';
import { priceMicros } from '../money.ts';
import { convertedRoundedDown, createRates, rateOf, replaceRates, usdRoundedUp } from './currency.ts';

describe('exchange rates', () => {
  it('know the USD alone at first, and no code that is none', () => {
    const rates = createRates();
    expect(rateOf(rates, 'USD')).toBe(1);
    for (const code of ['EUR', '', 'usd', 'US', 'USDT', 'U€D', '__proto__'])
      expect(rateOf(rates, code)).toBe(0);
  });

  it('are replaced whole, and the USD stays one', () => {
    const rates = createRates();
    replaceRates(rates, { EUR: 0.9, JPY: 150, USD: 7 });
    replaceRates(rates, { EUR: 0.8 });
    expect([rateOf(rates, 'EUR'), rateOf(rates, 'JPY'), rateOf(rates, 'USD')]).toEqual([0.8, 0, 1]);
  });

  it('make no floor lower and no bid higher', () => {
    expect(usdRoundedUp(priceMicros(1_000_000), 3)).toBe(333_334);
    expect(convertedRoundedDown(priceMicros(333_334), 3)).toBe(1_000_002);
    expect(convertedRoundedDown(priceMicros(1_000_001), 0.5)).toBe(500_000);
  });
});
