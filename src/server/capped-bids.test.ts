/** Bid requests for campaigns with frequency caps: by caps that answer at once, and by caps that must be waited for. */
import { describe, expect, it } from 'vitest';
import { NOW_MS, testAd, testCampaign, testRequest, uuid } from '../auction/fixtures/market.ts';
import type { Campaign, FrequencyCap } from '../campaigns/model.ts';
import type { Caps, HoldAnswer, HoldOrder } from '../ledger/caps.ts';
import { openCaps } from '../ledger/embedded-caps.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { costNanos } from '../money.ts';
import { NBR } from '../openrtb/codes.ts';
import { BidDesk, type BidAnswer } from './fixtures/bid-desk.ts';

const USER = { user: { id: 'u1' } };
const IMPS = ['a', 'b', 'c'].map((id) => ({ id, banner: { w: 300, h: 250 } }));
const ONCE: readonly FrequencyCap[] = [{ limit: 1, window: 'day' }];
const TWICE: readonly FrequencyCap[] = [{ limit: 2, window: 'day' }];
/** By 1 USD each, the first is the best. */
const RANKS = [5, 4, 3, 2];

function campaigns(...caps: readonly (readonly FrequencyCap[])[]): Campaign[] {
  return caps.map((frequencyCaps, place) =>
    testCampaign(place + 1, {
      frequencyCaps,
      bid: { model: 'cpm', amountMicros: (RANKS[place] ?? 1) * 1_000_000 },
    }),
  );
}

/** Answers by promise, as over a network, and counts how often it is asked. */
class SlowCaps implements Caps {
  readonly inner = openCaps(openMemoryJournal());
  asked = 0;
  isAway = false;
  /** What happens while the answer is on its way. */
  meanwhile = (): void => undefined;

  async hold(order: HoldOrder): Promise<HoldAnswer> {
    this.asked++;
    await Promise.resolve();
    const answer = this.isAway ? ({ kind: 'away' } as const) : this.inner.hold(order);
    this.meanwhile();
    return answer;
  }

  show: Caps['show'] = (bid, nowMs) => this.inner.show(bid, nowMs);
  release: Caps['release'] = (bid, nowMs) => this.inner.release(bid, nowMs);
  tick: Caps['tick'] = (nowMs) => this.inner.tick(nowMs);
  close: Caps['close'] = () => this.inner.close();
}

function ads({ body }: BidAnswer): readonly string[] {
  return body.seatbid?.flatMap(({ bid }) => bid.map(({ crid }) => crid)) ?? [];
}

/** The numbers of the ads in an answer. */
function numbers(answer: BidAnswer): readonly number[] {
  return ads(answer).map((id) => Number(id.slice(-12)));
}

describe.each([
  ['at once', () => openCaps(openMemoryJournal())],
  ['later', () => new SlowCaps()],
] as const)('a bid request whose caps answer %s', (_when, open) => {
  function deskOf(...caps: readonly (readonly FrequencyCap[])[]): BidDesk {
    const desk = new BidDesk(campaigns(...caps));
    desk.caps = open();
    return desk;
  }

  it('gets two bids of a campaign that is shown twice a day, and nbr 9 for the third', async () => {
    const desk = deskOf(TWICE);
    for (let time = 0; time < 3; time++) await desk.askLater(testRequest(USER));
    expect(desk.counted).toEqual([NBR.unknown, NBR.unknown, NBR.userCapMet]);
    expect(desk.pending()).toBe(10_000_000);
    expect((await desk.askLater(testRequest({ user: { id: 'u2' } }))).status).toBe(200);
  });

  it('goes on to the next candidate where the best is capped', async () => {
    const desk = deskOf(ONCE, TWICE, []);
    const told = [];
    for (let time = 0; time < 5; time++) told.push(numbers(await desk.askLater(testRequest(USER))));
    expect(told).toEqual([[1], [2], [2], [3], [3]]);
  });

  it('gives each imp a bid that the caps allow, and no ad to two', async () => {
    const desk = deskOf(ONCE, [], TWICE, []);
    expect(numbers(await desk.askLater(testRequest({ ...USER, imp: IMPS })))).toEqual([1, 2, 3]);
    expect(numbers(await desk.askLater(testRequest({ ...USER, imp: IMPS })))).toEqual([2, 3, 4]);
    expect(numbers(await desk.askLater(testRequest({ ...USER, imp: IMPS })))).toEqual([2, 4]);
  });

  it('shows two ads of one campaign in one request only as often as it may', async () => {
    const two = testCampaign(1, { frequencyCaps: ONCE, ads: [testAd(1), testAd(2)] });
    const desk = new BidDesk([two]);
    desk.caps = open();
    expect(numbers(await desk.askLater(testRequest({ ...USER, imp: IMPS })))).toEqual([1]);
  });

  it('takes nothing where the best has no budget, and holds nothing for it', async () => {
    const [poor, rich] = campaigns(ONCE, ONCE);
    if (poor === undefined || rich === undefined) throw new Error('two');
    const desk = new BidDesk([{ ...poor, dailyBudgetNanos: costNanos(1) }, rich]);
    desk.caps = open();
    expect(numbers(await desk.askLater(testRequest(USER)))).toEqual([2]);
    expect(desk.index.tierOf(0).snapshot.isLive(0)).toBe(false);
  });

  it('asks behind a shortlist that is capped whole', async () => {
    const many = Array.from({ length: 20 }, (_, n) => testCampaign(n + 1, { frequencyCaps: ONCE }));
    const desk = new BidDesk(many);
    desk.caps = open();
    const told = new Set<string>();
    for (let time = 0; time < 20; time++) {
      for (const ad of ads(await desk.askLater(testRequest(USER)))) told.add(ad);
    }
    expect([told.size, desk.resumed]).toEqual([20, 4]);
    expect((await desk.askLater(testRequest(USER))).status).toBe(204);
    expect(desk.counted.at(-1)).toBe(NBR.userCapMet);
    expect(desk.faults).toEqual([]);
  });

  it('with test 1 holds nothing, and is answered as any other', async () => {
    const desk = deskOf(ONCE);
    const request = testRequest({ ...USER, test: 1 });
    for (let time = 0; time < 2; time++) expect(numbers(await desk.askLater(request))).toEqual([1]);
    await desk.askLater(testRequest(USER));
    expect((await desk.askLater(request)).body.nbr).toBe(NBR.userCapMet);
  });

  it('of a user who is not known gets none of a campaign with caps', async () => {
    const desk = deskOf(ONCE);
    expect((await desk.askLater(testRequest())).status).toBe(204);
    expect(desk.counted).toEqual([NBR.identifierNeeded]);
  });

  it('that came too late, or that nobody waits for, holds nothing', async () => {
    const desk = deskOf(ONCE);
    desk.aborted = true;
    await desk.askLater(testRequest(USER));
    desk.aborted = false;
    expect(desk.pending()).toBe(0);
    expect(numbers(await desk.askLater(testRequest(USER)))).toEqual([1]);
  });

  it('is told which cap stops a campaign', async () => {
    const desk = deskOf(
      [
        { limit: 5, window: 'week' },
        { limit: 1, window: 'hour' },
      ],
      [],
    );
    const request = testRequest({ ...USER, ext: { explain: 1 } });
    await desk.askLater(testRequest(USER));
    desk.authorization = 'Bearer key';
    const answer = await desk.askLater(request);
    expect(numbers(answer)).toEqual([2]);
    expect(answer.body.ext?.explain.imps[0]?.candidates).toEqual([
      { campaignId: uuid('campaign', 1), reason: 'frequency_caps', rule: '1 a hour' },
      { campaignId: uuid('campaign', 2), reason: 'eligible', rule: '' },
    ]);
    desk.nowMs += 3_600_000;
    const later = await desk.askLater(request);
    expect(later.body.ext?.explain.imps[0]?.candidates[0]?.reason).toBe('eligible');
  });
});

