/** Keeps the partitions by day for as long as the process runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { quickQuery, type Pool } from '../database/postgres-pool.ts';
import { keepDays, type KeptDays, type Retention } from './postgres-days.ts';

export interface DayKeeper {
  /** Waits for a round that is under way. */
  close(): Promise<void>;
}

/** A round that finds nothing to do is five small queries; a day must be open some time after midnight. */
const ROUND_EVERY_MS = 60_000;

/** `onKept`: something was made, dropped or deleted. `onTrouble`: a round failed, and the next will try again. */
export function startDayKeeper(
  pool: Pool,
  retention: Retention,
  onKept: (kept: KeptDays) => void,
  onTrouble: (error: unknown) => void,
): DayKeeper {
  const closing = new AbortController();

  async function keepAlways(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const kept = await keepDays(pool, retention, await askNow(pool));
        if (kept.made.length + kept.dropped.length + kept.letters > 0) onKept(kept);
      } catch (error) {
        onTrouble(error);
      }
      await sleep(ROUND_EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  const ended = keepAlways();
  return {
    async close() {
      closing.abort();
      await ended;
    },
  };
}

/** The database's clock: a node whose own is wrong would drop what all others keep. */
async function askNow(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ now: Date }>(quickQuery('SELECT now() AS now'));
  if (rows[0] === undefined) throw new Error('Postgres answered without a row');
  return rows[0].now.getTime();
}
