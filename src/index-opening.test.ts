import { expect, test } from 'vitest';
import { testCampaign, uuid } from './auction/fixtures/market.ts';
import { openFirst, type FirstIndex } from './index-opening.ts';
import { packCounts, type AdCounts } from './targeting/ad-counts.ts';
import { compileIndex } from './targeting/compile.ts';
import { openSnapshot } from './targeting/snapshot-view.ts';

const PRIORS = { ctr: 0.001, cvr: 0.00001 };
const CLICKED = packCounts([{ adId: uuid('ad', 1), impressions: 1_000, clicks: 12, conversions: 0 }]);

let told: string[];

/** Of one campaign, from a Postgres that is there. */
function open(readCounts: () => Promise<AdCounts>): Promise<FirstIndex> {
  told = [];
  const tell = (_facts: object, message: string): void => void told.push(message);
  const compiler = {
    compile: (order: { readonly counts: AdCounts }) => {
      const campaign = testCampaign(1, { bid: { model: 'cpc', amountMicros: 100_000 } });
      const { buffer } = compileIndex([campaign], { ...order, nowMs: 0, epoch: 1, priors: PRIORS });
      const facts = { version: 1, mark: '', changed: null, compileMs: 1, unsound: [] };
      return Promise.resolve({ snapshot: openSnapshot(buffer), ...facts });
    },
    close: () => Promise.resolve(),
  };
  const log = { debug: tell, info: tell, warn: tell, error: tell, fatal: tell };
  return openFirst(
    { compiler, databaseUrl: '', priors: PRIORS, clock: () => 0, log },
    { kept: null, absence: null, isOfPast: () => Promise.resolve(true), readCounts },
  );
}

function priceOf({ writer }: FirstIndex): number | undefined {
  return writer.index.base.snapshot.rankMicros[0];
}

test('a first index, and the changes that follow, are ranked by what was counted', async () => {
  const first = await open(() => Promise.resolve(CLICKED));
  // (12 + 10) / (1 + 10) of the prior is twice it: 1.02^35 in steps.
  expect(priceOf(first)).toBe(Math.floor(100_000 * 1.02 ** 35));
  expect(first.writer.counts).toBe(CLICKED);
  expect(told).toEqual([]);
});

test('where the counts can not be read, campaigns are served at their priors', async () => {
  const first = await open(() => Promise.reject(new Error('it takes too long')));
  expect(priceOf(first)).toBe(100_000);
  expect(told).toEqual(['what was counted can not be read: campaigns are ranked by the priors at first']);
});
