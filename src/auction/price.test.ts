import { describe, expect, it } from 'vitest';
import { priceMicros, type PriceMicros } from '../money.ts';
import { secondPrice } from './price.ts';

const cpm = (units: number): PriceMicros => priceMicros(Math.round(units * 1e6));

describe('the second price', () => {
  it.each([
    ["the runner-up's bid and a cent", cpm(3), cpm(1.5), cpm(0.5), cpm(1.51)],
    ['at least the floor', cpm(3), cpm(0.2), cpm(0.5), cpm(0.5)],
    ["at most the winner's bid", cpm(1.505), cpm(1.5), cpm(0), cpm(1.505)],
    ['the floor without a runner-up', cpm(3), null, cpm(0.5), cpm(0.5)],
    ['a cent without a runner-up and a floor', cpm(3), null, cpm(0), cpm(0.01)],
    ['never more than a bid of less than a cent', cpm(0.004), null, cpm(0), cpm(0.004)],
  ])('is %s', (_rule, winner, runnerUp, floor, price) => {
    expect(secondPrice(winner, runnerUp, floor)).toBe(price);
  });
});
