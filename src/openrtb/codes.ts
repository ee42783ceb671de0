/**
 * No-bid reasons: the numbers of OpenRTB's `nbr` list (below 500) and our own (500 and up), each with the one
 * name under which metrics, events, explanations and tests know it.
 */

export const NBR = {
  unknown: 0,
  technicalError: 1,
  invalidRequest: 2,
  knownCrawler: 3,
  userCapMet: 9,
  insufficientTime: 15,
  incompleteSchain: 16,
  blockedSchainNode: 17,
  noCampaignMatches: 500,
  belowFloor: 501,
  creativeDoesNotFit: 502,
  blockedByRequest: 503,
  budgetOrPacing: 504,
  notSecure: 505,
  currencyWithoutRate: 506,
  dealOrSeat: 507,
  overloaded: 508,
  ledgerAway: 509,
  identifierNeeded: 510,
  mediaTypeNotServed: 511,
} as const;

export type NbrName = keyof typeof NBR;
export type Nbr = (typeof NBR)[NbrName];

/**
 * Why one candidate did not become a bid, in the order in which they are tested: the later in the list, the
 * nearer the candidate came to a bid. An imp's `nbr` is that of its nearest candidate.
 */
export const CANDIDATE_REASONS = [
  ['targeting', NBR.noCampaignMatches],
  ['schedule', NBR.noCampaignMatches],
  ['media_type', NBR.mediaTypeNotServed],
  ['size', NBR.creativeDoesNotFit],
  ['model', NBR.noCampaignMatches],
  ['seat', NBR.dealOrSeat],
  ['deal', NBR.dealOrSeat],
  ['currency', NBR.currencyWithoutRate],
  ['floor', NBR.belowFloor],
  ['not_secure', NBR.notSecure],
  ['creative', NBR.creativeDoesNotFit],
  ['blocked', NBR.blockedByRequest],
  ['identifier', NBR.identifierNeeded],
  ['frequency_caps', NBR.userCapMet],
  ['budget', NBR.budgetOrPacing],
] as const satisfies readonly (readonly [string, Nbr])[];

/** How near to a bid an imp with this `nbr` came; -1: no candidate was looked at. */
export function nearnessOf(nbr: Nbr): number {
  return CANDIDATE_REASONS.findLastIndex(([, reason]) => reason === nbr);
}

export type CandidateReason = (typeof CANDIDATE_REASONS)[number][0];

/** IAB Tech Lab's creative types of `banner.btype`. */
export const BANNER_TYPE = { textXhtml: 1, bannerXhtml: 2, javascript: 3, iframe: 4 } as const;
export const MARKUP_TYPE = { banner: 1, video: 2, audio: 3, native: 4 } as const;
export const AUCTION = { firstPrice: 1, secondPricePlus: 2, fixedPrice: 3 } as const;
/** Content Taxonomy 1.0: the default of `cattax`. */
export const CATTAX_DEFAULT = 1;
