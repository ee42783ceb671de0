/**
 * `ext.explain`: a bid request of somebody who manages campaigns, answered on the front thread, with the reasons of its
 * candidates, and free of charge.
 */
import type { Decider } from '../auction/decide.ts';
import type { Decided } from '../auction/decision.ts';
import type { ExplainedCampaigns } from '../auction/explanation.ts';
import { NBR, type Nbr } from '../openrtb/codes.ts';
import { writeNoBid } from '../openrtb/response.ts';
import type { IndexHolder } from '../targeting/index-holder.ts';
import type { Index } from '../targeting/tiers.ts';
import type { Catalog } from './catalog.ts';
import type { BidReply } from './http.ts';
import { writeSales } from './sales-answer.ts';
import type { Sale, Seller } from './selling.ts';

/** Whom an explanation is told to. */
export interface ExplainReader {
  /** What it tells of: the campaigns of the reader's advertiser; null: all. */
  readonly own: ExplainedCampaigns | null;
}

export interface ExplainEdges {
  readonly decider: Decider;
  readonly holder: IndexHolder;
  readonly catalogOf: (index: Index) => Catalog;
  readonly seller: Seller;
  /** By the `Authorization` header; null: it has no sound management key, or none that can be looked up now. */
  readonly findReader: (authorization: string) => Promise<ExplainReader | null>;
}

const EXPLAIN = '"explain"';

/** Few requests come with a key, and few of those are looked through for the word. */
export function mayAskWhy(authorization: string, body: Buffer): boolean {
  return authorization !== '' && body.includes(EXPLAIN);
}

/** What was answered, 0 for a bid. null: the request asks for no explanation, and goes the way of all. */
export function answerExplained(
  edges: ExplainEdges,
  { own }: ExplainReader,
  body: Buffer,
  nowMs: number,
  reply: BidReply,
): Nbr | null {
  const { current } = edges.holder;
  const decision = edges.decider.decide(current, body, nowMs, null);
  if (decision.kind === 'invalid' || !decision.explain) return null;
  const decided: Decided = { ...decision, test: true };
  const extJson = JSON.stringify({ explain: edges.decider.explain(current, body, nowMs, own) });
  const sales = sellForTest(edges, decided, nowMs);
  if (sales.length > 0) {
    reply.bid(writeSales(edges.seller, decided, sales, nowMs, extJson));
    return NBR.unknown;
  }
  reply.bid(writeNoBid(decided.requestId, decided.nbr, extJson));
  return decided.nbr;
}

function sellForTest(edges: ExplainEdges, decided: Decided, nowMs: number): readonly Sale[] {
  const catalog = edges.catalogOf(edges.holder.current);
  const sales: Sale[] = [];
  for (const imp of decided.imps) {
    const taken = sales.map((sale) => sale.candidate.ad);
    const sale = edges.seller.reserve(catalog, decided, imp, taken, nowMs);
    if (sale !== null) sales.push(sale);
  }
  return sales;
}
