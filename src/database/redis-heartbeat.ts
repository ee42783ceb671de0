/** One Redis server under watch: whether it would run a script now, and if not, why. */
import type { Redis } from 'ioredis';

import { CLOSED, CLOSED_EARLY, IS_CLUSTER, describeFailure, isReply } from './redis-failure.ts';
import type { RedisAddress } from './redis-url.ts';

export interface Heartbeat {
  /** null: the server takes scripts. */
  readonly reason: () => string | null;
  /** It has answered once, or failed to. */
  readonly hasVerdict: () => boolean;
  /** Resolves, soon in any case, once the server was asked again. */
  readonly ask: () => Promise<void>;
  readonly stop: () => void;
}

export interface HeartbeatOrder {
  /** host:port, as messages name it. */
  readonly server: string;
  readonly address: RedisAddress;
  readonly isCluster: boolean;
  /** After every verdict, also when it is the same as before. */
  readonly onVerdict: () => void;
  /** The server would run scripts, and took so long to say so. */
  readonly onAnswer: (elapsedMs: number) => void;
}

/** With SILENCE_LIMIT_MS, a server that falls silent is noticed within one and a half seconds. */
export const BEAT_EVERY_MS = 500;

/** By its first line it may write, though it does not: a replica and a full server refuse it, and answer a PING. */
const WRITING_SCRIPT = '#!lua\nreturn 1';

/** Ends with `stop`; `redis` itself stays open. */
export function startHeartbeat(redis: Redis, order: HeartbeatOrder): Heartbeat {
  let reason: string | null = `Redis at ${order.server} has not answered yet`;
  let lastError: unknown = null;
  let wasReady = false;
  let isJudged = false;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function judge(error: unknown): void {
    if (isStopped) return;
    isJudged = true;
    reason = error === null ? null : describeFailure(order.server, error, order.address);
    order.onVerdict();
  }

  async function ask(): Promise<void> {
    // A node of a cluster connects at its first command. In between, commands would queue.
    if (redis.status !== 'ready' && redis.status !== 'wait') return;
    // That the database was not found, Redis says once, and would then serve another one.
    const askedMs = performance.now();
    const verdict = isReply(lastError) ? lastError : await examine(redis, order.isCluster);
    if (verdict === undefined || isStopped) return;
    judge(verdict);
    if (verdict === null) order.onAnswer(performance.now() - askedMs);
  }

  async function beat(): Promise<void> {
    await ask();
    if (!isStopped) timer = setTimeout(() => void beat(), BEAT_EVERY_MS);
  }

  const listeners = {
    error: (error: unknown): void => {
      lastError = error;
    },
    ready: (): void => {
      wasReady = true;
      void ask();
    },
    close: (): void => {
      judge(lastError ?? (wasReady ? CLOSED : CLOSED_EARLY));
      lastError = null;
      wasReady = false;
    },
  };
  for (const [event, listener] of Object.entries(listeners)) redis.on(event, listener);
  void beat();
  return {
    reason: () => reason,
    hasVerdict: () => isJudged,
    ask,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      redis.off('ready', listeners.ready);
      redis.off('close', listeners.close);
    },
  };
}

/** null: it takes scripts; undefined: the connection broke, which its own event tells better. */
async function examine(redis: Redis, isCluster: boolean): Promise<unknown> {
  // For a server alone, INFO says whether it is one; CLUSTER INFO would count an error there at every beat.
  const [script, cluster] = await Promise.allSettled([
    redis.eval(WRITING_SCRIPT, 0),
    isCluster ? redis.cluster('INFO') : redis.info('cluster'),
  ]);
  if (script.status === 'rejected') return isReply(script.reason) ? script.reason : undefined;
  // What refuses the second for other reasons, as hosted services do, is taken at its word.
  if (cluster.status === 'rejected') {
    return isCluster && isReply(cluster.reason) ? (cluster.reason as unknown) : null;
  }
  if (!isCluster) return cluster.value.includes('cluster_enabled:1') ? IS_CLUSTER : null;
  return cluster.value.includes('cluster_state:ok') ? null : 'CLUSTERDOWN';
}
