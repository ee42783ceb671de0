/** Where what happened leaves the server. */
import type { Nbr } from '../openrtb/codes.ts';
import type { AdEvent } from './event.ts';

export type Kept = 'kept' | 'not_kept';

export interface Events {
  /** Resolves once the event survives a crash, or can't be kept now. Never rejects. */
  record(event: AdEvent): Promise<Kept>;
}

/** Bids and no-bids are counted in memory and told every second: no answer waits for it. */
export interface AuctionCounts {
  countBid(campaignId: string, adId: string, nowMs: number): void;
  countNoBid(nbr: Nbr, nowMs: number): void;
}
