/**
 * The ledger of a server that runs alone: the books in memory, every change of them in a journal. A crash loses
 * nothing that `saved` has answered for, and what was reserved and not yet settled stays reserved until it would
 * have expired.
 */
import { type CostNanos, costNanos } from '../money.ts';
import { AccountBook, type OpenLease, sameTerms } from './account-book.ts';
import { Clerk } from './clerk.ts';
import { Expiry } from './expiry.ts';
import type { Journal } from './journal.ts';
import type {
  Account,
  BudgetTerms,
  CountedLedger,
  PostStatus,
  Reservation,
  ReservedBid,
  Spend,
  VoidStatus,
  WinStatus,
} from './ledger.ts';
import { MAX_ORDINALS } from './marks.ts';
import { Notices } from './notices.ts';
import { WIN_EXTENSION_SEC } from './pending.ts';
import { heldOf } from './share.ts';
import { Slices } from './slices.ts';
import type { Totals } from './totals.ts';

/** No bid stays valid for longer; what an exchange asks beyond that is not reserved. */
const LONGEST_VALIDITY_SEC = 86_400;

const NO_SPEND: Spend = {
  spentTodayNanos: costNanos(0),
  spentLifetimeNanos: costNanos(0),
  pendingNanos: costNanos(0),
};

export interface EmbeddedLedger extends CountedLedger {
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
  readonly #expiry: Expiry;
  readonly #slices: Slices;
  readonly #notices: Notices;
  /** Accounts that could not bear a bid, until a tick finds that they can. */
  readonly #dry = new Set<AccountBook>();

  constructor({ journal, nowMs, copiedBytesPerTick }: LedgerOptions) {
    this.#clerk = new Clerk(journal, nowMs, copiedBytesPerTick);
    this.#expiry = new Expiry(this.#clerk);
    this.#slices = new Slices(this.#clerk, (lease) => {
      this.#expiry.settle(lease);
    });
    this.#notices = new Notices(this.#clerk, this.#expiry.pending, this.#slices);
  }

  account(terms: BudgetTerms): Account {
    const { accounts } = this.#clerk.books;
    let book = accounts.get(terms.campaignId);
    if (book === undefined) {
      book = new AccountBook(terms);
      accounts.set(terms.campaignId, book);
      return book;
    }
    if (terms.termsVersion < book.terms.termsVersion) return book;
    if (!sameTerms(book.terms, terms)) {
      if (book.open !== null) this.#slices.retire(book.open);
      if (book.written) this.#clerk.enterTerms({ kind: 'terms', terms });
      book.today = null;
    }
    book.setTerms(terms);
    return book;
  }

  prepare(): null {
    return null;
  }

  reserve(account: Account, nanos: CostNanos, nowMs: number, expirySec: number): Reservation | null {
    const book = bookOf(account);
    if (!Number.isSafeInteger(nanos) || nanos < 0) throw new RangeError('a cost is a whole number of nanos');
    this.#clerk.advance(nowMs);
    const open = this.#take(book, nanos, expirySec);
    if (open === null) {
      this.#dry.add(book);
      return null;
    }
    if (nanos > 0) this.#expiry.pending.add(open, expirySec, nanos, Math.floor(this.#clerk.nowMs / 1000));
    return { lease: open.lease.number, ordinal: open.lease.given++ };
  }

  release(bid: ReservedBid, nowMs: number): void {
    this.#noticesAt(nowMs).release(bid);
  }

  post(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus> {
    return Promise.resolve(this.#noticesAt(nowMs).post(bid, amountNanos));
  }

  postClick(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus> {
    return Promise.resolve(this.#noticesAt(nowMs).postClick(bid, amountNanos));
  }

  refundClick(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<void> {
    this.#noticesAt(nowMs).refundClick(bid, amountNanos);
    return Promise.resolve();
  }

  postConversion(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus> {
    return Promise.resolve(this.#noticesAt(nowMs).postConversion(bid, amountNanos));
  }

  void(bid: ReservedBid, nowMs: number): Promise<VoidStatus> {
    return Promise.resolve(this.#noticesAt(nowMs).void(bid));
  }

  win(bid: ReservedBid, nowMs: number): Promise<WinStatus> {
    return Promise.resolve(this.#noticesAt(nowMs).win(bid));
  }

  retract(bid: ReservedBid, nowMs: number): Promise<boolean> {
    return Promise.resolve(this.#noticesAt(nowMs).retract(bid));
  }

  tick(nowMs: number): readonly string[] {
    if (this.#clerk.follow(nowMs)) {
      this.#slices.setBack();
      this.#expiry.setBack();
    }
    this.#expiry.expire();
    this.#slices.tick();
    this.#clerk.tick();
    this.#keep();
    const revived: string[] = [];
    for (const book of this.#dry) {
      if (!this.#bearsUnit(book)) continue;
      this.#dry.delete(book);
      revived.push(book.terms.campaignId);
    }
    return revived;
  }

  get isSound(): boolean {
    return this.#clerk.journal.healthy;
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
      pendingNanos: costNanos(book.pendingNanos),
    };
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  pendingNanos(): number {
    let sum = 0;
    for (const book of this.#clerk.books.accounts.values()) sum += book.pendingNanos;
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

  #noticesAt(nowMs: number): Notices {
    this.#clerk.advance(nowMs);
    return this.#notices;
  }

  /** The lease that bears it now; null: none does. */
  #take(book: AccountBook, nanos: number, expirySec: number): OpenLease | null {
    const now = this.#clerk.nowMs;
    const validMs = expirySec * 1000 - now;
    if (!this.isSound || validMs <= 0 || validMs > LONGEST_VALIDITY_SEC * 1000) return null;
    // A click or a conversion takes its money when it happens; until then the budget must bear one more.
    if (book.terms.model !== 'cpm' && !this.#slices.bearsUnit(book)) return null;
    const { open } = book;
    const holds =
      open !== null &&
      heldOf(nanos, open.lease.share) <= open.unusedNanos &&
      now < open.sliceEndMs &&
      now < book.dayEndMs &&
      expirySec + WIN_EXTENSION_SEC <= open.lease.lastExpirySec &&
      open.lease.given < MAX_ORDINALS;
    return holds ? open : this.#slices.grant(book, nanos, expirySec);
  }

  /** Keeps what nobody waits for, and tries a failing disk again. Who waits is told by his own call. */
  #keep(): void {
    const { posts } = this.#notices;
    this.saved().then(
      () => {
        this.#notices.keptThrough(posts);
      },
      () => undefined,
    );
  }

  #bearsUnit(book: AccountBook): boolean {
    return this.isSound && this.#slices.bearsUnit(book);
  }
}

function bookOf(account: Account): AccountBook {
  if (account instanceof AccountBook) return account;
  throw new TypeError('an account is what this ledger gave');
}
