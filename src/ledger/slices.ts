/**
 * How budget gets into leases. A campaign has one open lease at a time, up to an hour long; money comes to it in
 * slices, each written to the journal before the first unit of it is reserved. So a crash withholds at most one
 * slice beyond what was really reserved. What isn't reserved within SLICE_AGE_MS goes back.
 *
 * A lease for an hour and not for a slice, because every lease is remembered for two days: one for each slice
 * would be 17,000 a campaign.
 */
import { type AccountBook, type DayBook, type Lease, OpenLease } from './account-book.ts';
import type { Clerk } from './clerk.ts';
import { localDay } from './day.ts';
import { MAX_ORDINALS } from './marks.ts';
import { type Curve, Pace } from './pacing.ts';
import { WIN_EXTENSION_SEC } from './pending.ts';
import { heldOf, keepShare, shareOf } from './share.ts';

/** How long a lease is taken from. */
const LEASE_AGE_MS = 3_600_000;
/** How long a slice is: what a crash withholds without need is no more than these seconds' traffic. */
const SLICE_AGE_MS = 10_000;
/** A slice that lasted less is followed by one twice as large, … */
const SHORT_SLICE_MS = 1_000;
/** … one that lasted longer, by one half as large. */
const LONG_SLICE_MS = 4_000;
const FIRST_SLICE_UNITS = 4;
/** 0.4 s at 10,000 bids/s for one campaign; grants then cost nothing that could be measured. */
const MAX_SLICE_UNITS = 4_096;

/**
 * Lease numbers start at the time in ms times this, so that they don't return after the data folder was wiped
 * unless more than 64 leases a ms were opened all along. Fits in 48 bits until 2109.
 */
const LEASE_NUMBERS_PER_MS = 64;

export class Slices {
  readonly #clerk: Clerk;
  readonly #retired: (lease: Lease) => void;
  readonly #open = new Set<OpenLease>();
  #nextLease: number;

  /** `retired` is told of each lease that nothing is taken from any more. */
  constructor(clerk: Clerk, retired: (lease: Lease) => void) {
    this.#clerk = clerk;
    this.#retired = retired;
    this.#nextLease = Math.max(clerk.books.highestLease + 1, Math.floor(clerk.nowMs) * LEASE_NUMBERS_PER_MS);
  }

  /** The account's day now. A lease of the day before is closed. */
  turnDay(book: AccountBook): DayBook {
    const { nowMs } = this.#clerk;
    if (book.today !== null && nowMs < book.dayEndMs) return book.today;
    const { key, startMs, endMs } = localDay(nowMs, book.zone);
    if (book.open !== null && book.open.lease.day.key !== key) this.retire(book.open);
    book.today = book.useDay(key);
    book.dayStartMs = startMs;
    book.dayEndMs = endMs;
    book.forgetOldDays();
    return book.today;
  }

  /** true while a unit more can be reserved, from the slice or what pacing allows of the budget behind it. */
  bearsUnit(book: AccountBook): boolean {
    if (book.isBarred) return false;
    const today = this.turnDay(book);
    const unitNanos = heldOf(book.terms.unitNanos, shareNow(book, today));
    return (book.open?.unusedNanos ?? 0) + this.#grantableNanos(book, today) >= unitNanos;
  }

  /**
   * The account's lease, with `costNanos` unused and room for `expirySec`; null where the budget doesn't bear a
   * unit or the journal can't keep the grant.
   */
  grant(book: AccountBook, costNanos: number, expirySec: number): OpenLease | null {
    if (!this.bearsUnit(book)) return null;
    const today = this.turnDay(book);
    const { nowMs } = this.#clerk;
    const share = shareNow(book, today);
    if (book.open !== null && isUsedUp(book.open, nowMs, share)) this.retire(book.open);

    const dearestNanos = book.terms.model === 'cpm' ? Math.max(book.terms.unitNanos, costNanos) : costNanos;
    const leastNanos = heldOf(dearestNanos, share);
    const lackNanos = Math.max(0, leastNanos - (book.open?.unusedNanos ?? 0));
    const grantableNanos = this.#grantableNanos(book, today);
    if (lackNanos > grantableNanos) return null;
    const open = book.open ?? this.#openLease(book, today, share);
    const wishNanos = leastNanos === 0 ? 0 : this.#sliceNanos(book, share) - open.unusedNanos;
    this.#extend(open, Math.min(grantableNanos, Math.max(lackNanos, wishNanos)), expirySec);
    this.#notePace(book, today);
    if (this.#clerk.journal.write()) {
      this.#clerk.totals.grants++;
      return open;
    }
    this.#clerk.totals.refusedGrants++;
    this.retire(open);
    return null;
  }

