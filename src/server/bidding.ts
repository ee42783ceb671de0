/**
 * POST /openrtb2/bid, from the body to the answer:
 *
 *   body → hand-over (a worker, or inline) → decision → reserve → sign → 200 with bids, or 204
 *
 * The deadline, min(tmax, our cap) − margin, is tested before the worker (by the hand-over, with our cap, since
 * tmax stands in the body), before the ledger, and before the answer.
 */
import type { Decided } from '../auction/decision.ts';
import type { Handover, Outcome } from '../auction/handover.ts';
import type { AuctionCounts } from '../events/door.ts';
import { NBR, type Nbr } from '../openrtb/codes.ts';
import { parseBidRequest } from '../openrtb/parse.ts';
import { writeNoBid } from '../openrtb/response.ts';
import type { PinnedIndex, IndexHolder } from '../targeting/index-holder.ts';
import type { BidContext, BidReply, BidRoute } from './http.ts';
import { answerExplained, mayAskWhy, type ExplainEdges } from './explaining.ts';
import { writeSales } from './sales-answer.ts';
import { NO_RESERVATION, type Sale } from './sale.ts';

export interface BidEdges extends ExplainEdges {
  readonly handover: Handover;
  readonly holder: IndexHolder;
  readonly clock: () => number;
  /** Our cap on tmax, and what of it the way back uses up. */
  readonly tmaxCapMs: number;
  readonly tmaxMarginMs: number;
  readonly meter: BidMeter;
  readonly auctions: AuctionCounts;
  /** A fault of ours, for the log. */
  readonly onFault: (error: unknown, context: BidContext) => void;
}

/** What the bid path counts. `nbr` 0 is a bid. */
export interface BidMeter {
  countAnswer(nbr: Nbr): void;
  countResumed(): void;
  /** Milliseconds of `performance.now`. */
  observeStage(stage: 'decide' | 'reserve' | 'sell', startMs: number, endMs: number): void;
}

interface Call {
  readonly context: BidContext;
  readonly reply: BidReply;
  body: Buffer;
  /** The body's bytes are gone once `handle` returns. */
  isBorrowed: boolean;
  /** Questions with the hand-over. */
  asked: number;
  /** What has been reserved for it so far. */
  readonly sales: Sale[];
  /** For whom they are. */
  userId: string;
  readonly arrivedMs: number;
  readonly handedOverMs: number;
}

const NBR_OF = { overloaded: NBR.overloaded, timeout: NBR.insufficientTime, failed: NBR.technicalError };

export function bidRoute(edges: BidEdges): BidRoute {
  return {
    pattern: '/openrtb2/bid',
    name: 'openrtb_bid',
    handle: (body, context, reply) => takeCall(edges, body, context, reply),
  };
}

function takeCall(
  edges: BidEdges,
  borrowed: Buffer,
  context: BidContext,
  reply: BidReply,
): void | Promise<void> {
  const arrivedMs = edges.clock();
  if (mayAskWhy(context.authorization, borrowed)) {
    return explainOrAuction(edges, Buffer.from(borrowed), context, reply, arrivedMs);
  }
  auction(edges, newCall(context, reply, borrowed, true, arrivedMs));
}

/** Whoever may not be told is answered like all others. */
async function explainOrAuction(
  edges: BidEdges,
  body: Buffer,
  context: BidContext,
  reply: BidReply,
  arrivedMs: number,
): Promise<void> {
  const reader = await edges.findReader(context.authorization);
  const nbr = reader === null ? null : await answerExplained(edges, reader, body, arrivedMs, reply);
  if (nbr === null) auction(edges, newCall(context, reply, body, false, arrivedMs));
  else edges.meter.countAnswer(nbr);
}

function newCall(
  context: BidContext,
  reply: BidReply,
  body: Buffer,
  isBorrowed: boolean,
  arrivedMs: number,
): Call {
  const handedOverMs = performance.now();
  return { context, reply, body, isBorrowed, asked: 0, sales: [], userId: '', arrivedMs, handedOverMs };
}

function auction(edges: BidEdges, call: Call): void {
  handOver(edges, call, edges.holder.pin(), null, (outcome, pinned) => {
    answerOutcome(edges, call, outcome, pinned);
  });
}

/**
 * Gives the question away and unpins its index once `done` has returned. The body is copied only where the
 * answer has not come by then: decided inline, a request does without (0.4 µs).
 */
function handOver(
  edges: BidEdges,
  call: Call,
  pinned: PinnedIndex,
  resume: readonly number[] | null,
  done: (outcome: Outcome, pinned: PinnedIndex) => void,
): void {
  const deadlineMs = call.arrivedMs + edges.tmaxCapMs - edges.tmaxMarginMs;
  const question = { body: call.body, pinned, nowMs: call.arrivedMs, deadlineMs, resume };
  call.asked += 1;
  edges.handover.submit(question, (outcome) => {
    call.asked -= 1;
    goOn(edges, call, pinned, () => done(outcome, pinned));
  });
  if (call.asked === 0) return;
  keepBody(call);
  question.body = call.body;
}

