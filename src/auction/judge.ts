/**
 * One campaign that matched, held against one imp: the ad it bids with, or why it can't. Bidding and explaining
 * both ask here, so there is one copy of every rule.
 */
import { CANDIDATE_REASONS, type CandidateReason } from '../openrtb/codes.ts';
import type { Banner, Ratio } from '../openrtb/request.ts';
import { priceMicros, type PriceMicros } from '../money.ts';
import {
  AD_FLAG,
  AD_TYPE_NUMBER,
  BID_MODEL_BY_NUMBER,
  CAMPAIGN_FLAG,
  type IdLists,
  type Snapshot,
} from '../targeting/snapshot.ts';
import { convertedRoundedDown } from './currency.ts';
import type { Candidate } from './decision.ts';
import { NO_RATE, type DealOffer, type Ids, type Offer } from './offer.ts';

export interface Rejection {
  readonly reason: CandidateReason;
  /** The field or rule that decided, in the request's words. */
  readonly rule: string;
}

const RANK: Readonly<Record<CandidateReason, number>> = Object.fromEntries(
  CANDIDATE_REASONS.map(([reason], rank) => [reason, rank]),
) as Record<CandidateReason, number>;

/** Rejections are constants: judging allocates nothing. */
const REJECT = {
  mediaType: { reason: 'media_type', rule: 'no banner' },
  image: { reason: 'media_type', rule: 'no image' },
  size: { reason: 'size', rule: 'banner.format' },
  model: { reason: 'model', rule: 'cpm only' },
  wseat: { reason: 'seat', rule: 'wseat' },
  bseat: { reason: 'seat', rule: 'bseat' },
  dealsOnly: { reason: 'deal', rule: 'dealsOnly' },
  privateAuction: { reason: 'deal', rule: 'pmp.private_auction' },
  dealSeat: { reason: 'deal', rule: 'deal.wseat' },
  dealDomain: { reason: 'deal', rule: 'deal.wadomain' },
  noRate: { reason: 'currency', rule: 'bidfloorcur' },
  dealNoRate: { reason: 'currency', rule: 'deal.bidfloorcur' },
  floor: { reason: 'floor', rule: 'imp.bidfloor' },
  dealFloor: { reason: 'floor', rule: 'deal.bidfloor' },
  secure: { reason: 'not_secure', rule: 'imp.secure' },
  battr: { reason: 'creative', rule: 'banner.battr' },
  btype: { reason: 'creative', rule: 'banner.btype' },
  mimes: { reason: 'creative', rule: 'banner.mimes' },
  api: { reason: 'creative', rule: 'banner.api' },
  badv: { reason: 'blocked', rule: 'badv' },
  bcat: { reason: 'blocked', rule: 'bcat' },
  acat: { reason: 'blocked', rule: 'acat' },
  cattax: { reason: 'blocked', rule: 'cattax' },
  bapp: { reason: 'blocked', rule: 'bapp' },
  identifier: { reason: 'identifier', rule: 'frequencyCaps' },
} as const satisfies Record<string, Rejection>;

/** The rejection that came nearer to a bid. */
export function nearerRejection(a: Rejection | null, b: Rejection): Rejection {
  return a === null || RANK[b.reason] > RANK[a.reason] ? b : a;
}

/** Everything that does not depend on the ad. null: the campaign may bid. */
export function rejectCampaign(snapshot: Snapshot, offer: Offer, campaign: number): Rejection | null {
  const { request } = offer;
  if (request.cpmOnly && BID_MODEL_BY_NUMBER[snapshot.bidModel[campaign] ?? 0] !== 'cpm') return REJECT.model;
  const seat = snapshot.seat[campaign] ?? 0;
  if (request.source.allowedSeats.length > 0 && !request.allowedSeats.includes(seat)) return REJECT.wseat;
  if (request.blockedSeats.includes(seat)) return REJECT.bseat;
  const flags = snapshot.campaignFlags[campaign] ?? 0;
  return (flags & CAMPAIGN_FLAG.capped) !== 0 && !request.identifier ? REJECT.identifier : null;
}

