/**
 * The pages of the ledger's books: per campaign what is posted and what is leased, by day; per lease what is still
 * outstanding and what has happened to its ordinals.
 *
 *   outstanding of a lease  = its slices - unused - released by posts, voids and expiries
 *   leased of a day, of all = the sum of the outstanding of its leases
 *
 * Every lease is remembered for two days (240,000 of 5,000 busy campaigns), so a Lease has only what notices need:
 * what reservations are taken from stands in the one OpenLease of its account, and sums and marks are there only
 * while there are any. A settled lease takes 270 bytes, and 460 with marks on 40 ordinals.
 */
import type { BidModel } from '../campaigns/model.ts';
import { isZone } from './day.ts';
import type { Account, BudgetTerms } from './ledger.ts';
import { MAX_ORDINALS, type Marks } from './marks.ts';
import { Pace } from './pacing.ts';
import { rememberedNanos, type WinRecord } from './share.ts';

/** Days of an account that are remembered: a change of zone or a clock that is set can bring one back. */
const KEPT_DAYS = 3;
/** The days of terms whose zone nobody knows. */
const FALLBACK_ZONE = 'UTC';

export class DayBook {
  readonly key: number;
  postedNanos = 0;
  leasedNanos = 0;

  constructor(key: number) {
    this.key = key;
  }
}

/** What is reserved in one lease until one second. */
export class Bucket {
  readonly lease: Lease;
  /** As the tokens of its reservations say. */
  readonly expirySec: number;
  /** When it goes back: at its expiry, or before where the clock that set the expiry was ahead. */
  dueSec: number;
  /** The longest that any reservation in it was to last. */
  longestSec = 0;
  pendingNanos = 0;
  /** An earlier run has left it: nobody knows which bids are in it. */
  isWithheld = false;
  /** The prices of the bids in it that were billed, and of those that lost. */
  wonNanos = 0;
  lostNanos = 0;

  constructor(lease: Lease, expirySec: number, dueSec: number) {
    this.lease = lease;
    this.expirySec = expirySec;
    this.dueSec = dueSec;
  }
}

export class Lease {
  readonly number: number;
  readonly book: AccountBook;
  readonly day: DayBook;
  readonly model: BidModel;
  /** What a bid takes of it (share.ts). */
  readonly share: number;
  outstandingNanos = 0;
  /** Nothing in it expires later, whatever is won. */
  lastExpirySec = 0;
  /** The longest from a slice to the last expiry that may be in it. */
  longestSec = 0;
  /** Reservations that expired up to here have gone back. */
  expiredThroughSec = 0;
  /** Ordinals that it has given. What it gave in an earlier run is not known. */
  given = MAX_ORDINALS;
  /** What is reserved in it, by expiry; all that an earlier run left of it, in one sum; null: nothing. */
  pending: Map<number, Bucket> | Bucket | null = null;
  marks: Marks | null;
  /** The rewrite that has it already. */
  rewrite = 0;

  constructor(book: AccountBook, day: DayBook, facts: Pick<Lease, 'number' | 'model' | 'share' | 'marks'>) {
    this.number = facts.number;
    this.book = book;
    this.day = day;
    this.model = facts.model;
    this.share = facts.share;
    this.marks = facts.marks;
  }
}

/** The lease that an account's reservations are taken from. */
export class OpenLease {
  readonly lease: Lease;
  readonly endMs: number;
  /** The part of it that nobody has reserved yet. */
  unusedNanos = 0;
  /** Nothing is taken from it from here on without another entry in the journal. */
  sliceEndMs = 0;
  /** The longest validity that was asked of it. */
  aheadSec = 0;
  /** The bucket of the last reservation. */
  latest: Bucket | null = null;

  constructor(lease: Lease, endMs: number) {
    this.lease = lease;
    this.endMs = endMs;
  }
}

