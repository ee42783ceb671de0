/**
 * The caps of servers that share Redis: one key a user, one script a request. Each node asks with its own clock; what the
 * record has seen of later windows counts. What Redis lost is put back before anything is held again.
 */
import type { RedisConnection } from '../database/redis-connection.ts';
import type { RedisReply } from '../database/redis-script.ts';
import { recoverCaps, type RecoveryEdges } from './cap-recovery.ts';
import { keyOf } from './cap-record.ts';
import { askOf } from './cap-windows.ts';
import type {
  CapsState,
  CapTerms,
  HeldBid,
  HoldAnswer,
  HoldOrder,
  ReleasedBid,
  ShowStatus,
  WatchedCaps,
} from './caps.ts';
import { packImps, readImp } from './hold-order.ts';
import { RecentShowings } from './recent-showings.ts';
import { defineCapScripts, epochKey, tagOfUser, userKey, type CapScripts } from './redis-cap-scripts.ts';

/** On the bid path never a retry, and no more than this. */
const HOLD_LIMIT_MS = 5;
/** Told again at a tick. */
const MAX_TOLD_AT_ONCE = 200;
/** A tick is a second. */
const MAX_TICKS_TO_WAIT = 60;

const AWAY: HoldAnswer = { kind: 'away' };

export interface RedisCapsEdges extends Omit<RecoveryEdges, 'scripts'> {
  readonly redis: Pick<RedisConnection, 'defineScript' | 'state'>;
  /** What should never happen: a script that does not understand, a record of another program. */
  readonly onFault: (fault: string) => void;
  /** Records were lost, and are back: of so many tags; or why that could not be done yet. */
  readonly onRecovery: (recovered: number | Error) => void;
  /** null: the campaign has no caps, or is not served. */
  readonly termsOf: (campaignId: string) => CapTerms | null;
  readonly owed: OwedShowings;
  readonly holdLimitMs?: number;
}

interface OwedShowings {
  /** Resolves once it survives a crash, and is told again by `settleOwed`; false: it can't be kept. */
  keep(bid: HeldBid, atMs: number): Promise<boolean>;
}

export interface RedisCaps extends WatchedCaps {
  /** Counts a showing that is owed; 'away': it is owed still. */
  settleOwed(bid: HeldBid, atMs: number): Promise<string>;
}

export function openRedisCaps(edges: RedisCapsEdges): RedisCaps {
  return new SharedCaps(edges);
}

class SharedCaps implements RedisCaps {
  readonly #edges: RedisCapsEdges;
  readonly #scripts: CapScripts;
  readonly #recent = new RecentShowings();
  /** By tag, the epoch that it was last met in. */
  readonly #epochs = new Map<string, RedisReply>();
  /** To be told again: Redis may have forgotten them. */
  readonly #again = new Set<HeldBid>();
  #limit: Promise<null> | null = null;
  #isAway = false;
  #isLost = true;
  #recovery: Promise<void> | null = null;
  /** Recoveries in a row, and ticks until the next one: each reads what a week has shown. */
  #failures = 0;
  #ticksToWait = 0;
  #isTelling = false;
  #isClosed = false;

  constructor(edges: RedisCapsEdges) {
    this.#edges = edges;
    this.#scripts = defineCapScripts(edges.redis, edges.onFault);
  }

