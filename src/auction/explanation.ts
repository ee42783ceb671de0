/** `ext.explain`: for the best-paying campaigns, whether they would bid on an imp, and which rule decides. */
import type { CandidateReason, Nbr } from '../openrtb/codes.ts';
import { explainMatch } from '../targeting/explain.ts';
import type { Matcher } from '../targeting/match.ts';
import type { Query } from '../targeting/query.ts';
import type { Snapshot } from '../targeting/snapshot.ts';
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
  snapshot: Snapshot,
  matcher: Matcher,
  offer: Offer,
  query: Query,
): { readonly candidates: readonly ExplainedCandidate[]; readonly truncated: boolean } {
  const candidates: ExplainedCandidate[] = [];
  const count = Math.min(snapshot.campaignCount, EXPLAINED_CANDIDATES);
  for (let campaign = 0; campaign < count; campaign++) {
    candidates.push({
      campaignId: snapshot.campaignText(campaign).id,
      ...verdict(snapshot, matcher, offer, query, campaign),
    });
  }
  return { candidates, truncated: snapshot.campaignCount > count };
}

function verdict(
  snapshot: Snapshot,
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
