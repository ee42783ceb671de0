/**
 * The ledger's books: per campaign what is posted and what is leased, per lease what is still outstanding and
 * what has happened to its ordinals. `apply` is the only place where money moves; it is called with the same
 * entries when they happen and when they are read back from the journal.
 *
 *   outstanding of a lease  = its slices - unused - released by posts, voids and expiries
 *   leased of a day, of all = the sum of the outstanding of its leases
 */
import type { BidModel } from '../campaigns/model.ts';
import type { AccountEntry, Entry, KeptEntry, LeaseEntry, LeaseFact } from './entries.ts';
import type { Account, BudgetTerms } from './ledger.ts';
import { MAX_ORDINALS, Marks } from './marks.ts';

/** Days of an account that are remembered: a change of zone can bring yesterday back. */
const KEPT_DAYS = 3;

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
  readonly expirySec: number;
  pendingNanos = 0;

  constructor(lease: Lease, expirySec: number) {
    this.lease = lease;
    this.expirySec = expirySec;
  }
}

export class Lease {
  readonly number: number;
  readonly book: AccountBook;
  readonly day: DayBook;
  readonly model: BidModel;
  readonly marks: Marks;
  outstandingNanos = 0;
  /** Nothing in it expires later, whatever is won. */
  lastExpirySec = 0;
  /** Reservations that expired up to here have gone back. */
  expiredThroughSec = 0;

  /** The part of it that nobody has reserved yet. */
  unusedNanos = 0;
  /** MAX_ORDINALS: nothing more is taken from it. So are all leases of an earlier run: what they gave is not known. */
  nextOrdinal = MAX_ORDINALS;
  /** Nothing is taken from it from here on without another entry in the journal. */
  sliceEndMs = 0;
  endMs = 0;
  /** The longest validity that was asked of it. */
  aheadSec = 0;
  readonly buckets = new Map<number, Bucket>();
  /** The bucket of the last reservation. */
  latest: Bucket | null = null;
  /** All that an earlier run left of it, in one sum. */
  withheld: Bucket | null = null;
  /** The rewrite that has it already. */
  rewrite = 0;

  constructor(number: number, book: AccountBook, day: DayBook, model: BidModel, marks: Marks) {
    this.number = number;
    this.book = book;
    this.day = day;
    this.model = model;
    this.marks = marks;
  }
}

export class AccountBook implements Account {
  terms: BudgetTerms;
  postedNanos = 0;
  leasedNanos = 0;
  readonly days = new Map<number, DayBook>();
  readonly leases = new Set<Lease>();
  /** The lease that reservations are taken from. */
  open: Lease | null = null;
  /** null until the day was looked up. */
  today: DayBook | null = null;
  dayEndMs = 0;
  /** Units of the next slice. */
  sliceUnits = 0;
  sliceStartMs = 0;
  /** Its present terms stand in the journal. */
  written = false;
  rewrite = 0;

  constructor(terms: BudgetTerms) {
    this.terms = terms;
  }

  day(key: number): DayBook {
    let day = this.days.get(key);
    if (day === undefined) {
      day = new DayBook(key);
      this.days.set(key, day);
    }
    return day;
  }

  /** What is neither posted nor leased, today and for the whole campaign. */
  availableNanos(today: DayBook): number {
    const { dailyBudgetNanos, lifetimeBudgetNanos } = this.terms;
    const daily = dailyBudgetNanos - today.postedNanos - today.leasedNanos;
    if (lifetimeBudgetNanos === null) return daily;
    return Math.min(daily, lifetimeBudgetNanos - this.postedNanos - this.leasedNanos);
  }

  forgetDaysBefore(key: number): void {
    for (const day of this.days.keys()) if (day <= key - KEPT_DAYS) this.days.delete(day);
  }
}

export class Books {
  readonly accounts = new Map<string, AccountBook>();
  readonly leases = new Map<number, Lease>();
  highestLease = 0;
  /** The latest time that any entry tells. */
  latestMs = 0;

