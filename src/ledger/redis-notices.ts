/**
 * What a notice does to its reservation, in the books that all nodes share. What Redis can't be asked is owed: it is kept
 * here, and done when it can.
 */
import { DONE, type DoneCalls } from './done-calls.ts';
import { bookKeys, leaseKeys } from './ledger-keys.ts';
import type { PostStatus, ReservedBid, VoidStatus, WinStatus } from './ledger.ts';
import type { NodeAccount } from './node-lease.ts';
import type { OwedCall, OwedCalls } from './owed-call.ts';
import type { LedgerScripts, ScriptAnswer } from './redis-scripts.ts';
import type { Totals } from './totals.ts';

/** Within it, a sender is answered; what is later is owed. */
const NOTICE_LIMIT_MS = 500;
const ANNOUNCE_LIMIT_MS = 1_000;

export interface NoticeEdges {
  readonly scripts: LedgerScripts;
  readonly database: string;
  readonly spentStream: string;
  readonly totals: Totals;
  readonly owed: OwedCalls;
  readonly done: DoneCalls;
  /** Redis does not have its book as it was. */
  readonly onLost: (account: NodeAccount) => void;
  /** null: this node does not know the campaign. */
  readonly accountOf: (campaignId: string) => NodeAccount | null;
}

type Action = 'click' | 'conversion';
/** What a call comes to: for one that is owed, 'away' is that it can't be done yet. */
type Asked<Status> = Exclude<Status, 'owed'>;

export class RedisNotices {
  readonly #edges: NoticeEdges;
  /** By campaign, what of its bills is owed; but for what an earlier run of this process has left. */
  readonly #owedNanos = new Map<string, number>();

  constructor(edges: NoticeEdges) {
    this.#edges = edges;
  }

  async post(bid: ReservedBid, amountNanos: number, nowMs: number): Promise<PostStatus> {
    const status = await this.#post(bid, amountNanos, nowMs);
    return status === 'away' ? this.#owe({ verb: 'post', bid, amountNanos, atMs: nowMs }) : status;
  }

  async charge(action: Action, bid: ReservedBid, amountNanos: number, nowMs: number): Promise<PostStatus> {
    const status = await this.#charge(action, bid, amountNanos, nowMs);
    // Nobody knows by now whether the budget bears it.
    return status === 'away' ? this.#owe({ verb: action, bid, amountNanos: 0, atMs: nowMs }) : status;
  }

  async void(bid: ReservedBid, nowMs: number): Promise<VoidStatus> {
    const status = await this.#void(bid, nowMs);
    return status === 'away' ? this.#owe({ verb: 'void', bid, amountNanos: 0, atMs: nowMs }) : status;
  }

  async win(bid: ReservedBid, nowMs: number): Promise<WinStatus> {
    const status = await this.#win(bid, nowMs);
    return status === 'away' ? this.#owe({ verb: 'win', bid, amountNanos: 0, atMs: nowMs }) : status;
  }

  async refundClick(bid: ReservedBid, amountNanos: number, nowMs: number): Promise<void> {
    const day = this.#edges.accountOf(bid.campaignId)?.turnDay(nowMs) ?? '';
    const { code } = await this.#run('refundClick', bid, [bid.ordinal, amountNanos, day], nowMs);
    if (code === 'refunded') this.#edges.totals.retractedNanos += amountNanos;
    else this.#statusOf(code, bid);
  }

  /** Its bills are counted, and stand in no book yet. */
  owedNanos(campaignId: string): number {
    return this.#owedNanos.get(campaignId) ?? 0;
  }

  /** Does what is owed; 'away': it is owed still. */
  async settleOwed(call: OwedCall): Promise<string> {
    const status = await this.#settle(call);
    if (status !== 'away') this.#noteOwed(call, -1);
    return status;
  }

