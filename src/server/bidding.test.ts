import { beforeEach, describe, expect, it } from 'vitest';
import { testAd, testCampaign, testRequest } from '../auction/fixtures/market.ts';
import type { Done, Handover, Outcome, Question } from '../auction/handover.ts';
import { costNanos } from '../money.ts';
import { NBR } from '../openrtb/codes.ts';
import { BidDesk } from './fixtures/bid-desk.ts';

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
  let desk: BidDesk;
  beforeEach(() => {
    desk = new BidDesk([testCampaign(1), testCampaign(2, { ads: [testAd(2), testAd(3)] })]);
  });

  it('is answered with a bid whose full price is reserved', () => {
    expect(desk.ask(testRequest()).status).toBe(200);
    expect([desk.pending(), desk.counted]).toEqual([2_000_000, [NBR.unknown]]);
  });

  it('has its time told stage by stage', () => {
    desk.ask(testRequest());
    expect(desk.stages).toEqual(['decide', 'reserve', 'sell']);
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
    const desk = new BidDesk([...poor, testCampaign(17)]);
    expect(desk.ask(testRequest()).status).toBe(200);
    expect([desk.resumed, desk.pending()]).toEqual([1, 2_000_000]);
    expect(desk.stages).toEqual(['decide', 'reserve', 'reserve', 'sell']);
  });

  it('puts the budget bits of its campaigns out, so that the next request need not resume', () => {
    const desk = new BidDesk([...poor, testCampaign(17)]);
    desk.ask(testRequest());
    expect(poor.every((campaign) => !desk.index.isLive(desk.index.campaignOrdinal(campaign.id)))).toBe(true);
    desk.ask(testRequest());
    expect(desk.resumed).toBe(1);
  });

  it('twice is a no-bid for want of budget', () => {
    const more = Array.from({ length: 16 }, (_, n) => testCampaign(n + 21, { dailyBudgetNanos: POOR }));
    const desk = new BidDesk([
      ...poor,
      ...more,
      testCampaign(99, { bid: { model: 'cpm', amountMicros: 1_000_000 } }),
    ]);
    expect(desk.ask(testRequest()).status).toBe(204);
    expect([desk.resumed, desk.counted]).toEqual([1, [NBR.budgetOrPacing]]);
  });
});
