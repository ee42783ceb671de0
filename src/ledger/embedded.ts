/**
 * The ledger of a server that runs alone: the books in memory, every change of them in a journal. A crash loses
 * nothing that `saved` has answered for, and what was reserved and not yet settled stays reserved until it would
 * have expired.
 */
import { type CostNanos, costNanos } from '../money.ts';
import { AccountBook, sameTerms } from './books.ts';
import { Clerk } from './clerk.ts';
import type { Journal } from './journal.ts';
import { Keeping } from './keeping.ts';
import type {
  Account,
  BudgetTerms,
  Ledger,
  PostStatus,
  Reservation,
  ReservedBid,
  Spend,
  VoidStatus,
  WinStatus,
} from './ledger.ts';
import { MAX_ORDINALS } from './marks.ts';
import { Notices } from './notices.ts';
import { Pending, WIN_EXTENSION_SEC } from './pending.ts';
import { Slices } from './slices.ts';
import type { Totals } from './totals.ts';

/** No bid stays valid for longer; what an exchange asks beyond that is not reserved. */
const LONGEST_VALIDITY_SEC = 86_400;

const NO_SPEND: Spend = {
  spentTodayNanos: costNanos(0),
  spentLifetimeNanos: costNanos(0),
  pendingNanos: costNanos(0),
};

export interface EmbeddedLedger extends Ledger {
  totals(): Readonly<Totals>;
  /** Reserved over all accounts, and neither posted, voided nor expired. */
  pendingNanos(): number;
  /** Leases that are remembered, and bytes of the journal. */
  size(): { readonly leases: number; readonly journalBytes: number };
}

export interface LedgerOptions {
  readonly journal: Journal;
  readonly nowMs: number;
  /** How much of a rewritten journal one tick writes; the default costs it about 2 ms. */
  readonly copiedBytesPerTick?: number;
}

/** Reads the journal and goes on from there. Throws when it holds what this version doesn't know. */
export function openLedger(options: LedgerOptions): EmbeddedLedger {
  return new JournaledLedger(options);
}

class JournaledLedger implements EmbeddedLedger {
  readonly #clerk: Clerk;
  readonly #pending = new Pending();
  readonly #keeping = new Keeping();
  readonly #slices: Slices;
  readonly #notices: Notices;
  /** Accounts that were found without budget, until a tick finds some. */
  readonly #dry = new Set<AccountBook>();

