/** The verdict: rows held against what was answered, and sums against the rows, by plain SQL. */
import pg from 'pg';
import { recount } from '../../src/events/fixtures/recount.ts';
import type { Expectation, SendRecord } from './record.ts';
import { idPrefixOf, tracePrefixOf } from './stream.ts';

export interface Judgement {
  /** What is wrong, a sentence each; none where all holds. */
  readonly wrongs: readonly string[];
  readonly rows: number;
  /** Rows of events that nobody was promised. */
  readonly openRows: number;
  readonly spendNanos: number;
}

interface Row {
  readonly event_id: string;
  readonly trace_id: string;
  readonly event_type: string;
  readonly ad_id: string;
  readonly spend_nanos: string;
}

const ROWS = `
  SELECT event_id, trace_id, event_type, ad_id, spend_nanos::text FROM events_log
   WHERE starts_with(event_id, $1) OR starts_with(trace_id, $2)`;
/** Ids that are seen on two days, and rows whose id was not seen. */
const SEEN_TWICE = 'SELECT event_id AS id FROM processed_events GROUP BY event_id HAVING count(*) > 1';
const UNSEEN = 'SELECT event_id AS id FROM events_log EXCEPT SELECT event_id FROM processed_events';
const LETTERS = 'SELECT reason AS id FROM dead_letters';

/** Clients hear of far more, whatever is killed: a server that refuses what it is sent has nothing to lose. */
const LEAST_ANSWERED = 0.9;

/** `earlierRows`: what the table held before the round. */
export async function judge(
  databaseUrl: string,
  seed: number,
  record: SendRecord,
  earlierRows: number,
): Promise<Judgement> {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  pool.on('error', () => {});
  try {
    const { rows } = await pool.query<Row>(ROWS, [idPrefixOf(seed), tracePrefixOf(seed)]);
    const ids = async (sql: string): Promise<readonly string[]> =>
      (await pool.query<{ id: string }>(sql)).rows.map(({ id }) => id);
    const others = (await countRows(pool)) - earlierRows - rows.length;
    const { wrongs, openRows } = compare(rows, record.expectations);
    return {
      wrongs: [
        ...wrongs,
        ...findSilence(record.expectations),
        ...record.strange,
        ...(others === 0 ? [] : [`${String(others)} rows of events that nobody sent`]),
        ...(await ids(SEEN_TWICE)).map((id) => `${id}: seen on two days`),
        ...(await ids(UNSEEN)).map((id) => `${id}: a row, but its id was not marked as seen`),
        ...(await ids(LETTERS)).map((reason) => `a dead letter: ${reason}`),
        ...(await recount(pool)).map((row) => `a sum is not that of its rows: ${JSON.stringify(row)}`),
      ],
      rows: rows.length,
      openRows,
      spendNanos: rows.reduce((sum, { spend_nanos: nanos }) => sum + Number(nanos), 0),
    };
  } finally {
    await pool.end();
  }
}

export async function countAllRows(databaseUrl: string): Promise<number> {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  try {
    return await countRows(pool);
  } finally {
    await pool.end();
  }
}

async function countRows(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ count: string }>('SELECT count(*)::text AS count FROM events_log');
  return Number(rows[0]?.count);
}

export function findSilence(expectations: ReadonlyMap<string, Expectation>): readonly string[] {
  const all = [...expectations.values()];
  const answered = all.filter(({ fate }) => fate === 'answered').length;
  if (all.length > 0 && answered >= LEAST_ANSWERED * all.length) return [];
  return [`only ${String(answered)} of ${String(all.length)} events were answered`];
}

export function compare(
  rows: readonly Row[],
  expectations: ReadonlyMap<string, Expectation>,
): { readonly wrongs: readonly string[]; readonly openRows: number } {
  const wrongs: string[] = [];
  const found = new Map<string, number>();
  for (const row of rows) {
    const expected = expectations.get(row.event_id) ?? expectations.get(row.trace_id);
    if (expected === undefined) {
      wrongs.push(`${row.event_id}: a row of an event that nobody sent`);
      continue;
    }
    found.set(expected.key, (found.get(expected.key) ?? 0) + 1);
    const difference = differenceOf(expected, row);
    if (difference !== '') wrongs.push(`${expected.key} (${row.event_id}): ${difference}`);
  }
  let openRows = 0;
  for (const { key, fate, type } of expectations.values()) {
    const count = found.get(key) ?? 0;
    if (count > 1)
      wrongs.push(
        `${key}: ${type}, ${String(count)} rows, ${fate === 'answered' ? 'and' : 'not even'} answered`,
      );
    if (fate === 'answered' && count === 0) wrongs.push(`${key}: ${type}, answered, and no row`);
    if (fate === 'open') openRows += count;
  }
  return { wrongs, openRows };
}

/** '' where the row is what was expected. */
function differenceOf({ type, adId, spendNanos }: Expectation, row: Row): string {
  const differences = [
    row.event_type === type ? '' : `${row.event_type} in place of ${type}`,
    adId === null || row.ad_id === adId ? '' : `of ad ${row.ad_id} in place of ${adId}`,
    spendNanos === null || Number(row.spend_nanos) === spendNanos
      ? ''
      : `spend of ${row.spend_nanos} nanos in place of ${String(spendNanos)}`,
  ];
  return differences.filter((difference) => difference !== '').join(', ');
}
