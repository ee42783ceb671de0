/**
 * What a node knows of the leases that it holds from the shared books. Amounts are totals that only rise, on both sides,
 * so that an answer that is lost, or a call that is made twice, is made good by the next one:
 *
 *   unused = granted (as Redis says) - returned - reserved
 */
import type { BidModel } from '../campaigns/model.ts';
import { isZone, localDay } from './day.ts';
import type { Account, BudgetTerms } from './ledger.ts';
import { MAX_ORDINALS } from './marks.ts';
import { type Curve, Pace } from './pacing.ts';
import { WIN_EXTENSION_SEC } from './pending.ts';
import { heldOf, keepShare, rememberedNanos, shareOf, type WinRecord } from './share.ts';

/** How long a budget that was spent is left alone; twice as long each time, as it comes back when leases run out. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** How long a lease is remembered after its last expiry: keeping.ts says why. */
export const KEPT_SEC = { cpm: 48 * 3_600, cpc: 48 * 3_600, cpa: 48 * 3_600 + 30 * 86_400 } as const;
/** The days of terms whose zone nobody knows. */
const FALLBACK_ZONE = 'UTC';

export class NodeLease {
  readonly number: number;
  readonly account: NodeAccount;
  readonly day: number;
  readonly model: BidModel;
  /** What a bid takes of it (share.ts). */
  readonly share: number;
  /** It is not given out of after this. */
  readonly endMs: number;
  /** Redis has never heard of it. */
  isNew = true;
  /** Nothing is taken from it any more. */
  isClosing = false;
  /** Redis has heard of that. */
  isClosingTold = false;
  /** A settlement is under way. */
  isSettling = false;
  grantedNanos = 0;
  returnedNanos = 0;
  reservedNanos = 0;
  given = 0;
  /** Nothing in it expires later, whatever is won. */
  lastExpirySec = 0;
  /** What expired up to here has gone back. */
  throughSec = 0;
  /** Nothing is taken from it from here on without another grant. */
  sliceEndMs = 0;
  sliceMs = 0;
  /** When a win has put something into it, beyond the sums below. */
  extendedSec = Infinity;
  /** What it last told is back with Redis. */
  toldNanos = 0;
  /** What was reserved, by its expiry. */
  readonly reserved = new Map<number, number>();

  constructor(number: number, account: NodeAccount, day: number, share: number, endMs: number) {
    this.number = number;
    this.account = account;
    this.day = day;
    this.model = account.terms.model;
    this.share = share;
    this.endMs = endMs;
  }

  get unusedNanos(): number {
    return this.grantedNanos - this.returnedNanos - this.reservedNanos;
  }

  /** A unit more can be reserved at once. */
  bearsUnit(nowMs: number): boolean {
    const unitNanos = this.model === 'cpm' ? heldOf(this.account.terms.unitNanos, this.share) : 0;
    return !this.isClosing && nowMs < this.sliceEndMs && this.unusedNanos >= unitNanos;
  }

  /** A bid of that price. */
  holds(priceNanos: number, nowMs: number, expirySec: number): boolean {
    return (
      !this.isClosing &&
      heldOf(priceNanos, this.share) <= this.unusedNanos &&
      nowMs < this.sliceEndMs &&
      expirySec > this.throughSec &&
      expirySec + WIN_EXTENSION_SEC <= this.lastExpirySec &&
      this.given < MAX_ORDINALS
    );
  }

  /** The ordinal. */
  take(priceNanos: number, expirySec: number): number {
    const nanos = heldOf(priceNanos, this.share);
    this.reservedNanos += nanos;
    if (nanos > 0) this.reserved.set(expirySec, (this.reserved.get(expirySec) ?? 0) + nanos);
    return this.given++;
  }

  /** Nobody was told of it. Once it has expired, it goes back by that. */
  putBack(priceNanos: number, expirySec: number): void {
    const nanos = heldOf(priceNanos, this.share);
    const sum = this.reserved.get(expirySec);
    if (sum === undefined || sum < nanos || expirySec <= this.throughSec) return;
    this.reservedNanos -= nanos;
    if (sum === nanos) this.reserved.delete(expirySec);
    else this.reserved.set(expirySec, sum - nanos);
  }

  /** As Redis is told: bids whose share is always whole are not counted. */
  shareTerms(): readonly [share: number | '', rememberedNanos: number] {
    const { budgetMode, unitNanos } = this.account.terms;
    return [budgetMode === 'expected' && this.model === 'cpm' ? this.share : '', rememberedNanos(unitNanos)];
  }

  /** What is not used goes back with the next settlement. */
  giveBack(nanos = this.unusedNanos): void {
    this.returnedNanos += Math.max(0, Math.min(nanos, this.unusedNanos));
  }

