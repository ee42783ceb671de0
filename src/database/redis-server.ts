/** One Redis server that scripts are sent to: by its heartbeat it is there, by its breaker it answers what is asked of it. */
import type { Redis } from 'ioredis';

import { createBreaker, type BreakerState, type BreakerTotals, type Gate } from './redis-breaker.ts';
import { startHeartbeat, type Heartbeat, type HeartbeatOrder } from './redis-heartbeat.ts';

export interface WatchedServer extends Heartbeat {
  /** It answers heartbeats, whatever becomes of calls. */
  readonly isThere: () => boolean;
  /** null: no call is sent to it now. */
  readonly gate: () => Gate | null;
  readonly breakerState: () => BreakerState;
}

export interface ServerOrder extends Omit<HeartbeatOrder, 'onAnswer'> {
  readonly totals: BreakerTotals;
}

/** Ends with `stop`; `redis` itself stays open. */
export function watchServer(redis: Redis, { totals, ...order }: ServerOrder): WatchedServer {
  const { server, onVerdict } = order;
  const breaker = createBreaker({ probe: () => void beat.ask(), onChange: onVerdict, totals });
  const beat = startHeartbeat(redis, { ...order, onAnswer: breaker.hear });

  function reason(): string | null {
    if (breaker.state === 'closed') return beat.reason();
    return beat.reason() ?? `Redis at ${server} fails too many calls: none is sent until it answers in time`;
  }

  return {
    hasVerdict: beat.hasVerdict,
    ask: beat.ask,
    reason,
    isThere: () => beat.reason() === null,
    gate: () => (breaker.state === 'closed' && beat.reason() === null ? breaker : null),
    breakerState: () => breaker.state,
    stop() {
      breaker.stop();
      beat.stop();
    },
  };
}
