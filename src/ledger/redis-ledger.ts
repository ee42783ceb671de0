/**
 * The ledger of servers that share budgets over Redis. What this node may spend it holds in slices, in memory: no bid
 * pays a trip for its budget. The books are Redis's alone; a node that dies leaves a lease behind, whose money comes back
 * when its last reservation would have expired.
 */
import { type CostNanos, costNanos } from '../money.ts';
import { DoneCalls } from './done-calls.ts';
import { bookKeys, spentStreamKey } from './ledger-keys.ts';
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
import type { NodeAccount } from './node-lease.ts';
import type { OwedCall, OwedCalls } from './owed-call.ts';
import { settleWithin } from './redis-limit.ts';
import { RedisNotices } from './redis-notices.ts';
import { Recovery, type RecoveryEdges } from './redis-recovery.ts';
import type { LedgerScripts } from './redis-scripts.ts';
import { Settling } from './redis-settling.ts';
import { RedisSlices } from './redis-slices.ts';
import { type Totals, startTotals } from './totals.ts';

export interface RedisLedgerOptions extends Pick<RecoveryEdges, 'findPosted' | 'findMarked'> {
  readonly scripts: LedgerScripts;
  /** Tells the servers of one database from those of another. */
  readonly database: string;
  /** Tells this run of this process from all others. */
  readonly node: string;
  readonly nowMs: number;
  /** Redis takes scripts; of a cluster, all of it. */
  readonly isUp: () => boolean;
  /** It does for that key. */
  readonly isOpen: (key: string) => boolean;
  readonly owed: OwedCalls;
  /** How long a bid waits for its slice. */
  readonly waitMs: number;
  /** Of the pauses after questions that nobody answered. */
  readonly random?: () => number;
}

export interface RedisLedger extends CountedLedger {
  /** Another node, or this one, has found the campaign's budget spent. */
  hearSpent(campaignId: string, nowMs: number): void;
  /** Some node has found that Redis lost what was written to it. */
  hearLoss(): void;
  /** Does what is owed; 'away': it is owed still. */
  settleOwed(call: OwedCall): Promise<string>;
  /** Resolves when every slice and settlement that was under way has its answer. */
  settled(): Promise<void>;
}

const READ_LIMIT_MS = 500;
/** For unused slices to go back when the server stops; what can't, comes back as that of a node that died. */
const CLOSE_LIMIT_MS = 1_000;

export function openRedisLedger(options: RedisLedgerOptions): RedisLedger {
  return new SharedLedger(options);
}

class SharedLedger implements RedisLedger {
  readonly #options: RedisLedgerOptions;
  readonly #totals: Totals = startTotals();
  readonly #slices: RedisSlices;
  readonly #settling: Settling;
  readonly #notices: RedisNotices;
  readonly #recovery: Recovery;

