import { describe, expect, it } from 'vitest';
import type { Campaign } from '../campaigns/model.ts';
import { NBR } from '../openrtb/codes.ts';
import { replaceRates } from './currency.ts';
import { createDecider } from './decide.ts';
import type { Candidate } from './decision.ts';
import {
  decided,
  NOW_MS,
  testAd,
  testCampaign,
  testPolicy,
  testRequest,
  testIndex,
  uuid,
} from './fixtures/market.ts';

function outcome(campaigns: readonly Campaign[], request: object, policy = testPolicy()) {
  const index = testIndex(campaigns);
  const decision = decided(index, request, policy);
  const names = decision.imps.map((imp) =>
    imp.shortlist.map((candidate: Candidate) => Number(index.adText(candidate.ad).id.slice(-12))),
  );
  return { ...decision, ads: names, first: decision.imps[0]?.shortlist[0] };
}

function nbrFor(
  campaign: Partial<Campaign>,
  change: object = {},
  imp: object = {},
  policy = testPolicy(),
): number {
  return outcome([testCampaign(1, campaign)], testRequest(change, imp), policy).nbr;
}

describe('a shortlist', () => {
  it('is in the order of the rank price, the best first', () => {
    const campaigns = [1, 2, 3].map((n) =>
      testCampaign(n, { bid: { model: 'cpm', amountMicros: n * 1_000_000 } }),
    );
    expect(outcome(campaigns, testRequest()).ads).toEqual([[3, 2, 1]]);
  });

  it('holds sixteen and says where matching resumes behind them', () => {
    const campaigns = Array.from({ length: 20 }, (_, n) => testCampaign(n + 1));
    const index = testIndex(campaigns);
    const decider = createDecider(testPolicy());
    const body = Buffer.from(JSON.stringify(testRequest()));
    const first = decider.decide(index, body, NOW_MS, null);
    if (first.kind !== 'decided') throw new Error('not decided');
    expect(first.imps[0]?.shortlist.length).toBe(16);
    const from = first.imps[0]?.resumeFrom ?? -1;
    const second = decider.decide(index, body, NOW_MS, [from]);
    if (second.kind !== 'decided') throw new Error('not decided');
    const all = [...(first.imps[0]?.shortlist ?? []), ...(second.imps[0]?.shortlist ?? [])];
    expect(new Set(all.map(({ campaign }) => campaign)).size).toBe(20);
    expect(second.imps[0]?.resumeFrom).toBe(-1);
  });

  it('offers several ads of a campaign when a request has several imps', () => {
    const campaign = testCampaign(1, { ads: [testAd(1), testAd(2)] });
    const imp = { banner: { format: [{ w: 300, h: 250 }] } };
    const request = testRequest({
      imp: [
        { id: 'a', ...imp },
        { id: 'b', ...imp },
      ],
    });
    expect(outcome([campaign], request).ads).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});

describe('floors and currencies', () => {
  it('a bid at the floor passes and one a micro below it does not', () => {
    expect(nbrFor({}, {}, { bidfloor: 2 })).toBe(0);
    expect(nbrFor({}, {}, { bidfloor: 2.000001 })).toBe(NBR.belowFloor);
  });

  it('a floor in another currency is converted, and without a rate nothing is bid', () => {
    const policy = testPolicy();
    expect(nbrFor({}, {}, { bidfloor: 1, bidfloorcur: 'EUR' }, policy)).toBe(NBR.currencyWithoutRate);
    replaceRates(policy.rates, { EUR: 0.5 });
    expect(nbrFor({}, {}, { bidfloor: 1, bidfloorcur: 'EUR' }, policy)).toBe(0);
    expect(nbrFor({}, {}, { bidfloor: 1.01, bidfloorcur: 'EUR' }, policy)).toBe(NBR.belowFloor);
  });

  it('bids in the allowed currency, rounded down, USD first where it is allowed', () => {
    const policy = testPolicy();
    replaceRates(policy.rates, { EUR: 0.9, JPY: 149.3 });
    const campaigns = [testCampaign(1, { bid: { model: 'cpm', amountMicros: 1_234_567 } })];
    const euro = outcome(campaigns, testRequest({ cur: ['CHF', 'EUR'] }), policy);
    expect([euro.currency, euro.first?.bidMicros]).toEqual(['EUR', 1_111_110]);
    expect(outcome(campaigns, testRequest({ cur: ['EUR', 'USD'] }), policy).currency).toBe('USD');
    expect(outcome(campaigns, testRequest({ cur: ['CHF'] }), policy).nbr).toBe(NBR.currencyWithoutRate);
  });

  it('a bid that passed a floor of its own currency is never below it after two roundings', () => {
    const policy = testPolicy();
    for (let i = 1; i < 500; i++) {
      replaceRates(policy.rates, { EUR: 0.5 + i / 997 });
      const bid = outcome(
        [testCampaign(1)],
        testRequest({ cur: ['EUR'] }, { bidfloor: 0.9, bidfloorcur: 'EUR' }),
        policy,
      );
      expect(bid.first === undefined || bid.first.bidMicros >= 900_000).toBe(true);
    }
  });

  it('cpc and cpa campaigns bid their expected yield', () => {
    const cpc = testCampaign(1, { bid: { model: 'cpc', amountMicros: 500_000 } });
    expect(outcome([cpc], testRequest()).first?.priceMicros).toBe(500_000);
    const cpa = testCampaign(1, { bid: { model: 'cpa', amountMicros: 20_000_000 } });
    expect(outcome([cpa], testRequest()).first?.priceMicros).toBe(200_000);
  });
});

describe('seats and deals', () => {
  const deal = { id: 'd1', bidfloor: 1 };
  it('wseat allows, bseat blocks, both together are nbr 2', () => {
    expect(nbrFor({}, { wseat: ['seat-1'] })).toBe(0);
    expect(nbrFor({}, { wseat: ['seat-2'] })).toBe(NBR.dealOrSeat);
    expect(nbrFor({}, { bseat: ['seat-1'] })).toBe(NBR.dealOrSeat);
    expect(nbrFor({}, { wseat: ['seat-1'], bseat: ['x'] })).toBe(NBR.invalidRequest);
  });

  it('a private auction takes only campaigns with one of its deals', () => {
    const pmp = { private_auction: 1, deals: [deal] };
    expect(nbrFor({}, {}, { pmp })).toBe(NBR.dealOrSeat);
    expect(outcome([testCampaign(1, { deals: ['d1'] })], testRequest({}, { pmp })).first?.dealId).toBe('d1');
  });

  it('a campaign for deals only stays out of the open auction', () => {
    expect(nbrFor({ deals: ['d1'], dealsOnly: true })).toBe(NBR.dealOrSeat);
    expect(nbrFor({ deals: ['d1'], dealsOnly: true }, {}, { pmp: { deals: [deal] } })).toBe(0);
  });

  it('a deal has a floor of its own and inherits nothing from the imp', () => {
    const campaign = { deals: ['d1'] };
    const pmp = { private_auction: 1, deals: [{ id: 'd1' }] };
    expect(nbrFor(campaign, {}, { bidfloor: 5, pmp })).toBe(0);
    const dear = { private_auction: 1, deals: [{ id: 'd1', bidfloor: 3 }] };
    expect(nbrFor(campaign, {}, { bidfloor: 0.1, pmp: dear })).toBe(NBR.belowFloor);
  });

  it('a fixed-price deal is paid at its floor', () => {
    const pmp = { private_auction: 1, deals: [{ id: 'd1', bidfloor: 1.5, at: 3 }] };
    const { first } = outcome([testCampaign(1, { deals: ['d1'] })], testRequest({}, { pmp }));
    expect([first?.priceMicros, first?.bidMicros]).toEqual([1_500_000, 1_500_000]);
  });

  it('wseat and wadomain of a deal restrict it', () => {
    const inDeal = (restriction: object) =>
      nbrFor({ deals: ['d1'] }, {}, { pmp: { private_auction: 1, deals: [{ ...deal, ...restriction }] } });
    expect(inDeal({ wseat: ['seat-1'], wadomain: ['brand.example'] })).toBe(0);
    expect(inDeal({ wseat: ['other'] })).toBe(NBR.dealOrSeat);
    expect(inDeal({ wadomain: ['other.example'] })).toBe(NBR.dealOrSeat);
  });
});

describe('blocks', () => {
  const ad = (change: object) => ({ ads: [testAd(1, change)] });
  it.each([
    ['badv', ad({ adomain: ['shop.brand.example'] }), { badv: ['brand.example'] }, {}],
    ['badv with www', ad({}), { badv: ['www.Brand.example'] }, {}],
    ['bcat', ad({ categories: ['IAB7-3'] }), { bcat: ['IAB7-3'] }, {}],
    ['bcat by the parent', ad({ categories: ['IAB7-3'] }), { bcat: ['IAB7'] }, {}],
    ['bcat of another taxonomy', ad({ categories: ['IAB7'] }), { bcat: ['1'], cattax: 6 }, {}],
    ['acat', ad({ categories: ['IAB2'] }), { acat: ['IAB3'] }, {}],
    ['bapp', ad({ bundle: 'com.game' }), { bapp: ['com.game'] }, {}],
  ])('%s blocks', (_name, campaign, change, imp) => {
    expect(nbrFor(campaign, change, imp)).toBe(NBR.blockedByRequest);
    expect(nbrFor(campaign)).toBe(0);
  });

  it.each([
    ['a child category', ad({ categories: ['IAB7'] }), { bcat: ['IAB7-3'] }],
    ['a domain that only ends alike', ad({ adomain: ['mybrand.example'] }), { badv: ['brand.example'] }],
    ['an allowed parent category', ad({ categories: ['IAB2-1'] }), { acat: ['IAB2'] }],
  ])('%s does not block', (_name, campaign, change) => {
    expect(nbrFor(campaign, change)).toBe(0);
  });

  it.each([
    ['battr', ad({ attributes: [6] }), { battr: [6] }],
    ['btype of an image', ad({}), { btype: [2] }],
    [
      'btype of a script',
      ad({ imageUrl: null, html: '<script src="https://x.example/a.js"></script>' }),
      { btype: [3] },
    ],
    ['mimes', ad({}), { mimes: ['image/jpg'] }],
    [
      'api for a creative that loads mraid.js',
      ad({ imageUrl: null, html: '<script src="mraid.js"></script>' }),
      {},
    ],
  ])('%s does not fit', (_name, campaign, banner) => {
    const imp = { banner: { w: 300, h: 250, ...banner } };
    expect(nbrFor(campaign, {}, imp)).toBe(NBR.creativeDoesNotFit);
  });

  it('image/jpg is the image/jpeg that everybody means', () => {
    const campaign = ad({ imageUrl: 'https://cdn.brand.example/a.jpg' });
    expect(nbrFor(campaign, {}, { banner: { w: 300, h: 250, mimes: ['image/jpg'] } })).toBe(0);
  });
});

describe('sizes', () => {
  const sized = (banner: object) => nbrFor({}, {}, { banner });
  it('must fit one format exactly, or a ratio and its least width', () => {
    expect(
      sized({
        format: [
          { w: 728, h: 90 },
          { w: 300, h: 250 },
        ],
      }),
    ).toBe(0);
    expect(sized({ format: [{ w: 300, h: 251 }] })).toBe(NBR.creativeDoesNotFit);
    expect(sized({ w: 300, h: 250 })).toBe(0);
    expect(sized({ format: [{ wratio: 6, hratio: 5, wmin: 300 }] })).toBe(0);
    expect(sized({ format: [{ wratio: 6, hratio: 5, wmin: 301 }] })).toBe(NBR.creativeDoesNotFit);
    expect(sized({ format: [{ wratio: 16, hratio: 9, wmin: 100 }] })).toBe(NBR.creativeDoesNotFit);
  });

  it("a banner without any size takes the ad's own", () => {
    expect(sized({})).toBe(0);
  });
});

describe('secure', () => {
  it('wants no http anywhere in the markup, nor in our own URLs', () => {
    const insecure = { ads: [testAd(1, { imageUrl: 'http://cdn.brand.example/1.png' })] };
    expect(nbrFor(insecure, {}, { secure: 1 })).toBe(NBR.notSecure);
    expect(nbrFor(insecure, {}, { secure: 0 })).toBe(0);
    expect(nbrFor({}, {}, { secure: 1 })).toBe(0);
    expect(nbrFor({}, {}, { secure: 1 }, testPolicy({ secureUrl: false }))).toBe(NBR.notSecure);
  });
});

describe('privacy', () => {
  const user = { id: 'u1', data: [{ segment: [{ id: 'sports' }] }] };
  const bySegment: Partial<Campaign> = {
    targeting: [{ dimension: 'segment', operator: 'include', values: ['sports'] }],
  };
  it.each([
    ['coppa', { regs: { coppa: 1 } }],
    ['gdpr without consent', { regs: { gdpr: 1 } }],
    ['gdpr in its 2.5 position', { regs: { ext: { gdpr: 1 } } }],
    ['an opt-out of sale', { regs: { us_privacy: '1YYN' } }],
    ['lmt', { device: { lmt: 1 } }],
    ['dnt', { device: { dnt: 1 } }],
  ])('with %s neither segments nor the identifier are used', (_name, change) => {
    expect(nbrFor(bySegment, { user })).toBe(0);
    expect(nbrFor(bySegment, { user, ...change })).toBe(NBR.noCampaignMatches);
    expect(outcome([testCampaign(1)], testRequest({ user, ...change })).userId).toBe('');
  });

  it('a capped campaign bids where the user may be recognised, and says so where not', () => {
    const capped: Partial<Campaign> = { frequencyCaps: [{ limit: 1, window: 'day' }] };
    expect(nbrFor(capped)).toBe(NBR.identifierNeeded);
    expect(nbrFor(capped, { user })).toBe(NBR.unknown);
  });
});

describe('several imps', () => {
  it('one that is wrong, or not a banner, does not disturb the banner beside it', () => {
    const request = testRequest({
      imp: [
        { id: 'video', video: { mimes: ['video/mp4'] } },
        { id: 'broken', banner: { w: -5, h: 1 } },
        { id: 'good', banner: { w: 300, h: 250 } },
      ],
    });
    const decision = outcome([testCampaign(1)], request);
    expect(decision.nbr).toBe(0);
    expect(decision.imps.map((imp) => imp.nbr)).toEqual([NBR.mediaTypeNotServed, NBR.invalidRequest, 0]);
  });
});

describe('the request as a whole', () => {
  it('tmax within the margin, an incomplete chain and a blocked seller are refused', () => {
    const nodes = [{ asi: 'Exchange.example', sid: '7', hp: 1 }];
    expect(nbrFor({}, { tmax: 10 })).toBe(NBR.insufficientTime);
    expect(nbrFor({}, { source: { schain: { complete: 0, nodes, ver: '1.0' } } })).toBe(NBR.incompleteSchain);
    const policy = testPolicy({ blockedSellers: ['exchange.example/7'] });
    const chain = { source: { ext: { schain: { complete: 1, nodes, ver: '1.0' } } } };
    expect(nbrFor({}, chain, {}, policy)).toBe(NBR.blockedSchainNode);
    expect(nbrFor({}, chain)).toBe(0);
  });

  it('a spent budget, and a schedule that is not on, are told from targeting that does not match', () => {
    const index = testIndex([testCampaign(1)]);
    index.setLive(0, false);
    expect(decided(index, testRequest()).nbr).toBe(NBR.budgetOrPacing);
    const later = { startMs: NOW_MS + 1, endMs: null, timezone: 'UTC', dayparts: [] };
    expect(nbrFor({ schedule: later })).toBe(NBR.noCampaignMatches);
    const us: Partial<Campaign> = {
      targeting: [{ dimension: 'country', operator: 'include', values: ['US'] }],
    };
    expect(nbrFor(us, { device: { geo: { country: 'DEU' } } })).toBe(NBR.noCampaignMatches);
    expect(nbrFor(us, { device: { geo: { country: 'USA' } } })).toBe(0);
  });
});

describe('an explanation', () => {
  it('names for each campaign the rule that decided', () => {
    const campaigns = [
      testCampaign(1, { targeting: [{ dimension: 'os', operator: 'exclude', values: ['iOS'] }] }),
      testCampaign(2, { ads: [testAd(2, { width: 728, height: 90 })] }),
      testCampaign(3, { bid: { model: 'cpm', amountMicros: 10_000 } }),
      testCampaign(4),
    ];
    const index = testIndex(campaigns);
    const request = testRequest({ device: { os: 'iOS' } }, { bidfloor: 0.5 });
    const explained = createDecider(testPolicy()).explain(
      index,
      Buffer.from(JSON.stringify(request)),
      NOW_MS,
      null,
    );
    const rules = new Map(explained?.imps[0]?.candidates.map((c) => [c.campaignId, [c.reason, c.rule]]));
    expect(rules.get(uuid('campaign', 1))).toEqual(['targeting', 'os exclude']);
    expect(rules.get(uuid('campaign', 2))).toEqual(['size', 'banner.format']);
    expect(rules.get(uuid('campaign', 3))).toEqual(['floor', 'imp.bidfloor']);
    expect(rules.get(uuid('campaign', 4))).toEqual(['eligible', '']);
  });

  it('tells a hundred at most and says that there are more', () => {
    const campaigns = Array.from({ length: 101 }, (_, n) => testCampaign(n + 1));
    const body = Buffer.from(JSON.stringify(testRequest()));
    const explained = createDecider(testPolicy()).explain(testIndex(campaigns), body, NOW_MS, null);
    expect([explained?.imps[0]?.candidates.length, explained?.truncated]).toEqual([100, true]);
  });

  it('tells somebody’s own campaigns alone, wherever they rank', () => {
    const campaigns = Array.from({ length: 101 }, (_, n) =>
      testCampaign(n + 1, { bid: { model: 'cpm', amountMicros: 9_000_000 - n } }),
    );
    const body = Buffer.from(JSON.stringify(testRequest()));
    const own = { ids: [uuid('campaign', 101), uuid('campaign', 999)], isCut: false };
    const explained = createDecider(testPolicy()).explain(testIndex(campaigns), body, NOW_MS, own);
    expect([explained?.imps[0]?.candidates, explained?.truncated]).toEqual([
      [{ campaignId: uuid('campaign', 101), reason: 'eligible', rule: '' }],
      false,
    ]);
  });
});
