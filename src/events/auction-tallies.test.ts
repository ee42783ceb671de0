import { describe, expect, it } from 'vitest';
import { seededRandom } from '../campaigns/seeded-random.ts';
import { NBR } from '../openrtb/codes.ts';
import { createAuctionTallies, type AuctionTallies } from './auction-tallies.ts';
import type { AuctionTally } from './event.ts';
import { MemorySpool } from './fixtures/memory-spool.ts';

const START_MS = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;

/** Tallies whose time to write comes when the test says so. */
class Bench {
  readonly spool = new MemorySpool();
  readonly waiting: (() => void)[] = [];
  readonly told = { kept: 0, not_kept: 0 };
  readonly tallies: AuctionTallies;
  #ids = 0;

  constructor() {
    this.tallies = createAuctionTallies({
      spool: this.spool,
      newId: () => `id-${String(++this.#ids)}`,
      later: (action) => this.waiting.push(action),
      count: (outcome, auctions) => (this.told[outcome] += auctions),
    });
  }

  get records(): readonly AuctionTally[] {
    return this.spool.records.map(({ record }) => record).filter((record) => record.type === 'auction');
  }
}

describe('bids and no-bids', () => {
  it('are told in the minute in which they were answered, none twice and none never', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed);
      const bench = new Bench();
      const model = new Map<string, number>();
      let nowMs = START_MS;
      for (let step = 0; step < 500; step++) {
        if (random.chance(0.1)) nowMs += random.integer(40_000);
        else if (random.chance(0.01)) nowMs -= random.integer(3 * MINUTE_MS);
        const minuteMs = nowMs - (nowMs % MINUTE_MS);
        const isBid = random.chance(0.5);
        const ad = String(random.integer(9));
        const nbr = random.pick(Object.values(NBR));
        if (isBid) bench.tallies.countBid(`c${ad}`, `a${ad}`, nowMs);
        else bench.tallies.countNoBid(nbr, nowMs);
        const key = isBid ? `${String(minuteMs)} c${ad} a${ad} null` : `${String(minuteMs)}   ${String(nbr)}`;
        model.set(key, (model.get(key) ?? 0) + 1);
        if (random.chance(0.1)) bench.tallies.flush(nowMs);
        if (random.chance(0.1)) bench.waiting.shift()?.();
      }
      await bench.tallies.drain(nowMs);
      for (const action of bench.waiting.splice(0)) action();
      const found = new Map<string, number>();
      for (const { atMs, campaignId, adId, nbr, count } of bench.records) {
        const key = `${String(atMs)} ${campaignId} ${adId} ${String(nbr)}`;
        found.set(key, (found.get(key) ?? 0) + count);
      }
      expect(Object.fromEntries(found), `seed ${String(seed)}`).toEqual(Object.fromEntries(model));
      expect(bench.told, `seed ${String(seed)}`).toEqual({ kept: 500, not_kept: 0 });
      expect(new Set(bench.records.map(({ eventId }) => eventId)).size).toBe(bench.records.length);
    }
  });

  it('of many ads are written piece by piece, as what may be dropped first', () => {
    const bench = new Bench();
    for (let ad = 0; ad < 230; ad++) bench.tallies.countBid('c', `a${String(ad)}`, START_MS);
    bench.tallies.flush(START_MS);
    const written = [];
    for (let action = bench.waiting.shift(); action !== undefined; action = bench.waiting.shift()) {
      action();
      written.push(bench.spool.records.length);
    }
    expect(written).toEqual([50, 100, 150, 200, 230]);
    expect(new Set(bench.spool.records.map(({ spoolClass }) => spoolClass))).toEqual(new Set(['bids']));
  });

  it('that a full spool drops are counted as such', async () => {
    const bench = new Bench();
    bench.spool.outcome = 'full';
    for (let bid = 0; bid < 3; bid++) bench.tallies.countBid('c', 'a', START_MS);
    bench.tallies.countNoBid(NBR.belowFloor, START_MS);
    await bench.tallies.drain(START_MS);
    expect(bench.told).toEqual({ kept: 0, not_kept: 4 });
  });
});
