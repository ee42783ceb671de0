/**
 * POST /openrtb2/bid, from the body to the answer:
 *
 *   body → hand-over (a worker, or inline) → decision → reserve → sign → 200 with bids, or 204
 *
 * The deadline, min(tmax, our cap) − margin, is tested before the worker (by the hand-over, with our cap, since
 * tmax stands in the body), before the ledger, and before the answer.
 */
import type { Decider } from '../auction/decide.ts';
import type { Decided, ImpDecision } from '../auction/decision.ts';
import type { Handover, Outcome } from '../auction/handover.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { NBR, type Nbr } from '../openrtb/codes.ts';
import { writeNoBid } from '../openrtb/response.ts';
import type { PinnedSnapshot, SnapshotHolder } from '../targeting/snapshot-holder.ts';
import type { Snapshot } from '../targeting/snapshot.ts';
import type { Catalog } from './catalog.ts';
import type { BidContext, BidReply, BidRoute } from './http.ts';
import { writeSales } from './sales-answer.ts';
import type { Sale, Seller } from './selling.ts';

export interface BidEdges {
  readonly handover: Handover;
  /** Decides the rare request that asks for an explanation, on the front thread. */
  readonly decider: Decider;
  readonly holder: SnapshotHolder;
  readonly catalogOf: (snapshot: Snapshot) => Catalog;
  readonly seller: Seller;
  readonly ledger: Ledger;
  readonly isManager: (authorization: string) => boolean;
  readonly clock: () => number;
  /** Our cap on tmax, and what of it the way back uses up. */
  readonly tmaxCapMs: number;
  readonly tmaxMarginMs: number;
  readonly meter: BidMeter;
  /** A fault of ours, for the log. */
  readonly onFault: (error: unknown) => void;
}

/** What the bid path counts. `nbr` 0 is a bid. */
export interface BidMeter {
  countAnswer(nbr: Nbr): void;
  countResumed(): void;
  /** Milliseconds of `performance.now`. */
  observeStage(stage: 'decide' | 'sell', startMs: number, endMs: number): void;
}

interface Call {
  readonly context: BidContext;
  readonly reply: BidReply;
  body: Buffer;
  /** The body's bytes are gone once `handle` returns. */
  isBorrowed: boolean;
  /** Questions with the hand-over. */
  asked: number;
  readonly arrivedMs: number;
  readonly handedOverMs: number;
}

export function bidRoute(edges: BidEdges): BidRoute {
  return {
    pattern: '/openrtb2/bid',
    name: 'openrtb_bid',
    handle: (body, context, reply) => takeCall(edges, body, context, reply),
  };
}

function takeCall(edges: BidEdges, borrowed: Buffer, context: BidContext, reply: BidReply): void {
  const arrivedMs = edges.clock();
  if (context.authorization !== '' && edges.isManager(context.authorization)) {
    if (answerManager(edges, borrowed, arrivedMs, reply)) return;
  }
  const call: Call = {
    context,
    reply,
    body: borrowed,
    isBorrowed: true,
    asked: 0,
    arrivedMs,
    handedOverMs: performance.now(),
  };
  handOver(edges, call, edges.holder.pin(), null, (outcome, pinned) => {
    answerOutcome(edges, call, outcome, pinned);
  });
}

/**
 * Gives the question away and unpins its snapshot once `done` has returned. The body is copied only where the
 * answer has not come by then: decided inline, a request does without (0.6 µs).
 */
function handOver(
  edges: BidEdges,
  call: Call,
  pinned: PinnedSnapshot,
  resume: readonly number[] | null,
  done: (outcome: Outcome, pinned: PinnedSnapshot) => void,
): void {
  const deadlineMs = call.arrivedMs + edges.tmaxCapMs - edges.tmaxMarginMs;
  const question = { body: call.body, pinned, nowMs: call.arrivedMs, deadlineMs, resume };
  call.asked += 1;
  edges.handover.submit(question, (outcome) => {
    call.asked -= 1;
    try {
      done(outcome, pinned);
    } catch (error) {
      // What throws here would end the process, and a request must not be able to.
      edges.onFault(error);
      answerNoBid(edges, call, NBR.technicalError, null);
    } finally {
      edges.holder.unpin(pinned);
    }
  });
  if (call.asked === 0 || !call.isBorrowed) return;
  call.body = Buffer.from(call.body);
  call.isBorrowed = false;
  question.body = call.body;
}

