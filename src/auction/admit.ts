/**
 * What is decided once a request, before any campaign is looked at: refusals of the whole request, the
 * currency of the answer, and, first of all, what privacy allows to be known of the user.
 */
import { isCrawler } from '../openrtb/agent-crawler.ts';
import { readGpp } from '../openrtb/consent-gpp.ts';
import { readTcf } from '../openrtb/consent-tcf.ts';
import { NBR, type Nbr } from '../openrtb/codes.ts';
import type { CountryDatabase } from '../openrtb/geo-country.ts';
import { decidePrivacy } from '../openrtb/privacy.ts';
import type { BidRequest, SupplyChain } from '../openrtb/request.ts';
import type { Index } from '../targeting/tiers.ts';
import { completeAttributes } from './attributes.ts';
import { rateOf, type Rates } from './currency.ts';
import { resolveRequest, type RequestOffer } from './offer.ts';

/** Plain data and shared memory: it is handed to every worker at its start. */
export interface DeciderPolicy {
  readonly rates: Rates;
  /** What tells a country by its address; null: nothing does. */
  readonly countries: CountryDatabase | null;
  /** Our id in the IAB's Global Vendor List; null: under GDPR no identifier is ever used. */
  readonly vendorId: number | null;
  /** Our own URLs are https. */
  readonly secureUrl: boolean;
  /** Sellers whose nodes in a supply chain are not bought from: `asi` or `asi/sid`, lower case. */
  readonly blockedSellers: readonly string[];
  /** What of `tmax` the way back and our own queues use up. */
  readonly tmaxMarginMs: number;
}

export interface Terms {
  readonly cpmOnly: boolean;
  readonly imageOnly: boolean;
}

export interface Refused {
  readonly nbr: Nbr;
}

/** The offer to the base's campaigns, or the refusal of the whole request. */
export function admitRequest(
  index: Index,
  policy: DeciderPolicy,
  request: BidRequest,
  terms: Terms,
): RequestOffer | Refused {
  if (request.seatListsCollide) return { nbr: NBR.invalidRequest };
  if (request.tmaxMs !== null && request.tmaxMs <= policy.tmaxMarginMs) return { nbr: NBR.insufficientTime };
  if (isCrawler(request.userAgent)) return { nbr: NBR.knownCrawler };
  const chain = request.supplyChain === null ? null : rejectChain(request.supplyChain, policy.blockedSellers);
  if (chain !== null) return chain;
  const currency = chooseCurrency(request.currencies, policy.rates);
  if (currency === null) return { nbr: NBR.currencyWithoutRate };
  const rights = decidePrivacy(request.privacy, { readTcf, readGpp }, policy.vendorId);
  return resolveRequest(index.base.snapshot, request, {
    currency,
    currencyRate: rateOf(policy.rates, currency),
    identifier: rights.identifier && request.userId !== '',
    profile: rights.profile,
    attributes: completeAttributes(index, request, policy.countries),
    cpmOnly: terms.cpmOnly,
    imageOnly: terms.imageOnly,
  });
}

/** USD where it is allowed, since it needs no conversion; else the first that has a rate. */
function chooseCurrency(currencies: readonly string[], rates: Rates): string | null {
  if (currencies.includes('USD')) return 'USD';
  return currencies.find((currency) => rateOf(rates, currency) > 0) ?? null;
}

function rejectChain(chain: SupplyChain, blockedSellers: readonly string[]): Refused | null {
  if (!chain.complete) return { nbr: NBR.incompleteSchain };
  if (blockedSellers.length === 0) return null;
  const blocked = chain.nodes.some(({ asi, sid }) => {
    const seller = asi.toLowerCase();
    return blockedSellers.includes(seller) || blockedSellers.includes(`${seller}/${sid.toLowerCase()}`);
  });
  return blocked ? { nbr: NBR.blockedSchainNode } : null;
}
