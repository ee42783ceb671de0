/** Notices, clicks and pixels against a real ledger: what they charge, what they count, what a full disk does. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createTokenSigner, type Purpose } from '../auction/crypto-token.ts';
import { createDecider } from '../auction/decide.ts';
import { NOW_MS, testAd, testCampaign, testPolicy, testIndex } from '../auction/fixtures/market.ts';
import type { Campaign } from '../campaigns/model.ts';
import type { AdEvent, EventType } from '../events/door.ts';
import { openLedger } from '../ledger/embedded.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { costNanos } from '../money.ts';
import { createCatalogs } from './catalog.ts';
import { clickRoutes } from './clicks.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { createKeeper } from './keeper.ts';
import { createLandingPages } from './landing-pages.ts';
import { noticeRoutes } from './notices.ts';
import { pixelRoutes } from './pixels.ts';
import { createSeller } from './selling.ts';
import { createSimpleAuction } from './simple-auction.ts';
import { simpleFormRoutes } from './simple-forms.ts';
import { Index, withHidden } from '../targeting/tiers.ts';
import type { TrackingEdges } from './tracking.ts';

const LANDING = 'https://brand.example/?c={CONVERSION_TOKEN}';

class Desk {
  nowMs = NOW_MS;
  readonly journal = openMemoryJournal();
  readonly ledger = openLedger({ journal: this.journal, nowMs: NOW_MS });
  readonly events: AdEvent[] = [];
  readonly outcomes: string[] = [];
  private readonly routes: readonly Route[];
  private readonly signer = createTokenSigner([{ number: 1, key: Buffer.alloc(64, 1) }], Buffer.alloc(32));
  private readonly campaign: Campaign;

  constructor(change: Partial<Campaign> = {}) {
    this.campaign = testCampaign(1, { ads: [testAd(1, { redirectUrl: LANDING })], ...change });
    const index = testIndex([this.campaign]);
    const catalog = createCatalogs(this.ledger)(index);
    const seller = createSeller('https://ads.example', this.signer, this.ledger, () => undefined);
    const store = { findLandingPage: () => Promise.reject(new Error('Postgres is away')) };
    const landingPages = createLandingPages(
      () => catalog,
      store,
      () => undefined,
    );
    const edges: TrackingEdges = {
      signer: this.signer,
      ledger: this.ledger,
      keeper: createKeeper(this.ledger),
      events: {
        record: (event) => {
          this.events.push(event);
          return true;
        },
      },
      clock: () => this.nowMs,
      count: (type: EventType, outcome) => this.outcomes.push(`${type} ${outcome}`),
    };
    const auction = createSimpleAuction(createDecider(testPolicy()), seller, this.ledger, () => catalog);
    this.routes = [
      ...noticeRoutes(edges),
      ...pixelRoutes({ ...edges, landingPages }),
      ...clickRoutes({ ...edges, landingPages }),
      ...simpleFormRoutes({ ...edges, auction, seller, publicUrl: 'https://ads.example' }),
    ];
  }

  async get(path: string): Promise<HttpAnswer> {
    const url = new URL(path, 'https://ads.example');
    const route = this.routes.find(({ pattern, method }) => pattern === url.pathname && method === 'GET');
    if (route === undefined) throw new Error(`no route for ${path}`);
    return route.handle({ ...EMPTY_REQUEST, path: url.pathname, query: url.search.slice(1) });
  }

  /** A bid by POST /bid-request, and its tokens. */
  async bid(): Promise<Record<Purpose, string>> {
    const body = { user_id: 'u', site: { domain: 'news.example' }, ad_size: '300x250' };
    const route = this.routes.find(({ pattern }) => pattern === '/bid-request');
    const answer = await route?.handle({
      ...EMPTY_REQUEST,
      method: 'POST',
      body: Buffer.from(JSON.stringify(body)),
    });
    if (answer?.status !== 200) throw new Error('no bid');
    const { tracking } = JSON.parse(String(answer.body)) as { tracking: { click: string } };
    const click = new URL(tracking.click).searchParams.get('t') ?? '';
    const reissued = (purpose: Purpose): string => this.signer.reissue(click, purpose);
    return {
      click,
      win: reissued('win'),
      billing: reissued('billing'),
      loss: reissued('loss'),
      impression: reissued('impression'),
      conversion: reissued('conversion'),
    };
  }

  spentNanos(): number {
    return this.ledger.spend(this.campaign.id, this.nowMs).spentLifetimeNanos;
  }

  types(): string[] {
    return this.events.map(({ type, signed }) => (signed ? type : `${type} (unsigned)`));
  }
}

