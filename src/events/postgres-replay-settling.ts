/** The end of a replay: the moment in which nobody counts, and the fresh tables take the place of the live ones. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Pool, Transaction } from '../database/postgres-pool.ts';
import { isDeadlock } from '../database/postgres-refusals.ts';
import type { KafkaClient } from './kafka-client.ts';
import { column } from './postgres-columns.ts';
import { KEEPER_LOCK, dayOf, dayOfPartition } from './postgres-days.ts';
import type { Recount } from './postgres-kafka-recount.ts';
import { readOffsets, type SourceOffset } from './postgres-offsets.ts';
import { compareTables, type Difference } from './postgres-replay-check.ts';
import { copyAuctions, copyDay } from './postgres-replay-copy.ts';
import { checkBounds, settleLetters, swapDays, swapSeen, type Stretch } from './postgres-replay-swap.ts';
import { SEEN_BEFORE, listPartitions, slowly, type ReplaySchemas } from './postgres-replay-tables.ts';
import { SEEN_DAYS_LOCK } from './postgres-seen.ts';
import type { Cut } from './replay-cut.ts';

export interface ReplayOrder {
  readonly kafka: Pick<KafkaClient, 'findStretch' | 'openConsumer'>;
  /** Of the live tables. */
  readonly pool: Pool;
  /** The same database. */
  readonly url: string;
  /** A group of consumers that nobody else is of. */
  readonly group: string;
  readonly topics: readonly string[];
  readonly cut: Cut;
  /** How long ids are known after their day. */
  readonly seenDays: number;
  /** `check`: tells what would change, and changes nothing. */
  readonly mode: 'swap' | 'check';
  readonly onProgress: (progress: ReplayProgress) => void;
}

/** Now and then while messages are counted. */
export interface ReplayProgress {
  readonly processed: number;
  /** Messages that the consumers have counted, and the replay not yet. */
  readonly missing: number;
}

export interface ReplayOutcome {
  /** Events that were counted anew. */
  readonly processed: number;
  /** Days that were made anew. */
  readonly days: readonly string[];
  /** None where the tables were swapped. */
  readonly differences: readonly Difference[];
}

/** What the steps of a replay share. */
export interface Replay {
  readonly order: ReplayOrder;
  readonly session: Transaction;
  readonly schemas: ReplaySchemas;
  readonly recount: Recount;
  readonly stretch: Stretch;
  /** Of which what stays was copied. */
  readonly days: readonly string[];
}

const POLL_MS = 50;
const PROGRESS_EVERY_MS = 2_000;
/** What the consumers counted last is some hundred milliseconds behind; they stand still meanwhile. */
const LOCKED_LIMIT_MS = 30_000;
/** Readers end their statements in two seconds; behind a swap that waits, all others wait too. */
const SWAP_LOCK_TIMEOUT_MS = 5_000;
const MAX_SWAPS = 5;
const LOCK_NOT_AVAILABLE = '55P03';

/** Once the fresh tables have all that the consumers have counted. */
export async function settleReplay(replaying: Replay): Promise<ReplayOutcome> {
  const { order, session, schemas, recount } = replaying;
  const openDay = dayOf(order.cut.nowMs);
  await untilCounted(replaying, Infinity);
  await recount.hold();
  await session.query(
    slowly(
      `INSERT INTO ${schemas.fresh}.processed_events SELECT event_id, $1::date FROM ${schemas.fresh}.${SEEN_BEFORE}
       ON CONFLICT DO NOTHING`,
      [openDay],
    ),
  );
  if (order.mode === 'swap') await checkBounds(session, schemas);
  recount.goOn();
  for (let tries = 1; ; tries += 1) {
    await untilCounted(replaying, Infinity);
    try {
      return await whileNobodyCounts(replaying, (offsets, letCount) => settle(replaying, offsets, letCount));
    } catch (error) {
      if (tries === MAX_SWAPS || !isInTheWay(error)) throw error;
    }
  }
}

