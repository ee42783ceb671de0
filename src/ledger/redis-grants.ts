/**
 * How budget comes to this node: a slice at a time, some 200 ms of what the campaign spends here, and the next one while
 * the last is half used. What isn't reserved within SLICE_AGE_MS goes back.
 */
import { backoffMs } from '../database/redis-backoff.ts';
import { MAX_COST_NANOS } from '../money.ts';
import { sameTerms } from './account-book.ts';
import { bookKeys, leaseKeys } from './ledger-keys.ts';
import { MAX_ORDINALS } from './marks.ts';
import { KEPT_SEC, NodeLease, type NodeAccount } from './node-lease.ts';
import { WIN_EXTENSION_SEC } from './pending.ts';
import type { LedgerScripts, ScriptAnswer } from './redis-scripts.ts';
import { heldOf } from './share.ts';
import type { Totals } from './totals.ts';

/** How long a slice is taken from: what a node that dies withholds without need is no more than its traffic of that time. */
const SLICE_AGE_MS = 2_000;
/** Without money in it nothing is withheld; that the budget is spent, the nodes tell each other. */
const ACTION_SLICE_AGE_MS = 10_000;
/** How long a lease is taken from: each is remembered for two days. */
const LEASE_AGE_MS = 3_600_000;
/** A slice that lasted less is followed by one twice as large, … */
const SHORT_SLICE_MS = 100;
/** … one that lasted longer, by one half as large. */
const LONG_SLICE_MS = 400;
const FIRST_SLICE_UNITS = 4;
/** 0.4 s at 10,000 bids/s for one campaign. */
const MAX_SLICE_UNITS = 4_096;
/** All that a lease was ever granted is one sum, which stays exact below 2^53. */
const MAX_GRANTED_NANOS = 2 ** 52;
/** See slices.ts; two nodes may think of the same number, and then one of them is refused. */
const LEASE_NUMBERS_PER_MS = 64;
/** Of one question: a number that is taken, a book to be opened, a lease that is lost. */
const MAX_TRIES = 5;
/** Nobody waits so long; but what comes late is of use to the next bid. */
const GRANT_LIMIT_MS = 1_000;

export interface GrantEdges {
  readonly scripts: LedgerScripts;
  readonly database: string;
  readonly node: string;
  readonly totals: Totals;
  /** Makes a book whole that was found not to be; false: it can't be now. */
  readonly openBook: (account: NodeAccount) => Promise<boolean>;
  readonly nowMs: () => number;
  readonly onLease: (lease: NodeLease) => void;
  /** Another node's, that nobody has settled. */
  readonly onOverdue: (account: NodeAccount, lease: number) => void;
  /** Of the pauses after questions that nobody answered. */
  readonly random?: () => number;
}

export class Grants {
  readonly #edges: GrantEdges;
  readonly #underWay = new Set<Promise<void>>();
  #lastNumber = 0;

  constructor(edges: GrantEdges) {
    this.#edges = edges;
  }

