/** Lua scripts, run by their names under a deadline: what comes back is a reply, or which way it failed. */
import type { Cluster, Redis } from 'ioredis';

import type { Gate } from './redis-breaker.ts';
import { interpretFailure } from './redis-failure.ts';
import { createGathering } from './redis-gathering.ts';
import { tagOf } from './redis-slot.ts';

/** What a script returns: Lua's false is null, its fractions are cut off, its strings come as they are. */
export type RedisReply = string | number | null | readonly RedisReply[];

export type ScriptOutcome =
  | { readonly kind: 'reply'; readonly reply: RedisReply }
  /** No answer in time, or the connection broke before it: whether the script ran, nobody knows. */
  | { readonly kind: 'late' }
  /** Not carried out: Redis is down, refuses it, or has too much before it. */
  | { readonly kind: 'away' };

/**
 * Numbers are sent in full digits; they must be safe integers. All keys lie in one hash slot by the same {tag}.
 * Rejects where the script itself fails, or returns an integer near 2^53 as a number: a mistake in it or its caller.
 */
export type ScriptRunner = (
  keys: readonly string[],
  args: readonly (string | number)[],
  withinMs: number,
) => Promise<ScriptOutcome>;

export interface ScriptSource {
  readonly lua: string;
  /** How many keys it takes, at least one: they decide which node of a cluster runs it. */
  readonly keys: number;
}

export interface ScriptBook {
  readonly define: (name: string, source: ScriptSource) => ScriptRunner;
  /** For a client that is to replace the first. */
  readonly teach: (other: Redis | Cluster) => void;
  /** From now on nothing is sent, and what is under way counts as late. */
  readonly close: () => void;
}

/** Redis runs some 100 scripts in a millisecond: behind more than this, none comes in time for a bid. */
const MAX_UNDER_WAY = 10_000;

/**
 * ioredis reads an integer as n × 10 + the last digit's character code − 48: from here on that passes 2^53 on the
 * way, and what comes out may be wrong by one.
 */
const MAX_EXACT_INTEGER = 2 ** 53 - 49;
const RETURN_DIGITS = "let it return the digits, by string.format('%.0f', n)";

const LATE: ScriptOutcome = { kind: 'late' };
const AWAY: ScriptOutcome = { kind: 'away' };

/** What `defineCommand` makes of a script. */
type ClientMethod = (this: Redis | Cluster, ...words: readonly string[]) => Promise<RedisReply>;

/** `client` may change; `gateOf`: where calls for the key pass, null while none does. */
export function createScriptBook(
  client: () => Redis | Cluster,
  gateOf: (key: string) => Gate | null,
): ScriptBook {
  const gather = createGathering(client);
  const sources = new Map<string, ScriptSource>();
  let isClosed = false;
  let underWay = 0;

  function send(
    gate: Gate,
    method: string,
    words: readonly string[],
    withinMs: number,
  ): Promise<ScriptOutcome> {
    const receiver = client();
    const run = Reflect.get(receiver, method) as ClientMethod;
    const { epoch } = gate;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const timer = setTimeout(() => {
        isOver = true;
        gate.note(epoch, false);
        resolve(LATE);
      }, withinMs);
      const settle = (isAnswered: boolean): void => {
        clearTimeout(timer);
        underWay -= 1;
        if (!isOver) gate.note(epoch, isAnswered);
      };
      underWay += 1;
      gather();
      run.call(receiver, ...words).then(
        (reply) => {
          settle(true);
          if (isExact(reply)) resolve({ kind: 'reply', reply });
          else reject(new RangeError(`the ${method} returned a number near 2^53: ${RETURN_DIGITS}`));
        },
        (error: unknown) => {
          const meaning = isClosed ? 'late' : interpretFailure(error);
          settle(meaning === 'fault');
          if (meaning === 'fault') reject(new Error(`the ${method} failed: ${String(error)}`));
          else resolve(meaning === 'away' ? AWAY : LATE);
        },
      );
    });
  }

  return {
    define(name, source) {
      const method = methodOf(name);
      if (sources.has(name)) throw new Error(`the ${method} is defined already`);
      sources.set(name, source);
      teachOne(client(), name, source);
      return (keys, args, withinMs) => {
        const key = firstOfOneTag(method, keys, source.keys);
        const words = [...keys, ...args.map(inFullDigits)];
        const isFutile = isClosed || withinMs <= 0 || underWay >= MAX_UNDER_WAY;
        const gate = isFutile ? null : gateOf(key);
        return gate === null ? Promise.resolve(AWAY) : send(gate, method, words, withinMs);
      };
    },
    teach(other) {
      for (const [name, source] of sources) teachOne(other, name, source);
    },
    close() {
      isClosed = true;
    },
  };
}

/** From here on the client sends EVAL once a connection, then EVALSHA, and after NOSCRIPT the whole again. */
function teachOne(client: Redis | Cluster, name: string, { lua, keys }: ScriptSource): void {
  client.defineCommand(methodOf(name), { lua, numberOfKeys: keys });
}

/** With a blank it can't be the name of a command of Redis, which `defineCommand` would replace. */
function methodOf(name: string): string {
  return `script ${name}`;
}

/** Throws where they are not as many as the script takes, or not of one tag. */
function firstOfOneTag(method: string, keys: readonly string[], keyCount: number): string {
  const [first] = keys;
  if (keys.length !== keyCount || first === undefined) {
    throw new RangeError(`the ${method} takes ${keyCount} keys, at least one, and was given ${keys.length}`);
  }
  if (keyCount === 1) return first;
  const tag = tagOf(first);
  const stray = keys.find((key) => tagOf(key) !== tag);
  if (stray !== undefined) {
    throw new RangeError(`the ${method} was given keys of two hash slots, ${first} and ${stray}`);
  }
  return first;
}

function isExact(reply: RedisReply): boolean {
  if (typeof reply === 'number') return Math.abs(reply) <= MAX_EXACT_INTEGER;
  return typeof reply === 'string' || reply === null || reply.every(isExact);
}

function inFullDigits(value: string | number): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is no safe integer: Redis would be sent other digits`);
  }
  return String(value);
}