/**
 * The bid by the first deal of the request that takes the campaign and this ad, else in the open auction. A
 * fixed-price deal is paid at its floor; everything else at the campaign's rank price.
 */
export function findCandidate(
  snapshot: Snapshot,
  offer: Offer,
  campaign: number,
  ad: number,
): Candidate | Rejection {
  const rankMicros = priceMicros(snapshot.rankMicros[campaign] ?? 0);
  let refused: Rejection | null = null;
  for (let i = 0; i < offer.deals.length; i++) {
    const deal = offer.deals[i];
    if (deal === undefined || !holds(snapshot.deals, campaign, deal.id)) continue;
    const rejection = rejectDeal(snapshot, deal, campaign, ad, rankMicros);
    if (rejection === null) return dealCandidate(snapshot, offer, campaign, ad, deal, rankMicros);
    refused = nearerRejection(refused, rejection);
  }
  if (offer.imp.privateAuction) return refused ?? REJECT.privateAuction;
  if (((snapshot.campaignFlags[campaign] ?? 0) & CAMPAIGN_FLAG.dealsOnly) !== 0) {
    return refused ?? REJECT.dealsOnly;
  }
  if (offer.openFloor === NO_RATE) return REJECT.noRate;
  if (rankMicros < offer.openFloor) return REJECT.floor;
  return candidate(snapshot, offer, campaign, ad, '', rankMicros, inAnswerCurrency(rankMicros, offer));
}

/** A fixed price of nothing is no price: such a deal is bid for like any other. */
function dealCandidate(
  snapshot: Snapshot,
  offer: Offer,
  campaign: number,
  ad: number,
  { deal, floor }: DealOffer,
  rankMicros: PriceMicros,
): Candidate {
  if (!deal.fixedPrice || floor === 0) {
    return candidate(snapshot, offer, campaign, ad, deal.id, rankMicros, inAnswerCurrency(rankMicros, offer));
  }
  // The very digits of the floor where no conversion is needed: it is the price, to the micro.
  const isOfAnswer = deal.floorCurrency === offer.request.currency;
  const bidMicros = isOfAnswer ? deal.floorMicros : inAnswerCurrency(floor, offer);
  return candidate(snapshot, offer, campaign, ad, deal.id, floor, bidMicros);
}

function candidate(
  snapshot: Snapshot,
  { firstOrdinal }: Offer,
  campaign: number,
  ad: number,
  dealId: string,
  price: PriceMicros,
  bidMicros: PriceMicros,
): Candidate {
  return {
    // Each by its name: a spread of these two took 2.7 µs a candidate, and there are sixteen.
    campaign: firstOrdinal + campaign,
    ad: firstOrdinal + ad,
    priceMicros: price,
    bidMicros,
    dealId,
    width: snapshot.adWidth[ad] ?? 0,
    height: snapshot.adHeight[ad] ?? 0,
  };
}

function inAnswerCurrency(usdMicros: PriceMicros, { request }: Offer): PriceMicros {
  return convertedRoundedDown(usdMicros, request.currencyRate);
}

/** null: the ad fits the slot and nothing in the request blocks it. */
export function rejectAd(snapshot: Snapshot, offer: Offer, ad: number): Rejection | null {
  const { banner } = offer.imp;
  if (banner === null || snapshot.adType[ad] !== AD_TYPE_NUMBER.banner) return REJECT.mediaType;
  const flags = snapshot.adFlags[ad] ?? 0;
  if (offer.request.imageOnly && (flags & AD_FLAG.image) === 0) return REJECT.image;
  if (!fitsSize(banner, snapshot.adWidth[ad] ?? 0, snapshot.adHeight[ad] ?? 0)) return REJECT.size;
  if (offer.imp.secure && (flags & AD_FLAG.insecure) !== 0) return REJECT.secure;
  return rejectCreative(snapshot, offer, banner, ad, flags) ?? rejectBlocked(snapshot, offer, ad);
}

