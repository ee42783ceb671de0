/**
 * Counts anew what came from a time on: into fresh tables beside the live ones, which go on being counted into, and then
 * swaps them in. Whatever dies before the swap is committed, the live tables are as they were.
 *
 * What the fresh tables hold in the end is: of what came before the time, all that the live ones hold; of what came
 * later, all that is in Kafka. The consumers go on where they were: what the fresh tables hold ahead of them has its ids
 * there, and counts once.
 */
import type { Pool, Transaction } from '../database/postgres-pool.ts';
import { dayOf, makeDays, openSeenDay } from './postgres-days.ts';
import { startRecount } from './postgres-kafka-recount.ts';
import { readOffsets, type SourceOffset } from './postgres-offsets.ts';
import { copyDay, copySeen, listTouchedDays } from './postgres-replay-copy.ts';
import {
  refuseSpools,
  settleReplay,
  within,
  type ReplayOrder,
  type ReplayOutcome,
} from './postgres-replay-settling.ts';
import type { Stretch } from './postgres-replay-swap.ts';
import {
  dropFreshTables,
  makeFreshTables,
  openFreshPool,
  type ReplaySchemas,
} from './postgres-replay-tables.ts';
import { REPLAY_LOCK } from './postgres-table-locks.ts';
import { firstKeptMs, type Cut } from './replay-cut.ts';

/** Rejects with one sentence where there is something to put right: then nothing was changed. */
export async function replay(order: ReplayOrder): Promise<ReplayOutcome> {
  const { cut, topics, pool, url } = order;
  if (cut.fromMs < firstKeptMs(cut)) {
    const firstKept = new Date(firstKeptMs(cut)).toISOString();
    throw new Error(
      `Events are kept since ${firstKept} only (GAVEL_RETENTION_EVENT_DAYS): begin no earlier.`,
    );
  }
  return inSession(pool, async (session) => {
    await refuseSpools(session, order);
    const counted = await readOffsets(pool, topics);
    const found = await order.kafka.findStretch(topics, cut.fromMs);
    if (found.kind !== 'found')
      throw new Error(found.kind === 'gone' ? found.sentence : found.fault.sentence);
    refuseNewTopics(counted, found.starts);
    await dropFreshTables(session);
    const schemas = await makeFreshTables(session);
    const fresh = openFreshPool(url, schemas);
    try {
      const days = await listDays(session, schemas, cut);
      await makeDays(fresh, days.map(Date.parse));
      await openSeenDay(fresh, cut.nowMs);
      const copiedTo = await copyWhatStays(session, schemas, order, days);
      const stretch = { cut, starts: beginWhereCopied(found.starts, copiedTo), copiedTo };
      const recount = await startRecount({ ...stretch, kafka: order.kafka, fresh, group: order.group });
      try {
        return await settleReplay({ order, session, schemas, recount, stretch, days });
      } finally {
        await recount.stop();
      }
    } finally {
      await fresh.end();
      await dropFreshTables(session).catch(() => undefined);
    }
  });
}

/** One connection for all that must stand together: where it breaks, the replay ends, and its locks are free. */
async function inSession<T>(pool: Pool, work: (session: Transaction) => Promise<T>): Promise<T> {
  const session = await pool.connect();
  session.on('error', () => undefined);
  try {
    await session.query('SET statement_timeout = 0');
    const { rows } = await session.query<{ isFree: boolean }>(
      `SELECT pg_try_advisory_lock(${REPLAY_LOCK}) AS "isFree"`,
    );
    if (rows[0]?.isFree !== true)
      throw new Error('Another replay of this database runs: wait until it has ended.');
    return await work(session);
  } finally {
    session.release(true);
  }
}

/** The consumers, which wait for what never comes there, begin such a topic anew when they see it. */
function refuseNewTopics(counted: readonly SourceOffset[], starts: Stretch['starts']): void {
  for (const { source, partition, nextOffset } of counted) {
    const start = starts.find((found) => found.topic === source && found.partition === partition);
    if (start !== undefined && start.endOffset >= nextOffset) continue;
    throw new Error(
      `${source}/${String(partition)} was counted up to ${String(nextOffset)}, and is shorter: it was made anew. Let \`npm run consume\` read it first.`,
    );
  }
}

async function listDays(session: Transaction, schemas: ReplaySchemas, cut: Cut): Promise<readonly string[]> {
  return [...new Set([...(await listTouchedDays(session, schemas, cut)), dayOf(cut.fromMs)])].sort();
}

/** What came before, and the consumers had not counted when what stays was copied, they may count before the swap. */
function beginWhereCopied(starts: Stretch['starts'], copiedTo: readonly SourceOffset[]): Stretch['starts'] {
  return starts.map((start) => {
    const { topic, partition, startOffset } = start;
    const copied = copiedTo.find((offset) => offset.source === topic && offset.partition === partition);
    return { ...start, startOffset: Math.min(startOffset, copied?.nextOffset ?? 0) };
  });
}

/** All of one moment, which the offsets tell. */
function copyWhatStays(
  session: Transaction,
  schemas: ReplaySchemas,
  { topics, cut, seenDays }: ReplayOrder,
  days: readonly string[],
): Promise<readonly SourceOffset[]> {
  return within(session, 'BEGIN ISOLATION LEVEL REPEATABLE READ', async () => {
    const { rows } = await session.query<SourceOffset>(
      `SELECT source, partition, next_offset AS "nextOffset" FROM consumed_offsets WHERE source = ANY ($1::text[])`,
      [topics],
    );
    await copySeen(session, schemas, cut, { openDay: dayOf(cut.nowMs), seenDays });
    for (const day of days) await copyDay(session, schemas, cut, day);
    return rows;
  });
}
