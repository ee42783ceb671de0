/**
 * Partitions by day: made ahead, or when a row finds none, and dropped behind the retention. Any number of processes may
 * do this at once. Nothing here makes a batch wait for longer than a statement: partitions are attached, which readers
 * and writers do not notice, and a drop that does not get its turn is tried again by the next round.
 */
import pg from 'pg';
import { inTransaction, type Pool, type Transaction } from '../database/postgres-pool.ts';
import { keepLifetimeShowings } from './postgres-lifetime-showings.ts';
import { SEEN_DAYS_LOCK } from './postgres-seen.ts';
import { tableLock } from './postgres-table-locks.ts';
import { DAY_MS, startOf } from './tally.ts';

export interface Retention {
  /** Of events and of sums by minute: today and so many days before are kept. */
  readonly eventDays: number;
  /** Of seen ids, after their day is over. */
  readonly seenDays: number;
  /** Of dead letters. */
  readonly deadDays: number;
}

export interface KeptDays {
  /** Partitions by name. */
  readonly made: readonly string[];
  readonly dropped: readonly string[];
  /** Dead letters that nobody replayed in time. */
  readonly letters: number;
}

export const DAY_TABLES = ['events_log', 'ad_stats_minute', 'bids_minute', 'no_bids_minute'] as const;
export const SEEN_TABLE = 'processed_events';
/** Events may be dated a day ahead, and a round may be a day late. */
const DAYS_AHEAD = 2;
/** One process at a time makes and drops. */
export const KEEPER_LOCK = tableLock(7_238_012);
/** A batch takes some dozens of milliseconds, a report seconds: then the next round drops what this one left. */
const LOCK_TIMEOUT_MS = 2_000;
const LOCK_NOT_AVAILABLE = '55P03';
const CHECK_VIOLATION = '23514';

/** One round of keeping. Where it rejects, what was done stands, and the next round does the rest. */
export async function keepDays(pool: Pool, retention: Retention, nowMs: number): Promise<KeptDays> {
  const todayMs = startOf(nowMs, DAY_MS);
  const ahead = Array.from({ length: DAYS_AHEAD + 1 }, (_, days) => todayMs + days * DAY_MS);
  const made = [...(await makeDays(pool, ahead)), ...(await openSeenDay(pool, nowMs))];
  const dropped: string[] = [];
  for (const table of DAY_TABLES) {
    for (const day of await partitionDays(pool, table)) {
      const isOver = Date.parse(day) < todayMs - retention.eventDays * DAY_MS;
      if (isOver && table === 'events_log') await keepLifetimeShowings(pool, partitionName(table, day));
      if (isOver && (await dropDay(pool, table, day))) dropped.push(partitionName(table, day));
    }
  }
  await pool.query('DELETE FROM ad_stats_day WHERE NOT known AND date < $1::date', [
    dayOf(todayMs - retention.eventDays * DAY_MS),
  ]);
  const closedBefore = new Date(nowMs - retention.seenDays * DAY_MS);
  const { rows } = await pool.query<{ day: string }>(
    'SELECT day::text FROM seen_days WHERE closed_at <= $1 ORDER BY day',
    [closedBefore],
  );
  for (const { day } of rows) {
    if (await dropDay(pool, SEEN_TABLE, day)) dropped.push(partitionName(SEEN_TABLE, day));
  }
  const letters = await pool.query('DELETE FROM dead_letters WHERE created_at < $1', [
    new Date(nowMs - retention.deadDays * DAY_MS),
  ]);
  return { made, dropped, letters: letters.rowCount ?? 0 };
}

/** Makes what is missing for the days that these instants lie in. */
export async function makeDays(pool: Pool, instantsMs: readonly number[]): Promise<readonly string[]> {
  const days = new Set(instantsMs.map(dayOf));
  return asKeeper(pool, async (transaction) => {
    const made: string[] = [];
    for (const table of DAY_TABLES) {
      for (const day of days) {
        if (await makePartition(transaction, table, day)) made.push(partitionName(table, day));
      }
    }
    return made;
  });
}

/** Closes the open day and opens today's, unless today's, or a later one, is open. */
export async function openSeenDay(pool: Pool, nowMs: number): Promise<readonly string[]> {
  const day = dayOf(nowMs);
  return asKeeper(pool, async (transaction) => {
    const { rows } = await transaction.query<{ isOpen: boolean }>(
      'SELECT max(day) >= $1::date AS "isOpen" FROM seen_days WHERE closed_at IS NULL',
      [day],
    );
    if (rows[0]?.isOpen === true) return [];
    const isMade = await makePartition(transaction, SEEN_TABLE, day);
    await transaction.query(`SELECT pg_advisory_xact_lock(${SEEN_DAYS_LOCK})`);
    await transaction.query('UPDATE seen_days SET closed_at = $1 WHERE closed_at IS NULL', [new Date(nowMs)]);
    await transaction.query(
      'INSERT INTO seen_days (day) VALUES ($1) ON CONFLICT (day) DO UPDATE SET closed_at = NULL',
      [day],
    );
    return isMade ? [partitionName(SEEN_TABLE, day)] : [];
  });
}

/** A row found no partition for its day. */
export function isMissingDay(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError && error.code === CHECK_VIOLATION && error.constraint === undefined
  );
}

/** false: it is there already. */
async function makePartition(transaction: Transaction, table: string, day: string): Promise<boolean> {
  const name = partitionName(table, day);
  const { rows } = await transaction.query('SELECT FROM pg_class WHERE oid = to_regclass($1)', [name]);
  if (rows.length > 0) return false;
  const nextDay = dayOf(Date.parse(day) + DAY_MS);
  await transaction.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL)`);
  await transaction.query(
    `ALTER TABLE ${table} ATTACH PARTITION ${name}
       FOR VALUES FROM ('${day} 00:00:00+00') TO ('${nextDay} 00:00:00+00')`,
  );
  return true;
}

/** Each in its own transaction, which so holds one table at a time: batches lock several. */
async function dropDay(pool: Pool, table: string, day: string): Promise<boolean> {
  try {
    await asKeeper(pool, async (transaction) => {
      await transaction.query(`DROP TABLE IF EXISTS ${partitionName(table, day)}`);
      if (table === SEEN_TABLE) await transaction.query('DELETE FROM seen_days WHERE day = $1', [day]);
    });
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

async function partitionDays(pool: Pool, table: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
      WHERE inhparent = to_regclass($1) ORDER BY relname`,
    [table],
  );
  return rows.map(({ name }) => dayOfPartition(name));
}

async function asKeeper<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  return inTransaction(pool, async (transaction) => {
    await transaction.query(`SET LOCAL lock_timeout = ${String(LOCK_TIMEOUT_MS)}`);
    await transaction.query(`SELECT pg_advisory_xact_lock(${KEEPER_LOCK})`);
    return work(transaction);
  });
}

function partitionName(table: string, day: string): string {
  return `${table}_${day.replaceAll('-', '')}`;
}

/** As 2026-11-21. */
export function dayOfPartition(name: string): string {
  return name.slice(-8).replace(/(....)(..)(..)/, '$1-$2-$3');
}

/** As 2026-11-21, in UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
