/** The door to Redis, one server or a Cluster: its scripts, and word of when it goes and when it returns. */
import { Redis, type Cluster } from 'ioredis';

import { backoffMs } from './redis-backoff.ts';
import type { BreakerState, BreakerTotals, Gate } from './redis-breaker.ts';
import { keepCluster, type NodeOptions } from './redis-cluster.ts';
import { createScriptBook, type ScriptRunner, type ScriptSource } from './redis-script.ts';
import { watchServer } from './redis-server.ts';
import { nameServers, readRedisUrl, type RedisAddress, type RedisServer } from './redis-url.ts';

export type RedisState = 'up' | 'down';

export interface RedisOrder {
  /** As `readRedisUrl` takes it. */
  readonly url: string;
  /** Several servers in the URL are a cluster in any case. */
  readonly isCluster: boolean;
  /** The first verdict and each change after it, once, with a sentence. Of a cluster, `up` means all masters. */
  readonly onState: (state: RedisState, reason: string) => void;
  /** Of a cluster behind proxies: where a node is reached that announces itself as the key, host:port. */
  readonly detours?: Readonly<Record<string, RedisServer>>;
}

export interface RedisConnection {
  /** `down` until the first answer. */
  readonly state: RedisState;
  /** A sentence on why it is in that state; while it is down, it follows what happens. */
  readonly reason: string;
  /** The server that holds the key takes calls. */
  readonly isOpen: (key: string) => boolean;
  readonly breaker: () => BreakerFigures;
  /** Throws where the name is taken. */
  readonly defineScript: (name: string, source: ScriptSource) => ScriptRunner;
  /** Asks now, and answers within some two seconds. */
  readonly ping: () => Promise<boolean>;
  /** Soon, also while Redis hangs. Calls under way end as late, later ones as away; `onState` hears no more. */
  readonly close: () => Promise<void>;
}

/** Of a cluster, the state is the worst of its masters'. */
export interface BreakerFigures extends Readonly<BreakerTotals> {
  readonly state: BreakerState;
}

/** A command is out for so long and no byte comes in: the connection counts as broken. */
const SILENCE_LIMIT_MS = 1_000;
/** With a packet lost, a connection takes a second; TLS some more. */
const CONNECT_TIMEOUT_MS = 2_000;
/** For a farewell that gets no answer; then the socket is destroyed. */
const FAREWELL_MS = 100;

/** One server or a cluster, as a connection needs it. */
interface Front {
  readonly client: () => Redis | Cluster;
  /** null: all of it takes scripts. */
  readonly reason: () => string | null;
  /** Of the server that holds the key; null: it takes no calls. */
  readonly gateOf: (key: string) => Gate | null;
  readonly breakerState: () => BreakerState;
  readonly ask: () => Promise<void>;
  readonly stop: () => void;
}

/** Throws where the URL is wrong. What is wrong with the server, `onState` hears. */
export function openRedis(order: RedisOrder): RedisConnection {
  const read = readRedisUrl(order.url, order.isCluster);
  if (!read.ok) throw new Error(`the URL of Redis ${read.error}`);
  const { address } = read;
  const scripts = createScriptBook(
    () => front.client(),
    (key) => front.gateOf(key),
  );
  const totals: BreakerTotals = { failures: 0, openings: 0 };
  let told: RedisState | null = null;
  let isClosed = false;

  function reason(): string {
    if (isClosed) return `the connection to Redis at ${nameServers(address)} is closed`;
    return front.reason() ?? `Redis at ${nameServers(address)} answers`;
  }

  function tell(): void {
    const state = front.reason() === null ? 'up' : 'down';
    if (isClosed || state === told) return;
    told = state;
    order.onState(state, reason());
  }

  const front: Front =
    order.isCluster || address.servers.length > 1
      ? keepCluster({
          address,
          options: nodeOptions(address),
          detours: order.detours ?? {},
          totals,
          onReplacement: scripts.teach,
          onVerdict: tell,
        })
      : openServer(address, totals, tell);

  return {
    get state() {
      return isClosed ? 'down' : (told ?? 'down');
    },
    get reason() {
      return reason();
    },
    isOpen: (key) => !isClosed && front.gateOf(key) !== null,
    breaker: () => ({ ...totals, state: front.breakerState() }),
    defineScript: scripts.define,
    async ping() {
      await front.ask();
      return front.reason() === null && !isClosed;
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      scripts.close();
      await new Promise<void>((resolve) => {
        // A client between two attempts has no connection whose end it could tell.
        const timer = setTimeout(resolve, 2 * FAREWELL_MS);
        front.client().once('end', () => {
          clearTimeout(timer);
          resolve();
        });
        front.stop();
      });
    },
  };
}

function openServer(address: RedisAddress, totals: BreakerTotals, onVerdict: () => void): Front {
  const redis = new Redis({
    ...address.servers[0],
    ...nodeOptions(address),
    retryStrategy: (attempt) => backoffMs(attempt),
    enableOfflineQueue: false,
  });
  const order = { server: nameServers(address), address, isCluster: false, onVerdict, totals };
  const { reason, gate, breakerState, ask, stop } = watchServer(redis, order);
  return {
    client: () => redis,
    reason,
    gateOf: gate,
    breakerState,
    ask,
    stop() {
      stop();
      redis.disconnect();
    },
  };
}

/** Of every connection to a server. */
export function nodeOptions({ user, password, database, isTls }: RedisAddress): NodeOptions {
  return {
    ...(user === '' ? {} : { username: user }),
    ...(password === '' ? {} : { password }),
    ...(isTls ? { tls: {} } : {}),
    db: database,
    connectionName: 'gavel',
    protocol: 2,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_LIMIT_MS,
    disconnectTimeout: FAREWELL_MS,
    // What was under way when a connection broke fails, and is never sent again unasked.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // The heartbeat looks closer.
    enableReadyCheck: false,
  };
}
