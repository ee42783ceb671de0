/** What is reserved, by the second in which it expires: sums, never an object for each reservation. */
import { Bucket, type Lease } from './books.ts';
import type { ReservedBid } from './ledger.ts';

/** How much longer a win notice keeps a reservation. */
export const WIN_EXTENSION_SEC = 60;

export class Pending {
  readonly #due = new Map<number, Bucket[]>();

  add(lease: Lease, expirySec: number, nanos: number): void {
    let bucket = lease.latest;
    if (bucket?.expirySec !== expirySec) {
      bucket = lease.buckets.get(expirySec) ?? this.#openBucket(lease, expirySec);
      lease.latest = bucket;
    }
    bucket.pendingNanos += nanos;
  }

  /** A win: the reservation's sum goes to a later second. */
  extend(bid: ReservedBid, from: Bucket): void {
    const { lease } = from;
    if (from === lease.withheld) return;
    from.pendingNanos -= bid.reservedNanos;
    const later = bid.expirySec + WIN_EXTENSION_SEC;
    const to = lease.buckets.get(later) ?? this.#openBucket(lease, later);
    to.pendingNanos += bid.reservedNanos;
  }

  /** What an earlier run left of the lease stays reserved until the last expiry that may be in it. */
  withhold(lease: Lease): void {
    lease.withheld = new Bucket(lease, lease.lastExpirySec);
    lease.withheld.pendingNanos = lease.outstandingNanos;
    this.#schedule(lease.withheld);
  }

  /** The sum that holds the reservation; null once it has gone back. */
  bucketOf(lease: Lease, expirySec: number): Bucket | null {
    const { withheld } = lease;
    if (withheld === null) return lease.buckets.get(expirySec) ?? null;
    return expirySec > lease.expiredThroughSec ? withheld : null;
  }

  /** Takes out what expires up to `nowSec`, the earliest first. */
  takeDue(nowSec: number): Bucket[] {
    const due: Bucket[] = [];
    const seconds = [...this.#due.keys()].filter((second) => second <= nowSec).sort((a, b) => a - b);
    for (const second of seconds) {
      for (const bucket of this.#due.get(second) ?? []) {
        bucket.lease.buckets.delete(second);
        if (bucket.lease.latest === bucket) bucket.lease.latest = null;
        due.push(bucket);
      }
      this.#due.delete(second);
    }
    return due;
  }

  #openBucket(lease: Lease, expirySec: number): Bucket {
    const bucket = new Bucket(lease, expirySec);
    lease.buckets.set(expirySec, bucket);
    this.#schedule(bucket);
    return bucket;
  }

  #schedule(bucket: Bucket): void {
    const due = this.#due.get(bucket.expirySec);
    if (due === undefined) this.#due.set(bucket.expirySec, [bucket]);
    else due.push(bucket);
  }
}
