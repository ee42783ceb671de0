import { expect, it } from 'vitest';
import { createShippedBook } from './shipped.ts';

const CLICKS = { adId: 'a', campaignId: 'c', impressions: 0, clicks: 2, conversions: 0 };

it('what was shipped is settled once its partition’s consumer has come past all of it', () => {
  const book = createShippedBook();
  book.add({ topic: 'clicks', partition: 1, nextOffset: 10, counts: [CLICKS] });
  book.add({ topic: 'clicks', partition: 1, nextOffset: 20, counts: [{ ...CLICKS, clicks: 3 }] });
  book.add({ topic: 'wins', partition: 1, nextOffset: 5, counts: [] });
  expect(book.settle('clicks', 2, 100)).toEqual([]);
  expect(book.settle('clicks', 1, 9)).toEqual([]);
  expect(book.settle('clicks', 1, 19)).toEqual([CLICKS]);
  expect(book.isEmpty).toBe(false);
  expect(book.settle('clicks', 1, 20)).toEqual([{ ...CLICKS, clicks: 3 }]);
  expect(book.isEmpty).toBe(true);
});

it('while nothing is consumed, the book is bounded and forgets nothing', () => {
  const book = createShippedBook();
  for (let offset = 1; offset <= 5_000; offset++) {
    book.add({ topic: 'clicks', partition: 0, nextOffset: offset, counts: [{ ...CLICKS, clicks: 1 }] });
  }
  const settled = book.settle('clicks', 0, 5_000);
  expect(settled.length).toBeLessThan(1_001);
  expect(settled.reduce((sum, { clicks }) => sum + clicks, 0)).toBe(5_000);
});
