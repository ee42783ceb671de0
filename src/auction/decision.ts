/** What the auction hands to the ledger: one shortlist per imp, or the reason why there is none. */
import type { PriceMicros } from '../money.ts';
import type { Channel } from '../openrtb/request.ts';
import type { Nbr } from '../openrtb/codes.ts';

/** Candidates an imp: a spent budget rarely costs a second match. */
export const SHORTLIST_LENGTH = 16;

export type Decision = InvalidRequest | Decided;

export interface InvalidRequest {
  readonly kind: 'invalid';
  readonly field: string;
  readonly message: string;
}

export interface Decided {
  readonly kind: 'decided';
  readonly requestId: string;
  readonly test: boolean;
  readonly explain: boolean;
  /** The currency of every bid in this answer. */
  readonly currency: string;
  /** Units of `currency` for one USD; 1 for USD. */
  readonly currencyRate: number;
  /** Identifier for caps and tokens; '' where there is none or none may be used. */
  readonly userId: string;
  /** Country and device type (whereabouts.ts). */
  readonly whereabouts: number;
  readonly channel: Channel;
  readonly tmaxMs: number | null;
  /** Why no imp can be answered; 0 where at least one has a shortlist. */
  readonly nbr: Nbr;
  readonly imps: readonly ImpDecision[];
}

export interface ImpDecision {
  readonly impId: string;
  /** Where the ad would stand, as the request names it; '' where it does not. */
  readonly placementId: string;
  /** 0 where the shortlist has a candidate. */
  readonly nbr: Nbr;
  /** Seconds the bid is valid. */
  readonly expSec: number;
  /** Impressions that one bid buys. */
  readonly multiplier: number;
  /** Best first. */
  readonly shortlist: readonly Candidate[];
  /** Where matching resumes when the whole shortlist falls out; -1: nothing is behind it. */
  readonly resumeFrom: number;
}

export interface Candidate {
  /** Ordinals in the index that decided; they mean nothing in another. */
  readonly campaign: number;
  readonly ad: number;
  /** The bid in USD: the rank price, or the floor of a fixed-price deal. */
  readonly priceMicros: PriceMicros;
  /** The same in the answer's currency, rounded down. */
  readonly bidMicros: PriceMicros;
  /** The deal it bids in, '' in the open auction. */
  readonly dealId: string;
  /** The size it fills, which is the ad's. */
  readonly width: number;
  readonly height: number;
}
