/** What a notice does to its reservation. Each mark is set once, so that a repeat changes nothing. */
import type { Bucket, Lease } from './books.ts';
import type { Clerk } from './clerk.ts';
import type { PostStatus, ReservedBid, VoidStatus, WinStatus } from './ledger.ts';
import { type Pending, WIN_EXTENSION_SEC } from './pending.ts';
import type { Slices } from './slices.ts';

export class Notices {
  readonly #clerk: Clerk;
  readonly #pending: Pending;
  readonly #slices: Slices;

  constructor(clerk: Clerk, pending: Pending, slices: Slices) {
    this.#clerk = clerk;
    this.#pending = pending;
    this.#slices = slices;
  }

  post(bid: ReservedBid, amountNanos: number): PostStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    const { totals } = this.#clerk;
    const { marks } = lease;
    if (marks.has('posted', bid.ordinal)) {
      totals.repeatedPosts++;
      return 'repeated';
    }
    const late = marks.has('voided', bid.ordinal) || this.#expired(lease, bid);
    const postedNanos = Math.min(amountNanos, bid.reservedNanos);
    const releasedNanos = marks.has('voided', bid.ordinal) ? 0 : this.#take(lease, bid);
    const { lease: number, ordinal } = bid;
    this.#clerk.enter(lease, {
      kind: 'post',
      lease: number,
      ordinal,
      amountNanos: postedNanos,
      releasedNanos,
    });
    totals.posts++;
    totals.postedNanos += postedNanos;
    if (late) {
      totals.latePosts++;
      totals.lateNanos += postedNanos;
      this.#slices.giveBackExcess(lease.book);
      return 'late';
    }
    totals.unexplainedOverspendNanos += Math.max(0, postedNanos - releasedNanos);
    return 'posted';
  }

  void(bid: ReservedBid): VoidStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    if (lease.marks.has('posted', bid.ordinal)) return 'already_posted';
    if (lease.marks.has('voided', bid.ordinal)) return 'repeated';
    if (this.#expired(lease, bid)) return 'expired';
    const releasedNanos = this.#take(lease, bid);
    this.#clerk.enter(lease, { kind: 'void', lease: bid.lease, ordinal: bid.ordinal, releasedNanos });
    this.#clerk.totals.voids++;
    this.#clerk.totals.voidedNanos += releasedNanos;
    return 'voided';
  }

  /** After a loss notice there is nothing left to extend: `expired`. */
  win(bid: ReservedBid): WinStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    if (lease.marks.has('posted', bid.ordinal)) return 'already_posted';
    if (lease.marks.has('won', bid.ordinal)) return 'repeated';
    if (lease.marks.has('voided', bid.ordinal) || this.#expired(lease, bid)) return 'expired';
    const bucket = this.#bucketOf(lease, bid);
    if (bucket !== null) this.#pending.extend(bid, bucket);
    this.#clerk.enter(lease, { kind: 'win', lease: bid.lease, ordinal: bid.ordinal });
    this.#clerk.totals.wins++;
    return 'extended';
  }

  /** Only a click of a cpc lease costs anything. */
  postClick(bid: ReservedBid, amountNanos: number): PostStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    if (lease.marks.has('clicked', bid.ordinal)) return 'repeated';
    return this.#charge('click', lease, bid, lease.model === 'cpc' ? amountNanos : 0);
  }

  /** Only a conversion of a cpa lease costs anything. */
  postConversion(bid: ReservedBid, amountNanos: number): PostStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    if (!lease.marks.has('clicked', bid.ordinal)) return 'unclicked';
    if (lease.marks.has('converted', bid.ordinal)) return 'repeated';
    return this.#charge('conversion', lease, bid, lease.model === 'cpa' ? amountNanos : 0);
  }

  /** Takes from today's budget what nobody has leased. */
  #charge(kind: 'click' | 'conversion', lease: Lease, bid: ReservedBid, amountNanos: number): PostStatus {
    const { totals } = this.#clerk;
    const today = this.#slices.turnDay(lease.book);
    const charged = amountNanos === 0 || amountNanos <= lease.book.availableNanos(today);
    this.#clerk.enter(lease, {
      kind,
      lease: bid.lease,
      ordinal: bid.ordinal,
      day: today.key,
      amountNanos: charged ? amountNanos : 0,
    });
    if (charged) {
      totals.postedNanos += amountNanos;
      return 'posted';
    }
    totals.uncharged++;
    totals.unchargedNanos += amountNanos;
    return 'uncharged';
  }

  /** An ordinal that was never given is as unknown as its lease. */
  #find(bid: ReservedBid): Lease | null {
    const lease = this.#clerk.books.leases.get(bid.lease);
    if (lease?.book.terms.campaignId === bid.campaignId && bid.ordinal < lease.nextOrdinal) return lease;
    this.#clerk.totals.unknown++;
    return null;
  }

  /** Takes the reservation out of the sum that holds it, where one still does; says how much that was. */
  #take(lease: Lease, bid: ReservedBid): number {
    const bucket = this.#bucketOf(lease, bid);
    if (bucket === null) return 0;
    const nanos = Math.min(bid.reservedNanos, bucket.pendingNanos);
    bucket.pendingNanos -= nanos;
    return nanos;
  }

  #bucketOf(lease: Lease, bid: ReservedBid): Bucket | null {
    return this.#pending.bucketOf(lease, expirySecOf(lease, bid));
  }

  #expired(lease: Lease, bid: ReservedBid): boolean {
    return this.#clerk.nowMs >= expirySecOf(lease, bid) * 1000;
  }
}

function expirySecOf(lease: Lease, bid: ReservedBid): number {
  return lease.marks.has('won', bid.ordinal) ? bid.expirySec + WIN_EXTENSION_SEC : bid.expirySec;
}
