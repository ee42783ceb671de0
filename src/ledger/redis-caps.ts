/**
 * The caps of servers that share Redis: one key a user, one script a request. Each node asks with its own clock; what the
 * record has seen of later windows counts.
 */
import type { RedisConnection } from '../database/redis-connection.ts';
import type { RedisReply, ScriptRunner } from '../database/redis-script.ts';
import { keyOf } from './cap-record.ts';
import { CAP_CODES, type CapVerb } from './cap-status.ts';
import type {
  CapChoice,
  Caps,
  HeldBid,
  HoldAnswer,
  HoldOrder,
  ImpAnswer,
  ReleasedBid,
  ShowStatus,
} from './caps.ts';
import { readScript } from './disk-lua.ts';

/** On the bid path never a retry, and no more than this. */
const HOLD_LIMIT_MS = 5;
/** Behind the bid path: as long as a notice may take. */
const CALL_LIMIT_MS = 500;
/** Showings that wait for Redis, some 300 bytes each. The oldest are given up first. */
const MAX_OWED = 100_000;
/** Told again at a tick. */
const MAX_TOLD_AT_ONCE = 2_000;

const PRELUDE = 'userRecord';
const AWAY: HoldAnswer = { kind: 'away' };
const NONE: ImpAnswer = { kind: 'none' };

export interface RedisCapsEdges {
  readonly redis: Pick<RedisConnection, 'defineScript'>;
  /** What should never happen: a script that does not understand, a record of another program. */
  readonly onFault: (fault: string) => void;
  readonly holdLimitMs?: number;
}

export interface RedisCaps extends Caps {
  /** Showings that Redis could not be told yet. */
  readonly owedShowings: number;
}

/** Where a user's record stands. */
export function userKey(userHash: string): string {
  return `gavel:user:{${userHash}}`;
}

export function openRedisCaps(edges: RedisCapsEdges): RedisCaps {
  return new SharedCaps(edges);
}

class SharedCaps implements RedisCaps {
  readonly #edges: RedisCapsEdges;
  readonly #runners = new Map<CapVerb, ScriptRunner>();
  /** Shown while Redis was away, and not counted yet. */
  readonly #owed = new Set<HeldBid>();
  #isTelling = false;

  constructor(edges: RedisCapsEdges) {
    this.#edges = edges;
    for (const verb of Object.keys(CAP_CODES) as CapVerb[]) {
      this.#runners.set(verb, edges.redis.defineScript(verb, { lua: readScript(verb, PRELUDE), keys: 1 }));
    }
  }

  async hold(order: HoldOrder): Promise<HoldAnswer> {
    const answer = this.#hold(order);
    const inTime = await withinLimit(answer, this.#edges.holdLimitMs ?? HOLD_LIMIT_MS);
    // What is held for a bid that will not be made goes back once it is known.
    if (inTime === null && order.holds) void answer.then((late) => this.#letGo(order, late));
    return inTime ?? AWAY;
  }

  async #hold({ userHash, nowMs, imps, holds }: HoldOrder): Promise<HoldAnswer> {
    const asked = JSON.stringify(
      imps.map(({ expirySec, choices }) => [expirySec, ...choices.map(flatChoice)]),
    );
    const args = [secondsOf(nowMs), holds ? 1 : 0, asked];
    const reply = await this.#run('holdShowing', userHash, args);
    if (reply === null) return AWAY;
    return { kind: 'held', imps: imps.map((_imp, place) => readImp(reply, place, nowMs)) };
  }

  async show(bid: HeldBid, nowMs: number): Promise<ShowStatus> {
    const status = await this.#tell(bid, nowMs);
    if (status !== 'away') return status;
    for (const oldest of this.#owed) {
      if (this.#owed.size < MAX_OWED) break;
      this.#owed.delete(oldest);
    }
    this.#owed.add(bid);
    return 'owed';
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

  release({ userHash, campaignId, issuedMs, expirySec }: ReleasedBid, nowMs: number): void {
    this.#release(userHash, keyOf(campaignId), issuedMs, expirySec, nowMs);
  }

  #release(userHash: string, key: string, issuedMs: number, expirySec: number, nowMs: number): void {
    void this.#run('releaseShowing', userHash, [secondsOf(nowMs), key, secondsOf(issuedMs), expirySec]);
  }

  tick(nowMs: number): void {
    if (!this.#isTelling && this.#owed.size > 0) void this.#tellOwed(nowMs);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get owedShowings(): number {
    return this.#owed.size;
  }

  async #tellOwed(nowMs: number): Promise<void> {
    this.#isTelling = true;
    const some = [...this.#owed].slice(0, MAX_TOLD_AT_ONCE);
    await Promise.all(
      some.map(async (bid) => {
        if ((await this.#tell(bid, nowMs)) !== 'away') this.#owed.delete(bid);
      }),
    );
    this.#isTelling = false;
  }

  async #tell(bid: HeldBid, nowMs: number): Promise<ShowStatus> {
    const { userHash, campaignId, issuedMs, expirySec, lease, ordinal } = bid;
    const args = [secondsOf(nowMs), keyOf(campaignId), secondsOf(issuedMs), expirySec, lease, ordinal];
    const reply = await this.#run('countShowing', userHash, args);
    return reply === null ? 'away' : (reply[0] as ShowStatus);
  }

  /** null: Redis can't be asked now, or did not understand. */
  async #run(
    verb: CapVerb,
    userHash: string,
    args: readonly (string | number)[],
  ): Promise<readonly RedisReply[] | null> {
    try {
      const outcome = await this.#runners.get(verb)?.([userKey(userHash)], args, CALL_LIMIT_MS);
      if (outcome?.kind !== 'reply') return null;
      const reply = Array.isArray(outcome.reply) ? (outcome.reply as readonly RedisReply[]) : [];
      const code = reply[0];
      if (!isCode(verb, code))
        throw new Error(`the script ${verb} answered ${JSON.stringify(outcome.reply)}`);
      if (code !== 'invalid' && code !== 'unreadable') return reply;
      throw new Error(`the script ${verb} found the record, or what it was told, ${code}`);
    } catch (error) {
      this.#edges.onFault(error instanceof Error ? error.message : String(error));
      return null;
    }
  }
}

/**
 * null: it takes longer. A busy event loop runs its timers before it reads what has come meanwhile, so the limit waits
 * for that.
 */
async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(() => setImmediate(resolve, null), limitMs);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

function isCode(verb: CapVerb, word: unknown): boolean {
  return (CAP_CODES[verb] as readonly unknown[]).includes(word);
}

function flatChoice({ ad, ask }: CapChoice): readonly (number | string)[] {
  if (ask === null) return [ad];
  const flat: (number | string)[] = [ad, ask.key, ask.untilSec];
  for (const { window, startSec, limit } of ask.limits) flat.push(window, startSec, limit);
  return flat;
}

function readImp(reply: readonly RedisReply[], place: number, nowMs: number): ImpAnswer {
  const [pick, atSec] = [Number(reply[1 + 2 * place]), Number(reply[2 + 2 * place])];
  if (pick > 0) return { kind: 'open', choice: pick - 1, atMs: Math.max(nowMs, atSec * 1000) };
  return pick < 0 ? { kind: 'capped', cap: -pick - 1 } : NONE;
}

function secondsOf(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}
