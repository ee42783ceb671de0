/**
 * Which event ids have counted. PostgreSQL keeps no key unique over partitions: so at any time all consumers write to
 * one and the same partition, the open day, whose primary key makes the second of two wait and then stand back. The
 * closed ones are only read. A day is closed while no consumer is inside a transaction: each holds a shared lock.
 */
import type { Transaction } from '../database/postgres-pool.ts';
import { column } from './postgres-columns.ts';
import { tableLock } from './postgres-table-locks.ts';

/** Held shared by every batch, alone by whoever closes a day. */
export const SEEN_DAYS_LOCK = tableLock(7_238_010);

/** null: none is open. The lock and the look are two statements, as a statement sees what stood when it began. */
export async function holdOpenDay(transaction: Transaction): Promise<string | null> {
  await transaction.query(`SELECT pg_advisory_xact_lock_shared(${SEEN_DAYS_LOCK})`);
  const { rows } = await transaction.query<{ day: string }>({
    name: 'open-seen-day',
    text: 'SELECT day::text FROM seen_days WHERE closed_at IS NULL',
  });
  return rows[0]?.day ?? null;
}

/** Two batches insert in the same order, so that of two which share ids one waits and none is undone. */
const MARK_SEEN = `
  WITH seen AS MATERIALIZED (
    SELECT event_id FROM processed_events WHERE event_id = ANY ($1::text[])
  ), added AS (
    INSERT INTO processed_events (event_id, day)
    SELECT id, $2::date FROM unnest($1::text[]) AS id
     WHERE id NOT IN (SELECT event_id FROM seen) ORDER BY id COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING event_id
  )
  SELECT id AS "eventId" FROM unnest($1::text[]) AS id WHERE id NOT IN (SELECT event_id FROM added)`;

/** Marks the ids, each given once, as seen; those that were seen before come back. */
export async function markSeen(
  transaction: Transaction,
  eventIds: readonly string[],
  openDay: string,
): Promise<ReadonlySet<string>> {
  if (eventIds.length === 0) return new Set();
  const { rows } = await transaction.query<{ eventId: string }>({
    name: 'mark-seen',
    text: MARK_SEEN,
    values: [column(eventIds), openDay],
  });
  return new Set(rows.map(({ eventId }) => eventId));
}
