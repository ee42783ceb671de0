/** What a notice does to its reservation. Each mark is set once, so that a repeat changes nothing. */
import type { Bucket, Lease } from './account-book.ts';
import type { Clerk } from './clerk.ts';
import type { PostStatus, ReservedBid, VoidStatus, WinStatus } from './ledger.ts';
import type { Mark } from './marks.ts';
import { type Pending, WIN_EXTENSION_SEC } from './pending.ts';
import { heldOf } from './share.ts';
import type { Slices } from './slices.ts';

/** A post that may yet turn out not to be kept. */
interface Unkept {
  readonly place: number;
  readonly lease: number;
  readonly ordinal: number;
  readonly amountNanos: number;
}

export class Notices {
  readonly #clerk: Clerk;
  readonly #pending: Pending;
  readonly #slices: Slices;
  /** Of a second or two, oldest first: a lease remembers that it was posted, and not how much. */
  #unkept: Unkept[] = [];
  #posts = 0;

  constructor(clerk: Clerk, pending: Pending, slices: Slices) {
    this.#clerk = clerk;
    this.#pending = pending;
    this.#slices = slices;
  }

  post(bid: ReservedBid, amountNanos: number): PostStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    const { totals } = this.#clerk;
    if (has(lease, 'posted', bid)) {
      totals.repeatedPosts++;
      return 'repeated';
    }
    const isVoided = has(lease, 'voided', bid);
    const late = isVoided || this.#expired(lease, bid);
    const postedNanos = Math.min(amountNanos, bid.reservedNanos);
    const heldNanos = heldOf(bid.reservedNanos, lease.share);
    const releasedNanos = isVoided ? 0 : this.#take(lease, bid, 'wonNanos');
    if (releasedNanos === 0) lease.book.countBids(0, bid.reservedNanos);
    const aboveNanos = overspentNanos(lease);
    const { lease: number, ordinal } = bid;
    this.#clerk.enter(lease, {
      kind: 'post',
      lease: number,
      ordinal,
      amountNanos: postedNanos,
      releasedNanos,
    });
    this.#unkept.push({ place: ++this.#posts, lease: number, ordinal, amountNanos: postedNanos });
    totals.posts++;
    totals.postedNanos += postedNanos;
    if (late) {
      totals.latePosts++;
      totals.lateNanos += postedNanos;
      this.#slices.giveBackExcess(lease.book);
      return 'late';
    }
    totals.unexplainedOverspendNanos += Math.max(0, Math.min(postedNanos, heldNanos) - releasedNanos);
    if (lease.book.hasShares) {
      totals.expectedExcessNanos += overspentNanos(lease) - aboveNanos;
      this.#slices.giveBackExcess(lease.book);
    }
    return 'posted';
  }

  /** Posts ever: the place of the last one. */
  get posts(): number {
    return this.#posts;
  }

  /** Posts up to that place are kept: none of them is retracted any more. */
  keptThrough(place: number): void {
    const first = this.#unkept.findIndex((post) => post.place > place);
    this.#unkept = first < 0 ? [] : this.#unkept.slice(first);
  }

  retract(bid: ReservedBid): boolean {
    const { lease: number, ordinal } = bid;
    const at = this.#unkept.findLastIndex((post) => post.ordinal === ordinal && post.lease === number);
    const [post] = at < 0 ? [] : this.#unkept.splice(at, 1);
    const lease = this.#clerk.books.leases.get(number);
    if (post === undefined || lease === undefined) return false;
    this.#clerk.enter(lease, { kind: 'retract', lease: number, ordinal, amountNanos: post.amountNanos });
    this.#clerk.totals.retractedNanos += post.amountNanos;
    return true;
  }

  /** Nobody was told of it: that it was not billed says nothing. */
  release(bid: ReservedBid): void {
    this.#void(bid, null);
  }

  void(bid: ReservedBid): VoidStatus {
    return this.#void(bid, 'lostNanos');
  }

  #void(bid: ReservedBid, as: 'lostNanos' | null): VoidStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    if (has(lease, 'posted', bid)) return 'already_posted';
    if (has(lease, 'voided', bid)) return 'repeated';
    if (this.#expired(lease, bid)) return 'expired';
    const releasedNanos = this.#take(lease, bid, as);
    this.#clerk.enter(lease, { kind: 'void', lease: bid.lease, ordinal: bid.ordinal, releasedNanos });
    this.#clerk.totals.voids++;
    this.#clerk.totals.voidedNanos += releasedNanos;
    return 'voided';
  }

  win(bid: ReservedBid): WinStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    if (has(lease, 'won', bid) || has(lease, 'wonLate', bid)) return 'repeated';
    const status = this.#winStatus(lease, bid);
    if (status === 'extended') {
      const bucket = this.#bucketOf(lease, bid);
      if (bucket !== null) this.#pending.extend(bid, bucket);
    }
    const { lease: number, ordinal } = bid;
    this.#clerk.enter(lease, { kind: 'win', lease: number, ordinal, isLate: status !== 'extended' });
    this.#clerk.totals.wins++;
    return status;
  }

  #winStatus(lease: Lease, bid: ReservedBid): WinStatus {
    if (has(lease, 'posted', bid)) return 'already_posted';
    return has(lease, 'voided', bid) || this.#expired(lease, bid) ? 'expired' : 'extended';
  }

  /** Only a click of a cpc lease costs anything. */
  postClick(bid: ReservedBid, amountNanos: number): PostStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    if (has(lease, 'clicked', bid)) return 'repeated';
    return this.#charge('click', lease, bid, lease.model === 'cpc' ? amountNanos : 0);
  }

  /** The click once more, with what it took: the journal needs no entry of its own for it. */
  refundClick(bid: ReservedBid, amountNanos: number): void {
    const lease = this.#find(bid);
    if (lease === null) return;
    const { key: day } = this.#slices.turnDay(lease.book);
    const { lease: number, ordinal } = bid;
    this.#clerk.enter(lease, { kind: 'click', lease: number, ordinal, day, amountNanos: -amountNanos });
    this.#clerk.totals.retractedNanos += amountNanos;
  }

  /** Only a conversion of a cpa lease costs anything. */
  postConversion(bid: ReservedBid, amountNanos: number): PostStatus {
    const lease = this.#find(bid);
    if (lease === null) return 'unknown';
    if (!has(lease, 'clicked', bid)) return 'unclicked';
    if (has(lease, 'converted', bid)) return 'repeated';
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
    if (lease?.book.terms.campaignId === bid.campaignId && bid.ordinal < lease.given) return lease;
    this.#clerk.totals.unknown++;
    return null;
  }

  /** Takes the reservation out of the sum that holds it, where one still does, and says how much that was. */
  #take(lease: Lease, bid: ReservedBid, as: 'wonNanos' | 'lostNanos' | null): number {
    const bucket = this.#bucketOf(lease, bid);
    if (bucket === null) return 0;
    const nanos = Math.min(heldOf(bid.reservedNanos, lease.share), bucket.pendingNanos);
    bucket.pendingNanos -= nanos;
    if (as !== null) bucket[as] += bid.reservedNanos;
    return nanos;
  }

  #bucketOf(lease: Lease, bid: ReservedBid): Bucket | null {
    return this.#pending.bucketOf(lease, expirySecOf(lease, bid));
  }

  /** What a clock reserved that was ahead goes back before its token says so. */
  #expired(lease: Lease, bid: ReservedBid): boolean {
    const expirySec = expirySecOf(lease, bid);
    if (bid.reservedNanos === 0) return this.#clerk.nowMs >= expirySec * 1000;
    const bucket = this.#bucketOf(lease, bid);
    return bucket === null || this.#clerk.nowMs >= Math.min(expirySec, bucket.dueSec) * 1000;
  }
}

/** By how much what is posted is above the budgets of the lease's day and of all time. */
function overspentNanos({ book, day }: Lease): number {
  return Math.max(0, -book.unpostedNanos(day));
}

function expirySecOf(lease: Lease, bid: ReservedBid): number {
  return has(lease, 'won', bid) ? bid.expirySec + WIN_EXTENSION_SEC : bid.expirySec;
}

function has(lease: Lease, mark: Mark, bid: ReservedBid): boolean {
  return lease.marks?.has(mark, bid.ordinal) ?? false;
}