describe('a bid request beside caps over a network', () => {
  it('is answered at once where no candidate up to the best is capped, and asks nobody', () => {
    const desk = new BidDesk(campaigns([], ONCE));
    const caps = new SlowCaps();
    desk.caps = caps;
    expect(numbers(desk.ask(testRequest(USER)))).toEqual([1]);
    expect(caps.asked).toBe(0);
  });

  it('asks them once for all its imps', async () => {
    const desk = new BidDesk(campaigns(ONCE, TWICE, ONCE, []));
    const caps = new SlowCaps();
    desk.caps = caps;
    expect(numbers(await desk.askLater(testRequest({ ...USER, imp: IMPS })))).toEqual([1, 2, 3]);
    expect(caps.asked).toBe(1);
  });

  it('where they are away gets bids of campaigns without caps, and else nbr 509', async () => {
    const desk = new BidDesk(campaigns(ONCE, [], ONCE));
    const caps = new SlowCaps();
    caps.isAway = true;
    desk.caps = caps;
    expect(numbers(await desk.askLater(testRequest({ ...USER, imp: IMPS })))).toEqual([2]);
    const capped = new BidDesk(campaigns(ONCE));
    capped.caps = caps;
    expect((await capped.askLater(testRequest(USER))).status).toBe(204);
    expect(capped.counted).toEqual([NBR.ledgerAway]);
  });

  it('gives everything back where the answer comes too late', async () => {
    const desk = new BidDesk(campaigns(ONCE));
    const caps = new SlowCaps();
    caps.meanwhile = () => (desk.nowMs += 95);
    desk.caps = caps;
    await desk.askLater(testRequest(USER));
    caps.meanwhile = () => undefined;
    expect([desk.counted, desk.pending()]).toEqual([[NBR.insufficientTime], 0]);
    expect(numbers(await desk.askLater(testRequest(USER)))).toEqual([1]);
  });

  it('keeps its index while it waits', async () => {
    const desk = new BidDesk(campaigns(ONCE));
    const caps = new SlowCaps();
    const pins: number[] = [];
    caps.meanwhile = () => pins.push(desk.holder.pin().pins);
    desk.caps = caps;
    await desk.askLater(testRequest(USER));
    expect(pins).toEqual([2]);
    expect(desk.nowMs).toBe(NOW_MS);
  });

  it('that fails meanwhile is a no-bid and a fault of ours', async () => {
    const desk = new BidDesk(campaigns(ONCE));
    const caps = new SlowCaps();
    caps.meanwhile = () => {
      throw new Error('broken on purpose');
    };
    desk.caps = caps;
    expect((await desk.askLater(testRequest(USER))).status).toBe(204);
    expect([desk.counted, desk.faults.length]).toEqual([[NBR.technicalError], 1]);
  });
});