  /** Resolves when the slice has come, was refused, or can't be asked for. What is under way is not asked for again. */
  ask(account: NodeAccount, nanos: number, expirySec: number): Promise<void> {
    if (account.asking !== null) return account.asking;
    const asking = this.#ask(account, nanos, expirySec).finally(() => {
      account.asking = null;
      this.#underWay.delete(asking);
    });
    account.asking = asking;
    this.#underWay.add(asking);
    return asking;
  }

  /** Resolves when what is under way by now has come or was refused. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #ask(account: NodeAccount, nanos: number, expirySec: number): Promise<void> {
    const { nowMs } = this.#edges;
    account.aheadSec = Math.max(account.aheadSec, expirySec - Math.floor(nowMs() / 1000));
    let isOpening = false;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const lease = this.#leaseOf(account);
      const granting = this.#grant(account, lease, nanos);
      account.granting = granting;
      const answer = await granting;
      account.granting = null;
      switch (answer.code) {
        case 'granted':
          return;
        case 'refused':
          // What Redis has not written down may have another share the next time.
          if (lease.isNew && lease.grantedNanos === 0) account.proposed = null;
          account.exhaust(nowMs());
          return;
        case 'paced':
          // The campaign may be another by the time of the next ask.
          if (lease.isNew && lease.grantedNanos === 0) account.proposed = null;
          return;
        case 'taken':
          account.proposed = null;
          break;
        case 'closed':
          account.proposed = null;
          lease.close();
          break;
        case 'unknown':
        case 'lost':
          if (isOpening || !(await this.#edges.openBook(account))) {
            this.#pause(account);
            return;
          }
          isOpening = true;
          break;
        case 'away':
        case 'unsure': {
          this.#pause(account);
          return;
        }
      }
    }
    this.#pause(account);
  }

  /** Longer each time in a row. */
  #pause(account: NodeAccount): void {
    account.unanswered++;
    account.retryMs = this.#edges.nowMs() + backoffMs(account.unanswered, this.#edges.random);
  }

  #leaseOf(account: NodeAccount): NodeLease {
    const nowMs = this.#edges.nowMs();
    const day = account.turnDay(nowMs);
    const share = account.shareNow();
    const { open, proposed } = account;
    // While bids may take less than they do from the open one, it is used until the next has come.
    if (open !== null && (isUsedUp(open, nowMs) || share > open.share)) open.close();
    else if (open?.share === share) return open;
    if (proposed !== null && proposed.day === day && !isUsedUp(proposed, nowMs)) return proposed;
    this.#lastNumber = Math.max(this.#lastNumber + 1, Math.floor(nowMs) * LEASE_NUMBERS_PER_MS);
    account.proposed = new NodeLease(this.#lastNumber, account, day, share, nowMs + LEASE_AGE_MS);
    return account.proposed;
  }

  async #grant(account: NodeAccount, lease: NodeLease, nanos: number): Promise<ScriptAnswer<'grantLease'>> {
    const { scripts, database, node, totals, nowMs } = this.#edges;
    const { terms } = account;
    const askedMs = nowMs();
    const curve = account.curve();
    const isCpm = terms.model === 'cpm';
    const leastNanos = isCpm
      ? Math.max(0, heldOf(Math.max(terms.unitNanos, nanos), lease.share) - lease.unusedNanos)
      : terms.unitNanos;
    const wishNanos = isCpm
      ? Math.max(leastNanos, this.#sliceNanos(account, lease.share, askedMs) - lease.unusedNanos)
      : 0;
    const sliceMs = isCpm ? SLICE_AGE_MS : ACTION_SLICE_AGE_MS;
    const sliceEndMs = askedMs + sliceMs;
    const lastExpirySec = Math.ceil(sliceEndMs / 1000) + account.aheadSec + WIN_EXTENSION_SEC;
    const keys = bookKeys(database, terms.campaignId);
    const answer = await scripts.run(
      'grantLease',
      [keys.book, keys.leases, leaseKeys(database, terms.campaignId, lease.number).lease],
      [
        Math.floor(askedMs),
        node,
        lease.number,
        lease.day,
        terms.model,
        curve?.limitAt(askedMs) ?? terms.dailyBudgetNanos,
        terms.lifetimeBudgetNanos ?? '',
        wishNanos,
        leastNanos,
        lastExpirySec,
        KEPT_SEC[terms.model],
        lease.returnedNanos,
        terms.dailyBudgetNanos,
        lease.isNew ? 1 : 0,
        curve?.sliceNanos ?? '',
        curve?.nanosASecond ?? 0,
        ...lease.shareTerms(),
      ],
      GRANT_LIMIT_MS,
    );
    if (answer.code !== 'granted' && answer.code !== 'refused' && answer.code !== 'paced') return answer;
    account.unanswered = 0;
    const [grantedNanos = 0, freeNanos = 0, postedTodayNanos = 0, postedNanos = 0, ...others] = answer.sums;
    const [triedNanos = 0, wonNanos = 0, ...overdue] = others;
    Object.assign(account, { triedNanos, wonNanos });
    if (lease.day === account.day) account.postedTodayNanos = postedTodayNanos;
    account.postedNanos = postedNanos;
    lease.grantedNanos = Math.max(lease.grantedNanos, grantedNanos);
    for (const number of overdue) if (number !== lease.number) this.#edges.onOverdue(account, number);
    // Asked again when the line has risen by what is lacking.
    if (answer.code === 'paced' && curve !== null)
      account.exhaust(nowMs(), ((leastNanos - freeNanos) / curve.nanosASecond) * 1_000);
    if (answer.code !== 'granted') return answer;
    totals.grants++;
    lease.sliceEndMs = sliceEndMs;
    lease.sliceMs = sliceMs;
    lease.lastExpirySec = Math.max(lease.lastExpirySec, lastExpirySec);
    account.heldNanos = lease.unusedNanos;
    account.revive();
    if (lease.isNew) this.#edges.onLease(lease);
    lease.isNew = false;
    account.proposed = null;
    if (account.open !== lease) account.open?.close();
    // The day may have turned, or the terms changed, while the slice was on its way.
    if (account.turnDay(nowMs()) === lease.day && sameTerms(account.terms, terms)) account.open = lease;
    else lease.close();
    return answer;
  }

  #sliceNanos(account: NodeAccount, share: number, nowMs: number): number {
    const lastedMs = nowMs - account.sliceStartMs;
    const units =
      lastedMs < SHORT_SLICE_MS
        ? account.sliceUnits * 2
        : account.sliceUnits / (lastedMs > LONG_SLICE_MS ? 2 : 1);
    account.sliceUnits = Math.min(MAX_SLICE_UNITS, Math.max(FIRST_SLICE_UNITS, units));
    account.sliceStartMs = nowMs;
    return Math.min(MAX_COST_NANOS, account.sliceUnits * heldOf(account.terms.unitNanos, share));
  }
}

function isUsedUp(lease: NodeLease, nowMs: number): boolean {
  const { given, endMs, grantedNanos, unusedNanos, account } = lease;
  const isFull = grantedNanos > MAX_GRANTED_NANOS && unusedNanos < account.terms.unitNanos;
  return given >= MAX_ORDINALS || nowMs >= endMs || isFull;
}