  #settle({ verb, bid, amountNanos, atMs }: OwedCall): Promise<string> {
    switch (verb) {
      case 'post':
        return this.#post(bid, amountNanos, atMs);
      case 'void':
        return this.#void(bid, atMs);
      case 'win':
        return this.#win(bid, atMs);
      case 'click':
      case 'conversion':
        return this.#charge(verb, bid, amountNanos, atMs);
    }
  }

  async #owe(call: OwedCall): Promise<'owed' | 'away'> {
    this.#noteOwed(call, 1);
    if (await this.#edges.owed.keep(call)) return 'owed';
    this.#noteOwed(call, -1);
    return 'away';
  }

  #noteOwed({ bid: { campaignId }, amountNanos }: OwedCall, sign: 1 | -1): void {
    const nanos = Math.max(0, this.owedNanos(campaignId) + sign * amountNanos);
    if (nanos === 0) this.#owedNanos.delete(campaignId);
    else this.#owedNanos.set(campaignId, nanos);
  }

  async #post(bid: ReservedBid, amountNanos: number, nowMs: number): Promise<Asked<PostStatus>> {
    const { totals } = this.#edges;
    const { ordinal, reservedNanos, expirySec } = bid;
    const args = [ordinal, amountNanos, reservedNanos, expirySec];
    const { code, sums } = await this.#run('postBid', bid, args, nowMs);
    if (code === 'repeated') totals.repeatedPosts++;
    if (code !== 'posted' && code !== 'late') return this.#statusOf(code, bid);
    const postedNanos = Math.min(amountNanos, reservedNanos);
    this.#remember(bid, DONE.posted, nowMs, { postedNanos, everNanos: sums[1] });
    totals.posts++;
    totals.postedNanos += postedNanos;
    totals.unexplainedOverspendNanos += sums[2] ?? 0;
    totals.expectedExcessNanos += sums[4] ?? 0;
    if (code === 'late') {
      totals.latePosts++;
      totals.lateNanos += postedNanos;
    }
    // What the budget no longer bears is not reserved either.
    this.#edges.accountOf(bid.campaignId)?.open?.giveBack(sums[3] ?? 0);
    return code;
  }

  async #void(bid: ReservedBid, nowMs: number): Promise<Asked<VoidStatus>> {
    const { totals } = this.#edges;
    const args = [bid.ordinal, bid.reservedNanos, bid.expirySec];
    const { code, sums } = await this.#run('voidBid', bid, args, nowMs);
    if (code === 'voided') {
      this.#remember(bid, DONE.voided, nowMs);
      totals.voids++;
      totals.voidedNanos += sums[0] ?? 0;
    }
    return this.#statusOf(code, bid);
  }

  async #win(bid: ReservedBid, nowMs: number): Promise<Asked<WinStatus>> {
    const args = [bid.ordinal, bid.reservedNanos, bid.expirySec];
    const { code } = await this.#run('winBid', bid, args, nowMs);
    if (code === 'extended' || code === 'expired' || code === 'already_posted') this.#edges.totals.wins++;
    if (code === 'extended') this.#remember(bid, DONE.won, nowMs);
    return this.#statusOf(code, bid);
  }

  async #charge(
    action: Action,
    bid: ReservedBid,
    amountNanos: number,
    nowMs: number,
  ): Promise<Asked<PostStatus>> {
    const { totals } = this.#edges;
    const account = this.#edges.accountOf(bid.campaignId);
    const { code, sums } = await this.#run(
      'chargeAction',
      bid,
      [bid.ordinal, action, amountNanos, ...(account === null ? ['', '', '', ''] : budgetOf(account, nowMs))],
      nowMs,
    );
    if (code === 'posted') {
      totals.postedNanos += amountNanos;
      // Of a click of a campaign that pays for conversions, or the other way round, nothing was posted.
      const pays = account?.terms.model === (action === 'click' ? 'cpc' : 'cpa');
      const bits =
        action === 'conversion' ? DONE.converted : pays ? DONE.clicked | DONE.charged : DONE.clicked;
      this.#remember(bid, bits, nowMs, { postedNanos: pays ? amountNanos : 0, everNanos: sums[1] });
    }
    if (code === 'uncharged') {
      this.#remember(bid, action === 'click' ? DONE.clicked : DONE.converted, nowMs);
      totals.uncharged++;
      totals.unchargedNanos += amountNanos;
    }
    if (sums[2] === 1) this.#announceSpent(bid.campaignId, nowMs);
    return this.#statusOf(code, bid);
  }

  /** `everNanos`: what its campaign has posted in all. */
  #remember(
    bid: ReservedBid,
    bits: number,
    nowMs: number,
    { postedNanos, everNanos }: { readonly postedNanos: number; readonly everNanos?: number | undefined } = {
      postedNanos: 0,
    },
  ): void {
    const { campaignId, lease, ordinal, reservedNanos, expirySec } = bid;
    const account = this.#edges.accountOf(campaignId);
    if (account !== null && everNanos !== undefined) account.postedNanos = everNanos;
    const call = { lease, ordinal, bits, reservedNanos, postedNanos, expirySec };
    this.#edges.done.note(campaignId, call, nowMs);
  }

  #announceSpent(campaignId: string, nowMs: number): void {
    const { scripts, spentStream, accountOf } = this.#edges;
    accountOf(campaignId)?.exhaust(nowMs);
    void scripts.run('announceSpent', [spentStream], [campaignId], ANNOUNCE_LIMIT_MS);
  }

  #run<Verb extends 'postBid' | 'voidBid' | 'winBid' | 'chargeAction' | 'refundClick'>(
    verb: Verb,
    { campaignId, lease }: ReservedBid,
    args: readonly (string | number)[],
    nowMs: number,
  ): Promise<ScriptAnswer<Verb>> {
    const { scripts, database } = this.#edges;
    const { book } = bookKeys(database, campaignId);
    const keys = leaseKeys(database, campaignId, lease);
    return scripts.run(verb, [book, keys.lease, keys.marks], [Math.floor(nowMs), ...args], NOTICE_LIMIT_MS);
  }

  /**
   * What may have been done is told again: the marks see to it that it is done once. While a book is rebuilt, its notices
   * are owed; of a campaign that this node does not know, nobody would rebuild it for them.
   */
  #statusOf<Code extends string>(
    code: Code,
    { campaignId }: ReservedBid,
  ): Exclude<Code, 'unsure' | 'lost'> | 'away' | 'unknown' {
    const account = code === 'lost' ? this.#edges.accountOf(campaignId) : null;
    if (account !== null) this.#edges.onLost(account);
    if (account !== null || code === 'unsure') return 'away';
    if (code === 'unknown' || code === 'lost') {
      this.#edges.totals.unknown++;
      return 'unknown';
    }
    return code as Exclude<Code, 'unsure' | 'lost'>;
  }
}

function budgetOf(account: NodeAccount, nowMs: number): readonly (string | number)[] {
  const { dailyBudgetNanos, lifetimeBudgetNanos, unitNanos } = account.terms;
  return [account.turnDay(nowMs), dailyBudgetNanos, lifetimeBudgetNanos ?? '', unitNanos];
}
