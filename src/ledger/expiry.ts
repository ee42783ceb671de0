/**
 * What time does: reservations expire, leases are forgotten, and when the clock is set back, nothing that was
 * reserved while it was ahead outlives its validity by more than that.
 */
import type { Bucket, Lease } from './account-book.ts';
import type { Clerk } from './clerk.ts';
import { Keeping } from './keeping.ts';
import { Pending } from './pending.ts';
import { priceOf } from './share.ts';

/**
 * After a jump of the clock no lease is forgotten for this long: a clock that is a year ahead, at the start or for
 * a while, must not make the bills of an hour unknown.
 */
const STEADY_MS = 3_600_000;

export class Expiry {
  readonly pending = new Pending();
  readonly #clerk: Clerk;
  readonly #keeping = new Keeping();

  /** Withholds what an earlier run has left. */
  constructor(clerk: Clerk) {
    this.#clerk = clerk;
    for (const lease of clerk.books.leases.values()) this.pending.withhold(lease, this.#nowSec);
    this.#keepAll();
    this.expire();
  }

  /** Nothing is taken from the lease any more. One that never gave an ordinal has no notices. */
  settle(lease: Lease): void {
    if (lease.given === 0) this.#clerk.books.leases.delete(lease.number);
    else this.#keeping.keep(lease);
  }

  expire(): void {
    for (const bucket of this.pending.takeDue(this.#nowSec)) {
      if (!bucket.isWithheld) countBids(bucket);
      const { lease, expirySec, pendingNanos } = bucket;
      if (pendingNanos === 0) continue;
      this.#clerk.enter(lease, {
        kind: 'expire',
        lease: lease.number,
        expirySec,
        releasedNanos: pendingNanos,
      });
      this.#clerk.totals.expiredNanos += pendingNanos;
    }
    if (this.#clerk.nowMs - this.#clerk.steadySinceMs < STEADY_MS) return;
    for (const lease of this.#keeping.takeDue(this.#nowSec)) this.#clerk.books.leases.delete(lease.number);
  }

  /** The clock was set back; every lease has been retired. */
  setBack(): void {
    this.pending.setBack(this.#nowSec);
    this.#keepAll();
  }

  #keepAll(): void {
    const { leases } = this.#clerk.books;
    for (const lease of leases.values()) {
      lease.lastExpirySec = Math.min(lease.lastExpirySec, this.#nowSec + lease.longestSec);
    }
    this.#keeping.keepAll(leases.values());
  }

  get #nowSec(): number {
    return Math.floor(this.#clerk.nowMs / 1000);
  }
}

/** All bids of one lease and one second at once, so that those that are billed soon count for no more than those that are not. */
function countBids({ lease, wonNanos, lostNanos, pendingNanos }: Bucket): void {
  lease.book.countBids(wonNanos + lostNanos + priceOf(pendingNanos, lease.share), wonNanos);
}