  /** Throws when the entry speaks of an account or a lease that no entry before it has opened. */
  apply(entry: Entry): void {
    if (entry.kind === 'terms') this.#setTerms(entry.terms);
    else if (entry.kind === 'account') this.#setAccount(entry);
    else if (entry.kind === 'lease') this.#openLease(entry, new Marks());
    else if (entry.kind === 'kept') this.#setLease(entry);
    else this.#applyToLease(entry);
  }

  #applyToLease(entry: LeaseFact): void {
    const lease = this.leases.get(entry.lease);
    if (lease === undefined) throw new Error(`the ledger journal has no lease ${entry.lease.toString()}`);
    switch (entry.kind) {
      case 'slice':
        lease.lastExpirySec = Math.max(lease.lastExpirySec, entry.lastExpirySec);
        this.latestMs = Math.max(this.latestMs, entry.atMs);
        release(lease, -entry.amountNanos);
        break;
      case 'unused':
        release(lease, entry.amountNanos);
        break;
      case 'post':
        lease.marks.set('posted', entry.ordinal);
        release(lease, entry.releasedNanos);
        post(lease.book, lease.day, entry.amountNanos);
        break;
      case 'void':
        lease.marks.set('voided', entry.ordinal);
        release(lease, entry.releasedNanos);
        break;
      case 'win':
        lease.marks.set('won', entry.ordinal);
        break;
      case 'click':
      case 'conversion':
        lease.marks.set(entry.kind === 'click' ? 'clicked' : 'converted', entry.ordinal);
        post(lease.book, lease.book.day(entry.day), entry.amountNanos);
        break;
      case 'expire':
        lease.expiredThroughSec = Math.max(lease.expiredThroughSec, entry.expirySec);
        this.latestMs = Math.max(this.latestMs, entry.expirySec * 1000);
        release(lease, entry.releasedNanos);
        break;
    }
  }

  forget(lease: Lease): void {
    this.leases.delete(lease.number);
    lease.book.leases.delete(lease);
  }

  #setTerms(terms: BudgetTerms): void {
    let book = this.accounts.get(terms.campaignId);
    if (book === undefined) {
      book = new AccountBook(terms);
      this.accounts.set(terms.campaignId, book);
    }
    book.terms = terms;
    book.written = true;
  }

  #setAccount(entry: AccountEntry): void {
    const book = this.#account(entry.campaignId);
    book.postedNanos = entry.postedNanos;
    for (const [day, postedNanos] of entry.days) book.day(day).postedNanos = postedNanos;
  }

  #openLease(entry: LeaseEntry | KeptEntry, marks: Marks): Lease {
    const book = this.#account(entry.campaignId);
    const lease = new Lease(entry.lease, book, book.day(entry.day), entry.model, marks);
    this.leases.set(lease.number, lease);
    book.leases.add(lease);
    this.highestLease = Math.max(this.highestLease, lease.number);
    return lease;
  }

  #setLease(entry: KeptEntry): void {
    const lease = this.#openLease(entry, entry.marks);
    lease.lastExpirySec = entry.lastExpirySec;
    lease.expiredThroughSec = entry.expiredThroughSec;
    release(lease, -entry.outstandingNanos);
  }

  #account(campaignId: string): AccountBook {
    const book = this.accounts.get(campaignId);
    if (book === undefined) throw new Error(`the ledger journal has no account ${campaignId}`);
    return book;
  }
}

function release(lease: Lease, nanos: number): void {
  lease.outstandingNanos -= nanos;
  lease.day.leasedNanos -= nanos;
  lease.book.leasedNanos -= nanos;
}

function post(book: AccountBook, day: DayBook, nanos: number): void {
  book.postedNanos += nanos;
  day.postedNanos += nanos;
}

export function sameTerms(a: BudgetTerms, b: BudgetTerms): boolean {
  return (
    a.model === b.model &&
    a.dailyBudgetNanos === b.dailyBudgetNanos &&
    a.lifetimeBudgetNanos === b.lifetimeBudgetNanos &&
    a.timezone === b.timezone &&
    a.unitNanos === b.unitNanos
  );
}
