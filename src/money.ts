/**
 * Money is integers. A price is in micros of a currency unit per thousand impressions (CPM); a cost,
 * a budget and a spend are in nanos of a USD.
 *
 *   price P micros CPM  =  P / 10^6 USD per 1,000 impressions  =  P / 10^9 USD per impression  =  P nanos
 *
 * so a price and the cost of one impression at that price are the same digits: no division, no rounding.
 */

/** A CPM price in millionths of a currency unit. */
export type PriceMicros = number & { readonly unit: 'PriceMicros' };
/** An amount of money in billionths of a USD. */
export type CostNanos = number & { readonly unit: 'CostNanos' };

/** Counters are exact up to 2^53 - 1 nanos, about 9 million USD; validation refuses budgets above it. */
export const MAX_COST_NANOS = Number.MAX_SAFE_INTEGER as CostNanos;
/** 2^48 - 1, about 281 million USD CPM: the tokens of a bid hold its price in six bytes. */
export const MAX_PRICE_MICROS = (2 ** 48 - 1) as PriceMicros;
export const NANOS_PER_USD = 1_000_000_000;
const MICROS_PER_UNIT = 1_000_000;
const NANOS_PER_MICRO = 1_000;
/** One USD cent CPM: what a second price adds to the runner-up. */
export const CENT_MICROS = 10_000 as PriceMicros;

export function priceMicros(value: number): PriceMicros {
  return value as PriceMicros;
}

export function costNanos(value: number): CostNanos {
  return value as CostNanos;
}

/** What one impression at `price` (USD CPM) costs. */
export function costOfImpression(price: PriceMicros): CostNanos {
  return price as number as CostNanos;
}

/** What one click or one conversion costs whose price is `amountMicros` USD for that one event. */
export function costOfAction(amountMicros: number): CostNanos {
  return (amountMicros * NANOS_PER_MICRO) as CostNanos;
}

/**
 * The decimal `value` in micros, rounded up, so that a floor that was read is never below the floor that
 * was sent. A value that stands for a whole micro up to floating-point dust is that micro.
 */
export function microsRoundedUp(value: number): PriceMicros {
  const micros = value * MICROS_PER_UNIT;
  const nearest = Math.round(micros);
  return (
    Math.abs(micros - nearest) < 1e-6 * Math.max(1, Math.abs(micros) * 1e-6) ? nearest : Math.ceil(micros)
  ) as PriceMicros;
}

/** The decimal number of units that `micros` stand for: what JSON on the wire carries. */
export function decimalOfMicros(micros: number): number {
  return micros / MICROS_PER_UNIT;
}
