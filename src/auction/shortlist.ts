/** The best candidates of one imp, in rank order, and the reason when there are none. */
import { CANDIDATE_REASONS, NBR, type Nbr } from '../openrtb/codes.ts';
import { ACCESS_DIMENSION, AD_DIMENSION, NOT_ASKED, type Query } from '../targeting/query.ts';
import type { IndexMatcher } from '../targeting/merge.ts';
import type { Snapshot } from '../targeting/snapshot.ts';
import { snapshotOrdinal, tierNumber, type Index } from '../targeting/tiers.ts';
import { SHORTLIST_LENGTH, type Candidate } from './decision.ts';
import { findCandidate, nearerRejection, rejectAd, rejectCampaign, type Rejection } from './judge.ts';
import type { Offer } from './offer.ts';

/**
 * Ads that one campaign may put on a shortlist: several imps of a request want a different ad each, and the
 * sixth of one campaign on one page would be one too many for anybody.
 */
const ADS_PER_CAMPAIGN = 6;

/**
 * Campaigns that match and are judged, over all imps of a request: some 10 ms of work. Behind so many that were
 * all refused (by blocks, seats, creatives) nothing is looked for any more.
 */
const MAX_JUDGED = 20_000;

const NBR_OF_REASON: Readonly<Record<string, Nbr>> = Object.fromEntries(CANDIDATE_REASONS);

export interface Shortlist {
  readonly nbr: Nbr;
  readonly shortlist: readonly Candidate[];
  readonly resumeFrom: number;
}

/** `offers`: the imp's, by tier. */
export function shortlist(
  index: Index,
  matcher: IndexMatcher,
  offers: readonly Offer[],
  query: Query,
): Shortlist {
  const candidates: Candidate[] = [];
  const impCount = offers[0]?.request.source.imps.length ?? 1;
  const adsWanted = Math.min(impCount, ADS_PER_CAMPAIGN);
  const rejections: Rejection[] = [];
  let resumeFrom = -1;
  let judgeable = Math.ceil(MAX_JUDGED / impCount);
  matcher.prepare(index, query);
  matcher.forEach((campaign) => {
    if (candidates.length >= SHORTLIST_LENGTH) {
      resumeFrom = campaign;
      return false;
    }
    if (judgeable-- === 0) return false;
    const number = tierNumber(campaign);
    const offer = offers[number];
    const tier = index.tiers[number];
    if (offer === undefined || tier === undefined) return false;
    const ordinal = snapshotOrdinal(campaign);
    const rejection = judgeCampaign(tier.snapshot, offer, ordinal, adsWanted, candidates);
    if (rejection !== null) rejections[0] = nearerRejection(rejections[0] ?? null, rejection);
    return true;
  });
  if (candidates.length > 0) return { nbr: NBR.unknown, shortlist: candidates, resumeFrom };
  const nearest = rejections[0];
  const nbr = nearest === undefined ? diagnoseNoMatch(index, matcher, query) : nbrOf(nearest);
  return { nbr, shortlist: candidates, resumeFrom };
}

/** Adds the campaign's ads that fit, at most `adsWanted`; or tells why none does. */
export function judgeCampaign(
  snapshot: Snapshot,
  offer: Offer,
  campaign: number,
  adsWanted: number,
  candidates: Candidate[],
): Rejection | null {
  const rejected = rejectCampaign(snapshot, offer, campaign);
  if (rejected !== null) return rejected;
  let nearest: Rejection | null = null;
  let wanted = adsWanted;
  const end = snapshot.adStart[campaign + 1] ?? 0;
  for (let ad = snapshot.adStart[campaign] ?? 0; ad < end && wanted > 0; ad++) {
    const rejection = judgeAd(snapshot, offer, campaign, ad, candidates);
    if (rejection === null) wanted--;
    else nearest = nearerRejection(nearest, rejection);
  }
  return wanted < adsWanted ? null : nearest;
}

function judgeAd(
  snapshot: Snapshot,
  offer: Offer,
  campaign: number,
  ad: number,
  candidates: Candidate[],
): Rejection | null {
  const rejection = rejectAd(snapshot, offer, ad);
  if (rejection !== null) return rejection;
  const found = findCandidate(snapshot, offer, campaign, ad);
  if ('reason' in found) return found;
  candidates.push(found);
  return null;
}

/**
 * Nothing matched: was it the targeting, or what the index asks besides? Budgets, the floor, the creative and
 * the access are let go one after the other, the nearest to a bid first, and the one that brings a match was
 * the reason. All of them together are let go first, so that a request that nobody wants costs one more match.
 */
function diagnoseNoMatch(index: Index, matcher: IndexMatcher, query: Query): Nbr {
  const values = [...query.values];
  const matches = (relaxed: Query): boolean => {
    let found = false;
    matcher.prepare(index, relaxed);
    matcher.forEach(() => {
      found = true;
      return false;
    });
    return found;
  };
  const budgets: Query = { ...query, values, includeSpent: true };
  const floors: Query = { ...budgets, minRankMicros: 0 };
  const creatives: Query = { ...floors, values: values.with(AD_DIMENSION, NOT_ASKED) };
  const access: Query = { ...creatives, values: creatives.values.with(ACCESS_DIMENSION, NOT_ASKED) };
  if (!matches(access)) return NBR.noCampaignMatches;
  if (matches(budgets)) return NBR.budgetOrPacing;
  if (matches(floors)) return NBR.belowFloor;
  return matches(creatives) ? NBR.creativeDoesNotFit : NBR.dealOrSeat;
}

function nbrOf(rejection: Rejection): Nbr {
  return NBR_OF_REASON[rejection.reason] ?? NBR.noCampaignMatches;
}
