/** An imp and who will be shown in it: reserved, and held for the user where there are caps. */
import type { Candidate, ImpDecision } from '../auction/decision.ts';
import type { HeldBid } from '../ledger/caps.ts';
import type { Reservation, ReservedBid } from '../ledger/ledger.ts';
import type { CostNanos } from '../money.ts';
import type { Creative } from './catalog.ts';

export interface Sale {
  readonly imp: ImpDecision;
  readonly candidate: Candidate;
  readonly creative: Creative;
  readonly reservation: Reservation;
  readonly reservedNanos: CostNanos;
  /** The bid's time, by which its caps are counted. */
  readonly issuedMs: number;
  readonly expirySec: number;
  /** The caps of its campaign hold it for the user. */
  readonly isHeld: boolean;
}

/** What stands in the sales of a test request: nothing is reserved for them. */
export const NO_RESERVATION: Reservation = { lease: 0, ordinal: 0 };

export function reservedBidOf({ creative, reservation, reservedNanos, expirySec }: Sale): ReservedBid {
  return { campaignId: creative.campaignId, ...reservation, reservedNanos, expirySec };
}

/** What its caps hold; null: nothing. */
export function heldBidOf(sale: Sale, userHash: string): HeldBid | null {
  const { creative, reservation, issuedMs, expirySec } = sale;
  if (!sale.isHeld) return null;
  return { userHash, campaignId: creative.campaignId, issuedMs, expirySec, ...reservation };
}
