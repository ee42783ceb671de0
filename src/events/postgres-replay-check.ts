/** What a replay changes: each table's rows and sums, as they stand and as they are counted anew. */
import type { Transaction } from '../database/postgres-pool.ts';
import { dayOf } from './postgres-days.ts';
import { slowly, type ReplaySchemas } from './postgres-replay-tables.ts';
import type { Cut } from './replay-cut.ts';

/** Of one table, on the days that are made anew. */
export interface Difference {
  readonly table: string;
  /** Rows that stand in the live table alone, and in the fresh one alone. */
  readonly going: number;
  readonly coming: number;
  /** Those that differ; as text, as a sum of many days may be too large for a number. */
  readonly sums: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

const AMOUNTS = ['spend_nanos', 'media_cost_nanos', 'value_micros'];
const COUNTS = ['impressions', 'clicks', 'conversions', 'wins', 'billings', 'losses'];
const SUMMED: Readonly<Record<string, { readonly day: string; readonly sums: readonly string[] }>> = {
  events_log: { day: utcDay('"timestamp"'), sums: AMOUNTS },
  ad_stats_minute: { day: utcDay('bucket_start'), sums: [...COUNTS, ...AMOUNTS] },
  ad_stats_day: { day: 'date', sums: [...COUNTS, ...AMOUNTS] },
  daily_metrics: { day: 'date', sums: [...COUNTS, 'bids', ...AMOUNTS] },
  bids_minute: { day: utcDay('bucket_start'), sums: ['bids'] },
  no_bids_minute: { day: utcDay('bucket_start'), sums: ['no_bids'] },
};
/** When a row was written, and when its event was told, is no matter of what was counted. */
const LEFT_OUT = ['created_at', 'updated_at'];
/** Of these a replay makes no days before its first. */
const FROM_FIRST_DAY = ['bids_minute', 'no_bids_minute'];

export async function compareTables(
  session: Transaction,
  schemas: ReplaySchemas,
  { fromMs }: Cut,
  days: readonly string[],
): Promise<readonly Difference[]> {
  const firstDay = dayOf(fromMs);
  const differences: Difference[] = [];
  for (const table of Object.keys(SUMMED)) {
    const compared = FROM_FIRST_DAY.includes(table) ? days.filter((day) => day >= firstDay) : days;
    differences.push(await compareTable(session, schemas, table, [firstDay, compared]));
  }
  return differences;
}

async function compareTable(
  session: Transaction,
  { live, fresh }: ReplaySchemas,
  table: string,
  days: readonly unknown[],
): Promise<Difference> {
  const { day, sums } = SUMMED[table] ?? { day: '', sums: [] };
  const names = ['rows', ...sums];
  const summed = ['count(*)', ...sums.map((name) => `coalesce(sum(${name}), 0)`)].map(
    (sum) => `${sum}::text`,
  );
  const columns = await listCompared(session, live, table);
  const from = (schema: string): string =>
    `FROM ${schema}.${table} WHERE ${day} >= $1::date OR ${day} = ANY ($2::date[])`;
  const alone = (one: string, other: string): string =>
    `(SELECT count(*) FROM (SELECT ${columns} ${from(one)} EXCEPT ALL SELECT ${columns} ${from(other)}) AS alone)`;
  const { rows } = await session.query<{ going: number; coming: number; before: string[]; after: string[] }>(
    slowly(
      `SELECT ${alone(live, fresh)} AS going, ${alone(fresh, live)} AS coming,
              (SELECT ARRAY[${summed.join(', ')}] ${from(live)}) AS before,
              (SELECT ARRAY[${summed.join(', ')}] ${from(fresh)}) AS after`,
      days,
    ),
  );
  const { going, coming, before, after } = rows[0] ?? { going: 0, coming: 0, before: [], after: [] };
  return {
    table,
    going,
    coming,
    sums: names
      .map((name, place) => ({ name, before: before[place] ?? '', after: after[place] ?? '' }))
      .filter((sum) => sum.before !== sum.after),
  };
}

async function listCompared(session: Transaction, schema: string, table: string): Promise<string> {
  const { rows } = await session.query<{ names: string }>(
    `SELECT string_agg(quote_ident(attname), ', ') AS names FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attname <> ALL ($2::text[])`,
    [`${schema}.${table}`, LEFT_OUT],
  );
  return rows[0]?.names ?? '';
}

function utcDay(column: string): string {
  return `(${column} AT TIME ZONE 'UTC')::date`;
}