/** Goes on with a pin that came with the call, and unpins it. */
function goOn(edges: BidEdges, call: Call, pinned: PinnedIndex, work: () => void): void {
  try {
    work();
  } catch (error) {
    // What throws here would end the process, and a request must not be able to.
    edges.onFault(error, call.context);
    giveBack(edges, call);
    answerNoBid(edges, call, NBR.technicalError, { kind: 'failed' });
  } finally {
    edges.holder.unpin(pinned);
  }
}

function keepBody(call: Call): void {
  if (!call.isBorrowed) return;
  call.body = Buffer.from(call.body);
  call.isBorrowed = false;
}

function answerOutcome(edges: BidEdges, call: Call, outcome: Outcome, pinned: PinnedIndex): void {
  edges.meter.observeStage('decide', call.handedOverMs, performance.now());
  if (outcome.kind !== 'decision') return answerNoBid(edges, call, NBR_OF[outcome.kind], outcome);
  const { decision } = outcome;
  if (decision.kind === 'invalid') {
    edges.meter.countAnswer(NBR.invalidRequest);
    call.reply.invalid(decision.message);
    return;
  }
  if (decision.nbr !== 0) return answerNoBid(edges, call, decision.nbr, outcome);
  if (isLate(edges, call, decision, edges.clock())) {
    return answerNoBid(edges, call, NBR.insufficientTime, outcome);
  }
  call.userId = decision.userId;
  sell(edges, call, decision, pinned, (missed) => {
    const fallen = decision.imps.map(({ impId, resumeFrom }) =>
      call.sales.some(({ imp }) => imp.impId === impId) ? -1 : resumeFrom,
    );
    if (fallen.every((from) => from < 0)) return answerSales(edges, call, outcome, decision, missed);
    edges.meter.countResumed();
    handOver(edges, call, edges.holder.pin(pinned), fallen, (again) => {
      const answer = (nbr: Nbr): void => answerSales(edges, call, outcome, decision, nbr || missed);
      if (again.kind !== 'decision' || again.decision.kind !== 'decided') answer(missed);
      else sell(edges, call, again.decision, pinned, answer);
    });
  });
}

/** Before `sell` returns, where nothing must be waited for: `done` is then part of the same call. */
function sell(
  edges: BidEdges,
  call: Call,
  decided: Decided,
  pinned: PinnedIndex,
  done: (missed: Nbr) => void,
): void {
  const startMs = performance.now();
  const end = (nbr: Nbr): void => {
    edges.meter.observeStage('reserve', startMs, performance.now());
    done(nbr);
  };
  const missed = edges.seller.sell(edges.catalogOf(pinned.index), decided, call.sales, edges.clock());
  if (typeof missed === 'number') return end(missed);
  keepBody(call);
  const kept = edges.holder.pin(pinned);
  const fail = (error: unknown) => (): void => {
    throw error;
  };
  void missed.then((nbr) => () => end(nbr), fail).then((work) => goOn(edges, call, kept, work));
}

function answerSales(edges: BidEdges, call: Call, outcome: Outcome, decided: Decided, missed: Nbr): void {
  const nowMs = edges.clock();
  const isTooLate = isLate(edges, call, decided, nowMs);
  if (isTooLate || call.context.aborted) giveBack(edges, call);
  if (isTooLate) return answerNoBid(edges, call, NBR.insufficientTime, outcome);
  if (call.sales.length === 0) return answerNoBid(edges, call, missed, outcome);
  const startMs = performance.now();
  const json = writeSales(edges.seller, decided, call.sales);
  for (const { creative, reservation } of call.sales) {
    if (reservation !== NO_RESERVATION) edges.auctions.countBid(creative.campaignId, creative.text.id, nowMs);
  }
  edges.meter.observeStage('sell', startMs, performance.now());
  edges.meter.countAnswer(NBR.unknown);
  call.reply.bid(json);
}

function answerNoBid(edges: BidEdges, call: Call, nbr: Nbr, outcome: Outcome): void {
  edges.meter.countAnswer(nbr);
  const testId = testIdOf(call, outcome);
  if (testId === null) {
    edges.auctions.countNoBid(nbr, call.arrivedMs);
    call.reply.noBid();
  } else call.reply.bid(writeNoBid(testId, nbr));
}

/** The id of a request with `test` 1, whose no-bid is told; null: any other. */
function testIdOf(call: Call, outcome: Outcome): string | null {
  if (outcome.kind === 'decision' && outcome.decision.kind === 'decided') {
    return outcome.decision.test ? outcome.decision.requestId : null;
  }
  // Nobody has read the request. Few are tests, so that the text is looked through before it is parsed.
  if (!call.body.includes('"test"')) return null;
  const parsed = parseBidRequest(call.body.toString('utf8'), call.arrivedMs);
  return parsed.ok && parsed.request.test ? parsed.request.id : null;
}

/** A bid that is never sent can't win: its money goes back now rather than at its expiry. */
function giveBack(edges: BidEdges, call: Call): void {
  edges.seller.giveBack(call, call.sales.splice(0), edges.clock());
}

function isLate(edges: BidEdges, call: Call, { tmaxMs }: Decided, nowMs: number): boolean {
  const allowedMs = Math.min(tmaxMs ?? edges.tmaxCapMs, edges.tmaxCapMs) - edges.tmaxMarginMs;
  return nowMs - call.arrivedMs > allowedMs;
}
