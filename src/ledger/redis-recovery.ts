/**
 * Makes books whole again that Redis lost, or has in an older state: a server that was emptied, restarted from a file cut
 * short, or replaced by a replica that lagged. Whoever finds a book so begins to rebuild it and tells the other nodes. For
 * two seconds nothing of it is granted, and notices are owed; meanwhile every node declares its leases, says what it last
 * heard was posted, and does again what it did in the last minute. Then it is opened with the most that anyone knows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DoneCall, DoneCalls } from './done-calls.ts';
import { bookKeys } from './ledger-keys.ts';
import type { NodeAccount, NodeLease } from './node-lease.ts';
import { declareLeases } from './redis-declaring.ts';
import { redoCalls } from './redis-redoing.ts';
import type { LedgerScripts } from './redis-scripts.ts';
import type { Settling } from './redis-settling.ts';
import { Waiting } from './waiting.ts';

/** What a campaign has posted, as it is known without Redis. */
export interface PostedSums {
  readonly everNanos: number;
  readonly dayNanos: number;
  /** It never had a book: no node can hold anything of it. */
  readonly isNew: boolean;
}

/** What has counted of a lease's ordinal. */
export type MarkedCall = Pick<DoneCall, 'lease' | 'ordinal' | 'bits'>;

export interface RecoveryEdges {
  readonly scripts: LedgerScripts;
  readonly database: string;
  readonly node: string;
  readonly spentStream: string;
  readonly settling: Settling;
  readonly done: DoneCalls;
  readonly nowMs: () => number;
  readonly accountOf: (campaignId: string) => NodeAccount | null;
  /** Of its bills: what this node has counted and could not tell Redis yet. */
  readonly owedNanos: (campaignId: string) => number;
  /** null: that can't be told now. */
  readonly findPosted: (campaignId: string, dayStartMs: number) => Promise<PostedSums | null>;
  /** What has counted of the campaign's latest bids; it may lack the last seconds. */
  readonly findMarked: (campaignId: string) => Promise<readonly MarkedCall[]>;
}

/** A book that is being made whole. */
interface Opening {
  readonly opened: Promise<boolean>;
  /** What this node holds was told, or can't be. */
  readonly declared: Promise<void>;
}

/** Nobody waits for one. */
const SCRIPT_LIMIT_MS = 1_000;
/** While a book is rebuilt; another node may open it. */
const LOOK_EVERY_MS = 100;
/** What is found lost in this time is told of once. */
const TELL_AFTER_MS = 20;
/** Of those that are being declared, which all must be within the two seconds. */
const MAX_BOOKS_AT_ONCE = 100;

export class Recovery {
  readonly #edges: RecoveryEdges;
  readonly #opening = new Map<NodeAccount, Opening>();
  #isTelling = false;
  #isRoundUnderWay = false;
  /** Another is to follow it. */
  #isRoundDue = false;

  constructor(edges: RecoveryEdges) {
    this.#edges = edges;
  }

  /** Of a book that was found not whole. false: it could not be opened now. */
  open(account: NodeAccount): Promise<boolean> {
    return this.#begin(account).opened;
  }

