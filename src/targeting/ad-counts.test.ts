import { expect, it } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { eachCount, NO_COUNTS, NOTHING_COUNTED, packCounts, sumCounts } from './ad-counts.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);

it('finds what was counted of each ad, adds up several, and knows nothing of others', () => {
  const random = seededRandom(SEED);
  for (const count of [0, 1, 2, 3, 100, 777]) {
    const rows = Array.from({ length: count }, () => ({
      adId: random.uuid(),
      impressions: random.integer(1_000_000),
      clicks: random.integer(1_000),
      conversions: random.integer(10),
    }));
    const counts = packCounts(rows);
    for (const { adId, ...ofAd } of rows) {
      expect(sumCounts(counts, [adId]), `GAVEL_TEST_SEED=${SEED}`).toEqual(ofAd);
      expect(sumCounts(counts, [random.uuid()])).toEqual(NOTHING_COUNTED);
    }
    const all = sumCounts(
      counts,
      rows.map(({ adId }) => adId),
    );
    expect(all.impressions).toBe(rows.reduce((sum, { impressions }) => sum + impressions, 0));
    const byId = rows.toSorted((a, b) => (a.adId < b.adId ? -1 : 1));
    expect([...eachCount(counts)]).toEqual(byId);
  }
});

it('crosses to another thread with its numbers shared, and an empty one is empty there', () => {
  const adId = '7d444840-9dc0-41d1-b245-5ffdce74fad2';
  const counts = packCounts([{ adId, impressions: 3, clicks: 2, conversions: 1 }]);
  expect(counts.numbers.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(sumCounts(NO_COUNTS, [adId])).toEqual(NOTHING_COUNTED);
});

it('refuses what is no UUID: places would shift', () => {
  expect(() => packCounts([{ adId: 'a', ...NOTHING_COUNTED }])).toThrow('a is no UUID');
});
