/**
 * Exchange rates against the USD in shared memory, so that one reload of the rates' file reaches every worker:
 * one double per three-letter code, 0 where there is no rate.
 */
import type { PriceMicros } from '../money.ts';

const LETTERS = 26;
const CODES = LETTERS ** 3;
const FIRST_LETTER = 65;

export type Rates = Float64Array<SharedArrayBuffer>;

/** A table in which only the USD has a rate. */
export function createRates(): Rates {
  const rates = new Float64Array(new SharedArrayBuffer(CODES * Float64Array.BYTES_PER_ELEMENT));
  replaceRates(rates, {});
  return rates;
}

/** Units of `currency` (upper case) for one USD; 0 where there is no rate. */
export function rateOf(rates: Rates, currency: string): number {
  return rates[codeNumber(currency)] ?? 0;
}

export function replaceRates(rates: Rates, unitsPerUsd: Readonly<Record<string, number>>): void {
  const next = new Float64Array(CODES);
  for (const [code, rate] of Object.entries(unitsPerUsd)) {
    const number = codeNumber(code.toUpperCase());
    if (number >= 0 && Number.isFinite(rate) && rate > 0) next[number] = rate;
  }
  next[codeNumber('USD')] = 1;
  rates.set(next);
}

/** A price in a currency of `rate`, in USD, rounded up: a floor is never made lower. */
export function usdRoundedUp(micros: PriceMicros, rate: number): PriceMicros {
  return (rate === 1 ? micros : Math.ceil(micros / rate)) as PriceMicros;
}

/** A USD price in a currency of `rate`, rounded down: a bid is never made higher. */
export function convertedRoundedDown(micros: PriceMicros, rate: number): PriceMicros {
  // Beyond 2^53 micros nothing is exact, and no price of any currency is meant.
  return (rate === 1 ? micros : Math.min(Math.floor(micros * rate), Number.MAX_SAFE_INTEGER)) as PriceMicros;
}

function codeNumber(currency: string): number {
  if (currency.length !== 3) return -1;
  let number = 0;
  for (let i = 0; i < 3; i++) {
    const letter = currency.charCodeAt(i) - FIRST_LETTER;
    if (letter < 0 || letter >= LETTERS) return -1;
    number = number * LETTERS + letter;
  }
  return number;
}
