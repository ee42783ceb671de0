/**
 * The door of the frequency caps: how often a user is shown a campaign. A bid that may be shown is held for its user
 * until it is shown, lost or over; shown + held never pass a limit, whatever arrives in which order.
 *
 * A showing counts in the windows of its bid's time, also where the bill comes in the next one.
 */
import type { FrequencyCap } from '../campaigns/model.ts';

/** What the caps must know of a campaign. */
export interface CapTerms {
  /** Its id, as records have it (`keyOf`). */
  readonly key: string;
  /** Where its days and weeks begin. */
  readonly timezone: string;
  /** Nothing of it is shown from there on; Infinity: no end. */
  readonly endMs: number;
  readonly caps: readonly FrequencyCap[];
}

/** One cap at one moment. */
export interface CapLimit {
  /** The place of its window in CAP_WINDOWS. */
  readonly window: number;
  /** When that window began, epoch seconds; 0 for lifetime. */
  readonly startSec: number;
  readonly limit: number;
}

/** A campaign's caps at one moment. */
export interface CapAsk {
  readonly key: string;
  /** What is counted now is of no use from there on. */
  readonly untilSec: number;
  /** In the order of the campaign's caps. */
  readonly limits: readonly CapLimit[];
}

/** Somebody who could be shown in an imp. */
export interface CapChoice {
  /** No two imps of a request get the same. */
  readonly ad: number;
  /** null: the campaign has no caps. */
  readonly ask: CapAsk | null;
}

export interface ImpHold {
  /** How long the bid is valid, epoch seconds. */
  readonly expirySec: number;
  /** Best first. */
  readonly choices: readonly CapChoice[];
}

export interface HoldOrder {
  /** As tokens name the user: 16 hex digits. */
  readonly userHash: string;
  readonly nowMs: number;
  readonly imps: readonly ImpHold[];
  /** false: answered in the same way, and nothing is held. */
  readonly holds: boolean;
}

/**
 * What an imp gets. open: the choice of that place is the first whose caps let it be shown; `atMs` is the time of its
 * bid, which is not before the windows that it was counted in · capped: none is; `cap` is the place of the cap that
 * stopped the last of them · none: there was nothing that could be taken.
 */
export type ImpAnswer =
  | { readonly kind: 'open'; readonly choice: number; readonly atMs: number }
  | { readonly kind: 'capped'; readonly cap: number }
  | { readonly kind: 'none' };

/** `away`: the caps can't be asked now, and nothing that has any may be shown. */
export type HoldAnswer =
  { readonly kind: 'held'; readonly imps: readonly ImpAnswer[] } | { readonly kind: 'away' };

/** A bid that was held, as its token names it. */
export interface HeldBid {
  readonly userHash: string;
  readonly campaignId: string;
  /** The `atMs` of its answer. */
  readonly issuedMs: number;
  readonly expirySec: number;
  /** Its reservation, which names it for ever. */
  readonly lease: number;
  readonly ordinal: number;
}

export type ReleasedBid = Omit<HeldBid, 'lease' | 'ordinal'>;

/**
 * shown: counted · late: counted, though it was not held any more · repeated: it had been counted before · unknown:
 * nothing of this campaign is known of the user, as its windows are over · owed: it is kept, and counted as soon as
 * whoever counts can be told · away: it could not be kept either, and is to be told again.
 */
export type ShowStatus = 'shown' | 'late' | 'repeated' | 'unknown' | 'owed' | 'away';

/** rebuilding: what was lost is being put back; until then, as while they are away, nothing that has caps is shown. */
export type CapsState = 'up' | 'away' | 'rebuilding';

export interface Caps {
  /** Chooses for all imps of a request, and holds what it chose. Returns at once where it needs nobody else. */
  hold(order: HoldOrder): HoldAnswer | Promise<HoldAnswer>;
  /** The first call counts, and resolves once a crash would not undo it. Never rejects. */
  show(bid: HeldBid, nowMs: number): Promise<ShowStatus>;
  /**
   * The bid was lost, or nobody was told of it. To be called once a bid: what is held is sums, by campaign, second of
   * the bid and of its expiry. A call that fails is made good by the bid's expiry.
   */
  release(bid: ReleasedBid, nowMs: number): void;
  /** Forgets what is over. Call it every second. */
  tick(nowMs: number): void;
  close(): Promise<void>;
}

/** With what metrics and /health ask for. */
export interface WatchedCaps extends Caps {
  readonly state: CapsState;
}