  close(): void {
    this.isClosing = true;
    this.giveBack();
    if (this.account.open === this) this.account.open = null;
  }

  /** There is something that Redis should hear. */
  isDue(nowSec: number): boolean {
    if (this.isNew || this.isSettling) return false;
    if (this.isClosing && (!this.isClosingTold || nowSec >= this.lastExpirySec)) return true;
    if (this.returnedNanos > this.toldNanos || this.extendedSec <= nowSec) return true;
    for (const second of this.reserved.keys()) if (second <= nowSec) return true;
    return false;
  }
}

export class NodeAccount implements Account, WinRecord {
  readonly #pace = new Pace();
  #terms: BudgetTerms;
  #zone = FALLBACK_ZONE;
  #isBarred = false;
  open: NodeLease | null = null;
  /** Asked for, and not known whether granted: its number is asked for again. */
  proposed: NodeLease | null = null;
  /** Shared by all who wait for it. */
  asking: Promise<void> | null = null;
  /** Redis is being asked for a slice. */
  granting: Promise<unknown> | null = null;
  /** The budget did not bear what was last asked of it. */
  isSpent = false;
  /** Until then it is not asked again. */
  retryMs = 0;
  /** Questions in a row that nobody answered. */
  unanswered = 0;
  /** Between the last two times that it was. */
  pauseMs = 0;
  day = 0;
  dayStartMs = 0;
  dayEndMs = 0;
  /** Units of the next slice, and when the last one began. */
  sliceUnits = 0;
  sliceStartMs = 0;
  /** What it held after the last grant. */
  heldNanos = 0;
  /** The longest validity that was asked of it. */
  aheadSec = 0;
  /** As it was last heard. */
  postedTodayNanos = 0;
  postedNanos = 0;
  leasedNanos = 0;
  triedNanos = 0;
  wonNanos = 0;

  constructor(terms: BudgetTerms) {
    this.#terms = terms;
    this.setTerms(terms);
  }

  get terms(): BudgetTerms {
    return this.#terms;
  }

  /** Its terms name a zone that nobody knows: it bears no unit. */
  get isBarred(): boolean {
    return this.#isBarred;
  }

  /** The same of a later version, but for its pacing. */
  renew(terms: BudgetTerms): void {
    this.#terms = terms;
  }

  setTerms(terms: BudgetTerms): void {
    this.#terms = terms;
    this.#isBarred = !isZone(terms.timezone);
    if (!this.#isBarred) this.#zone = terms.timezone;
    this.setBack();
  }

  /** The budget bears nothing more: it is left alone for a while, and clicks and conversions are not bid for. */
  exhaust(nowMs: number, pauseMs = this.pauseMs * 2): void {
    this.isSpent = true;
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs));
    this.retryMs = nowMs + this.pauseMs;
    if (this.open !== null && this.#terms.model !== 'cpm') this.open.sliceEndMs = 0;
  }

  /** The line of its day, which `turnDay` has looked up; null: it is not paced. */
  curve(): Curve | null {
    return this.#pace.curve(this.#terms, this.#zone, { startMs: this.dayStartMs, endMs: this.dayEndMs });
  }

  /** It may be asked for again. */
  revive(): void {
    this.isSpent = false;
    this.retryMs = 0;
    this.pauseMs = 0;
  }

  /** A lease of the day before is closed. */
  turnDay(nowMs: number): number {
    if (nowMs < this.dayEndMs) return this.day;
    const { key, startMs, endMs } = localDay(nowMs, this.#zone);
    if (this.open !== null && this.open.day !== key) this.open.close();
    if (this.day !== key) {
      this.postedTodayNanos = 0;
      this.revive();
    }
    this.day = key;
    this.dayStartMs = startMs;
    this.dayEndMs = endMs;
    return key;
  }

  /** What the next bid takes of its price. */
  shareNow(): number {
    const { dailyBudgetNanos, lifetimeBudgetNanos } = this.#terms;
    const ever = (lifetimeBudgetNanos ?? Infinity) - this.postedNanos;
    const unposted = Math.min(ever, dailyBudgetNanos - this.postedTodayNanos);
    return keepShare(this.open?.share ?? null, shareOf(this.#terms, this, unposted));
  }

  /** The clock or the terms were set anew: the day is looked up again. */
  setBack(): void {
    this.dayEndMs = 0;
    this.revive();
  }

  /** What is leased and not unused here can still be billed. */
  get pendingNanos(): number {
    return Math.max(0, this.leasedNanos - (this.open?.unusedNanos ?? 0));
  }
}
