/**
 * Where a database is in its history. The numbers of changes alone do not tell: one that was set back to a backup gives
 * numbers once more, to other changes. The audit is only added to, and two entries of one number differ in their time.
 */
import { quickQuery, type Pool } from '../database/postgres-pool.ts';

import type { HistoryPlace } from './store.ts';

/** Of the last entry. What is read afterwards holds all that the entry tells of. */
export async function readHistoryMark(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ mark: string }>(quickQuery(`SELECT ${LAST_MARK} AS mark`));
  return rows[0]?.mark ?? NO_ENTRY;
}

/** The number of the last change, its mark, and whether the database ever stood at `mark`: one query of one row. */
export async function readPlace(pool: Pool, mark: string): Promise<HistoryPlace> {
  const { rows } = await pool.query<HistoryPlace>(
    quickQuery(
      `SELECT version, ${LAST_MARK} AS mark,
              $1 = '${NO_ENTRY}' OR EXISTS (SELECT FROM campaign_audit
                WHERE id = nullif(split_part($1, ' ', 1), '')::bigint AND ${MARK} = $1) AS "isDescendant"
         FROM campaign_changes`,
      [mark],
    ),
  );
  if (rows[0] === undefined) throw new Error('the table campaign_changes has lost its row');
  return rows[0];
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
/** '' before the first entry. */
export const LAST_MARK = `coalesce((SELECT ${MARK} FROM campaign_audit ORDER BY id DESC LIMIT 1), '')`;
const NO_ENTRY = '';