  /** After a late post: what the budget no longer bears is not reserved either. */
  giveBackExcess(book: AccountBook): void {
    const excessNanos = -book.availableNanos(this.turnDay(book));
    if (book.open !== null && excessNanos > 0)
      this.#giveBack(book.open, Math.min(book.open.unusedNanos, excessNanos));
  }

  /** Gives back what old slices hold, and closes old leases. */
  tick(): void {
    const { nowMs } = this.#clerk;
    for (const open of this.#open) {
      if (nowMs >= open.endMs || nowMs >= open.lease.book.dayEndMs) this.retire(open);
      else if (nowMs >= open.sliceEndMs) this.#giveBack(open);
    }
  }

  /** Nothing is taken from the lease any more; what is reserved in it goes on. */
  retire(open: OpenLease): void {
    this.#giveBack(open);
    open.lease.book.open = null;
    this.#open.delete(open);
    this.#retired(open.lease);
  }

  retireAll(): void {
    for (const open of this.#open) this.retire(open);
  }

  /** The clock was set back: every account looks up its day again, and no lease is taken from before and after. */
  setBack(): void {
    this.retireAll();
    for (const book of this.#clerk.books.accounts.values()) {
      book.today = null;
      book.pace = new Pace();
    }
  }

  /** What neither the budget nor its pacing withholds. */
  #grantableNanos(book: AccountBook, today: DayBook): number {
    const availableNanos = book.availableNanos(today);
    const curve = this.#curve(book);
    if (curve === null) return availableNanos;
    const usedNanos = today.postedNanos + today.leasedNanos;
    return Math.min(availableNanos, book.pace.levelAt(curve, usedNanos, this.#clerk.nowMs) - usedNanos);
  }

  #notePace(book: AccountBook, today: DayBook): void {
    const curve = this.#curve(book);
    if (curve !== null) book.pace.note(curve, today.postedNanos + today.leasedNanos, this.#clerk.nowMs);
  }

  #curve({ pace, terms, zone, dayStartMs, dayEndMs }: AccountBook): Curve | null {
    return pace.curve(terms, zone, { startMs: dayStartMs, endMs: dayEndMs });
  }

  #openLease(book: AccountBook, today: DayBook, share: number): OpenLease {
    const number = this.#nextLease++;
    const { campaignId, model } = book.terms;
    const lease = this.#clerk.enterLease(book, {
      kind: 'lease',
      lease: number,
      campaignId,
      day: today.key,
      model,
      share,
    });
    lease.given = 0;
    const open = new OpenLease(lease, this.#clerk.nowMs + LEASE_AGE_MS);
    book.open = open;
    this.#open.add(open);
    return open;
  }

  #extend(open: OpenLease, amountNanos: number, expirySec: number): void {
    const { nowMs } = this.#clerk;
    const { lease } = open;
    open.aheadSec = Math.max(open.aheadSec, expirySec - Math.floor(nowMs / 1000));
    // Without money in it nothing is withheld, and one entry does for the whole lease.
    open.sliceEndMs = lease.model === 'cpm' ? nowMs + SLICE_AGE_MS : open.endMs;
    const lastExpirySec = Math.max(
      lease.lastExpirySec,
      Math.ceil(open.sliceEndMs / 1000) + open.aheadSec + WIN_EXTENSION_SEC,
    );
    this.#clerk.enter(lease, { kind: 'slice', lease: lease.number, amountNanos, lastExpirySec, atMs: nowMs });
    open.unusedNanos += amountNanos;
  }

  #sliceNanos(book: AccountBook, share: number): number {
    const { nowMs } = this.#clerk;
    const lastedMs = nowMs - book.sliceStartMs;
    const units =
      lastedMs < SHORT_SLICE_MS ? book.sliceUnits * 2 : book.sliceUnits / (lastedMs > LONG_SLICE_MS ? 2 : 1);
    book.sliceUnits = Math.min(MAX_SLICE_UNITS, Math.max(FIRST_SLICE_UNITS, units));
    book.sliceStartMs = nowMs;
    return book.sliceUnits * heldOf(book.terms.unitNanos, share);
  }

  #giveBack(open: OpenLease, amountNanos = open.unusedNanos): void {
    if (amountNanos === 0) return;
    this.#clerk.enter(open.lease, { kind: 'unused', lease: open.lease.number, amountNanos });
    open.unusedNanos -= amountNanos;
  }
}

/** What the next bid of the account takes of its price. */
function shareNow(book: AccountBook, today: DayBook): number {
  return keepShare(book.open?.lease.share ?? null, shareOf(book.terms, book, book.unpostedNanos(today)));
}

function isUsedUp({ lease, endMs }: OpenLease, nowMs: number, share: number): boolean {
  return lease.given >= MAX_ORDINALS || nowMs >= endMs || lease.share !== share;
}