/** Consumers wait, and have counted nothing that the fresh tables have not. */
async function whileNobodyCounts<T>(
  replaying: Replay,
  work: (offsets: readonly SourceOffset[], letCount: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const { order, session, recount } = replaying;
  const letCount = async (): Promise<void> => {
    await session.query(`SELECT pg_advisory_unlock(${SEEN_DAYS_LOCK}), pg_advisory_unlock(${KEEPER_LOCK})`);
  };
  let isLocked = false;
  try {
    // In the order of whoever opens a day.
    await session.query(slowly(`SELECT pg_advisory_lock(${KEEPER_LOCK})`));
    await session.query(slowly(`SELECT pg_advisory_lock(${SEEN_DAYS_LOCK})`));
    isLocked = true;
    await refuseSpools(session, order);
    const offsets = await untilCounted(replaying, LOCKED_LIMIT_MS);
    await recount.hold();
    return await work(offsets, async () => {
      isLocked = false;
      await letCount();
    });
  } finally {
    recount.goOn();
    if (isLocked) await letCount();
  }
}

async function settle(
  { order, session, schemas, recount, stretch, days: copied }: Replay,
  offsets: readonly SourceOffset[],
  letCount: () => Promise<void>,
): Promise<ReplayOutcome> {
  const { cut, mode } = order;
  const { processed } = recount;
  const complete = async (): Promise<readonly string[]> => {
    const late = await listLateDays(session, schemas, cut, copied);
    for (const day of late) await copyDay(session, schemas, cut, day);
    const days = [...copied, ...late].sort();
    await markSkipped(session, schemas, recount, offsets, dayOf(cut.nowMs));
    await copyAuctions(session, schemas, cut, days);
    return days;
  };
  if (mode === 'check') {
    return within(
      session,
      'BEGIN ISOLATION LEVEL REPEATABLE READ',
      async () => {
        const days = await complete();
        await letCount();
        return { processed, days, differences: await compareTables(session, schemas, cut, days) };
      },
      'ROLLBACK',
    );
  }
  return within(session, 'BEGIN', async () => {
    await session.query(`SET LOCAL lock_timeout = ${String(SWAP_LOCK_TIMEOUT_MS)}`);
    const days = await complete();
    await swapDays(session, schemas, cut, days);
    await swapSeen(session, schemas);
    await settleLetters(session, schemas, stretch);
    return { processed, days, differences: [] };
  });
}

/** Days that something was counted for which the live tables had nothing of when the replay began. */
async function listLateDays(
  session: Transaction,
  { fresh }: ReplaySchemas,
  { fromMs }: Cut,
  copied: readonly string[],
): Promise<readonly string[]> {
  const late: string[] = [];
  for (const { name } of await listPartitions(session, fresh, 'events_log')) {
    const day = dayOfPartition(name);
    if (copied.includes(day)) continue;
    const { rows } = await session.query(`SELECT FROM ${fresh}.${name} LIMIT 1`);
    if (day >= dayOf(fromMs) || rows.length > 0) late.push(day);
  }
  return late;
}

async function markSkipped(
  session: Transaction,
  { fresh }: ReplaySchemas,
  { skipped }: Recount,
  offsets: readonly SourceOffset[],
  openDay: string,
): Promise<void> {
  const counted = skipped.filter(({ topic, partition, offset }) =>
    offsets.some((at) => at.source === topic && at.partition === partition && offset < at.nextOffset),
  );
  await session.query(
    `INSERT INTO ${fresh}.processed_events SELECT id, $2::date FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
    [column(counted.map(({ eventId }) => eventId)), openDay],
  );
}

/** Until the fresh tables have all that the consumers have counted; that, at least. */
async function untilCounted({ order, recount }: Replay, limitMs: number): Promise<readonly SourceOffset[]> {
  const beganMs = performance.now();
  for (let toldMs = beganMs; ;) {
    const offsets = await readOffsets(order.pool, order.topics);
    const missing = recount.countMissing(offsets);
    if (missing === 0) return offsets;
    const nowMs = performance.now();
    if (nowMs - beganMs > limitMs)
      throw new Error('Kafka does not hand out the last messages: nothing was swapped.');
    if (nowMs - toldMs > PROGRESS_EVERY_MS) {
      toldMs = nowMs;
      order.onProgress({ processed: recount.processed, missing });
    }
    await pause(POLL_MS);
  }
}

/** What a server counted from its own spool is in no topic: to count anew what came meanwhile would lose it. */
export async function refuseSpools(session: Transaction, { topics, cut }: ReplayOrder): Promise<void> {
  const { rows } = await session.query<{ until: Date | null }>(
    'SELECT max(updated_at) AS until FROM consumed_offsets WHERE source <> ALL ($1::text[])',
    [topics],
  );
  const until = rows[0]?.until ?? null;
  if (until === null || until.getTime() < cut.fromMs) return;
  throw new Error(
    `Until ${until.toISOString()} a server counted without Kafka, which therefore does not have its events: begin behind that.`,
  );
}

/** On the session's own connection. */
export async function within<T>(
  session: Transaction,
  begin: string,
  work: () => Promise<T>,
  end: 'COMMIT' | 'ROLLBACK' = 'COMMIT',
): Promise<T> {
  await session.query(begin);
  try {
    const result = await work();
    await session.query(slowly(end));
    return result;
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function isInTheWay(error: unknown): boolean {
  return isDeadlock(error) || (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE);
}
