/** How leases end: what was not used goes back, and what was reserved and never heard of, once it has expired. */
import { bookKeys, leaseKeys } from './ledger-keys.ts';
import type { NodeAccount, NodeLease } from './node-lease.ts';
import type { LedgerScripts } from './redis-scripts.ts';
import type { Totals } from './totals.ts';

/** Nobody waits for it, and the next tick tries again. */
const SETTLE_LIMIT_MS = 1_000;

export interface SettlingEdges {
  readonly scripts: LedgerScripts;
  readonly database: string;
  readonly node: string;
  readonly totals: Totals;
  /** Redis does not have its book as it was, or this lease of it. */
  readonly onLost: (account: NodeAccount) => void;
}

export class Settling {
  readonly #edges: SettlingEdges;
  readonly #leases = new Map<number, NodeLease>();
  readonly #byAccount = new Map<NodeAccount, NodeLease[]>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(edges: SettlingEdges) {
    this.#edges = edges;
  }

  add(lease: NodeLease): void {
    this.#leases.set(lease.number, lease);
    this.#byAccount.set(lease.account, [...this.leasesOf(lease.account), lease]);
  }

  leasesOf(account: NodeAccount): readonly NodeLease[] {
    return this.#byAccount.get(account) ?? [];
  }

  /** Those that hold a lease. */
  accounts(): Iterable<NodeAccount> {
    return this.#byAccount.keys();
  }

  get count(): number {
    return this.#leases.size;
  }

  find(number: number): NodeLease | null {
    return this.#leases.get(number) ?? null;
  }

  /** Reserved on this node, and not yet expired. */
  reservedNanos(): number {
    let sum = 0;
    for (const lease of this.#leases.values()) for (const nanos of lease.reserved.values()) sum += nanos;
    return sum;
  }

  tick(nowMs: number): void {
    const nowSec = Math.floor(nowMs / 1000);
    for (const lease of this.#leases.values()) {
      if (nowMs >= lease.endMs || lease.account.turnDay(nowMs) !== lease.day) lease.close();
      else if (nowMs >= lease.sliceEndMs && lease.unusedNanos > 0) lease.giveBack();
      if (lease.isDue(nowSec)) this.#track(this.#settle(lease, nowMs));
    }
  }

  /** All that is unused goes back. */
  closeAll(): void {
    for (const lease of this.#leases.values()) lease.close();
  }

  settleOverdue(account: NodeAccount, number: number, nowMs: number): void {
    const { scripts, database, node } = this.#edges;
    const { campaignId } = account.terms;
    const args = [Math.floor(nowMs), node, number, 0, 0, 1];
    this.#track(
      scripts
        .run('settleLease', keysOf(database, campaignId, number), args, SETTLE_LIMIT_MS)
        .then(({ code }) => {
          if (code === 'closed') account.revive();
        }),
    );
  }

  /** Resolves when what is under way by now is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #settle(lease: NodeLease, nowMs: number): Promise<void> {
    const { scripts, database, node, totals } = this.#edges;
    const nowSec = Math.floor(nowMs / 1000);
    // From here on nothing of these seconds is taken or put back.
    lease.throughSec = Math.max(lease.throughSec, nowSec);
    const due = [...lease.reserved].filter(([second]) => second <= lease.throughSec);
    const { account, returnedNanos, isClosing } = lease;
    lease.isSettling = true;
    const { code, sums } = await scripts.run(
      'settleLease',
      keysOf(database, account.terms.campaignId, lease.number),
      [
        Math.floor(nowMs),
        node,
        lease.number,
        returnedNanos,
        lease.throughSec,
        isClosing ? 1 : 0,
        ...due.flat(),
      ],
      SETTLE_LIMIT_MS,
    );
    lease.isSettling = false;
    if (code === 'lost' || code === 'unknown') this.#edges.onLost(account);
    if (code !== 'settled' && code !== 'closed') return;
    for (const [second] of due) lease.reserved.delete(second);
    lease.toldNanos = returnedNanos;
    lease.isClosingTold = isClosing;
    totals.expiredNanos += sums[5] ?? 0;
    if (code === 'settled') {
      const [grantedNanos = 0, , nextSec = 0, postedTodayNanos = 0, postedNanos = 0] = sums;
      lease.grantedNanos = Math.max(lease.grantedNanos, grantedNanos);
      lease.extendedSec = nextSec > 0 && !lease.reserved.has(nextSec) ? nextSec : Number.POSITIVE_INFINITY;
      if (lease.day === account.day) account.postedTodayNanos = postedTodayNanos;
      account.postedNanos = postedNanos;
      if (isClosing) lease.giveBack();
      return;
    }
    lease.close();
    this.#remove(lease);
  }

  #remove(lease: NodeLease): void {
    this.#leases.delete(lease.number);
    const others = this.leasesOf(lease.account).filter((other) => other !== lease);
    if (others.length === 0) this.#byAccount.delete(lease.account);
    else this.#byAccount.set(lease.account, others);
  }
}

function keysOf(database: string, campaignId: string, number: number): readonly string[] {
  const { book, leases } = bookKeys(database, campaignId);
  return [book, leases, leaseKeys(database, campaignId, number).lease];
}
