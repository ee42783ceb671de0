/**
 * Whether calls are sent to a server. Once they fail, none is for a while: nobody waits for what will not come, and a
 * server that has too much to do is left alone.
 *
 *   closed ── 5 failures in a row, or half of the last calls ──▶ open ── a pause ──▶ half-open ── a probe in time ──▶ closed
 *                                                                 ▲                      │
 *                                                                 └────── too late ──────┘
 */
import { backoffMs } from './redis-backoff.ts';

export const BREAKER_STATES = ['closed', 'half-open', 'open'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Where calls pass. `epoch` is that in which the call was sent: how it ends tells nothing of a later one. */
export interface Gate {
  readonly epoch: number;
  readonly note: (epoch: number, isAnswered: boolean) => void;
}

export interface Breaker extends Gate {
  readonly state: BreakerState;
  /** The server has answered a heartbeat, after so long. */
  readonly hear: (elapsedMs: number) => void;
  readonly stop: () => void;
}

/** Of all servers of a connection. */
export interface BreakerTotals {
  /** Calls that were sent, and neither answered in time nor carried out. */
  failures: number;
  openings: number;
}

export interface BreakerOrder {
  /** Asks for a heartbeat; where the server can't be reached, the one after it is reached again is as good. */
  readonly probe: () => void;
  /** It has closed, or is closed no more. */
  readonly onChange: () => void;
  readonly totals: BreakerTotals;
}

const FAILURES_IN_A_ROW = 5;
/** Half of so many seconds' calls. */
const WINDOW_SEC = 10;
/** Of fewer, half are no more than chance. */
const LEAST_CALLS = 20;
/** A notice waits no longer for its call. */
const PROBE_LIMIT_MS = 500;
/** Who opens again before it was closed for so long, pauses longer. */
const CALM_MS = 10_000;

export function createBreaker({ probe, onChange, totals }: BreakerOrder): Breaker {
  const recent = new RecentCalls();
  let state: BreakerState = 'closed';
  let epoch = 0;
  let failuresInARow = 0;
  let pauses = 0;
  let closedAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function pause(): void {
    state = 'open';
    pauses += 1;
    timer = setTimeout(() => {
      state = 'half-open';
      probe();
    }, backoffMs(pauses));
  }

  function open(nowMs: number): void {
    if (nowMs - closedAtMs >= CALM_MS) pauses = 0;
    epoch += 1;
    totals.openings += 1;
    pause();
    onChange();
  }

  return {
    get state() {
      return state;
    },
    get epoch() {
      return epoch;
    },
    note(sentEpoch, isAnswered) {
      if (!isAnswered) totals.failures += 1;
      if (sentEpoch !== epoch || state !== 'closed') return;
      const nowMs = performance.now();
      failuresInARow = isAnswered ? 0 : failuresInARow + 1;
      recent.count(nowMs, isAnswered);
      if (!isAnswered && (failuresInARow >= FAILURES_IN_A_ROW || recent.areHalfFailed())) open(nowMs);
    },
    hear(elapsedMs) {
      if (state !== 'half-open') return;
      if (elapsedMs > PROBE_LIMIT_MS) {
        pause();
        return;
      }
      state = 'closed';
      closedAtMs = performance.now();
      failuresInARow = 0;
      recent.forget();
      onChange();
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

/** Calls and failures of the last seconds, a cell a second. */
class RecentCalls {
  readonly #calls = new Uint32Array(WINDOW_SEC);
  readonly #failures = new Uint32Array(WINDOW_SEC);
  #second = 0;

  count(nowMs: number, isAnswered: boolean): void {
    const second = Math.floor(nowMs / 1000);
    const stale = Math.min(second - this.#second, WINDOW_SEC);
    for (let back = 0; back < stale; back++) this.#clear((second - back) % WINDOW_SEC);
    this.#second = second;
    const cell = second % WINDOW_SEC;
    this.#calls[cell] = (this.#calls[cell] ?? 0) + 1;
    if (!isAnswered) this.#failures[cell] = (this.#failures[cell] ?? 0) + 1;
  }

  areHalfFailed(): boolean {
    const calls = sum(this.#calls);
    return calls >= LEAST_CALLS && 2 * sum(this.#failures) >= calls;
  }

  forget(): void {
    this.#calls.fill(0);
    this.#failures.fill(0);
  }

  #clear(cell: number): void {
    this.#calls[cell] = 0;
    this.#failures[cell] = 0;
  }
}

function sum(cells: Uint32Array): number {
  let total = 0;
  for (const cell of cells) total += cell;
  return total;
}
