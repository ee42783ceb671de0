/** How long whoever has failed at Redis leaves it alone before the next attempt. Never on the way of a bid: that has one. */

const BACKOFF_MS = [100, 200, 400, 800, 1_600] as const;
/** Each pause is up to a quarter shorter or longer, so that many clients don't return in step. */
const BACKOFF_JITTER = 0.25;

/** `attempt` counts from 1. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const pauseMs = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length) - 1] ?? 0;
  return Math.round(pauseMs * (1 + BACKOFF_JITTER * (2 * random() - 1)));
}
