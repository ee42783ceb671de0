/** Notices, clicks and pixels against a real ledger: what they charge, what they count, what a full disk does. */
import { beforeEach, describe, expect, it } from 'vitest';
import { NOW_MS, testAd, testCampaign, testIndex } from '../auction/fixtures/market.ts';
import { openLedger } from '../ledger/embedded.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { costNanos } from '../money.ts';
import { Index, withHidden } from '../targeting/tiers.ts';
import { createCatalogs } from './catalog.ts';
import { AD_ID, LANDING, TrackingDesk } from './fixtures/tracking-desk.ts';
import type { HttpAnswer } from './http.ts';
import { createLandingPages } from './landing-pages.ts';

describe('a cpc campaign', () => {
  let desk: TrackingDesk;
  beforeEach(() => {
    desk = new TrackingDesk({
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
    const desk = new TrackingDesk({ bid: { model: 'cpa', amountMicros: 20_000_000 } });
    const tokens = await desk.bid();
    await desk.get(`/conversion?t=${tokens.conversion}`);
    expect([desk.spentNanos(), desk.types()]).toEqual([0, []]);
    const { headers } = await desk.get(`/click?t=${tokens.click}`);
    expect(headers?.location).toBe(LANDING.replace('{CONVERSION_TOKEN}', tokens.conversion));
    await desk.get(`/conversion?t=${tokens.conversion}&value=12.5`);
    await desk.get(`/conversion?t=${tokens.conversion}&value=x`);
    expect(desk.spentNanos()).toBe(20_000_000_000);
    expect(desk.types()).toEqual(['click', 'conversion', 'conversion (unsigned)']);
    expect(desk.spool.adEvents.map(({ valueMicros }) => valueMicros)).toEqual([null, 12_500_000, null]);
    expect(desk.toldNanos()).toBe(20_000_000_000);
  });
});

describe('a win notice', () => {
  it('counts once, before or after the billing', async () => {
    for (const order of [
      ['win', 'billing'],
      ['billing', 'win'],
    ] as const) {
      const desk = new TrackingDesk();
      const tokens = await desk.bid();
      for (const purpose of order) {
        for (let call = 0; call < 3; call++) await desk.get(`/${purpose}?t=${tokens[purpose]}&price=1`);
      }
      expect(desk.types()).toEqual([...order]);
      expect(desk.spentNanos()).toBe(1_000_000);
    }
  });

  it('without a price, or with one above the bid, counts nothing, and the true one still does', async () => {
    const desk = new TrackingDesk();
    const tokens = await desk.bid();
    for (const price of ['AUDIT', '2.000001', '']) await desk.get(`/win?t=${tokens.win}&price=${price}`);
    expect(desk.types()).toEqual([]);
    await desk.get(`/win?t=${tokens.win}&price=2`);
    expect(desk.types()).toEqual(['win']);
  });
});

describe('a loss notice', () => {
  it('tells its reason, and one that says that the bid won is none', async () => {
    const desk = new TrackingDesk();
    const tokens = await desk.bid();
    await desk.get(`/loss?t=${tokens.loss}&reason=0`);
    expect(desk.ledger.pendingNanos()).toBe(2_000_000);
    await desk.get(`/loss?t=${tokens.loss}&reason=102`);
    expect([desk.ledger.pendingNanos(), desk.spool.adEvents[0]?.lossReason]).toEqual([0, 102]);
  });

  it('is recorded also after the expiry of its bid, once, and moves nothing', async () => {
    const desk = new TrackingDesk();
    const tokens = await desk.bid();
    desk.nowMs += 3_600_000;
    desk.ledger.tick(desk.nowMs);
    for (let call = 0; call < 2; call++) {
      expect((await desk.get(`/loss?t=${tokens.loss}&reason=102`)).status).toBe(204);
      desk.restart();
    }
    expect(desk.outcomes).toEqual(['loss expired', 'loss expired']);
    expect(desk.spool.distinctEvents).toMatchObject([{ type: 'loss', lossReason: 102, spendNanos: 0 }]);
    expect([desk.spentNanos(), desk.ledger.pendingNanos()]).toEqual([0, 0]);
    const before = desk.spool.adEvents.length;
    desk.nowMs += 48 * 3_600_000;
    await desk.get(`/loss?t=${tokens.loss}&reason=102`);
    expect(desk.spool.adEvents.length).toBe(before);
  });
});

describe('while nothing can be kept', () => {
  it('a notice is 503, and the retry that is kept counts', async () => {
    const desk = new TrackingDesk();
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
    const desk = new TrackingDesk();
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
    const desk = new TrackingDesk({ bid: { model: 'cpc', amountMicros: 500_000 } });
    const tokens = await desk.bid();
    desk.journal.setSound(false);
    expect((await desk.get(`/click?t=${tokens.click}`)).status).toBe(302);
    expect(desk.outcomes).toEqual(['click not_kept']);
  });
});

describe('what is recorded', () => {
  it('tells the bid, the user as a hash, where and on what, and what it cost', async () => {
    const desk = new TrackingDesk();
    const tokens = await desk.bid();
    await desk.get(`/win?t=${tokens.win}&price=1.5`);
    await desk.get(`/billing?t=${tokens.billing}&price=1.5`);
    const shared = {
      campaignId: desk.campaign.id,
      adId: AD_ID,
      atMs: NOW_MS,
      receivedAtMs: NOW_MS,
      known: true,
      signed: true,
      userId: desk.signer.hashUser('u'),
      country: 'US',
      deviceType: 'mobile',
      bidMicros: 2_000_000,
      mediaCostNanos: 0,
      traceId: 'trace',
    };
    expect(desk.spool.adEvents).toMatchObject([
      { ...shared, type: 'win', spendNanos: 0 },
      { ...shared, type: 'billing', spendNanos: 1_500_000 },
    ]);
  });

  it('tells beside a billing of a cpc campaign what the exchange charges for it', async () => {
    const desk = new TrackingDesk({ bid: { model: 'cpc', amountMicros: 500_000 } });
    const tokens = await desk.bid();
    await desk.get(`/billing?t=${tokens.billing}&price=0.25`);
    await desk.get(`/click?t=${tokens.click}`);
    expect(desk.spool.adEvents).toMatchObject([
      { type: 'billing', spendNanos: 0, mediaCostNanos: 250_000 },
      { type: 'click', spendNanos: 500_000_000, mediaCostNanos: 0 },
    ]);
  });

  it('of /serve and /bid names the placement, and by /serve goes by the id of its answer', async () => {
    const desk = new TrackingDesk();
    const served = await desk.get('/serve?userId=u&placementId=p1&countryCode=us&deviceType=tablet');
    await desk.post('/bid', { userId: 'u', placementId: 'p2' });
    const { impressionId } = JSON.parse(String(served.body)) as { impressionId: string };
    const shared = { userId: desk.signer.hashUser('u'), spendNanos: 2_000_000 };
    expect(desk.spool.adEvents).toMatchObject([
      { ...shared, eventId: impressionId, placementId: 'p1', country: 'US', deviceType: 'tablet' },
      { ...shared, placementId: 'p2', country: null, deviceType: null },
    ]);
    expect(new Set(desk.spool.adEvents.map(({ eventId }) => eventId)).size).toBe(2);
    expect(desk.bids).toEqual(Array(2).fill(`${desk.campaign.id} ${AD_ID}`));
    const { clickTrackingUrl } = JSON.parse(String(served.body)) as { clickTrackingUrl: string };
    await desk.get(clickTrackingUrl);
    expect(desk.spool.adEvents.at(-1)).toMatchObject({
      type: 'click',
      placementId: 'p1',
      userId: shared.userId,
    });
  });

  it('is written once while it is remembered, and after a restart meets its twin', async () => {
    const desk = new TrackingDesk();
    const tokens = await desk.bid();
    const calls = [
      `/win?t=${tokens.win}&price=1`,
      `/billing?t=${tokens.billing}&price=1`,
      `/click?t=${tokens.click}`,
    ];
    for (const call of [...calls, ...calls]) await desk.get(call);
    expect(desk.spool.adEvents.length).toBe(3);
    desk.restart();
    for (const call of [...calls, ...calls]) await desk.get(call);
    expect([desk.spool.adEvents.length, desk.types()]).toEqual([6, ['win', 'billing', 'click']]);
    expect([desk.spentNanos(), desk.toldNanos()]).toEqual([1_000_000, 1_000_000]);
  });

  it('comes with the repeat when a crash came between the ledger and the event', async () => {
    const desk = new TrackingDesk();
    const tokens = await desk.bid();
    desk.spool.outcome = 'failed';
    const statuses = [];
    for (const call of [`/billing?t=${tokens.billing}&price=1`, `/win?t=${tokens.win}&price=1`]) {
      statuses.push((await desk.get(call)).status);
      desk.restart();
      desk.spool.outcome = 'kept';
      statuses.push((await desk.get(call)).status);
      desk.spool.outcome = 'failed';
    }
    expect(statuses).toEqual([503, 204, 503, 204]);
    expect([desk.types(), desk.toldNanos()]).toEqual([['billing', 'win'], desk.spentNanos()]);
  });

  it('does not come again once its twin may be forgotten', async () => {
    const desk = new TrackingDesk({ bid: { model: 'cpa', amountMicros: 20_000_000 } });
    const tokens = await desk.bid();
    await desk.get(`/click?t=${tokens.click}`);
    await desk.get(`/conversion?t=${tokens.conversion}`);
    desk.nowMs += 47 * 3_600_000;
    desk.restart();
    await desk.get(`/conversion?t=${tokens.conversion}`);
    expect(desk.spool.adEvents.length).toBe(4);
    expect(desk.types()).toEqual(['click', 'conversion', 'conversion (unsigned)']);
    desk.nowMs += 2 * 3_600_000;
    desk.restart();
    await desk.get(`/click?t=${tokens.click}`);
    const before = desk.spool.adEvents.length;
    await desk.get(`/conversion?t=${tokens.conversion}`);
    expect(
      desk.spool.adEvents.slice(before).every(({ signed, spendNanos }) => !signed && spendNanos === 0),
    ).toBe(true);
    expect(desk.toldNanos()).toBe(20_000_000_000);
  });

  it('of a pixel that is loaded again counts once, of one without a token each time', async () => {
    const desk = new TrackingDesk({ bid: { model: 'cpc', amountMicros: 500_000 } });
    const { impression } = await desk.bid();
    for (let load = 0; load < 3; load++) await desk.get(`/impression?t=${impression}`);
    expect(desk.types()).toEqual(['impression']);
    for (let load = 0; load < 2; load++) await desk.get(`/impression?ad_id=${AD_ID}`);
    expect(desk.types()).toEqual(['impression', 'impression (unsigned)', 'impression (unsigned)']);
  });
});

describe('while the spool keeps nothing', () => {
  it.each(['full', 'failed'] as const)(
    '(%s) answers are as the contract says, and nothing is charged',
    async (outcome) => {
      const desk = new TrackingDesk({ bid: { model: 'cpc', amountMicros: 500_000 } });
      const tokens = await desk.bid();
      desk.spool.outcome = outcome;
      const statusOf = async (answer: Promise<HttpAnswer>): Promise<number> => (await answer).status;
      const event = { event_id: 'e', type: 'click', ad_id: AD_ID };
      expect({
        win: await statusOf(desk.get(`/win?t=${tokens.win}&price=0.25`)),
        loss: await statusOf(desk.get(`/loss?t=${tokens.loss}&reason=102`)),
        pixel: await statusOf(desk.get(`/impression?t=${tokens.impression}`)),
        namedPixel: await statusOf(desk.get(`/impression?ad_id=${AD_ID}`)),
        click: await statusOf(desk.get(`/click?t=${tokens.click}`)),
        conversion: await statusOf(desk.get(`/conversion?t=${tokens.conversion}`)),
        namedClick: await statusOf(desk.get(`/click?adId=${AD_ID}&campaignId=c&userId=u`)),
        postedClick: await statusOf(desk.post('/click', { adId: AD_ID, campaignId: 'c', userId: 'u' })),
        tracked: await statusOf(desk.post('/track/{type}', { ad_id: AD_ID }, { type: 'click' })),
        trackedToken: await statusOf(
          desk.post('/track/{type}', { t: tokens.impression }, { type: 'impression' }),
        ),
        event: await statusOf(desk.post('/events', event)),
        events: await statusOf(desk.post('/events', [event])),
        serve: await statusOf(desk.get('/serve?userId=u&placementId=p')),
      }).toEqual({
        win: 503,
        loss: 503,
        pixel: 200,
        namedPixel: 200,
        click: 302,
        conversion: 503,
        namedClick: 503,
        postedClick: 503,
        tracked: 503,
        trackedToken: 503,
        event: 503,
        events: 503,
        serve: 503,
      });
      expect(desk.outcomes.filter((counted) => !counted.endsWith(' not_kept'))).toEqual([]);
      expect([desk.spentNanos(), desk.ledger.pendingNanos()]).toEqual([0, 0]);
    },
  );

  it('an impression that is money is 503, and so is an ad that would be charged at its answer', async () => {
    const desk = new TrackingDesk();
    const { impression } = await desk.bid();
    desk.spool.outcome = 'full';
    expect((await desk.get(`/impression?t=${impression}`)).status).toBe(503);
    const heldNanos = desk.ledger.pendingNanos();
    expect((await desk.get('/serve?userId=u&placementId=p')).status).toBe(503);
    expect((await desk.post('/bid', { userId: 'u', placementId: 'p' })).status).toBe(503);
    // The pixel has moved its money, and its repeat tells so.
    expect([desk.spentNanos(), desk.ledger.pendingNanos()]).toEqual([10_000, heldNanos]);
    desk.spool.outcome = 'kept';
    expect((await desk.get(`/impression?t=${impression}`)).status).toBe(200);
    expect(desk.toldNanos()).toBe(10_000);
  });

  it('a click redirects also where the disk hangs, and counts once it goes on', async () => {
    const desk = new TrackingDesk();
    const { click } = await desk.bid();
    const append = desk.spool.append.bind(desk.spool);
    let goOn = (): void => undefined;
    const hanging = new Promise<void>((resolve) => (goOn = resolve));
    desk.spool.append = (...record) => hanging.then(() => append(...record));
    expect((await desk.get(`/click?t=${click}`)).status).toBe(302);
    expect(desk.types()).toEqual([]);
    goOn();
    await expect.poll(() => desk.types()).toEqual(['click']);
  });

  it('a click that was not kept is not charged by its repeat either, and its conversion counts', async () => {
    const desk = new TrackingDesk({ bid: { model: 'cpc', amountMicros: 500_000 } });
    const tokens = await desk.bid();
    desk.spool.outcome = 'full';
    expect((await desk.get(`/click?t=${tokens.click}`)).status).toBe(302);
    desk.spool.outcome = 'kept';
    await desk.get(`/click?t=${tokens.click}`);
    await desk.get(`/conversion?t=${tokens.conversion}`);
    expect([desk.types(), desk.spentNanos(), desk.toldNanos()]).toEqual([['click', 'conversion'], 0, 0]);
  });
});

describe('a landing page', () => {
  it('of an ad that left the index is remembered, and unknown ones are not taken for gone while Postgres is away', async () => {
    const desk = new TrackingDesk();
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
