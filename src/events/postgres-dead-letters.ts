/** Messages that can't be read or counted: kept with their reason until someone replays or drops them. */
import { type Pool, type Transaction } from '../database/postgres-pool.ts';
import { readMessage, type Reading } from './message.ts';
import { column } from './postgres-columns.ts';
import { countEvents, faultOf, inCounting, isContentFault, type CountingTerms } from './postgres-counting.ts';
import type { SourcePartition } from './postgres-offsets.ts';
import { REPLAY_LOCK } from './postgres-table-locks.ts';

export interface DeadLetter extends SourcePartition {
  readonly id: number;
  readonly offset: number;
  readonly bytes: number;
  readonly reason: string;
  readonly createdAt: Date;
}

/** counted: as it would have been then, unless its id was seen · unreadable: it stays, with the reason of now. */
export type ReplayOutcome =
  | { readonly kind: 'counted' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreadable'; readonly reason: string };

export async function buryLetters(
  transaction: Transaction,
  { source, partition }: SourcePartition,
  letters: readonly Reading[],
): Promise<void> {
  if (letters.length === 0) return;
  await transaction.query(
    `INSERT INTO dead_letters (source, partition, message_offset, value, reason)
     SELECT $1, $2, * FROM unnest($3::bigint[], $4::bytea[], $5::text[])`,
    [
      source,
      partition,
      column(letters.map(({ message }) => message.offset)),
      column(letters.map(({ message }) => `\\x${Buffer.from(message.value).toString('hex')}`)),
      column(letters.map(({ fault }) => fault)),
    ],
  );
}

/** In the order in which they came, from behind `afterId` on. */
export async function listLetters(
  pool: Pool,
  afterId: number,
  limit: number,
): Promise<readonly DeadLetter[]> {
  const { rows } = await pool.query<DeadLetter>(
    `SELECT id, source, partition, message_offset AS "offset", octet_length(value) AS bytes, reason,
            created_at AS "createdAt"
       FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2`,
    [afterId, limit],
  );
  return rows;
}

/** How many of them were there. */
export async function dropLetters(pool: Pool, ids: readonly number[]): Promise<number> {
  const { rowCount } = await pool.query('DELETE FROM dead_letters WHERE id = ANY ($1::bigint[])', [
    column(ids),
  ]);
  return rowCount ?? 0;
}

/** Counts a letter now, if this program can, and takes it away in the same transaction. */
export async function replayLetter(pool: Pool, id: number, terms: CountingTerms): Promise<ReplayOutcome> {
  const { rows } = await pool.query<{ value: Buffer }>('SELECT value FROM dead_letters WHERE id = $1', [id]);
  const [letter] = rows;
  if (letter === undefined) return { kind: 'gone' };
  const reading = readMessage({ offset: 0, value: letter.value });
  if (reading.fault !== null) return leaveLetter(pool, id, reading.fault);
  try {
    return await inCounting(pool, [reading.event], terms, async (counting): Promise<ReplayOutcome> => {
      await refuseWhileReplaying(counting.transaction);
      const { rowCount } = await counting.transaction.query('DELETE FROM dead_letters WHERE id = $1', [id]);
      if (rowCount === 0) return { kind: 'gone' };
      await countEvents(counting, [[reading.event]], terms);
      return { kind: 'counted' };
    });
  } catch (error) {
    if (isContentFault(error)) return leaveLetter(pool, id, faultOf(error));
    throw error;
  }
}

/** A replay that is under way took over what was counted before it began, and would not have this one. */
async function refuseWhileReplaying(transaction: Transaction): Promise<void> {
  const { rows } = await transaction.query<{ isFree: boolean }>(
    `SELECT pg_try_advisory_xact_lock_shared(${REPLAY_LOCK}) AS "isFree"`,
  );
  if (rows[0]?.isFree !== true) throw new Error('A replay of events runs: come again once it has ended.');
}

async function leaveLetter(pool: Pool, id: number, reason: string): Promise<ReplayOutcome> {
  await pool.query('UPDATE dead_letters SET reason = $2 WHERE id = $1', [id, reason]);
  return { kind: 'unreadable', reason };
}
