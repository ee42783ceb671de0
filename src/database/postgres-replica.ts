/** Reads that may lag behind: from a replica while it answers, else from the primary. */
import { settlesWithin } from './postgres-patience.ts';
import type { Pool } from './postgres-pool.ts';

export interface ReplicaReads {
  readonly primary: Pool;
  /** null: there is none. */
  readonly replica: Pool | null;
  /** Rejects as `work` does on the primary. */
  read<T>(work: (pool: Pool) => Promise<T>): Promise<T>;
}

/** Of the two seconds that whoever asks has; what a replica is asked takes it some milliseconds. */
const REPLICA_LIMIT_MS = 800;
/** After it failed: what asks meanwhile is not kept waiting. */
const REST_MS = 5_000;

/** `onState` hears once when the replica stops answering, and once when it answers again. */
export function readReplica(
  primary: Pool,
  replica: Pool | null,
  onState: (state: 'up' | 'down', error: unknown) => void,
  clock: () => number,
): ReplicaReads {
  let restsUntilMs = -Infinity;
  let isUp = true;

  async function readWithin<T>(from: Pool, work: (pool: Pool) => Promise<T>): Promise<T> {
    const reading = work(from);
    if (await settlesWithin(reading, REPLICA_LIMIT_MS)) return reading;
    throw new Error(`the replica gave no answer within ${String(REPLICA_LIMIT_MS)} ms`);
  }

  function tell(state: 'up' | 'down', error: unknown): void {
    if (isUp === (state === 'up')) return;
    isUp = state === 'up';
    onState(state, error);
  }

  return {
    primary,
    replica,
    async read(work) {
      if (replica === null || clock() < restsUntilMs) return work(primary);
      let read: Awaited<ReturnType<typeof work>>;
      try {
        read = await readWithin(replica, work);
      } catch (error) {
        restsUntilMs = clock() + REST_MS;
        tell('down', error);
        return work(primary);
      }
      tell('up', null);
      return read;
    },
  };
}
