import { beforeEach, describe, expect, it } from 'vitest';
import { createTokenSigner } from '../auction/crypto-token.ts';
import { createDecider } from '../auction/decide.ts';
import {
  NOW_MS,
  testAd,
  testCampaign,
  testPolicy,
  testRequest,
  testIndex,
} from '../auction/fixtures/market.ts';
import type { Done, Handover, Outcome, Question } from '../auction/handover.ts';
import { createInlineHandover } from '../auction/inline-handover.ts';
import type { Campaign } from '../campaigns/model.ts';
import { openLedger, type EmbeddedLedger } from '../ledger/embedded.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { costNanos } from '../money.ts';
import { NBR, type Nbr } from '../openrtb/codes.ts';
import { IndexHolder } from '../targeting/index-holder.ts';
import type { Index } from '../targeting/tiers.ts';
import { bidRoute } from './bidding.ts';
import { createCatalogs, type Catalog } from './catalog.ts';
import type { BidContext, BidReply } from './http.ts';
import { createSeller } from './selling.ts';
import { createSpentCampaigns } from './spent-campaigns.ts';

interface Answer {
  readonly status: number;
  readonly body: {
    readonly nbr?: number;
    readonly seatbid?: readonly {
      readonly bid: readonly { readonly crid: string; readonly impid: string }[];
    }[];
  };
}

/** The bid path with everything real but the socket and the clock. */
class Desk {
  nowMs = NOW_MS;
  aborted = false;
  readonly counted: Nbr[] = [];
  /** Ads that were bid, and reasons of no-bids. */
  readonly told: string[] = [];
  readonly faults: unknown[] = [];
  resumed = 0;
  readonly ledger: EmbeddedLedger = openLedger({ journal: openMemoryJournal(), nowMs: NOW_MS });
  readonly index: Index;
  readonly holder: IndexHolder;
  private readonly catalogOf: (index: Index) => Catalog;
  handover: Handover;

  constructor(campaigns: readonly Campaign[]) {
    this.index = testIndex(campaigns);
    this.holder = new IndexHolder(this.index, () => () => undefined);
    this.catalogOf = createCatalogs(this.ledger);
    this.handover = createInlineHandover(createDecider(testPolicy()), (fault) => this.faults.push(fault));
  }

  ask(request: object): Answer {
    const answers: Answer[] = [];
    const spent = createSpentCampaigns(this.ledger, () => this.holder, this.catalogOf);
    const signer = createTokenSigner([{ number: 1, key: Buffer.alloc(64, 1) }], Buffer.alloc(32));
    const route = bidRoute({
      handover: this.handover,
      decider: createDecider(testPolicy()),
      holder: this.holder,
      catalogOf: this.catalogOf,
      seller: createSeller('https://ads.example', signer, this.ledger, (index, campaign) => {
        spent.put(index, campaign);
      }),
      ledger: this.ledger,
      findReader: () => Promise.resolve(null),
      auctions: {
        countBid: (_campaign, ad) => this.told.push(ad),
        countNoBid: (nbr) => this.told.push(String(nbr)),
      },
      clock: () => this.nowMs,
      tmaxCapMs: 100,
      tmaxMarginMs: 10,
      meter: {
        countAnswer: (nbr) => this.counted.push(nbr),
        countResumed: () => this.resumed++,
        observeStage: () => undefined,
      },
      onFault: (error) => this.faults.push(error),
    });
    const reply: BidReply = {
      noBid: () => answers.push({ status: 204, body: {} }),
      bid: (json) => answers.push({ status: 200, body: JSON.parse(json) as Answer['body'] }),
      invalid: () => answers.push({ status: 400, body: {} }),
    };
    const context: BidContext = {
      requestId: 'r',
      authorization: '',
      traceId: '',
      aborted: this.aborted,
      arrivalMs: 0,
    };
    void route.handle(Buffer.from(JSON.stringify(request)), context, reply);
    expect(answers.length).toBe(1);
    const [answer] = answers;
    if (answer === undefined) throw new Error('no answer');
    return answer;
  }

  /** What the campaigns have reserved at this moment. */
  pending(): number {
    return this.ledger.pendingNanos();
  }
}

/** Passes its answers through `change` on their way back. */
function changed(inner: Handover, change: (outcome: Outcome) => Outcome): Handover {
  return {
    submit(question: Question, done: Done) {
      inner.submit(question, (outcome) => {
        done(change(outcome));
      });
    },
    close: () => inner.close(),
  };
}