const EMPTY_REQUEST: HttpRequest = {
  method: 'GET',
  path: '/',
  query: '',
  requestId: 'r',
  traceId: 'trace',
  header: () => '',
  clientAddress: () => '',
  body: Buffer.alloc(0),
  params: {},
};

describe('a cpc campaign', () => {
  let desk: Desk;
  beforeEach(() => {
    desk = new Desk({
      bid: { model: 'cpc', amountMicros: 500_000 },
      dailyBudgetNanos: costNanos(1_200_000_000),
    });
  });

  it('is charged by the first click of a bid, and by no impression', async () => {
    const tokens = await desk.bid();
    await desk.get(`/impression?t=${tokens.impression}`);
    expect(desk.spentNanos()).toBe(0);
    await desk.get(`/click?t=${tokens.click}`);
    await desk.get(`/click?t=${tokens.click}`);
    expect(desk.spentNanos()).toBe(500_000_000);
    expect(desk.types()).toEqual(['impression', 'click']);
  });

  it('counts clicks beyond its budget and does not charge them', async () => {
    const bids = [await desk.bid(), await desk.bid(), await desk.bid()];
    for (const { click } of bids) expect((await desk.get(`/click?t=${click}`)).status).toBe(302);
    expect(desk.spentNanos()).toBe(1_000_000_000);
    expect(desk.outcomes.at(-1)).toBe('click uncharged');
    await expect(desk.bid()).rejects.toThrow('no bid');
  });
});

describe('a cpa campaign', () => {
  it('is charged by the first conversion after the click, whose redirect carries the token', async () => {
    const desk = new Desk({ bid: { model: 'cpa', amountMicros: 20_000_000 } });
    const tokens = await desk.bid();
    await desk.get(`/conversion?t=${tokens.conversion}`);
    expect([desk.spentNanos(), desk.types()]).toEqual([0, []]);
    const { headers } = await desk.get(`/click?t=${tokens.click}`);
    expect(headers?.location).toBe(LANDING.replace('{CONVERSION_TOKEN}', tokens.conversion));
    await desk.get(`/conversion?t=${tokens.conversion}&value=12.5`);
    await desk.get(`/conversion?t=${tokens.conversion}&value=x`);
    expect(desk.spentNanos()).toBe(20_000_000_000);
    expect(desk.types()).toEqual(['click', 'conversion', 'conversion (unsigned)']);
    expect(desk.events.map(({ valueUsd }) => valueUsd)).toEqual([null, 12.5, null]);
  });
});

describe('a win notice', () => {
  it('counts once, before or after the billing', async () => {
    for (const order of [
      ['win', 'billing'],
      ['billing', 'win'],
    ] as const) {
      const desk = new Desk();
      const tokens = await desk.bid();
      for (const purpose of order) {
        for (let call = 0; call < 3; call++) await desk.get(`/${purpose}?t=${tokens[purpose]}&price=1`);
      }
      expect(desk.types()).toEqual([...order]);
      expect(desk.spentNanos()).toBe(1_000_000);
    }
  });

  it('without a price, or with one above the bid, counts nothing, and the true one still does', async () => {
    const desk = new Desk();
    const tokens = await desk.bid();
    for (const price of ['AUDIT', '2.000001', '']) await desk.get(`/win?t=${tokens.win}&price=${price}`);
    expect(desk.types()).toEqual([]);
    await desk.get(`/win?t=${tokens.win}&price=2`);
    expect(desk.types()).toEqual(['win']);
  });
});

describe('a loss notice', () => {
  it('tells its reason, and one that says that the bid won is none', async () => {
    const desk = new Desk();
    const tokens = await desk.bid();
    await desk.get(`/loss?t=${tokens.loss}&reason=0`);
    expect(desk.ledger.pendingNanos()).toBe(2_000_000);
    await desk.get(`/loss?t=${tokens.loss}&reason=102`);
    expect([desk.ledger.pendingNanos(), desk.events[0]?.lossReason]).toEqual([0, 102]);
  });
});

