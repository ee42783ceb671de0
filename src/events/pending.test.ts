import { describe, expect, it } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import type { Kept } from './door.ts';
import { adEvent, randomEvent } from './fixtures/random-events.ts';
import { encodeEvent } from './msgpack-event.ts';
import { countPending, createPendingBook, sumByAd } from './pending.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const NOTHING = { impressions: 0, clicks: 0, conversions: 0 };

function door(kept: Kept): { record: () => Promise<Kept> } {
  return { record: () => Promise.resolve(kept) };
}

describe('what is pending', () => {
  it('is counted by ad and by campaign from before its append on, and no more once it could not be kept', async () => {
    const book = createPendingBook();
    const click = adEvent({ eventId: '1', type: 'click', adId: 'a', campaignId: 'c' });
    await countPending(door('kept'), book).record(click);
    await countPending(door('kept'), book).record({ ...click, type: 'impression', adId: 'b' });
    await countPending(door('kept'), book).record({ ...click, type: 'win' });
    const refused = countPending(door('not_kept'), book).record(click);
    expect(book.ofAd('a')).toEqual({ ...NOTHING, clicks: 2 });
    await refused;
    expect(book.ofAd('a')).toEqual({ ...NOTHING, clicks: 1 });
    expect(book.ofCampaign('c')).toEqual({ ...NOTHING, clicks: 1, impressions: 1 });
    expect(book.ofCampaign('a')).toEqual(NOTHING);
  });

  it('of ads of nobody’s touches no campaign, and is bounded', async () => {
    const book = createPendingBook(2);
    const events = countPending(door('kept'), book);
    for (const adId of ['x', 'y', 'z', 'x'])
      await events.record(adEvent({ eventId: '1', adId, campaignId: 'c', known: false }));
    expect(['x', 'y', 'z'].map((adId) => book.ofAd(adId).impressions)).toEqual([2, 1, 0]);
    expect(book.ofCampaign('c')).toEqual(NOTHING);
    book.takeOff({ ...NOTHING, adId: 'z', campaignId: '', impressions: 1 });
    book.takeOff({ ...NOTHING, adId: 'x', campaignId: '', impressions: 2 });
    await events.record(adEvent({ eventId: '2', adId: 'z', known: false }));
    expect(['x', 'y', 'z'].map((adId) => book.ofAd(adId).impressions)).toEqual([0, 1, 1]);
  });

  it(`is nothing again once all batches of what was recorded are committed (seed ${String(SEED)})`, async () => {
    const random = seededRandom(SEED);
    const book = createPendingBook();
    const events = countPending(door('kept'), book);
    const spool: Uint8Array[] = [];
    const ads = new Set<string>();
    for (let number = 0; number < 2_000; number++) {
      const event = randomEvent(random, String(number), NOW_MS);
      if (event.type !== 'auction') await events.record(event);
      ads.add(event.adId);
      spool.push(encodeEvent(event));
      if (random.chance(0.02))
        sumByAd(spool.splice(0, random.integer(100))).forEach((sum) => book.takeOff(sum));
    }
    const left = sumByAd(spool);
    const sum = (ofAd: (adId: string) => number): number =>
      [...ads].reduce((all, adId) => all + ofAd(adId), 0);
    expect(sum((adId) => book.ofAd(adId).clicks)).toBe(left.reduce((all, { clicks }) => all + clicks, 0));
    expect(sum((adId) => book.ofAd(adId).clicks)).toBeGreaterThan(0);
    left.forEach((each) => book.takeOff(each));
    expect([...ads].map((adId) => book.ofAd(adId))).toEqual([...ads].map(() => NOTHING));
  });
});
