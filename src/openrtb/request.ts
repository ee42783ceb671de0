/**
 * A bid request as the auction reads it: normalised once by `parse`, whatever OpenRTB version or dirt it came
 * with, so that nothing behind it looks at the wire format again.
 */
import type { PriceMicros } from '../money.ts';

export interface BidRequest {
  readonly id: string;
  /** `test` 1: answer as usual, charge nothing. */
  readonly test: boolean;
  /** `ext.explain` 1; honoured only with a management key. */
  readonly explain: boolean;
  /** Milliseconds the exchange waits, network included; null where it did not say. */
  readonly tmaxMs: number | null;
  /** Allowed currencies in upper case; ['USD'] where none are named. */
  readonly currencies: readonly string[];
  readonly allowedSeats: readonly string[];
  readonly blockedSeats: readonly string[];
  /** Upper case, under `cattax`. */
  readonly blockedCategories: readonly string[];
  readonly allowedCategories: readonly string[];
  readonly cattax: number;
  /** Lower case, without `www.`. */
  readonly blockedDomains: readonly string[];
  readonly blockedApps: readonly string[];
  /**
   * The request's values by dimension number (campaigns/dimensions.ts), in the form of `compiledValues`: lower
   * case, domains and categories with their parents. Placement, size and format are an imp's; hourOfWeek comes from
   * the clock. Browser is left empty, as is what the request does not say: `userAgent` and the addresses give it,
   * only when a campaign asks.
   */
  readonly attributes: readonly (readonly string[])[];
  readonly userAgent: UserAgent;
  /** The device's addresses as they were sent, '' where they were not. */
  readonly ip: string;
  readonly ipv6: string;
  /** The identifier for frequency caps, '' where there is none. Use it only as the privacy decision allows. */
  readonly userId: string;
  readonly privacy: PrivacySignals;
  readonly channel: Channel;
  readonly supplyChain: SupplyChain | null;
  readonly imps: readonly Imp[];
  /** `wseat` together with `bseat`: answered with nbr 2. */
  readonly seatListsCollide: boolean;
}

export type Channel = 'site' | 'app' | 'dooh' | 'none';

export interface UserAgent {
  readonly ua: string;
  /** Brand names of `device.sua.browsers`, lower case. */
  readonly brands: readonly string[];
  /** Brand name of `device.sua.platform`. */
  readonly platform: string;
  /** `device.sua.mobile`; null where it was not said. */
  readonly mobile: boolean | null;
  /** Whose `ua` is: the device's, or that of whoever called a simple form, which may be a server. */
  readonly sender: 'device' | 'caller';
}

export interface PrivacySignals {
  readonly coppa: boolean;
  /** `regs.gdpr`; null where it was not said. */
  readonly gdpr: boolean | null;
  /** TCF consent string, '' where there is none. */
  readonly consent: string;
  readonly usPrivacy: string;
  readonly gpp: string;
  readonly gppSections: readonly number[];
  readonly limitAdTracking: boolean;
  readonly doNotTrack: boolean;
}

export interface SupplyChain {
  readonly complete: boolean;
  readonly nodes: readonly { readonly asi: string; readonly sid: string }[];
}

export interface Imp {
  readonly id: string;
  /** Why this imp alone can't be answered ('imp[1].banner.w: …'); '' where it is sound. */
  readonly problem: string;
  readonly floorMicros: PriceMicros;
  readonly floorCurrency: string;
  readonly secure: boolean;
  readonly interstitial: boolean;
  /** `imp.exp`: seconds that may pass between the auction and the impression; null where it was not said. */
  readonly expSec: number | null;
  readonly tagId: string;
  /** `qty.multiplier`: impressions that one bid buys, above 0 and at most 10,000; 1 where it was not said. */
  readonly multiplier: number;
  readonly privateAuction: boolean;
  readonly deals: readonly Deal[];
  /** What the publisher offers, in the words of the `format` dimension. */
  readonly formats: readonly string[];
  readonly banner: Banner | null;
}

export interface Deal {
  readonly id: string;
  readonly floorMicros: PriceMicros;
  readonly floorCurrency: string;
  /** `deal.at` 3: the floor is the price. */
  readonly fixedPrice: boolean;
  readonly allowedSeats: readonly string[];
  /** Lower case. Empty: any. */
  readonly allowedDomains: readonly string[];
}

export interface Banner {
  /** Sizes that fit exactly. With no ratios either, any size fits. */
  readonly sizes: readonly Size[];
  readonly ratios: readonly Ratio[];
  readonly blockedTypes: readonly number[];
  readonly blockedAttributes: readonly number[];
  /** Lower case. Empty: any. */
  readonly mimes: readonly string[];
  readonly apis: readonly number[];
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Ratio {
  readonly widthRatio: number;
  readonly heightRatio: number;
  readonly minWidth: number;
}

export type ParsedRequest =
  | { readonly ok: true; readonly request: BidRequest }
  /** No OpenRTB at all: a 400. `message` is the whole sentence, which starts with the field: `imp: is empty`. */
  | { readonly ok: false; readonly field: string; readonly message: string };
