/** The tables that a replay counts into: made like the live ones, in a schema of their own beside them. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openPool, quickQuery, type Pool, type Transaction } from '../database/postgres-pool.ts';
import { DAY_TABLES, SEEN_TABLE } from './postgres-days.ts';

/** Names of schemas, as they stand in SQL. */
export interface ReplaySchemas {
  readonly live: string;
  readonly fresh: string;
}

/** A partition by day. */
export interface Partition {
  readonly name: string;
  /** As ATTACH PARTITION takes them. */
  readonly bounds: string;
  /** The same as a condition. */
  readonly condition: string;
}

const TABLES = [
  ...DAY_TABLES,
  SEEN_TABLE,
  'ad_stats_day',
  'daily_metrics',
  'seen_days',
  'consumed_offsets',
  'dead_letters',
];
/** Ids that the live tables had seen when the replay began. */
export const SEEN_BEFORE = 'seen_before';
/** A copy of a month of rows takes as long as it takes. */
const COPY_LIMIT_MS = 86_400_000;

/** A statement that may take long. */
export function slowly(text: string, values: readonly unknown[] = []): ReturnType<typeof quickQuery> {
  return quickQuery(text, values, COPY_LIMIT_MS);
}

/** Without rows. */
export async function makeFreshTables(session: Transaction): Promise<ReplaySchemas> {
  const name = await nameLive(session);
  const live = pg.escapeIdentifier(name);
  const fresh = pg.escapeIdentifier(`${name}_replay_${randomUUID().replaceAll('-', '')}`);
  await session.query(`CREATE SCHEMA ${fresh}`);
  for (const table of TABLES) {
    const { rows: keys } = await session.query<{ key: string | null }>(
      'SELECT pg_get_partkeydef($1::regclass) AS key',
      [`${live}.${table}`],
    );
    const key = keys[0]?.key ?? null;
    const partitioning = key === null ? '' : `PARTITION BY ${key}`;
    await session.query(
      `CREATE TABLE ${fresh}.${table} (LIKE ${live}.${table} INCLUDING ALL) ${partitioning}`,
    );
  }
  await session.query(`CREATE TABLE ${fresh}.${SEEN_BEFORE} (event_id text COLLATE "C" PRIMARY KEY)`);
  return { live, fresh };
}

/** Those of every replay beside the live schema, also of one that was killed: none may run. */
export async function dropFreshTables(session: Transaction): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace
      WHERE starts_with(nspname, $1) AND substr(nspname, length($1) + 1) ~ '^[0-9a-f]{32}$'`,
    [`${await nameLive(session)}_replay_`],
  );
  for (const { name } of rows)
    await session.query(slowly(`DROP SCHEMA ${pg.escapeIdentifier(name)} CASCADE`));
}

/** Whose statements find the fresh tables under the names of the live ones. */
export function openFreshPool(url: string, { fresh }: ReplaySchemas): Pool {
  const named = new URL(url);
  const options = named.searchParams.get('options') ?? '';
  named.searchParams.set('options', `${options} -c search_path=${fresh}`.trim());
  return openPool(named.href, () => undefined);
}

export async function listPartitions(
  session: Transaction,
  schema: string,
  table: string,
): Promise<readonly Partition[]> {
  const { rows } = await session.query<Partition>(
    `SELECT relname AS name, pg_get_expr(relpartbound, oid) AS bounds, pg_get_partition_constraintdef(oid) AS condition
       FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = to_regclass($1) ORDER BY relname`,
    [`${schema}.${table}`],
  );
  return rows;
}

async function nameLive(session: Transaction): Promise<string> {
  const { rows } = await session.query<{ name: string }>('SELECT current_schema()::text AS name');
  return rows[0]?.name ?? 'public';
}
