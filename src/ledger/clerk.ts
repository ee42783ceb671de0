/**
 * The clerk enters facts: into the books, then into the journal, in one order. Beside that he copies the books
 * into a fresh journal when the old one has grown past what it holds, a piece at a time.
 *
 * A copy is made of all terms, then all leases, then the accounts' sums, while entries go on. What is entered of a lease
 * that the copy has already goes to both journals; of one that it has not yet, to the old one alone, for the copy
 * will hold its effect. The sums come last and replace what the entries before them added up to.
 */
import type { AccountBook, Lease } from './account-book.ts';
import { Books } from './books.ts';
import type { Entry, LeaseEntry, LeaseFact, TermsEntry } from './entries.ts';
import { decodeEntry, encodeEntry } from './entry-bytes.ts';
import type { Journal } from './journal.ts';
import { type Totals, startTotals } from './totals.ts';

/** Copied per tick: about 2 ms of work. */
const COPIED_BYTES_PER_TICK = 1_048_576;

/**
 * Callers tell the time of their request's arrival, so one may be behind another by a deadline or a stalled event
 * loop. A clock that is further behind was set back.
 */
const SKEW_MS = 5_000;
/** Ticks come every second: between two that are further apart the machine slept, or its clock was set ahead. */
const TICK_GAP_MS = 60_000;

export class Clerk {
  readonly books = new Books();
  readonly totals: Totals = startTotals();
  readonly journal: Journal;
  /** The latest time that was told; skew between callers reopens nothing. Only `follow` takes it back. */
  nowMs: number;
  /** Since then the clock has neither jumped nor been set back, as far as it can be told. */
  steadySinceMs: number;
  #followedMs: number;
  /** Copies of the journal that were begun. */
  #rewrite = 0;
  #copy: Generator<number> | null = null;
  #ending = false;
  readonly #copiedBytesPerTick: number;

  /** Reads the journal. Throws when it holds what this version doesn't know. */
  constructor(journal: Journal, nowMs: number, copiedBytesPerTick = COPIED_BYTES_PER_TICK) {
    this.journal = journal;
    this.#copiedBytesPerTick = copiedBytesPerTick;
    journal.replay((record) => {
      this.books.apply(decodeEntry(record));
    });
    // The journal's own times prove nothing: the clock may have been ahead when they were written.
    this.nowMs = nowMs;
    this.steadySinceMs = nowMs;
    this.#followedMs = nowMs;
  }

  advance(nowMs: number): void {
    if (nowMs > this.nowMs) this.nowMs = nowMs;
  }

  /** Goes with the clock, back too where it was set back; true: it was. */
  follow(nowMs: number): boolean {
    const wasSetBack = this.nowMs - nowMs > SKEW_MS;
    if (wasSetBack) this.nowMs = nowMs;
    else this.advance(nowMs);
    if (wasSetBack || nowMs - this.#followedMs > TICK_GAP_MS) this.steadySinceMs = this.nowMs;
    this.#followedMs = nowMs;
    return wasSetBack;
  }

  enterTerms(entry: TermsEntry): void {
    this.books.apply(entry);
    const book = this.books.accounts.get(entry.terms.campaignId);
    const bytes = encodeEntry(entry);
    this.journal.append(bytes);
    if (this.#copying && book?.rewrite === this.#rewrite) this.journal.appendNext(bytes);
  }

  enterLease(book: AccountBook, entry: LeaseEntry): Lease {
    if (!book.written) this.enterTerms({ kind: 'terms', terms: book.terms });
    this.books.apply(entry);
    this.journal.append(encodeEntry(entry));
    const lease = this.books.leases.get(entry.lease);
    if (lease === undefined) throw new Error('a lease that was entered is in the books');
    if (this.#copying) {
      this.#copyTerms(book);
      this.journal.appendNext(encodeEntry(entry));
      lease.rewrite = this.#rewrite;
    }
    return lease;
  }

  enter(lease: Lease, entry: LeaseFact): void {
    this.books.apply(entry);
    const bytes = encodeEntry(entry);
    this.journal.append(bytes);
    if (this.#copying && lease.rewrite === this.#rewrite) this.journal.appendNext(bytes);
  }

  /** Copies on where the journal is being rewritten, and begins to where it should be. */
  tick(): void {
    if (!this.#copying) {
      if (!this.journal.wantsRewrite) return;
      this.journal.beginRewrite();
      this.#rewrite++;
      this.#copy = this.#copyBooks();
    }
    if (this.#ending || this.#copy === null) return;
    for (let copied = 0; copied < this.#copiedBytesPerTick;) {
      const step = this.#copy.next();
      if (step.done === true) {
        this.#endCopy();
        return;
      }
      copied += step.value;
    }
  }

  get #copying(): boolean {
    return this.#copy !== null;
  }

  #endCopy(): void {
    this.#ending = true;
    void this.journal.endRewrite().then((replaced) => {
      this.#copy = null;
      this.#ending = false;
      if (replaced) this.totals.rewrites++;
    });
  }

  /** Yields the bytes of every step. Accounts and leases that come up meanwhile are met at the end, and skipped. */
  *#copyBooks(): Generator<number> {
    const { accounts, leases } = this.books;
    for (const book of accounts.values()) if (book.written) yield this.#copyTerms(book);
    for (const lease of leases.values()) if (lease.rewrite !== this.#rewrite) yield this.#copyLease(lease);
    for (const book of accounts.values()) if (book.written) yield this.#copySums(book);
  }

  #copyTerms(book: AccountBook): number {
    if (book.rewrite === this.#rewrite) return 0;
    book.rewrite = this.#rewrite;
    return this.#appendNext({ kind: 'terms', terms: book.terms });
  }

  #copyLease(lease: Lease): number {
    lease.rewrite = this.#rewrite;
    return this.#appendNext({
      kind: 'kept',
      lease: lease.number,
      campaignId: lease.book.terms.campaignId,
      day: lease.day.key,
      model: lease.model,
      share: lease.share,
      lastExpirySec: lease.lastExpirySec,
      longestSec: lease.longestSec,
      expiredThroughSec: lease.expiredThroughSec,
      outstandingNanos: lease.outstandingNanos,
      marks: lease.marks,
    });
  }

  #copySums(book: AccountBook): number {
    return this.#appendNext({
      kind: 'account',
      campaignId: book.terms.campaignId,
      postedNanos: book.postedNanos,
      days: Array.from(book.days.values(), (day) => [day.key, day.postedNanos] as const),
    });
  }

  #appendNext(entry: Entry): number {
    const bytes = encodeEntry(entry);
    this.journal.appendNext(bytes);
    return bytes.length;
  }
}
