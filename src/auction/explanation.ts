/** `ext.explain`: for the best-paying campaigns, whether they would bid on an imp, and which rule decides. */
import type { CandidateReason, Nbr } from '../openrtb/codes.ts';
import { explainMatch } from '../targeting/explain.ts';
import type { Matcher } from '../targeting/match.ts';
import type { Query } from '../targeting/query.ts';
import { snapshotOrdinal, type Index, type Tier } from '../targeting/tiers.ts';
import { judgeCampaign } from './shortlist.ts';
import type { Offer } from './offer.ts';

/** Candidates that are told an imp; the best-paying ones, whether they match or not. */
const EXPLAINED_CANDIDATES = 100;

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

export function explainImp(
  index: Index,
  matcher: Matcher,
  /** By tier. */
  offers: readonly Offer[],
  query: Query,
): { readonly candidates: readonly ExplainedCandidate[]; readonly truncated: boolean } {
  const candidates: ExplainedCandidate[] = [];
  for (const campaign of index.best(EXPLAINED_CANDIDATES)) {
    const tier = index.tierOf(campaign);
    const offer = offers.find(({ firstOrdinal }) => firstOrdinal === tier.firstOrdinal);
    if (offer === undefined) throw new Error('explanation: each tier has an offer');
    candidates.push({
      campaignId: index.campaignText(campaign).id,
      ...verdict(tier, matcher, offer, query, snapshotOrdinal(campaign)),
    });
  }
  return { candidates, truncated: index.campaignCount > candidates.length };
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