describe('while nothing can be kept', () => {
  it('a notice is 503, and the retry that is kept counts', async () => {
    const desk = new Desk();
    const tokens = await desk.bid();
    desk.journal.setSound(false);
    expect((await desk.get(`/billing?t=${tokens.billing}&price=1`)).status).toBe(503);
    expect(desk.types()).toEqual([]);
    desk.journal.setSound(true);
    desk.ledger.tick((desk.nowMs += 1_000));
    expect((await desk.get(`/billing?t=${tokens.billing}&price=1`)).status).toBe(204);
    expect((await desk.get(`/billing?t=${tokens.billing}&price=1`)).status).toBe(204);
    expect([desk.types(), desk.spentNanos()]).toEqual([['billing'], 1_000_000]);
  });

  it('an ad that is not served is not charged either', async () => {
    const desk = new Desk();
    expect((await desk.get('/serve?userId=u&placementId=p')).status).toBe(200);
    desk.journal.setSound(false);
    const statuses = [];
    for (let call = 0; call < 3; call++)
      statuses.push((await desk.get('/serve?userId=u&placementId=p')).status);
    expect(statuses.includes(200)).toBe(false);
    desk.journal.setSound(true);
    desk.ledger.tick((desk.nowMs += 1_000));
    await desk.ledger.saved();
    expect(desk.spentNanos()).toBe(2_000_000);
  });

  it('a click leads to its landing page all the same', async () => {
    const desk = new Desk({ bid: { model: 'cpc', amountMicros: 500_000 } });
    const tokens = await desk.bid();
    desk.journal.setSound(false);
    expect((await desk.get(`/click?t=${tokens.click}`)).status).toBe(302);
    expect(desk.outcomes).toEqual(['click not_kept']);
  });
});

describe('a landing page', () => {
  it('of an ad that left the index is remembered, and unknown ones are not taken for gone while Postgres is away', async () => {
    const desk = new Desk();
    expect((await desk.get('/click?adId=00000000-ad00-4000-8000-000000000001')).status).toBe(302);
    expect((await desk.get('/click?adId=11111111-1111-4111-8111-111111111111')).status).toBe(503);
    const ledger = openLedger({ journal: openMemoryJournal(), nowMs: NOW_MS });
    const first = createCatalogs(ledger)(testIndex([testCampaign(1)]));
    const next = createCatalogs(ledger)(testIndex([testCampaign(2)], 2));
    let served = first;
    const pages = createLandingPages(
      () => served,
      { findLandingPage: () => Promise.resolve(null) },
      () => undefined,
    );
    const { id } = first.creative(0).text;
    pages.keepDeparting(first, next.index, null);
    served = next;
    expect(await pages.find(id)).toEqual({
      campaignId: testCampaign(1).id,
      url: 'https://brand.example/landing',
    });
    expect(await pages.find('11111111-1111-4111-8111-111111111111')).toBe('unknown');
  });

  it('of an ad that leaves with a change of its campaign is remembered, also when it was never served', async () => {
    const ledger = openLedger({ journal: openMemoryJournal(), nowMs: NOW_MS });
    const catalogOf = createCatalogs(ledger);
    const campaign = testCampaign(1, { ads: [testAd(1, { redirectUrl: LANDING }), testAd(2)] });
    const before = testIndex([campaign]);
    const after = testIndex([{ ...campaign, ads: [testAd(2)] }], 2);
    let served = before;
    const pages = createLandingPages(
      () => catalogOf(served),
      { findLandingPage: () => Promise.resolve(null) },
      () => undefined,
    );
    pages.keepDeparting(catalogOf(before), after, [campaign.id]);
    served = after;
    expect(await pages.find(testAd(1).id)).toEqual({ campaignId: campaign.id, url: LANDING });
  });

  it('of an ad that changed, then left, stays the one it had last when a new base comes', async () => {
    const catalogOf = createCatalogs(openLedger({ journal: openMemoryJournal(), nowMs: NOW_MS }));
    const campaign = testCampaign(1, { ads: [testAd(1, { redirectUrl: 'https://brand.example/old' })] });
    const newest = testIndex([{ ...campaign, ads: [testAd(1, { redirectUrl: LANDING })] }], 2).base;
    const first = testIndex([campaign]);
    const base = { snapshot: first.base.snapshot, since: 1 };
    const tombstones = withHidden(base.snapshot, null, [campaign.id]);
    const changed = new Index(2, [{ ...base, hidden: tombstones }, newest]);
    const gone = new Index(3, [{ ...base, hidden: tombstones }]);
    let served = first;
    const pages = createLandingPages(
      () => catalogOf(served),
      { findLandingPage: () => Promise.resolve(null) },
      () => undefined,
    );
    catalogOf(first).creative(0);
    pages.keepDeparting(catalogOf(first), changed, [campaign.id]);
    pages.keepDeparting(catalogOf(changed), gone, [campaign.id]);
    served = testIndex([], 4);
    pages.keepDeparting(catalogOf(gone), served, null);
    expect(await pages.find(testAd(1).id)).toEqual({ campaignId: campaign.id, url: LANDING });
  });
});
