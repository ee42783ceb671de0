/**
 * Reads the campaigns that changed after a change. One statement, which sees one moment and costs one trip: with a
 * transaction and a statement a table, reading a campaign takes a millisecond more than compiling it.
 */
import { quickQuery, type Pool } from '../database/postgres-pool.ts';
import { LAST_MARK } from './postgres-history.ts';
import { readWhole, WHOLE_COLUMNS, type WholeRow } from './postgres-whole.ts';
import type { CampaignChanges } from './store.ts';

/** What the statement returns, and the change stream carries. */
export interface ChangedRow {
  readonly version: number;
  /** Absent from what an older program put into the stream. */
  readonly mark?: string;
  readonly count: number;
  readonly changed: Readonly<Record<string, number>> | null;
  readonly campaigns: readonly WholeRow[] | null;
}

/** The ids as an array: campaigns are then found by their keys, whatever the planner believes of how many they are. */
const CHANGED_SINCE = `
  WITH changed AS MATERIALIZED (SELECT id, version FROM changed_campaigns WHERE version > $1),
    loaded AS (
      SELECT ${WHOLE_COLUMNS}
        FROM campaigns AS campaign
       WHERE status = 'active' AND id = ANY (ARRAY(SELECT id FROM changed)) AND (SELECT count(*) FROM changed) <= $2)
  SELECT (SELECT version FROM campaign_changes) AS version,
         ${LAST_MARK} AS mark,
         (SELECT count(*) FROM changed) AS count,
         (SELECT json_object_agg(id, version) FROM changed WHERE (SELECT count(*) FROM changed) <= $2) AS changed,
         (SELECT json_agg(loaded) FROM loaded) AS campaigns`;
/** The largest number that Postgres counts in an integer. */
const ALL = 2_147_483_647;

/** Where more than `mostLoaded` changed, they are only counted: a million names take longer than a quick query may. Rejects soon where the server hangs. */
export async function readFewChanges(
  pool: Pool,
  since: number,
  mostLoaded: number,
): Promise<CampaignChanges> {
  return readChanges(await readChangedRow(pool, since, mostLoaded));
}

/** The same as it came, for `readChanges` elsewhere. */
export async function readChangedRow(pool: Pool, since: number, mostLoaded: number): Promise<ChangedRow> {
  const { rows } = await pool.query<ChangedRow>(quickQuery(CHANGED_SINCE, [since, mostLoaded]));
  return only(rows);
}

export async function readAllChanges(pool: Pool, since: number): Promise<CampaignChanges> {
  const { rows } = await pool.query<ChangedRow>(CHANGED_SINCE, [since, ALL]);
  return readChanges(only(rows));
}

export function readChanges(row: ChangedRow): CampaignChanges {
  const changed = new Map(Object.entries(row.changed ?? {}));
  const { version, mark = null, count } = row;
  // Too many: they are neither named nor loaded.
  if (count > changed.size) return { version, mark, count, changed, campaigns: null };
  return { version, mark, count, changed, campaigns: (row.campaigns ?? []).map(readWhole) };
}

function only(rows: readonly ChangedRow[]): ChangedRow {
  if (rows[0] === undefined) throw new Error('the changes of the campaigns came without a row');
  return rows[0];
}
