/**
 * `ext.explain`: a bid request of somebody who manages campaigns, answered on the front thread, with the reasons of its
 * candidates, and free of charge.
 */
import type { Decider } from '../auction/decide.ts';
import type { Decided } from '../auction/decision.ts';
import type { ExplainedCampaigns, ExplainedCandidate, Explanation } from '../auction/explanation.ts';
import { askOf } from '../ledger/cap-windows.ts';
import type { Caps, CapTerms, ImpAnswer } from '../ledger/caps.ts';
import { NBR, type Nbr } from '../openrtb/codes.ts';
import { writeNoBid } from '../openrtb/response.ts';
import type { IndexHolder } from '../targeting/index-holder.ts';
import type { Index } from '../targeting/tiers.ts';
import type { Catalog } from './catalog.ts';
import type { BidReply } from './http.ts';
import { writeSales } from './sales-answer.ts';
import type { Sale } from './sale.ts';
import type { Seller } from './selling.ts';

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
  readonly caps: Pick<Caps, 'hold'>;
  readonly hashUser: (userId: string) => string;
  /** By the `Authorization` header; null: it has no sound management key, or none that can be looked up now. */
  readonly findReader: (authorization: string) => Promise<ExplainReader | null>;
}

const EXPLAIN = '"explain"';

/** Few requests come with a key, and few of those are looked through for the word. */
export function mayAskWhy(authorization: string, body: Buffer): boolean {
  return authorization !== '' && body.includes(EXPLAIN);
}

/** What was answered, 0 for a bid. null: the request asks for no explanation, and goes the way of all. */
export async function answerExplained(
  edges: ExplainEdges,
  { own }: ExplainReader,
  body: Buffer,
  nowMs: number,
  reply: BidReply,
): Promise<Nbr | null> {
  const pinned = edges.holder.pin();
  try {
    const { index } = pinned;
    const decision = edges.decider.decide(index, body, nowMs, null);
    if (decision.kind === 'invalid' || !decision.explain) return null;
    const decided: Decided = { ...decision, test: true };
    const explanation = edges.decider.explain(index, body, nowMs, own);
    const catalog = edges.catalogOf(index);
    const explain = explanation && (await explainCaps(edges, catalog, decided.userId, explanation, nowMs));
    const sales: Sale[] = [];
    const missed = await edges.seller.sell(catalog, decided, sales, nowMs);
    const nbr = decided.nbr === 0 ? missed : decided.nbr;
    const extJson = JSON.stringify({ explain });
    if (sales.length > 0) reply.bid(writeSales(edges.seller, decided, sales, extJson));
    else reply.bid(writeNoBid(decided.requestId, nbr, extJson));
    return sales.length > 0 ? NBR.unknown : nbr;
  } finally {
    edges.holder.unpin(pinned);
  }
}

/** Of those that would bid, the caps are asked: each alone, and nothing is held. */
async function explainCaps(
  { caps, hashUser }: ExplainEdges,
  catalog: Catalog,
  userId: string,
  explanation: Explanation,
  nowMs: number,
): Promise<Explanation> {
  const asked = new Map<string, CapTerms>();
  for (const { campaignId, reason } of explanation.imps.flatMap(({ candidates }) => candidates)) {
    if (reason !== 'eligible') continue;
    const terms = catalog.caps(catalog.index.campaignOrdinal(campaignId));
    if (terms !== null) asked.set(campaignId, terms);
  }
  if (asked.size === 0) return explanation;
  const choices = [...asked.values()].map((terms, ad) => [{ ad, ask: askOf(terms, nowMs) }]);
  const expirySec = Math.ceil(nowMs / 1000);
  const imps = choices.map((only) => ({ expirySec, choices: only }));
  const answer = await caps.hold({ userHash: hashUser(userId), nowMs, imps, holds: false });
  const answers = new Map(
    [...asked.keys()].map((id, place) => [id, answer.kind === 'held' ? answer.imps[place] : null]),
  );
  const judge = (candidate: ExplainedCandidate): ExplainedCandidate => {
    const told = candidate.reason === 'eligible' ? answers.get(candidate.campaignId) : undefined;
    const rule = told === undefined ? null : ruleOf(asked.get(candidate.campaignId), told);
    return rule === null ? candidate : { ...candidate, reason: 'frequency_caps', rule };
  };
  return {
    ...explanation,
    imps: explanation.imps.map((imp) => ({ ...imp, candidates: imp.candidates.map(judge) })),
  };
}

/** The cap that is reached; null: none. `told` null: the caps could not be asked. */
function ruleOf(terms: CapTerms | undefined, told: ImpAnswer | null): string | null {
  if (told === null) return 'the ledger is away';
  if (told.kind !== 'capped') return null;
  const cap = terms?.caps[told.cap];
  return cap === undefined ? 'frequencyCaps' : `${cap.limit} a ${cap.window}`;
}
