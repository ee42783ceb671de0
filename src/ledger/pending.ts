/** What is reserved, by the second in which it expires: sums, never an object for each reservation. */
import { Bucket, type Lease, type OpenLease } from './account-book.ts';
import type { ReservedBid } from './ledger.ts';
import { heldOf } from './share.ts';

/** How much longer a win notice keeps a reservation. */
export const WIN_EXTENSION_SEC = 60;

export class Pending {
  readonly #due = new Map<number, Bucket[]>();

  /** Takes a bid of that price from what is unused. */
  add(open: OpenLease, expirySec: number, priceNanos: number, nowSec: number): void {
    let bucket = open.latest;
    if (bucket?.expirySec !== expirySec) {
      bucket = this.#bucket(open.lease, expirySec, expirySec, expirySec - nowSec);
      open.latest = bucket;
    }
    const heldNanos = heldOf(priceNanos, open.lease.share);
    open.unusedNanos -= heldNanos;
    bucket.pendingNanos += heldNanos;
  }

  /** A win: the reservation's sum goes to a later second. */
  extend(bid: ReservedBid, from: Bucket): void {
    const { lease } = from;
    if (from === lease.pending) return;
    const heldNanos = heldOf(bid.reservedNanos, lease.share);
    from.pendingNanos -= heldNanos;
    const [dueSec, longestSec] = [from.dueSec + WIN_EXTENSION_SEC, from.longestSec + WIN_EXTENSION_SEC];
    const to = this.#bucket(lease, bid.expirySec + WIN_EXTENSION_SEC, dueSec, longestSec);
    to.pendingNanos += heldNanos;
  }

  /** What an earlier run left of the lease stays reserved until the last expiry that may be in it. */
  withhold(lease: Lease, nowSec: number): void {
    if (lease.outstandingNanos === 0) return;
    const dueSec = Math.min(lease.lastExpirySec, nowSec + lease.longestSec);
    const bucket = new Bucket(lease, lease.lastExpirySec, dueSec);
    bucket.isWithheld = true;
    bucket.longestSec = lease.longestSec;
    bucket.pendingNanos = lease.outstandingNanos;
    lease.pending = bucket;
    this.#schedule(bucket);
  }

  /** The sum that holds the reservation; null once it has gone back. */
  bucketOf(lease: Lease, expirySec: number): Bucket | null {
    const { pending } = lease;
    if (pending instanceof Bucket) return expirySec > lease.expiredThroughSec ? pending : null;
    return pending?.get(expirySec) ?? null;
  }

  /** Takes out what is due up to `nowSec`, the earliest first. */
  takeDue(nowSec: number): Bucket[] {
    const due: Bucket[] = [];
    for (const [second, buckets] of this.#due) {
      if (second > nowSec) continue;
      for (const bucket of buckets) due.push(bucket);
      this.#due.delete(second);
    }
    for (const bucket of due) drop(bucket);
    // What has the same second since the clock was set back goes by its expiry, which a lease remembers.
    return due.sort((a, b) => a.dueSec - b.dueSec || a.expirySec - b.expirySec);
  }

  /**
   * The clock was set back to `nowSec`: what was reserved while it was ahead lasts from now for no longer than it
   * was to last then. What was reserved before it went ahead is due no earlier by that.
   */
  setBack(nowSec: number): void {
    const buckets = [...this.#due.values()].flat();
    this.#due.clear();
    for (const bucket of buckets) {
      bucket.dueSec = Math.min(bucket.dueSec, nowSec + bucket.longestSec);
      this.#schedule(bucket);
    }
  }

  /** `longestSec`: how long a reservation that it is to hold was to last. */
  #bucket(lease: Lease, expirySec: number, dueSec: number, longestSec: number): Bucket {
    if (!(lease.pending instanceof Map)) lease.pending = new Map();
    let bucket = lease.pending.get(expirySec);
    if (bucket === undefined) {
      bucket = new Bucket(lease, expirySec, dueSec);
      lease.pending.set(expirySec, bucket);
      this.#schedule(bucket);
    }
    bucket.longestSec = Math.max(bucket.longestSec, longestSec);
    return bucket;
  }

  #schedule(bucket: Bucket): void {
    const due = this.#due.get(bucket.dueSec);
    if (due === undefined) this.#due.set(bucket.dueSec, [bucket]);
    else due.push(bucket);
  }
}

function drop(bucket: Bucket): void {
  const { lease } = bucket;
  const { open } = lease.book;
  if (open?.latest === bucket) open.latest = null;
  if (lease.pending instanceof Map) {
    lease.pending.delete(bucket.expirySec);
    if (lease.pending.size > 0) return;
  }
  lease.pending = null;
}
