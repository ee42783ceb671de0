/**
 * Counts what a spool holds into Postgres, batch after batch, and acknowledges what is committed. While Postgres is away
 * or hangs it waits, and the spool holds.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import { sumByAd, type AdCounts } from './pending.ts';
import { consume, type BatchOutcome } from './postgres-consume.ts';
import { startDayKeeper } from './postgres-day-keeper.ts';
import type { KeptDays, Retention } from './postgres-days.ts';
import { forgetOffset, readOffset } from './postgres-offsets.ts';
import { createRetrying } from './postgres-retrying.ts';
import type { SpooledRecord, SpoolReader } from './spool.ts';

export interface CountingOrder {
  readonly databaseUrl: string;
  readonly retention: Retention;
}

export type ConsumerReport =
  /** Committed; `counts`: of all that was in it, repeats among them. */
  | { readonly kind: 'batch'; readonly outcome: BatchOutcome; readonly counts: readonly AdCounts[] }
  /** A batch is tried again and again; `going`: no more, and once at the start. */
  | { readonly kind: 'stuck'; readonly reason: string }
  | { readonly kind: 'going' }
  | ({ readonly kind: 'days' } & KeptDays)
  | { readonly kind: 'trouble'; readonly sentence: string };

export interface SpoolConsumer {
  /** What is in the spool by now is counted first, if Postgres takes it. */
  close(): Promise<void>;
}

/** A transaction of so many takes some 200 ms; a larger one makes an event no cheaper. */
const MAX_RECORDS = 5_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** A batch is some ten statements, whatever it holds: under little traffic there are five a second at most. */
const GATHER_MS = 200;

/** `lastSequence`: of the spool, as it was opened; null where a consumer of this process was there before. */
export function startSpoolConsumer(
  reader: SpoolReader,
  { databaseUrl, retention }: CountingOrder,
  lastSequence: number | null,
  report: (report: ConsumerReport) => void,
): SpoolConsumer {
  // A broken idle connection shows again at the next query.
  const pool = openPool(databaseUrl, () => undefined);
  const closing = new AbortController();
  let wake: () => void = () => undefined;
  const days = startDayKeeper(
    pool,
    retention,
    (kept) => report({ kind: 'days', ...kept }),
    (error) =>
      report({ kind: 'trouble', sentence: `The days of events can not be kept: ${reasonOf(error)}` }),
  );
  const untilDone = createRetrying(
    {
      onStuck: (reason) => report({ kind: 'stuck', reason }),
      onGoing: () => report({ kind: 'going' }),
    },
    closing.signal,
  );
  const ended = consumeOn().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });

  async function consumeOn(): Promise<void> {
    await untilDone(() => forgetSetBack(pool, reader.spoolId, lastSequence, report));
    report({ kind: 'going' });
    for (let isLast = false; !isLast;) {
      if (!closing.signal.aborted) await untilMore();
      await pause(GATHER_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      // What was recorded was so before this began to close.
      isLast = closing.signal.aborted;
      await reader.settle();
      await countAll();
    }
  }

  /** Until there are records, or this closes. */
  function untilMore(): Promise<void> {
    return new Promise((resolve, reject) => {
      wake = resolve;
      reader.wait().then(resolve, reject);
    });
  }

  async function countAll(): Promise<void> {
    for (let isFull = true; isFull;) {
      const records = reader.read(MAX_RECORDS, MAX_BYTES);
      if (records.length > 0) await untilDone(() => countBatch(records));
      isFull = records.length === MAX_RECORDS;
    }
  }

  async function countBatch(records: readonly SpooledRecord[]): Promise<void> {
    const nextOffset = (records.at(-1)?.sequence ?? 0) + 1;
    const messages = records.map(({ sequence, record }) => ({ offset: sequence, value: record }));
    const batch = { source: reader.spoolId, partition: 0, messages, nextOffset };
    const outcome = await consume(pool, batch, { nowMs: Date.now(), keptDays: retention.eventDays });
    report({ kind: 'batch', outcome, counts: sumByAd(records.map(({ record }) => record)) });
    // The next batch need not wait for the medium; one that comes again is known by its sequences.
    reader.acknowledge(nextOffset - 1).catch(() => undefined);
  }

  return {
    async close() {
      closing.abort();
      wake();
      await ended;
      await days.close();
      await pool.end();
    },
  };
}

/** A spool that is older than what was counted of it, as from a backup, begins again with numbers that were used. */
async function forgetSetBack(
  pool: Pool,
  source: string,
  lastSequence: number | null,
  report: (report: ConsumerReport) => void,
): Promise<void> {
  const offset = await readOffset(pool, { source, partition: 0 });
  if (offset === null || lastSequence === null || offset <= lastSequence + 1) return;
  await forgetOffset(pool, { source, partition: 0 });
  const counted = `the spool ends at ${String(lastSequence)}, and was counted up to ${String(offset - 1)} before`;
  report({ kind: 'trouble', sentence: `An older spool was put in place: ${counted}. It is read anew.` });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
