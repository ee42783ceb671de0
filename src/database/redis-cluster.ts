/** A Redis Cluster, kept: its masters under watch, and its client replaced when no node of it is left. */
import { Cluster, type Redis, type RedisOptions } from 'ioredis';

import { backoffMs } from './redis-backoff.ts';
import { BREAKER_STATES, type BreakerState, type BreakerTotals, type Gate } from './redis-breaker.ts';
import { NONE_REACHED, describeFailure } from './redis-failure.ts';
import { BEAT_EVERY_MS } from './redis-heartbeat.ts';
import { watchServer, type WatchedServer } from './redis-server.ts';
import { slotOf } from './redis-slot.ts';
import { nameServers, type RedisAddress, type RedisServer } from './redis-url.ts';

/** Of the connection to one server. */
export type NodeOptions = Omit<
  RedisOptions,
  'host' | 'port' | 'path' | 'retryStrategy' | 'enableOfflineQueue' | 'replyMapping'
>;

export interface KeptCluster {
  /** Not the same for ever. */
  readonly client: () => Cluster;
  /** null: every master takes scripts. */
  readonly reason: () => string | null;
  /** Of the key's master; null: it takes no calls. */
  readonly gateOf: (key: string) => Gate | null;
  readonly breakerState: () => BreakerState;
  readonly ask: () => Promise<void>;
  readonly stop: () => void;
}

export interface ClusterOrder {
  readonly address: RedisAddress;
  readonly options: NodeOptions;
  /** Where a node is reached that announces itself as the key, host:port. */
  readonly detours: Readonly<Record<string, RedisServer>>;
  readonly totals: BreakerTotals;
  /** For each client that replaces the one before. */
  readonly onReplacement: (client: Cluster) => void;
  readonly onVerdict: () => void;
}

/** After a failover nothing is sent to the lost master that could tell of the new one: this finds it. */
const SLOTS_REFRESH_EVERY_MS = 2_000;
const SLOTS_REFRESH_TIMEOUT_MS = 1_000;
/** A call is sent on after a slot that moves; a cluster that goes on redirecting is not settled. */
const MAX_REDIRECTIONS = 5;
/** No master answers for so long: they may have gone to other addresses, and the URL's nodes know which. */
const REPLACE_AFTER_MS = 5_000;

export function keepCluster(order: ClusterOrder): KeptCluster {
  const masters = watchMasters(order);
  let attempts = 0;
  let startReason = `Redis at ${nameServers(order.address)} has not answered yet`;
  let wellAtMs = performance.now();
  let client = open();

  function open(): Cluster {
    let nodeError: unknown = null;
    const options = clusterOptions(order, (reason) => {
      const error = nodeError ?? reason ?? NONE_REACHED;
      startReason = describeFailure(nameServers(order.address), error, order.address);
      nodeError = null;
      order.onVerdict();
      attempts += 1;
      return backoffMs(attempts);
    });
    const opened = new Cluster([...order.address.servers], options);
    opened.on('node error', (error: unknown) => {
      if (!isVague(error)) nodeError = error;
    });
    // It only sums up the errors of nodes, but without a listener it is printed.
    opened.on('error', () => {});
    opened.on('ready', () => {
      attempts = 0;
      follow();
    });
    opened.on('+node', follow);
    opened.on('-node', follow);
    return opened;
  }

  /** Before it is ready, a client has the URL's nodes and does not know the masters. */
  function follow(): void {
    masters.follow(isReady() ? client.nodes('master') : []);
  }

  function isReady(): boolean {
    return client.status === 'ready';
  }

  function gateOf(key: string): Gate | null {
    const name = isReady() ? client.slots[slotOf(key)]?.[0] : undefined;
    return name === undefined ? null : masters.gate(name);
  }

  const timer = setInterval(() => {
    follow();
    // One that is not ready yet goes on trying the URL's nodes by itself.
    if (!isReady() || masters.isAnyThere()) wellAtMs = performance.now();
    if (performance.now() - wellAtMs < REPLACE_AFTER_MS) return;
    startReason = masters.reason() ?? startReason;
    client.disconnect();
    client = open();
    order.onReplacement(client);
    follow();
  }, BEAT_EVERY_MS);

  return {
    client: () => client,
    gateOf,
    breakerState: masters.breakerState,
    reason: () => (isReady() && masters.count() > 0 ? masters.reason() : startReason),
    ask: masters.ask,
    stop() {
      clearInterval(timer);
      masters.follow([]);
      client.disconnect();
    },
  };
}

interface Masters {
  readonly follow: (nodes: readonly Redis[]) => void;
  readonly count: () => number;
  /** null: all are well. */
  readonly reason: () => string | null;
  /** `name`: host:port, as the client reaches it. */
  readonly gate: (name: string) => Gate | null;
  readonly isAnyThere: () => boolean;
  /** The worst. */
  readonly breakerState: () => BreakerState;
  readonly ask: () => Promise<void>;
}

/** Each master under watch, whichever they are. */
function watchMasters({ address, onVerdict, totals }: ClusterOrder): Masters {
  const masters = new Map<string, { readonly node: Redis; readonly server: WatchedServer }>();

  function hear(): void {
    if ([...masters.values()].every(({ server }) => server.hasVerdict())) onVerdict();
  }

  return {
    follow(nodes) {
      for (const [name, { node, server }] of masters) {
        if (nodes.includes(node)) continue;
        server.stop();
        masters.delete(name);
      }
      for (const node of nodes) {
        const name = `${String(node.options.host)}:${String(node.options.port)}`;
        if (masters.has(name)) continue;
        const order = { server: name, address, isCluster: true, onVerdict: hear, totals };
        masters.set(name, { node, server: watchServer(node, order) });
      }
    },
    count: () => masters.size,
    reason() {
      for (const { server } of masters.values()) if (server.reason() !== null) return server.reason();
      return null;
    },
    gate: (name) => masters.get(name)?.server.gate() ?? null,
    isAnyThere: () => [...masters.values()].some(({ server }) => server.isThere()),
    breakerState() {
      const states = [...masters.values()].map(({ server }) => server.breakerState());
      return BREAKER_STATES[Math.max(0, ...states.map((state) => BREAKER_STATES.indexOf(state)))] ?? 'closed';
    },
    async ask() {
      await Promise.all([...masters.values()].map(({ server }) => server.ask()));
    },
  };
}

function clusterOptions({ options, detours }: ClusterOrder, onFailedStart: (reason?: Error) => number) {
  return {
    redisOptions: options,
    natMap: { ...detours },
    clusterRetryStrategy: (_attempt: number, reason?: Error) => onFailedStart(reason),
    // A node that is lost keeps its place and comes back to it, rather than end.
    clusterNodeRetryStrategy: (attempt: number) => backoffMs(attempt),
    enableOfflineQueue: false,
    // The heartbeat looks closer.
    enableReadyCheck: false,
    maxRedirections: MAX_REDIRECTIONS,
    // Nothing waits inside the client for better times.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: SLOTS_REFRESH_EVERY_MS,
    slotsRefreshTimeout: SLOTS_REFRESH_TIMEOUT_MS,
  };
}

/** What ioredis says of every node that can't be asked, whatever kept it from answering. */
function isVague(error: unknown): boolean {
  return error instanceof Error && /^(Connection is closed|timeout)/.test(error.message);
}