  get state(): CapsState {
    if (this.#edges.redis.state === 'down') return 'away';
    return this.#isLost ? 'rebuilding' : 'up';
  }

  async hold(order: HoldOrder): Promise<HoldAnswer> {
    const answer = this.#hold(order);
    this.#limit ??= this.#startLimit();
    const inTime = await Promise.race([answer, this.#limit]);
    // What is held for a bid that will not be made goes back once it is known.
    if (inTime === null && order.holds) void answer.then((late) => this.#letGo(order, late));
    return inTime ?? AWAY;
  }

  /**
   * Resolves when the holds of this turn of the event loop take too long. They are sent at its end, so the limit begins
   * there; and a busy loop runs its timers before it reads what has come meanwhile, so it waits for that.
   */
  #startLimit(): Promise<null> {
    const limitMs = this.#edges.holdLimitMs ?? HOLD_LIMIT_MS;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#limit = null;
        setTimeout(() => setImmediate(resolve, null), limitMs).unref();
      });
    });
  }

  async #hold({ userHash, nowMs, imps, holds }: HoldOrder): Promise<HoldAnswer> {
    const args = [secondsOf(nowMs), holds ? 1 : 0, packImps(imps)];
    const reply = await this.#run('holdShowing', userHash, args);
    if (reply === null) return AWAY;
    return { kind: 'held', imps: imps.map((_imp, place) => readImp(reply, place, nowMs)) };
  }

  #letGo({ userHash, nowMs, imps }: HoldOrder, answer: HoldAnswer): void {
    if (answer.kind === 'away') return;
    for (const [place, told] of answer.imps.entries()) {
      const imp = imps[place];
      const ask = told.kind === 'open' ? imp?.choices[told.choice]?.ask : null;
      if (imp === undefined || !ask || told.kind !== 'open') continue;
      this.#release(userHash, ask.key, told.atMs, imp.expirySec, nowMs);
    }
  }

  async show(bid: HeldBid, nowMs: number): Promise<ShowStatus> {
    const status = await this.settleOwed(bid, nowMs);
    if (status !== 'away') return status;
    return (await this.#edges.owed.keep(bid, nowMs)) ? 'owed' : 'away';
  }

  async settleOwed(bid: HeldBid, atMs: number): Promise<Exclude<ShowStatus, 'owed'>> {
    this.#recent.note(bid, atMs);
    const status = await this.#tell(bid, atMs, []);
    if (status !== 'unknown') return status;
    // Held before Redis lost its data, and shown after it: it counts where its windows are not over.
    const terms = this.#edges.termsOf(bid.campaignId);
    if (terms === null) return status;
    const { untilSec, limits } = askOf(terms, bid.issuedMs);
    const windows = limits.flatMap(({ window, startSec }) => [window, startSec]);
    return this.#tell(bid, atMs, [untilSec, ...windows]);
  }

  release({ userHash, campaignId, issuedMs, expirySec }: ReleasedBid, nowMs: number): void {
    this.#release(userHash, keyOf(campaignId), issuedMs, expirySec, nowMs);
  }

  #release(userHash: string, key: string, issuedMs: number, expirySec: number, nowMs: number): void {
    const args = [secondsOf(nowMs), key, secondsOf(issuedMs), expirySec];
    void this.#scripts.run('releaseShowing', [userKey(userHash)], args);
  }

  tick(nowMs: number): void {
    this.#recent.forget(nowMs);
    if (this.#edges.redis.state === 'down') this.#isAway = true;
    else if (this.#isAway) {
      // Another server may stand behind the connection by now, and may be a second behind.
      this.#isAway = false;
      for (const bid of this.#recent.all()) this.#again.add(bid);
    }
    if (this.#edges.redis.state === 'up' && this.#isLost && this.#ticksToWait-- <= 0) this.#recover();
    if (!this.#isTelling && this.#again.size > 0) void this.#tellAgain(nowMs);
  }

  /** A recovery under way may take long, and can be begun again by whoever comes next. */
  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  async #tellAgain(nowMs: number): Promise<void> {
    this.#isTelling = true;
    const some = [...this.#again].slice(0, MAX_TOLD_AT_ONCE);
    try {
      await Promise.all(
        some.map(async (bid) => {
          if ((await this.settleOwed(bid, nowMs)) !== 'away') this.#again.delete(bid);
        }),
      );
    } finally {
      this.#isTelling = false;
    }
  }

  async #tell(bid: HeldBid, nowMs: number, windows: readonly number[]): Promise<Exclude<ShowStatus, 'owed'>> {
    const { userHash, campaignId, issuedMs, expirySec, lease, ordinal } = bid;
    const named = [keyOf(campaignId), secondsOf(issuedMs), expirySec, lease, ordinal];
    const reply = await this.#run('countShowing', userHash, [secondsOf(nowMs), ...named, ...windows]);
    return reply === null ? 'away' : (reply[0] as Exclude<ShowStatus, 'owed'>);
  }

  /** null: Redis can't be asked now, did not understand, or has lost what it was asked for. */
  async #run(
    verb: 'holdShowing' | 'countShowing',
    userHash: string,
    args: readonly (string | number)[],
  ): Promise<readonly RedisReply[] | null> {
    const tag = tagOfUser(userHash);
    const reply = await this.#scripts.run(
      verb,
      [userKey(userHash), epochKey(this.#edges.database, tag)],
      args,
    );
    if (reply === null) {
      this.#isAway = true;
      return null;
    }
    if (reply[0] === 'lost') {
      this.#isLost = true;
      if (this.#failures === 0) this.#recover();
      return null;
    }
    this.#meet(tag, reply[1] ?? null);
    return reply;
  }

  /** What was put back may lack what was on its way to where it was read from. */
  #meet(tag: string, epoch: RedisReply): void {
    const last = this.#epochs.get(tag);
    if (last === epoch) return;
    this.#epochs.set(tag, epoch);
    if (last === undefined) return;
    for (const bid of this.#recent.all()) if (tagOfUser(bid.userHash) === tag) this.#again.add(bid);
  }

  #recover(): void {
    if (this.#recovery !== null || this.#isClosed) return;
    this.#recovery = recoverCaps({ ...this.#edges, scripts: this.#scripts })
      .then(
        (recovered) => {
          this.#isLost = false;
          this.#failures = 0;
          this.#ticksToWait = 0;
          if (recovered > 0) this.#edges.onRecovery(recovered);
        },
        (error: unknown) => {
          this.#ticksToWait = Math.min(2 ** this.#failures - 1, MAX_TICKS_TO_WAIT);
          this.#failures += 1;
          this.#edges.onRecovery(error instanceof Error ? error : new Error(String(error)));
        },
      )
      .finally(() => (this.#recovery = null));
  }
}

function secondsOf(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}