export class AccountBook implements Account, WinRecord {
  #terms: BudgetTerms;
  #zone = FALLBACK_ZONE;
  #isBarred = false;
  postedNanos = 0;
  leasedNanos = 0;
  /** The one that was used last comes last. */
  readonly days = new Map<number, DayBook>();
  open: OpenLease | null = null;
  /** null until the day was looked up. */
  today: DayBook | null = null;
  dayStartMs = 0;
  dayEndMs = 0;
  /** How far it is along the line of its day. */
  pace = new Pace();
  /** How its bids of this run have ended. */
  triedNanos = 0;
  wonNanos = 0;
  /** It has had leases of which bids take less than they may cost. */
  hasShares = false;
  /** Units of the next slice. */
  sliceUnits = 0;
  sliceStartMs = 0;
  /** Its present terms stand in the journal. */
  written = false;
  rewrite = 0;

  constructor(terms: BudgetTerms) {
    this.#terms = terms;
    this.setTerms(terms);
  }

  get terms(): BudgetTerms {
    return this.#terms;
  }

  /** Where its days begin: in the zone of its terms, or in the last one that is known. */
  get zone(): string {
    return this.#zone;
  }

  /** Its terms name a zone that nobody knows: it bears no unit. */
  get isBarred(): boolean {
    return this.#isBarred;
  }

  setTerms(terms: BudgetTerms): void {
    this.#terms = terms;
    this.#isBarred = !isZone(terms.timezone);
    if (!this.#isBarred) this.#zone = terms.timezone;
  }

  /** What a lease holds and has not yet been reserved can't be billed. */
  get pendingNanos(): number {
    return this.leasedNanos - (this.open?.unusedNanos ?? 0);
  }

  day(key: number): DayBook {
    let day = this.days.get(key);
    if (day === undefined) {
      day = new DayBook(key);
      this.days.set(key, day);
    }
    return day;
  }

  /** The day, as the one that was used last. */
  useDay(key: number): DayBook {
    const day = this.day(key);
    this.days.delete(key);
    this.days.set(key, day);
    return day;
  }

  /** By their last use and not by their date: a clock that is a year ahead for a moment takes no day away. */
  forgetOldDays(): void {
    for (const day of this.days.values()) {
      if (this.days.size <= KEPT_DAYS) return;
      if (day.leasedNanos === 0 && day !== this.today) this.days.delete(day.key);
    }
  }

  /** What is neither posted nor leased, today and for the whole campaign. */
  availableNanos(today: DayBook): number {
    const { dailyBudgetNanos, lifetimeBudgetNanos } = this.#terms;
    const daily = dailyBudgetNanos - today.postedNanos - today.leasedNanos;
    if (lifetimeBudgetNanos === null) return daily;
    return Math.min(daily, lifetimeBudgetNanos - this.postedNanos - this.leasedNanos);
  }

  /** What is not posted of the day's budget and of the whole; below 0 where more is. */
  unpostedNanos(day: DayBook): number {
    const { dailyBudgetNanos, lifetimeBudgetNanos } = this.#terms;
    const daily = dailyBudgetNanos - day.postedNanos;
    return lifetimeBudgetNanos === null ? daily : Math.min(daily, lifetimeBudgetNanos - this.postedNanos);
  }

  /** Of bids whose end is known by now: their prices, and of those that were billed. */
  countBids(triedNanos: number, wonNanos: number): void {
    this.triedNanos += triedNanos;
    this.wonNanos += wonNanos;
    while (this.triedNanos > rememberedNanos(this.#terms.unitNanos)) {
      this.triedNanos = Math.floor(this.triedNanos / 2);
      this.wonNanos = Math.floor(this.wonNanos / 2);
    }
  }
}

/** But for their version and their pacing, which changes no lease that is open. */
export function sameTerms(a: BudgetTerms, b: BudgetTerms): boolean {
  return (
    a.model === b.model &&
    a.budgetMode === b.budgetMode &&
    a.dailyBudgetNanos === b.dailyBudgetNanos &&
    a.lifetimeBudgetNanos === b.lifetimeBudgetNanos &&
    a.timezone === b.timezone &&
    a.unitNanos === b.unitNanos
  );
}