  constructor(options: RedisLedgerOptions) {
    this.#options = options;
    const totals = this.#totals;
    const spentStream = spentStreamKey(options.database);
    const done = new DoneCalls();
    const accountOf = (campaignId: string): NodeAccount | null =>
      this.#slices.accounts.get(campaignId) ?? null;
    const openBook = (account: NodeAccount): Promise<boolean> => this.#recovery.open(account);
    const onLost = (account: NodeAccount): void => void openBook(account);
    this.#settling = new Settling({ ...options, totals, onLost });
    this.#slices = new RedisSlices({ ...options, totals, settling: this.#settling, openBook });
    this.#notices = new RedisNotices({ ...options, spentStream, totals, done, accountOf, onLost });
    this.#recovery = new Recovery({
      ...options,
      spentStream,
      settling: this.#settling,
      done,
      nowMs: () => this.#slices.nowMs,
      owedNanos: (campaignId) => this.#notices.owedNanos(campaignId),
      accountOf,
    });
  }

  account(terms: BudgetTerms): Account {
    return this.#slices.account(terms);
  }

  prepare(accounts: readonly Account[], nowMs: number, expirySec: number): Promise<void> | null {
    return this.#slices.prepare(accounts, nowMs, expirySec);
  }

  reserve(account: Account, nanos: CostNanos, nowMs: number, expirySec: number): Reservation | null {
    return this.#slices.reserve(account, nanos, nowMs, expirySec);
  }

  canReserve(account: Account, nowMs: number): boolean {
    return this.#slices.canReserve(account, nowMs);
  }

  tick(nowMs: number): readonly string[] {
    return this.#slices.tick(nowMs);
  }

  release({ lease, reservedNanos, expirySec }: ReservedBid): void {
    this.#settling.find(lease)?.putBack(reservedNanos, expirySec);
  }

  post(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus> {
    return this.#notices.post(bid, amountNanos, this.#slices.advance(nowMs));
  }

  postClick(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus> {
    return this.#notices.charge('click', bid, amountNanos, this.#slices.advance(nowMs));
  }

  refundClick(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<void> {
    return this.#notices.refundClick(bid, amountNanos, this.#slices.advance(nowMs));
  }

  postConversion(bid: ReservedBid, amountNanos: CostNanos, nowMs: number): Promise<PostStatus> {
    return this.#notices.charge('conversion', bid, amountNanos, this.#slices.advance(nowMs));
  }

  void(bid: ReservedBid, nowMs: number): Promise<VoidStatus> {
    return this.#notices.void(bid, this.#slices.advance(nowMs));
  }

  win(bid: ReservedBid, nowMs: number): Promise<WinStatus> {
    return this.#notices.win(bid, this.#slices.advance(nowMs));
  }

  /** What Redis has posted is kept, and what it could not be asked is owed: nothing is ever taken back. */
  retract(): Promise<boolean> {
    return Promise.resolve(false);
  }

  get isSound(): boolean {
    return this.#options.isUp();
  }

  spend(campaignId: string, nowMs: number): Spend {
    const account = this.#slices.accounts.get(campaignId);
    account?.turnDay(this.#slices.advance(nowMs));
    return {
      spentTodayNanos: costNanos(account?.postedTodayNanos ?? 0),
      spentLifetimeNanos: costNanos(account?.postedNanos ?? 0),
      pendingNanos: costNanos(account?.pendingNanos ?? 0),
    };
  }

  async refresh(campaignIds: readonly string[], nowMs: number): Promise<void> {
    this.#slices.advance(nowMs);
    await Promise.all(campaignIds.map((campaignId) => this.#readBook(campaignId)));
  }

  pendingNanos(): number {
    return this.#settling.reservedNanos();
  }

  totals(): Readonly<Totals> {
    return this.#totals;
  }

  hearSpent(campaignId: string, nowMs: number): void {
    const account = this.#slices.accounts.get(campaignId);
    // What is reserved at the bid stops by itself when its slices are used up.
    if (account !== undefined && account.terms.model !== 'cpm') account.exhaust(this.#slices.advance(nowMs));
  }

  hearLoss(): void {
    void this.#recovery.hearLoss();
  }

  settleOwed(call: OwedCall): Promise<string> {
    return this.#notices.settleOwed(call);
  }

  async settled(): Promise<void> {
    await this.#slices.settled();
    await this.#recovery.settled();
  }

  saved(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#settling.closeAll();
    this.#settling.tick(this.#slices.nowMs);
    await settleWithin(this.#settling.settled(), CLOSE_LIMIT_MS);
  }

  async #readBook(campaignId: string): Promise<void> {
    const account = this.#slices.accounts.get(campaignId);
    if (account === undefined) return;
    const { scripts, database } = this.#options;
    const day = account.turnDay(this.#slices.nowMs);
    const { book } = bookKeys(database, campaignId);
    const { code, sums } = await scripts.run('readBook', [book], [day], READ_LIMIT_MS);
    if (code === 'lost') await settleWithin(this.#recovery.open(account), READ_LIMIT_MS);
    if (code !== 'read') return;
    const [postedTodayNanos = 0, postedNanos = 0, , leasedNanos = 0] = sums;
    if (account.day === day) account.postedTodayNanos = postedTodayNanos;
    account.postedNanos = postedNanos;
    account.leasedNanos = leasedNanos;
  }
}