function rejectCreative(
  snapshot: Snapshot,
  offer: Offer,
  banner: Banner,
  ad: number,
  flags: number,
): Rejection | null {
  if (holdsAny(snapshot.adAttributes, ad, banner.blockedAttributes)) return REJECT.battr;
  if (banner.blockedTypes.length > 0 && banner.blockedTypes.includes(snapshot.adBannerType[ad] ?? 0)) {
    return REJECT.btype;
  }
  // An image whose type its URL does not tell can't be shown to be refused.
  const mime = banner.mimes.length > 0 ? (snapshot.adMime[ad] ?? 0) : 0;
  if (mime !== 0 && !offer.mimes.includes(mime)) return REJECT.mimes;
  if ((flags & AD_FLAG.mraid) !== 0 && !banner.apis.some(isMraid)) return REJECT.api;
  return null;
}

function rejectBlocked(snapshot: Snapshot, offer: Offer, ad: number): Rejection | null {
  const { request } = offer;
  // An ad that names no domain can't be shown not to be among those that are blocked.
  const hasBlockedDomains = request.source.blockedDomains.length > 0;
  if (hasBlockedDomains && rowLength(snapshot.adDomains, ad) === 0) return REJECT.badv;
  if (holdsAny(snapshot.adDomains, ad, request.blockedDomains)) return REJECT.badv;
  if (request.blockedApps.length > 0 && request.blockedApps.includes(snapshot.adBundle[ad] ?? 0)) {
    return REJECT.bapp;
  }
  const { blockedCategories, allowedCategories, cattax } = request.source;
  if (blockedCategories.length === 0 && allowedCategories.length === 0) return null;
  const hasCategories = rowLength(snapshot.adCategories, ad) > 0;
  // Codes of two taxonomies can't be compared, so the ad can't be shown to be allowed.
  if (hasCategories && snapshot.adCattax[ad] !== cattax) return REJECT.cattax;
  if (holdsAny(snapshot.adCategories, ad, request.blockedCategories)) return REJECT.bcat;
  if (allowedCategories.length > 0 && !holdsAny(snapshot.adCategories, ad, request.allowedCategories)) {
    return REJECT.acat;
  }
  return null;
}

function rejectDeal(
  snapshot: Snapshot,
  deal: DealOffer,
  campaign: number,
  ad: number,
  rankMicros: PriceMicros,
): Rejection | null {
  if (deal.deal.allowedSeats.length > 0 && !deal.allowedSeats.includes(snapshot.seat[campaign] ?? 0)) {
    return REJECT.dealSeat;
  }
  if (deal.deal.allowedDomains.length > 0 && !holdsAny(snapshot.adDomains, ad, deal.allowedDomains)) {
    return REJECT.dealDomain;
  }
  if (deal.floor === NO_RATE) return REJECT.dealNoRate;
  return rankMicros < deal.floor ? REJECT.dealFloor : null;
}

/** Banners without any size take the ad's own. A ratio fits with whole-pixel tolerance. */
function fitsSize({ sizes, ratios }: Banner, width: number, height: number): boolean {
  if (sizes.length === 0 && ratios.length === 0) return true;
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i];
    if (size?.width === width && size.height === height) return true;
  }
  return ratios.length > 0 && ratios.some((ratio) => fitsRatio(ratio, width, height));
}

function fitsRatio({ widthRatio, heightRatio, minWidth }: Ratio, width: number, height: number): boolean {
  if (width < minWidth) return false;
  return Math.abs(width * heightRatio - height * widthRatio) < Math.max(widthRatio, heightRatio);
}

/** MRAID 1, 2 and 3 in OpenRTB's list of API frameworks. */
function isMraid(api: number): boolean {
  return api === 3 || api === 5 || api === 6;
}

function rowLength(lists: IdLists, row: number): number {
  return (lists.start[row + 1] ?? 0) - (lists.start[row] ?? 0);
}

function holds(lists: IdLists, row: number, id: number): boolean {
  const end = lists.start[row + 1] ?? 0;
  for (let i = lists.start[row] ?? 0; i < end; i++) if (lists.ids[i] === id) return true;
  return false;
}

function holdsAny(lists: IdLists, row: number, ids: Ids): boolean {
  if (ids.length === 0) return false;
  const end = lists.start[row + 1] ?? 0;
  for (let i = lists.start[row] ?? 0; i < end; i++) if (ids.includes(lists.ids[i] ?? 0)) return true;
  return false;
}
