/**
 * The ledger's books. `apply` is the only place where money moves; it is called with the same entries when they
 * happen and when they are read back from the journal.
 */
import { AccountBook, type DayBook, Lease } from './account-book.ts';
import type { AccountEntry, Entry, KeptEntry, LeaseEntry, LeaseFact } from './entries.ts';
import type { BudgetTerms } from './ledger.ts';
import { type Mark, Marks } from './marks.ts';
import { WHOLE_SHARE } from './share.ts';

export class Books {
  readonly accounts = new Map<string, AccountBook>();
  readonly leases = new Map<number, Lease>();
  highestLease = 0;

  /** Throws when the entry speaks of an account or a lease that no entry before it has opened. */
  apply(entry: Entry): void {
    if (entry.kind === 'terms') this.#setTerms(entry.terms);
    else if (entry.kind === 'account') this.#setAccount(entry);
    else if (entry.kind === 'lease') this.#openLease(entry, null);
    else if (entry.kind === 'kept') this.#setLease(entry);
    else this.#applyToLease(entry);
  }

  #applyToLease(entry: LeaseFact): void {
    const lease = this.leases.get(entry.lease);
    if (lease === undefined) throw new Error(`the ledger journal has no lease ${entry.lease.toString()}`);
    switch (entry.kind) {
      case 'slice':
        lease.lastExpirySec = Math.max(lease.lastExpirySec, entry.lastExpirySec);
        lease.longestSec = Math.max(lease.longestSec, entry.lastExpirySec - Math.floor(entry.atMs / 1000));
        release(lease, -entry.amountNanos);
        break;
      case 'unused':
        release(lease, entry.amountNanos);
        break;
      case 'post':
        mark(lease, 'posted', entry.ordinal);
        release(lease, entry.releasedNanos);
        post(lease.book, lease.day, entry.amountNanos);
        break;
      case 'void':
        mark(lease, 'voided', entry.ordinal);
        release(lease, entry.releasedNanos);
        break;
      case 'retract':
        lease.marks?.clear('posted', entry.ordinal);
        mark(lease, 'voided', entry.ordinal);
        post(lease.book, lease.day, -entry.amountNanos);
        break;
      case 'win':
        mark(lease, entry.isLate ? 'wonLate' : 'won', entry.ordinal);
        break;
      case 'click':
      case 'conversion':
        mark(lease, entry.kind === 'click' ? 'clicked' : 'converted', entry.ordinal);
        post(lease.book, lease.book.day(entry.day), entry.amountNanos);
        break;
      case 'expire':
        lease.expiredThroughSec = Math.max(lease.expiredThroughSec, entry.expirySec);
        release(lease, entry.releasedNanos);
        break;
    }
  }

  #setTerms(terms: BudgetTerms): void {
    let book = this.accounts.get(terms.campaignId);
    if (book === undefined) {
      book = new AccountBook(terms);
      this.accounts.set(terms.campaignId, book);
    }
    book.setTerms(terms);
    book.written = true;
  }

  #setAccount(entry: AccountEntry): void {
    const book = this.#account(entry.campaignId);
    book.postedNanos = entry.postedNanos;
    for (const [day, postedNanos] of entry.days) book.useDay(day).postedNanos = postedNanos;
  }

  #openLease(entry: LeaseEntry | KeptEntry, marks: Marks | null): Lease {
    const book = this.#account(entry.campaignId);
    const { lease: number, model, share } = entry;
    const lease = new Lease(book, book.day(entry.day), { number, model, share, marks });
    if (share < WHOLE_SHARE) book.hasShares = true;
    this.leases.set(lease.number, lease);
    this.highestLease = Math.max(this.highestLease, lease.number);
    return lease;
  }

  #setLease(entry: KeptEntry): void {
    const lease = this.#openLease(entry, entry.marks);
    lease.lastExpirySec = entry.lastExpirySec;
    lease.longestSec = entry.longestSec;
    lease.expiredThroughSec = entry.expiredThroughSec;
    release(lease, -entry.outstandingNanos);
  }

  #account(campaignId: string): AccountBook {
    const book = this.accounts.get(campaignId);
    if (book === undefined) throw new Error(`the ledger journal has no account ${campaignId}`);
    return book;
  }
}

function mark(lease: Lease, name: Mark, ordinal: number): void {
  lease.marks ??= new Marks();
  lease.marks.set(name, ordinal);
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