const POOR = costNanos(1);

describe('a bid request', () => {
  let desk: Desk;
  beforeEach(() => {
    desk = new Desk([testCampaign(1), testCampaign(2, { ads: [testAd(2), testAd(3)] })]);
  });

  it('is answered with a bid whose full price is reserved', () => {
    expect(desk.ask(testRequest()).status).toBe(200);
    expect([desk.pending(), desk.counted]).toEqual([2_000_000, [NBR.unknown]]);
  });

  it('for several imps gets a different ad for each', () => {
    const imps = ['a', 'b', 'c', 'd'].map((id) => ({ id, banner: { w: 300, h: 250 } }));
    const bids = desk.ask(testRequest({ imp: imps })).body.seatbid?.flatMap((seat) => seat.bid) ?? [];
    expect(bids.map((bid) => bid.impid)).toEqual(['a', 'b', 'c']);
    expect(new Set(bids.map((bid) => bid.crid)).size).toBe(3);
  });

  it('reserves for every impression that one bid buys', () => {
    desk.ask(testRequest({}, { qty: { multiplier: 2.5 } }));
    expect(desk.pending()).toBe(5_000_000);
  });

  it('with test 1 reserves nothing', () => {
    expect(desk.ask(testRequest({ test: 1 })).status).toBe(200);
    expect(desk.pending()).toBe(0);
  });

  it('that was decided too late for its tmax is a no-bid that reserves nothing', () => {
    desk.handover = changed(desk.handover, (outcome) => {
      desk.nowMs += 41;
      return outcome;
    });
    expect(desk.ask(testRequest({ tmax: 50 })).status).toBe(204);
    expect([desk.pending(), desk.counted]).toEqual([0, [NBR.insufficientTime]]);
  });

  it('whose client has left gives its money back', () => {
    desk.aborted = true;
    desk.ask(testRequest());
    expect(desk.pending()).toBe(0);
  });

  it.each([
    ['overloaded', NBR.overloaded],
    ['timeout', NBR.insufficientTime],
    ['failed', NBR.technicalError],
  ] as const)('whose hand-over is %s gets a no-bid with that reason', (kind, nbr) => {
    desk.handover = changed(desk.handover, () => ({ kind }));
    expect(desk.ask(testRequest()).status).toBe(204);
    expect(desk.counted).toEqual([nbr]);
  });

  it('on which our own code fails is a no-bid, and the process goes on', () => {
    desk.handover = changed(
      desk.handover,
      (outcome) => ({ ...outcome, decision: null }) as unknown as Outcome,
    );
    expect(desk.ask(testRequest()).status).toBe(204);
    expect(desk.faults.length).toBe(1);
  });

  it('unpins its index whatever becomes of it', () => {
    desk.ask(testRequest());
    desk.ask({ no: 'openrtb' });
    expect(desk.holder.pin().pins).toBe(1);
  });
});

describe('a shortlist that falls out whole', () => {
  const poor = Array.from({ length: 16 }, (_, n) =>
    testCampaign(n + 1, { bid: { model: 'cpm', amountMicros: 3_000_000 }, dailyBudgetNanos: POOR }),
  );

  it('is resumed behind once, and the next campaign bids', () => {
    const desk = new Desk([...poor, testCampaign(17)]);
    expect(desk.ask(testRequest()).status).toBe(200);
    expect([desk.resumed, desk.pending()]).toEqual([1, 2_000_000]);
  });

  it('puts the budget bits of its campaigns out, so that the next request need not resume', () => {
    const desk = new Desk([...poor, testCampaign(17)]);
    desk.ask(testRequest());
    expect(poor.every((campaign) => !desk.index.isLive(desk.index.campaignOrdinal(campaign.id)))).toBe(true);
    desk.ask(testRequest());
    expect(desk.resumed).toBe(1);
  });

  it('twice is a no-bid for want of budget', () => {
    const more = Array.from({ length: 16 }, (_, n) => testCampaign(n + 21, { dailyBudgetNanos: POOR }));
    const desk = new Desk([
      ...poor,
      ...more,
      testCampaign(99, { bid: { model: 'cpm', amountMicros: 1_000_000 } }),
    ]);
    expect(desk.ask(testRequest()).status).toBe(204);
    expect([desk.resumed, desk.counted]).toEqual([1, [NBR.budgetOrPacing]]);
  });
});