function answerOutcome(edges: BidEdges, call: Call, outcome: Outcome, pinned: PinnedSnapshot): void {
  edges.meter.observeStage('decide', call.handedOverMs, performance.now());
  if (outcome.kind !== 'decision') return answerNoBid(edges, call, nbrOf(outcome.kind), null);
  const { decision } = outcome;
  if (decision.kind === 'invalid') {
    edges.meter.countAnswer(NBR.invalidRequest);
    call.reply.invalid(`${decision.field}: ${decision.message}`);
    return;
  }
  if (decision.nbr !== 0) return answerNoBid(edges, call, decision.nbr, decision);
  if (isLate(edges, call, decision, edges.clock())) {
    return answerNoBid(edges, call, NBR.insufficientTime, decision);
  }
  const sales = sell(edges, decision, pinned, []);
  const fallen = decision.imps.map((imp) => (isSold(imp, sales) ? -1 : imp.resumeFrom));
  if (fallen.every((from) => from < 0)) return answerSales(edges, call, decision, sales);
  edges.meter.countResumed();
  handOver(edges, call, edges.holder.pin(pinned), fallen, (again) => {
    if (again.kind !== 'decision' || again.decision.kind === 'invalid')
      return answerSales(edges, call, decision, sales);
    answerSales(edges, call, decision, sell(edges, again.decision, pinned, sales));
  });
}

/** Reserves for every imp that is not yet sold, each with an ad of its own. */
function sell(
  edges: BidEdges,
  decided: Decided,
  { snapshot }: PinnedSnapshot,
  sold: readonly Sale[],
): readonly Sale[] {
  const nowMs = edges.clock();
  const catalog = edges.catalogOf(snapshot);
  const sales = [...sold];
  const taken = sold.map((sale) => sale.candidate.ad);
  for (const imp of decided.imps) {
    if (imp.shortlist.length === 0) continue;
    const sale = edges.seller.reserve(catalog, decided, imp, taken, nowMs);
    if (sale === null) continue;
    sales.push(sale);
    taken.push(sale.candidate.ad);
  }
  return sales;
}

function answerSales(edges: BidEdges, call: Call, decided: Decided, sales: readonly Sale[]): void {
  const nowMs = edges.clock();
  const late = isLate(edges, call, decided, nowMs);
  if (late || call.context.aborted) giveBack(edges, decided, sales, nowMs);
  if (late) return answerNoBid(edges, call, NBR.insufficientTime, decided);
  if (sales.length === 0) return answerNoBid(edges, call, NBR.budgetOrPacing, decided);
  const startMs = performance.now();
  const json = writeSales(edges.seller, decided, sales, nowMs);
  edges.meter.observeStage('sell', startMs, performance.now());
  edges.meter.countAnswer(NBR.unknown);
  call.reply.bid(json);
}

function answerNoBid(edges: BidEdges, call: Call, nbr: Nbr, decided: Decided | null): void {
  edges.meter.countAnswer(nbr);
  if (decided?.test === true) call.reply.bid(writeNoBid(decided.requestId, nbr));
  else call.reply.noBid();
}

/** A bid that is never sent can't win: its money goes back now rather than at its expiry. */
function giveBack(edges: BidEdges, decided: Decided, sales: readonly Sale[], nowMs: number): void {
  if (decided.test) return;
  for (const { creative, reservation, reservedNanos, expirySec } of sales) {
    edges.ledger.void({ campaignId: creative.campaignId, ...reservation, reservedNanos, expirySec }, nowMs);
  }
}

/**
 * A management key came with the request: if it asks for an explanation it is answered here, and nothing is
 * charged. false: it does not ask, and goes the way of all requests.
 */
function answerManager(edges: BidEdges, body: Buffer, nowMs: number, reply: BidReply): boolean {
  const { current } = edges.holder;
  const decision = edges.decider.decide(current, body, nowMs, null);
  if (decision.kind === 'invalid' || !decision.explain) return false;
  const decided: Decided = { ...decision, test: true };
  const explanation = edges.decider.explain(current, body, nowMs);
  const sales = sellForTest(edges, decided, nowMs);
  const nbr = sales.length > 0 ? NBR.unknown : decided.nbr === 0 ? NBR.budgetOrPacing : decided.nbr;
  edges.meter.countAnswer(nbr);
  const extJson = JSON.stringify({ explain: explanation });
  reply.bid(
    sales.length > 0
      ? writeSales(edges.seller, decided, sales, nowMs, extJson)
      : writeNoBid(decided.requestId, nbr, extJson),
  );
  return true;
}

function sellForTest(edges: BidEdges, decided: Decided, nowMs: number): readonly Sale[] {
  const catalog = edges.catalogOf(edges.holder.current);
  const sales: Sale[] = [];
  for (const imp of decided.imps) {
    const taken = sales.map((sale) => sale.candidate.ad);
    const sale = edges.seller.reserve(catalog, decided, imp, taken, nowMs);
    if (sale !== null) sales.push(sale);
  }
  return sales;
}

function isLate(edges: BidEdges, call: Call, { tmaxMs }: Decided, nowMs: number): boolean {
  const allowedMs = Math.min(tmaxMs ?? edges.tmaxCapMs, edges.tmaxCapMs) - edges.tmaxMarginMs;
  return nowMs - call.arrivedMs > allowedMs;
}

function isSold(imp: ImpDecision, sales: readonly Sale[]): boolean {
  return sales.some((sale) => sale.imp.impId === imp.impId);
}

function nbrOf(kind: 'overloaded' | 'timeout' | 'failed'): Nbr {
  if (kind === 'overloaded') return NBR.overloaded;
  return kind === 'timeout' ? NBR.insufficientTime : NBR.technicalError;
}