  /** Some node has found a book lost: all that this one holds is declared where that is so. */
  async hearLoss(): Promise<void> {
    this.#isRoundDue = true;
    if (this.#isRoundUnderWay) return;
    this.#isRoundUnderWay = true;
    while (this.#takeDue()) await this.#declareAll();
    this.#isRoundUnderWay = false;
  }

  #begin(account: NodeAccount): Opening {
    const known = this.#opening.get(account);
    if (known !== undefined) return known;
    const declaring = new Waiting();
    const opened = this.#open(account, declaring.resolve).finally(() => {
      this.#opening.delete(account);
      declaring.resolve();
    });
    const opening = { opened, declared: declaring.promise };
    this.#opening.set(account, opening);
    return opening;
  }

  #takeDue(): boolean {
    const isDue = this.#isRoundDue;
    this.#isRoundDue = false;
    return isDue;
  }

  /** Resolves when the books that are being opened by now are open, or can't be. */
  async settled(): Promise<void> {
    await Promise.all(Array.from(this.#opening.values(), ({ opened }) => opened));
  }

  async #declareAll(): Promise<void> {
    const { settling, done, accountOf } = this.#edges;
    const held = new Set(settling.accounts());
    for (const campaignId of done.campaigns()) {
      const account = accountOf(campaignId);
      if (account !== null) held.add(account);
    }
    const waiting = [...held];
    const openNext = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        await this.#begin(next).declared;
      }
    };
    await Promise.all(Array.from({ length: MAX_BOOKS_AT_ONCE }, openNext));
  }

  async #open(account: NodeAccount, onDeclared: () => void): Promise<boolean> {
    const { findPosted, nowMs } = this.#edges;
    account.turnDay(nowMs());
    const asked = findPosted(account.terms.campaignId, account.dayStartMs);
    // Its answer tells of what was there before.
    await account.granting;
    if (!this.#holds(account)) {
      const posted = await asked;
      if (posted === null) return false;
      const outcome = posted.isNew ? await this.#openBook(account, posted) : 'lost';
      if (outcome === 'open' || outcome === 'away') return outcome === 'open';
    }
    const owedNanos = this.#edges.owedNanos(account.terms.campaignId);
    const told = [account.postedNanos, this.#edges.node, owedNanos];
    const { code } = await this.#run('rebuildBook', account, told);
    if (code === 'begun') this.#tellSoon();
    if (code === 'away' || code === 'unsure') return false;
    const { campaignId } = account.terms;
    const leases = this.#edges.settling.leasesOf(account);
    const { created, unheard } = await declareLeases(this.#edges, campaignId, leases);
    onDeclared();
    const marking = this.#mark(account, created);
    if (code === 'whole') {
      await marking;
      if (created.size > 0) await redoCalls(this.#edges, campaignId, this.#edges.done.of(campaignId));
      return unheard.length === 0;
    }
    return this.#openInTime(account, asked, unheard);
  }

  async #openInTime(
    account: NodeAccount,
    asked: Promise<PostedSums | null>,
    unheard: readonly NodeLease[],
  ): Promise<boolean> {
    const { campaignId } = account.terms;
    let undeclared = unheard;
    let undone = this.#edges.done.of(campaignId);
    for (;;) {
      if (undeclared.length > 0) {
        ({ unheard: undeclared } = await declareLeases(this.#edges, campaignId, undeclared));
      }
      undone = await redoCalls(this.#edges, campaignId, undone);
      const posted = await asked;
      if (posted === null) return false;
      const outcome = await this.#openBook(account, posted);
      if (typeof outcome === 'string') return outcome === 'open';
      // What belongs to a lease that its node has not declared yet, is done after that.
      await sleep(Math.min(outcome, LOOK_EVERY_MS));
    }
  }

  /** A number: to be asked again after so many milliseconds. */
  async #openBook(account: NodeAccount, posted: PostedSums): Promise<'open' | 'away' | 'lost' | number> {
    const { nowMs } = this.#edges;
    const { everNanos, dayNanos, isNew } = posted;
    const args = [Math.floor(nowMs()), isNew ? 1 : 0, account.day, everNanos, dayNanos];
    const { code, sums } = await this.#run('openBook', account, args);
    if (code === 'opened' || code === 'repeated') return 'open';
    if (code === 'waiting') return sums[0] ?? 0;
    return code === 'lost' ? code : 'away';
  }

  #holds(account: NodeAccount): boolean {
    const { settling, done } = this.#edges;
    const { campaignId } = account.terms;
    return account.postedNanos > 0 || settling.leasesOf(account).length > 0 || done.of(campaignId).length > 0;
  }

  /** So that a notice that comes again for a lease which was lost counts once. */
  async #mark(account: NodeAccount, leases: ReadonlySet<number>): Promise<void> {
    if (leases.size === 0) return;
    const marked = await this.#edges.findMarked(account.terms.campaignId);
    const calls = marked
      .filter(({ lease }) => leases.has(lease))
      .map((call) => ({ ...call, reservedNanos: 0, postedNanos: 0, expirySec: 0 }));
    await redoCalls(this.#edges, account.terms.campaignId, calls);
  }

  #run<Verb extends 'rebuildBook' | 'openBook'>(
    verb: Verb,
    account: NodeAccount,
    args: readonly (string | number)[],
  ) {
    const { scripts, database } = this.#edges;
    return scripts.run(verb, [bookKeys(database, account.terms.campaignId).book], args, SCRIPT_LIMIT_MS);
  }

  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setTimeout(() => {
      this.#isTelling = false;
      const { scripts, spentStream, node } = this.#edges;
      void scripts.run('announceLoss', [spentStream], [node], SCRIPT_LIMIT_MS);
      void this.hearLoss();
    }, TELL_AFTER_MS).unref();
  }
}
