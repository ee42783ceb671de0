/** Work on Postgres that is done again and again for as long as it fails. */
import { setTimeout as pause } from 'node:timers/promises';

export interface RetryingEdges {
  /** It waits; the sentence says for what. */
  readonly onStuck: (sentence: string) => void;
  readonly onGoing: () => void;
}

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 1_000;

/** Rejects once `closing` is aborted and the work has failed once more. Works that are stuck at the same time tell it once. */
export function createRetrying(
  { onStuck, onGoing }: RetryingEdges,
  closing: AbortSignal,
): <T>(work: () => Promise<T>) => Promise<T> {
  let stuck = 0;
  return async (work) => {
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(2 * waitMs, MAX_RETRY_MS)) {
      try {
        const done = await work();
        if (waitMs > FIRST_RETRY_MS && --stuck === 0) onGoing();
        return done;
      } catch (error) {
        if (closing.aborted) throw error;
        if (waitMs === FIRST_RETRY_MS && stuck++ === 0)
          onStuck(error instanceof Error ? error.message : String(error));
      }
      await pause(waitMs, undefined, { signal: closing }).catch(() => undefined);
    }
  };
}
