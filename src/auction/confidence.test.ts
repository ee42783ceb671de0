import { describe, expect, it } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { confidenceOf } from './confidence.ts';

describe('the confidence in a winner', () => {
  it('is one half for equal bids, one without a runner-up, and grows with the margin', () => {
    expect(confidenceOf(2, 2)).toBe(0.5);
    expect(confidenceOf(2, null)).toBe(1);
    expect(confidenceOf(2.5, 2)).toBeGreaterThan(confidenceOf(2.1, 2));
    expect(confidenceOf(10, 1)).toBe(1);
  });

  it('is the share of drawn worths in which the winner is worth more', () => {
    const random = seededRandom(7);
    const normal = (): number =>
      Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    let wins = 0;
    const draws = 200_000;
    for (let i = 0; i < draws; i++) if (2.3 * (1 + 0.1 * normal()) > 2 * (1 + 0.1 * normal())) wins++;
    expect(Math.abs(wins / draws - confidenceOf(2.3, 2))).toBeLessThan(0.01);
  });
});
