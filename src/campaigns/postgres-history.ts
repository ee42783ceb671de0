/**
 * Where a database is in its history. The numbers of changes alone do not tell: one that was set back to a backup gives
 * numbers once more, to other changes. The audit is only added to, and two entries of one number differ in their time.
 */
import { quickQuery, type Pool } from '../database/postgres-pool.ts';

/** Of the last entry. What is read afterwards holds all that the entry tells of. */
export async function readHistoryMark(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ mark: string }>(
    quickQuery(`SELECT ${MARK} AS mark FROM campaign_audit ORDER BY id DESC LIMIT 1`),
  );
  return rows[0]?.mark ?? NO_ENTRY;
}

/** Did the database ever stand there? Before the first entry all did. */
export async function isInHistory(pool: Pool, mark: string): Promise<boolean> {
  if (mark === NO_ENTRY) return true;
  const { rows } = await pool.query<{ known: boolean }>(
    quickQuery(`SELECT ${MARK} = $1 AS known FROM campaign_audit WHERE id = split_part($1, ' ', 1)::bigint`, [
      mark,
    ]),
  );
  return rows[0]?.known ?? false;
}

const MARK = `id || ' ' || extract(epoch FROM at)`;
const NO_ENTRY = '';
