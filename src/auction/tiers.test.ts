import { describe, expect, it } from 'vitest';
import type { Campaign } from '../campaigns/model.ts';
import { seededRandom, type SeededRandom } from '../campaigns/seeded-random.ts';
import { IndexWriter } from '../targeting/index-writer.ts';
import type { Index } from '../targeting/tiers.ts';
import { createDecider } from './decide.ts';
import type { Decided } from './decision.ts';
import { createDelivery } from './delivery.ts';
import { NOW_MS, testAd, testCampaign, testIndex, testPolicy, testRequest } from './fixtures/market.ts';
import { EMPTY_SIMPLE_REQUEST } from './simple-request.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const REQUESTS = 150;
const SEATS = ['seat-1', 'seat-2', 'seat-3'];
const DEALS = ['deal-1', 'deal-2'];
const DOMAINS = ['brand.example', 'shop.example', 'toys.example'];
const CATEGORIES = ['IAB1', 'IAB1-2', 'IAB25'];

/** Few prices, so that ids decide; names of each tier's own, so that a number of one is another name in the next. */
function randomCampaign(random: SeededRandom, n: number): Campaign {
  const ad = testAd(n, {
    adomain: [random.pick(DOMAINS), `own-${String(n)}.example`],
    categories: random.chance(0.5) ? [random.pick(CATEGORIES)] : [],
    bundle: random.chance(0.2) ? random.pick(DOMAINS) : null,
    ...(random.chance(0.2) ? { width: 320, height: 50 } : {}),
  });
  return testCampaign(n, {
    seat: random.pick(SEATS),
    bid: { model: random.pick(['cpm', 'cpm', 'cpc']), amountMicros: random.between(1, 6) * 500_000 },
    deals: DEALS.filter(() => random.chance(0.2)),
    dealsOnly: random.chance(0.1),
    targeting: random.chance(0.3)
      ? [{ dimension: 'browser', operator: 'include', values: [random.pick(['chrome', 'firefox'])] }]
      : [],
    ads: [ad, ...(random.chance(0.3) ? [testAd(1_000 + n)] : [])],
  });
}

function randomRequest(random: SeededRandom): object {
  const deals = DEALS.filter(() => random.chance(0.4)).map((id) => ({
    id,
    bidfloor: random.between(0, 3),
    at: random.pick([1, 3]),
    ...(random.chance(0.3) ? { wseat: [random.pick(SEATS)] } : {}),
  }));
  const userAgent =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0';
  // All of them now and then, so that there are requests for which everything is blocked.
  const blocked = random.chance(0.2) ? DOMAINS : [random.pick(DOMAINS)];
  return testRequest(
    {
      ...(random.chance(0.4) ? { badv: blocked } : {}),
      ...(random.chance(0.3) ? { bcat: [random.pick(CATEGORIES)] } : {}),
      ...(random.chance(0.2) ? { bapp: [random.pick(DOMAINS)] } : {}),
      ...(random.chance(0.2) ? { wseat: [random.pick(SEATS)] } : {}),
      ...(random.chance(0.5) ? { device: { ua: userAgent } } : {}),
    },
    {
      bidfloor: random.between(0, 4),
      ...(random.chance(0.5) ? { pmp: { private_auction: random.integer(2), deals } } : {}),
    },
  );
}

/** The same campaigns as one snapshot, and as a base with tombstones, a middle tier and a newest one. */
function buildIndexes(random: SeededRandom): { readonly full: Index; readonly tiered: Index } {
  const before = Array.from({ length: 60 }, (_, n) => randomCampaign(random, n + 1));
  const priors = { ctr: 0.001, cvr: 0.00001 };
  const first = { snapshot: testIndex(before).base.snapshot, version: 1, changed: null };
  const writer = new IndexWriter(first, 1, priors);
  const current = new Map(before.map((campaign) => [campaign.id, campaign]));
  const touched = (from: number, count: number): string[] =>
    Array.from({ length: count }, () => {
      const made = randomCampaign(random, from + random.integer(count));
      if (random.chance(0.3)) current.delete(made.id);
      else current.set(made.id, made);
      return made.id;
    });
  const listed = (ids: readonly string[]): Campaign[] =>
    [...new Set(ids)].flatMap((id) => current.get(id) ?? []);
  const middle = touched(40, 40);
  writer.install({ snapshot: testIndex(listed(middle)).base.snapshot, version: 2, changed: middle }, NOW_MS);
  const newest = touched(70, 30);
  const changed = new Map(newest.map((id) => [id, 3]));
  writer.apply({ version: 3, changed, campaigns: listed(newest) }, NOW_MS);
  expect(writer.index.tiers.length).toBe(3);
  return { full: testIndex([...current.values()]), tiered: writer.index };
}

/** With ids in the place of ordinals. */
function told(index: Index, decided: Decided): object {
  return {
    ...decided,
    imps: decided.imps.map((imp) => ({
      ...imp,
      resumeFrom: imp.resumeFrom < 0 ? null : index.campaignText(imp.resumeFrom).id,
      shortlist: imp.shortlist.map((candidate) => ({
        ...candidate,
        campaign: index.campaignText(candidate.campaign).id,
        ad: index.adText(candidate.ad).id,
      })),
    })),
  };
}

describe('an index of several tiers', () => {
  it('is decided on, resumed, explained and listed exactly as one compiled anew', () => {
    const random = seededRandom(SEED);
    const decider = createDecider(testPolicy());
    const delivery = createDelivery(testPolicy());
    const nbrs = new Set<number>();
    let resumed = 0;
    for (let i = 0; i < REQUESTS; i++) {
      const { full, tiered } = buildIndexes(random);
      const seed = `GAVEL_TEST_SEED=${SEED}, request ${i}`;
      const body = Buffer.from(JSON.stringify(randomRequest(random)));
      const decide = (index: Index, resume: readonly number[] | null): Decided => {
        const decision = decider.decide(index, body, NOW_MS, resume);
        if (decision.kind === 'invalid') throw new Error(decision.message);
        return decision;
      };
      const expected = decide(full, null);
      const found = decide(tiered, null);
      expect(told(tiered, found), seed).toEqual(told(full, expected));
      nbrs.add(found.nbr);
      const from = found.imps.map(({ resumeFrom }) => resumeFrom);
      if (from.some((ordinal) => ordinal >= 0)) {
        resumed++;
        const fullFrom = expected.imps.map(({ resumeFrom }) => resumeFrom);
        expect(told(tiered, decide(tiered, from)), seed).toEqual(told(full, decide(full, fullFrom)));
      }
      expect(decider.explain(tiered, body, NOW_MS, null), seed).toEqual(
        decider.explain(full, body, NOW_MS, null),
      );
      const list = (index: Index): unknown => {
        const listed = delivery.list(index, EMPTY_SIMPLE_REQUEST, NOW_MS);
        return typeof listed === 'number' ? listed : listed.map(({ ad }) => index.adText(ad).id);
      };
      expect(list(tiered), seed).toEqual(list(full));
    }
    expect(resumed).toBeGreaterThan(REQUESTS / 20);
    expect(nbrs.size).toBeGreaterThan(3);
  });
});
