import { describe, expect, it } from 'vitest';
import { seededRandom } from './seeded-random.ts';
import { seededCampaigns } from './seeded.ts';

describe('seeded campaigns', () => {
  it('are the same for the same seed and others for another', () => {
    expect(seededCampaigns({ count: 20, seed: 5 })).toEqual(seededCampaigns({ count: 20, seed: 5 }));
    expect(seededCampaigns({ count: 1, seed: 6 })).not.toEqual(seededCampaigns({ count: 1, seed: 5 }));
  });

  it('have the rules and values asked for, ids of their own, and prices from 0.5 to 10 USD', () => {
    const campaigns = seededCampaigns({ count: 300, seed: 1, rules: [4, 6], valuesPerRule: 2 });
    const ids = campaigns.flatMap(({ id, ads }) => [id, ...ads.map((ad) => ad.id)]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { bid, targeting } of campaigns) {
      expect(targeting.length).toBeGreaterThanOrEqual(4);
      expect(targeting.length).toBeLessThanOrEqual(6);
      expect(targeting.every(({ values }) => new Set(values).size === 2)).toBe(true);
      expect(bid.amountMicros).toBeGreaterThanOrEqual(500_000);
      expect(bid.amountMicros).toBeLessThanOrEqual(10_000_000);
    }
  });

  it('come from an even source', () => {
    const random = seededRandom(1);
    const counts = new Uint32Array(10);
    for (let i = 0; i < 10_000; i++) counts[random.integer(10)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(900);
    expect(Math.max(...counts)).toBeLessThan(1_100);
  });
});
