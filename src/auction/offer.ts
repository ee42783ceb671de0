/**
 * What one imp offers, with every name that it holds looked up once in the snapshot of each tier: behind this, judging
 * a candidate compares numbers. A name that the snapshot does not hold can block nothing and allow nothing.
 */
import type { BidRequest, Deal, Imp } from '../openrtb/request.ts';
import type { PriceMicros } from '../money.ts';
import { SPACE, type Snapshot, type Space } from '../targeting/snapshot.ts';
import type { Tier } from '../targeting/tiers.ts';
import { convertedRoundedDown, rateOf, usdRoundedUp, type Rates } from './currency.ts';

/** A floor in USD for which there is no rate: nothing can be compared with it. */
export const NO_RATE = -1 as PriceMicros;

/** Interned ids, each once: an array of few, a set of many. */
export interface Ids {
  readonly length: number;
  includes(id: number): boolean;
}

/** Up to here an array is searched faster than a set is made. */
const FEW_IDS = 32;

/** To the campaigns of one tier of the index. */
export interface Offer {
  /** Of the tier. */
  readonly firstOrdinal: number;
  readonly request: RequestOffer;
  readonly imp: Imp;
  /** USD micros, or NO_RATE. */
  readonly openFloor: PriceMicros;
  readonly deals: readonly DealOffer[];
  readonly mimes: Ids;
}

export interface DealOffer {
  readonly deal: Deal;
  /** Interned id of the deal. */
  readonly id: number;
  readonly floor: PriceMicros;
  readonly allowedSeats: Ids;
  readonly allowedDomains: Ids;
}

/** The part that all imps of a request share. */
export interface RequestOffer {
  readonly source: BidRequest;
  /** The source's, with what its address and user agent add. */
  readonly attributes: BidRequest['attributes'];
  readonly currency: string;
  readonly currencyRate: number;
  readonly allowedSeats: Ids;
  readonly blockedSeats: Ids;
  readonly blockedCategories: Ids;
  readonly allowedCategories: Ids;
  readonly blockedDomains: Ids;
  readonly blockedApps: Ids;
  /** The privacy decision: may this user be recognised, and may a profile of the user decide? */
  readonly identifier: boolean;
  readonly profile: boolean;
  /** `/bid` lets only cpm campaigns compete. */
  readonly cpmOnly: boolean;
  /** The simple forms serve ads that have an image. */
  readonly imageOnly: boolean;
}

const NOTHING: Ids = Object.freeze([]);
const NO_DEALS: readonly DealOffer[] = Object.freeze([]);

export function resolveRequest(
  snapshot: Snapshot,
  source: BidRequest,
  terms: Pick<
    RequestOffer,
    'attributes' | 'currency' | 'currencyRate' | 'identifier' | 'profile' | 'cpmOnly' | 'imageOnly'
  >,
): RequestOffer {
  const categories = (codes: readonly string[]): Ids =>
    codes.length === 0
      ? NOTHING
      : known(
          snapshot,
          SPACE.category,
          codes.map((code) => `${String(source.cattax)}:${code}`),
        );
  return {
    source,
    // Each by its name, in one order for all tiers: spreading them is slow.
    attributes: terms.attributes,
    currency: terms.currency,
    currencyRate: terms.currencyRate,
    identifier: terms.identifier,
    profile: terms.profile,
    cpmOnly: terms.cpmOnly,
    imageOnly: terms.imageOnly,
    allowedSeats: known(snapshot, SPACE.seat, source.allowedSeats),
    blockedSeats: known(snapshot, SPACE.seat, source.blockedSeats),
    blockedCategories: categories(source.blockedCategories),
    allowedCategories: categories(source.allowedCategories),
    blockedDomains: known(snapshot, SPACE.advertiserDomain, source.blockedDomains),
    blockedApps: known(snapshot, SPACE.bundle, source.blockedApps),
  };
}

export function resolveImp(
  { snapshot, firstOrdinal }: Tier,
  request: RequestOffer,
  imp: Imp,
  rates: Rates,
): Offer {
  return {
    firstOrdinal,
    request,
    imp,
    openFloor: floorInUsd(imp.floorMicros, imp.floorCurrency, request, rates),
    deals: imp.deals.length === 0 ? NO_DEALS : knownDeals(snapshot, request, imp.deals, rates),
    mimes: imp.banner === null ? NOTHING : known(snapshot, SPACE.mime, imp.banner.mimes.map(standardMime)),
  };
}

/** The lowest rank price that any way into this imp accepts, in USD micros. `offers`: the imp's, by tier. */
export function lowestFloor(offers: readonly Offer[]): number {
  let lowest = Infinity;
  for (let i = 0; i < offers.length; i++) {
    const offer = offers[i];
    if (offer === undefined) break;
    if (!offer.imp.privateAuction && offer.openFloor !== NO_RATE) lowest = Math.min(lowest, offer.openFloor);
    for (const { floor } of offer.deals) if (floor !== NO_RATE && floor < lowest) lowest = floor;
  }
  return lowest === Infinity ? 0 : lowest;
}

/** A deal that no campaign has is not looked at again. */
function knownDeals(
  snapshot: Snapshot,
  request: RequestOffer,
  deals: readonly Deal[],
  rates: Rates,
): readonly DealOffer[] {
  return deals.map((deal) => resolveDeal(snapshot, request, deal, rates)).filter(({ id }) => id !== 0);
}

function resolveDeal(snapshot: Snapshot, request: RequestOffer, deal: Deal, rates: Rates): DealOffer {
  return {
    deal,
    id: snapshot.lookup(SPACE.deal, deal.id),
    floor: floorInUsd(deal.floorMicros, deal.floorCurrency, request, rates),
    allowedSeats: known(snapshot, SPACE.seat, deal.allowedSeats),
    allowedDomains: known(snapshot, SPACE.advertiserDomain, deal.allowedDomains),
  };
}

/**
 * The least USD price whose conversion into the answer's currency is still at or above the floor. Two
 * roundings meet when floor and bid are of one foreign currency, so that case is stepped up by hand.
 */
function floorInUsd(floor: PriceMicros, currency: string, request: RequestOffer, rates: Rates): PriceMicros {
  if (floor === 0) return floor;
  const rate = rateOf(rates, currency);
  if (rate === 0) return NO_RATE;
  const usd = usdRoundedUp(floor, rate);
  const short = currency === request.currency && convertedRoundedDown(usd, rate) < floor;
  return (short ? usd + 1 : usd) as PriceMicros;
}

/** `image/jpg` is what many exchanges call `image/jpeg`. */
function standardMime(mime: string): string {
  return mime === 'image/jpg' ? 'image/jpeg' : mime;
}

function known(snapshot: Snapshot, space: Space, names: readonly string[]): Ids {
  if (names.length === 0) return NOTHING;
  const ids: number[] = [];
  // By index: an iterator over lists of which some are frozen is not optimised away, and allocates a step.
  for (let i = 0; i < names.length; i++) {
    const id = snapshot.lookup(space, names[i] ?? '');
    if (id !== 0) ids.push(id);
  }
  return ids.length <= FEW_IDS ? ids : manyIds(ids);
}

function manyIds(ids: readonly number[]): Ids {
  const set = new Set(ids);
  return { length: set.size, includes: (id) => set.has(id) };
}
