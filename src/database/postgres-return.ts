/** Waiting for a PostgreSQL that was away when it was wanted. */
import { setTimeout as sleep } from 'node:timers/promises';

import { isUnreachable } from './postgres-refusals.ts';

/** One connection that is refused. */
const RETRY_AFTER_MS = 1_000;

/** What `work` resolves with as soon as PostgreSQL is there; rejects with what is wrong but for its absence, and when it is given up. */
export async function onceReachable<T>(work: () => Promise<T>, givenUp: AbortSignal): Promise<T> {
  for (;;) {
    await sleep(RETRY_AFTER_MS, undefined, { signal: givenUp });
    try {
      return await work();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
  }
}