  constructor({ journal, nowMs, copiedBytesPerTick }: LedgerOptions) {
    this.#clerk = new Clerk(journal, nowMs, copiedBytesPerTick);
    this.#slices = new Slices(this.#clerk, (lease) => {
      this.#keeping.keep(lease);
    });
    this.#notices = new Notices(this.#clerk, this.#pending, this.#slices);
    for (const lease of this.#clerk.books.leases.values()) {
      this.#pending.withhold(lease);
      this.#keeping.keep(lease);
    }
    this.#expire();
  }

  account(terms: BudgetTerms): Account {
    const { accounts } = this.#clerk.books;
    let book = accounts.get(terms.campaignId);
    if (book === undefined) {
      book = new AccountBook(terms);
      accounts.set(terms.campaignId, book);
    } else if (!sameTerms(book.terms, terms)) {
      if (book.open !== null) this.#slices.retire(book.open);
      if (book.written) this.#clerk.enterTerms({ kind: 'terms', terms });
      book.terms = terms;
      book.today = null;
    }
    return book;
  }

  reserve(account: Account, nanos: CostNanos, nowMs: number, expirySec: number): Reservation | null {
    const book = bookOf(account);
    if (!Number.isSafeInteger(nanos) || nanos < 0) throw new RangeError('a cost is a whole number of nanos');
    this.#clerk.advance(nowMs);
    const now = this.#clerk.nowMs;
    const validMs = expirySec * 1000 - now;
    if (validMs <= 0 || validMs > LONGEST_VALIDITY_SEC * 1000) return null;

    let lease = book.open;
    // A click or a conversion takes its money when it happens; until then the budget must bear one more.
    const broke = book.terms.model !== 'cpm' && !this.#slices.bearsUnit(book);
    const held =
      lease !== null &&
      nanos <= lease.unusedNanos &&
      now < lease.sliceEndMs &&
      now < book.dayEndMs &&
      expirySec + WIN_EXTENSION_SEC <= lease.lastExpirySec &&
      lease.nextOrdinal < MAX_ORDINALS;
    if (broke) lease = null;
    else if (!held) lease = this.#slices.grant(book, nanos, expirySec);
    if (lease === null) {
      this.#dry.add(book);
      return null;
    }
    lease.unusedNanos -= nanos;
    if (nanos > 0) this.#pending.add(lease, expirySec, nanos);
    return { lease: lease.number, ordinal: lease.nextOrdinal++ };
  }

  post(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): PostStatus {
    this.#clerk.advance(nowMs);
    return this.#notices.post(bid, amountNanos);
  }

  postClick(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): PostStatus {
    this.#clerk.advance(nowMs);
    return this.#notices.postClick(bid, amountNanos);
  }

  postConversion(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): PostStatus {
    this.#clerk.advance(nowMs);
    return this.#notices.postConversion(bid, amountNanos);
  }

  void(bid: ReservedBid, nowMs: number): VoidStatus {
    this.#clerk.advance(nowMs);
    return this.#notices.void(bid);
  }

  win(bid: ReservedBid, nowMs: number): WinStatus {
    this.#clerk.advance(nowMs);
    return this.#notices.win(bid);
  }

  tick(nowMs: number): readonly string[] {
    this.#clerk.advance(nowMs);
    this.#expire();
    this.#slices.tick();
    this.#clerk.tick();
    // Keeps what nobody waits for, and tries a failing disk again. Who waits is told by his own call.
    this.saved().catch(() => undefined);
    const revived: string[] = [];
    for (const book of this.#dry) {
      if (!this.#bearsUnit(book)) continue;
      this.#dry.delete(book);
      revived.push(book.terms.campaignId);
    }
    return revived;
  }

  canReserve(account: Account, nowMs: number): boolean {
    this.#clerk.advance(nowMs);
    const book = bookOf(account);
    if (this.#bearsUnit(book)) return true;
    this.#dry.add(book);
    return false;
  }

  spend(campaignId: string, nowMs: number): Spend {
    this.#clerk.advance(nowMs);
    const book = this.#clerk.books.accounts.get(campaignId);
    if (book === undefined) return NO_SPEND;
    return {
      spentTodayNanos: costNanos(this.#slices.turnDay(book).postedNanos),
      spentLifetimeNanos: costNanos(book.postedNanos),
      pendingNanos: costNanos(pendingOf(book)),
    };
  }

  pendingNanos(): number {
    let sum = 0;
    for (const book of this.#clerk.books.accounts.values()) sum += pendingOf(book);
    return sum;
  }

  saved(): Promise<void> {
    return this.#clerk.journal.saved();
  }

  async close(): Promise<void> {
    this.#slices.retireAll();
    await this.#clerk.journal.close();
  }

  totals(): Readonly<Totals> {
    return this.#clerk.totals;
  }

  size(): { readonly leases: number; readonly journalBytes: number } {
    return { leases: this.#clerk.books.leases.size, journalBytes: this.#clerk.journal.bytes };
  }

  #bearsUnit(book: AccountBook): boolean {
    return this.#clerk.journal.healthy && this.#slices.bearsUnit(book);
  }

  #expire(): void {
    const nowSec = Math.floor(this.#clerk.nowMs / 1000);
    for (const bucket of this.#pending.takeDue(nowSec)) {
      const { lease, expirySec, pendingNanos } = bucket;
      if (pendingNanos === 0) continue;
      bucket.pendingNanos = 0;
      this.#clerk.enter(lease, {
        kind: 'expire',
        lease: lease.number,
        expirySec,
        releasedNanos: pendingNanos,
      });
      this.#clerk.totals.expiredNanos += pendingNanos;
    }
    this.#keeping.forgetDue(nowSec, this.#clerk.books);
  }
}

function bookOf(account: Account): AccountBook {
  if (account instanceof AccountBook) return account;
  throw new TypeError('an account is what this ledger gave');
}

/** What a lease holds and has not yet been reserved can't be billed. */
function pendingOf(book: AccountBook): number {
  return book.leasedNanos - (book.open?.unusedNanos ?? 0);
}
