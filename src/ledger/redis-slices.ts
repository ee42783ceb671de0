/** What this node may spend by itself: slices of budgets that it holds, taken from without a trip, and asked for ahead. */
import type { CostNanos } from '../money.ts';
import { sameTerms } from './account-book.ts';
import { bookKeys } from './ledger-keys.ts';
import type { Account, BudgetTerms, Reservation } from './ledger.ts';
import { NodeAccount, type NodeLease } from './node-lease.ts';
import { Grants, type GrantEdges } from './redis-grants.ts';
import type { Settling } from './redis-settling.ts';
import { settleWithin } from './redis-limit.ts';

/** No bid stays valid for longer; what an exchange asks beyond that is not reserved. */
const LONGEST_VALIDITY_SEC = 86_400;
/** A clock that is further behind than callers can be was set back. */
const SKEW_MS = 5_000;
/** Of the accounts that can't bid, so many are asked for at a tick, the longest waiting first. */
const MAX_ASKED_AT_ONCE = 500;

export interface SliceEdges extends Omit<GrantEdges, 'nowMs' | 'onLease' | 'onOverdue'> {
  readonly settling: Settling;
  readonly nowMs: number;
  /** Redis takes calls for the key. */
  readonly isOpen: (key: string) => boolean;
  /** How long a bid waits for its slice, which is asked for once. */
  readonly waitMs: number;
}

export class RedisSlices {
  readonly accounts = new Map<string, NodeAccount>();
  /** The latest time that was told; only a tick takes it back. */
  nowMs: number;
  readonly #edges: SliceEdges;
  readonly #settling: Settling;
  readonly #grants: Grants;
  /** Accounts that could not bear a bid, until a tick finds that they can. */
  readonly #dry = new Set<NodeAccount>();

  constructor(edges: SliceEdges) {
    this.#edges = edges;
    this.#settling = edges.settling;
    this.nowMs = edges.nowMs;
    this.#grants = new Grants({
      ...edges,
      nowMs: () => this.nowMs,
      onLease: (lease) => this.#settling.add(lease),
      onOverdue: (account, number) => this.#settling.settleOverdue(account, number, this.nowMs),
    });
  }

  /** Says what time it is. */
  advance(nowMs: number): number {
    if (nowMs > this.nowMs) this.nowMs = nowMs;
    return this.nowMs;
  }

  account(terms: BudgetTerms): Account {
    const known = this.accounts.get(terms.campaignId);
    if (known === undefined) {
      const account = new NodeAccount(terms);
      this.accounts.set(terms.campaignId, account);
      return account;
    }
    if (terms.termsVersion < known.terms.termsVersion) return known;
    if (sameTerms(known.terms, terms)) known.renew(terms);
    else {
      known.open?.close();
      known.setTerms(terms);
    }
    return known;
  }

  prepare(accounts: readonly Account[], nowMs: number, expirySec: number): Promise<void> | null {
    this.advance(nowMs);
    const asked: Promise<void>[] = [];
    for (const account of accounts) {
      const known = accountOf(account);
      const nanos = known.terms.model === 'cpm' ? known.terms.unitNanos : 0;
      if (this.#holds(known, nanos, expirySec)) continue;
      if (this.#mayAsk(known)) asked.push(this.#grants.ask(known, nanos, expirySec));
    }
    return asked.length === 0 ? null : settleWithin(Promise.all(asked), this.#edges.waitMs);
  }

  reserve(account: Account, nanos: CostNanos, nowMs: number, expirySec: number): Reservation | null {
    const known = accountOf(account);
    if (!Number.isSafeInteger(nanos) || nanos < 0) throw new RangeError('a cost is a whole number of nanos');
    this.advance(nowMs);
    const validMs = expirySec * 1000 - this.nowMs;
    const isValid = validMs > 0 && validMs <= LONGEST_VALIDITY_SEC * 1000;
    const lease = isValid && this.#holds(known, nanos, expirySec) ? known.open : null;
    if (lease === null) {
      this.#dry.add(known);
      if (isValid && this.#mayAsk(known)) void this.#grants.ask(known, nanos, expirySec);
      return null;
    }
    const ordinal = lease.take(nanos, expirySec);
    if (this.#isHalfUsed(known, lease) && this.#mayAsk(known)) void this.#grants.ask(known, 0, expirySec);
    return { lease: lease.number, ordinal };
  }

  /** What a slice brings to light is settled after it. */
  async settled(): Promise<void> {
    await this.#grants.settled();
    await this.#settling.settled();
  }

  tick(nowMs: number): readonly string[] {
    if (this.nowMs - nowMs > SKEW_MS) this.#setBack(nowMs);
    this.advance(nowMs);
    this.#settling.tick(this.nowMs);
    const revived: string[] = [];
    let asked = 0;
    for (const account of this.#dry) {
      if (this.#bearsUnit(account)) {
        this.#dry.delete(account);
        revived.push(account.terms.campaignId);
      } else if (asked < MAX_ASKED_AT_ONCE && this.#mayAsk(account)) {
        asked++;
        void this.#grants.ask(account, 0, Math.floor(this.nowMs / 1000) + account.aheadSec);
      }
    }
    return revived;
  }

  canReserve(account: Account, nowMs: number): boolean {
    this.advance(nowMs);
    const known = accountOf(account);
    if (this.#bearsUnit(known)) return true;
    if (!known.isBarred && !known.isSpent && this.#isOpen(known)) return true;
    this.#dry.add(known);
    return false;
  }

  /** No lease is taken from before and after. Redis goes by the latest time that it has heard. */
  #setBack(nowMs: number): void {
    this.nowMs = nowMs;
    this.#settling.closeAll();
    for (const account of this.accounts.values()) account.setBack();
  }

  #holds(account: NodeAccount, nanos: number, expirySec: number): boolean {
    if (account.isBarred) return false;
    account.turnDay(this.nowMs);
    return account.open?.holds(nanos, this.nowMs, expirySec) ?? false;
  }

  #bearsUnit(account: NodeAccount): boolean {
    if (account.isBarred) return false;
    account.turnDay(this.nowMs);
    return account.open?.bearsUnit(this.nowMs) ?? false;
  }

  #mayAsk(account: NodeAccount): boolean {
    return !account.isBarred && this.nowMs >= account.retryMs && this.#isOpen(account);
  }

  /** Of a cluster, the master that has its book takes calls. */
  #isOpen({ terms }: NodeAccount): boolean {
    return this.#edges.isOpen(bookKeys(this.#edges.database, terms.campaignId).book);
  }

  /** Then the next slice is asked for, so that a busy campaign never waits for one. */
  #isHalfUsed(account: NodeAccount, lease: NodeLease): boolean {
    if (account.asking !== null) return false;
    if (lease.model === 'cpm') return lease.unusedNanos * 2 < account.heldNanos;
    return (lease.sliceEndMs - this.nowMs) * 2 < lease.sliceMs;
  }
}

function accountOf(account: Account): NodeAccount {
  if (account instanceof NodeAccount) return account;
  throw new TypeError('an account is what this ledger gave');
}
