/** `ext.explain`: for the best-paying campaigns, whether they would bid on an imp, and which rule decides. */
import type { CandidateReason, Nbr } from '../openrtb/codes.ts';
import { explainMatch } from '../targeting/explain.ts';
import type { Matcher } from '../targeting/match.ts';
import type { Query } from '../targeting/query.ts';
import { snapshotOrdinal, type Index, type Tier } from '../targeting/tiers.ts';
import { judgeCampaign } from './shortlist.ts';
import type { Offer } from './offer.ts';

/** Candidates that are told an imp; the best-paying ones, whether they match or not. */
export const EXPLAINED_CANDIDATES = 100;

export interface Explanation {
  readonly imps: readonly {
    readonly impid: string;
    readonly nbr: Nbr;
    readonly candidates: readonly ExplainedCandidate[];
  }[];
  readonly truncated: boolean;
}

export interface ExplainedCandidate {
  readonly campaignId: string;
  /** `eligible`: it would bid. */
  readonly reason: CandidateReason | 'eligible';
  readonly rule: string;
}

/** Whom an explanation is for: it tells of these campaigns alone. */
export interface ExplainedCampaigns {
  readonly ids: readonly string[];
  /** There are more. */
  readonly isCut: boolean;
}

/** `own` null: of the best campaigns, whoever they belong to. */
export function explainImp(
  index: Index,
  matcher: Matcher,
  /** By tier. */
  offers: readonly Offer[],
  query: Query,
  own: ExplainedCampaigns | null,
): { readonly candidates: readonly ExplainedCandidate[]; readonly truncated: boolean } {
  const candidates: ExplainedCandidate[] = [];
  for (const campaign of own === null ? index.best(EXPLAINED_CANDIDATES) : ordinalsOf(index, own)) {
    const tier = index.tierOf(campaign);
    const offer = offers.find(({ firstOrdinal }) => firstOrdinal === tier.firstOrdinal);
    if (offer === undefined) throw new Error('explanation: each tier has an offer');
    candidates.push({
      campaignId: index.campaignText(campaign).id,
      ...verdict(tier, matcher, offer, query, snapshotOrdinal(campaign)),
    });
  }
  return { candidates, truncated: own === null ? index.campaignCount > candidates.length : own.isCut };
}

/** Those that are served. */
function ordinalsOf(index: Index, { ids }: ExplainedCampaigns): number[] {
  return ids.map((id) => index.campaignOrdinal(id)).filter((campaign) => campaign >= 0);
}

function verdict(
  { snapshot }: Tier,
  matcher: Matcher,
  offer: Offer,
  query: Query,
  campaign: number,
): Pick<ExplainedCandidate, 'reason' | 'rule'> {
  const failed = explainMatch(snapshot, matcher, query, campaign);
  if (failed !== null) return failed;
  const rejection = judgeCampaign(snapshot, offer, campaign, 1, []);
  if (rejection !== null) return rejection;
  if (!snapshot.isLive(campaign)) return { reason: 'budget', rule: 'dailyBudget' };
  return { reason: 'eligible', rule: '' };
}
