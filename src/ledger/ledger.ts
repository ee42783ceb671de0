/**
 * The ledger's door: budgets are reserved at the bid, posted by the money notice, voided by a loss notice, and
 * expire by silence. Whatever stands behind it, a reservation posts at most once.
 */
import type { WeekStretch } from '../campaigns/daypart.ts';
import type { Schedule, BidModel, BudgetMode } from '../campaigns/model.ts';
import type { CostNanos } from '../money.ts';
import type { Totals } from './totals.ts';

/** What the ledger must know of a campaign. */
export interface BudgetTerms {
  readonly campaignId: string;
  /** The epoch of the index that they stood in first: older terms never take the place of newer ones. */
  readonly termsVersion: number;
  readonly model: BidModel;
  /** Of cpm campaigns: the others reserve nothing. */
  readonly budgetMode: BudgetMode;
  readonly dailyBudgetNanos: CostNanos;
  readonly lifetimeBudgetNanos: CostNanos | null;
  /** A campaign whose zone nobody knows bears no unit. */
  readonly timezone: Schedule['timezone'];
  /** The time that a day's budget is spread over (pacing.ts); null: it is spent as fast as bids are won. */
  readonly evenOver: ActiveTime | null;
  /** The most that one reservation costs: no grant below it. For cpc and cpa: one click, one conversion. */
  readonly unitNanos: CostNanos;
}

/** When a campaign runs. */
export interface ActiveTime {
  readonly startMs: number;
  /** Exclusive; Infinity: no end. */
  readonly endMs: number;
  /** Of the local week; none: at all times. */
  readonly stretches: readonly WeekStretch[];
}

/** One unit taken from a lease. `lease` and `ordinal` together name it for ever. */
export interface Reservation {
  readonly lease: number;
  readonly ordinal: number;
}

/** What a token says of the reservation that it belongs to. */
export interface ReservedBid extends Reservation {
  readonly campaignId: string;
  /** The most that it costs. 0 for cpc and cpa. */
  readonly reservedNanos: CostNanos;
  /** Epoch seconds. */
  readonly expirySec: number;
}

/**
 * The ledger can't be asked now. owed: what was told is kept, and will be done once; what it did is not known yet, and a
 * click or a conversion is done free of charge · away: it could not be kept either, and is to be told again.
 */
type Unasked = 'owed' | 'away';
/**
 * posted: the money moved now · late: it moved, after its expiry or its loss notice · repeated: it had moved
 * before, nothing changes · uncharged: cpc and cpa with no budget left, counted and not charged · unclicked: a
 * conversion before its click · unknown: no such lease (older than it is kept, or of another ledger).
 */
export type PostStatus = 'posted' | 'late' | 'repeated' | 'uncharged' | 'unclicked' | 'unknown' | Unasked;
export type VoidStatus = 'voided' | 'repeated' | 'already_posted' | 'expired' | 'unknown' | Unasked;
/**
 * The first win notice is `extended`, or says why there is nothing left to extend: `already_posted`, or `expired`
 * after the expiry or the loss notice. All that follow are `repeated`.
 */
export type WinStatus = 'extended' | 'repeated' | 'already_posted' | 'expired' | 'unknown' | Unasked;

export interface Spend {
  readonly spentTodayNanos: CostNanos;
  readonly spentLifetimeNanos: CostNanos;
  /** Reserved and neither posted, voided nor expired. */
  readonly pendingNanos: CostNanos;
}

/** A campaign's account, found once per snapshot and then used without a look-up. */
export interface Account {
  readonly terms: BudgetTerms;
}

export interface Ledger {
  /** Opens the campaign's account, or gives it new terms; terms of a lower version than it has are ignored. */
  account(terms: BudgetTerms): Account;
  /**
   * null: nothing to wait for, `reserve` knows what it can know. Else it resolves when the slices that the accounts
   * lack have come or were refused, or when the ledger has taken longer than a bid can wait; it never rejects.
   * `expirySec`: the latest that will be asked of `reserve`.
   */
  prepare(accounts: readonly Account[], nowMs: number, expirySec: number): Promise<void> | null;
  /**
   * Takes `costNanos` (0 for cpc and cpa) until `expirySec`; null when the budget can't bear it, the ledger is not
   * sound, or `expirySec` is over or further away than a day. After a null a `tick` tells when the account can bid
   * again. Returns at once: no disk, no network, but for the grant of a new lease.
   */
  reserve(account: Account, costNanos: CostNanos, nowMs: number, expirySec: number): Reservation | null;
  /** Takes back, at once, a reservation that nobody was told of: no notice of it will ever come. */
  release(bid: ReservedBid, nowMs: number): void;
  /** Moves `amountNanos`, at most what was reserved, from pending to spent. */
  post(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus>;
  /** cpc: the click's amount from what is left of the budget. Bit of the click is set either way. */
  postClick(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus>;
  /**
   * Gives back what the click took, whose `postClick` was `posted`, because the click itself can't be kept. It stays
   * a click: its repeat is one, and its conversion counts.
   */
  refundClick(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<void>;
  /** cpa: the conversion's amount; `unclicked` without the click before it. */
  postConversion(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus>;
  void(bid: ReservedBid, nowMs: number): Promise<VoidStatus>;
  /**
   * Takes back a post that could not be kept (`saved` rejected) and was therefore not answered: what it moved is
   * unspent again, and the reservation is as after a loss notice. true: now; false: there is no such post, it was
   * taken back before, or it has been kept since.
   */
  retract(bid: ReservedBid, nowMs: number): Promise<boolean>;
  /** A win notice keeps the reservation 60 s longer. */
  win(bid: ReservedBid, nowMs: number): Promise<WinStatus>;
  /**
   * Lets expire what is due, and returns the ids of accounts that can bid again. Call it every second. It alone
   * follows a clock that is set back; until then time stands still.
   */
  tick(nowMs: number): readonly string[];
  /** false while what the ledger is told can't be kept. */
  readonly isSound: boolean;
  /** true while the account can bear one unit more. */
  canReserve(account: Account, nowMs: number): boolean;
  /** As far as it is known here; `refresh` brings that up to date, where others spend of the same budgets. */
  spend(campaignId: string, nowMs: number): Spend;
  refresh(campaignIds: readonly string[], nowMs: number): Promise<void>;
  /** Resolves when all that was done before the call would survive a crash. Rejects when it can't be kept. */
  saved(): Promise<void>;
  close(): Promise<void>;
}

/** With what metrics ask for. */
export interface CountedLedger extends Ledger {
  totals(): Readonly<Totals>;
  /** Reserved over all accounts of this process, and neither posted, voided nor expired as far as it knows. */
  pendingNanos(): number;
}
