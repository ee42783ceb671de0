/**
 * Every campaign that may be served, for the compiler. Postgres puts pages of them together on two connections, half
 * of the campaigns on each, while this thread reads the pages before: on two cores, 100,000 take 4 s instead of 7.5.
 */
import pg from 'pg';
import { inTransaction, quickQuery, type Pool, type Transaction } from '../database/postgres-pool.ts';
import type { Campaign } from './model.ts';
import { readWhole, WHOLE_COLUMNS, type WholeRow } from './postgres-whole.ts';

/** Campaigns a statement: two pages a connection, of some 2.5 KB a campaign, are in memory on both sides. */
const PAGE = 2_000;
/** It takes 0.2 s beside the server, and has some megabytes, which a slow line carries in seconds. */
const PAGE_LIMIT_MS = 20_000;
/** All of its statements see one moment. */
const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** They sort before every other, and behind. */
const LEAST_UUID = '00000000-0000-0000-0000-000000000000';
const HIGHEST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

interface Outset {
  readonly version: number;
  /** What another connection needs to see the same moment. */
  readonly snapshot: string;
  /** The id that parts the campaigns in halves; null: a page holds all. */
  readonly middle: string | null;
}

const OUTSET = `
  SELECT version, pg_export_snapshot() AS snapshot,
         (SELECT id FROM campaigns WHERE status = 'active'
                 AND (SELECT count(*) FROM campaigns WHERE status = 'active') > ${String(PAGE)}
           ORDER BY id OFFSET (SELECT count(*) / 2 FROM campaigns WHERE status = 'active') LIMIT 1) AS middle
    FROM campaign_changes`;

/** As text: the next page is asked for before this one is parsed. */
interface PageRow {
  readonly last: string | null;
  readonly count: number;
  readonly page: string | null;
}

const PAGE_BEHIND = `
  WITH campaign AS MATERIALIZED (
         SELECT * FROM campaigns WHERE status = 'active' AND id > $1 AND id <= $2 ORDER BY id LIMIT ${String(PAGE)}),
       whole AS (SELECT ${WHOLE_COLUMNS} FROM campaign)
  SELECT (SELECT id FROM campaign ORDER BY id DESC LIMIT 1) AS last,
         (SELECT count(*) FROM campaign) AS count,
         (SELECT json_agg(whole) FROM whole)::text AS page`;

export function loadServable(
  pool: Pool,
): Promise<{ readonly version: number; readonly campaigns: readonly Campaign[] }> {
  return inTransaction(
    pool,
    async (transaction) => {
      const { version, snapshot, middle } = await readOutset(transaction);
      if (middle === null) {
        return { version, campaigns: await loadBetween(transaction, LEAST_UUID, HIGHEST_UUID) };
      }
      const upper = inTransaction(pool, (other) => loadUpper(other, snapshot, middle), BEGIN_READING);
      // Where the lower half fails first, that is told.
      upper.catch(ignore);
      const lower = await loadBetween(transaction, LEAST_UUID, middle);
      const rest = (await upper) ?? (await loadBetween(transaction, middle, HIGHEST_UUID));
      return { version, campaigns: [...lower, ...rest] };
    },
    BEGIN_READING,
  );
}

async function readOutset(transaction: Transaction): Promise<Outset> {
  const { rows } = await transaction.query<Outset>(quickQuery(OUTSET, [], PAGE_LIMIT_MS));
  if (rows[0] === undefined) throw new Error('the table campaign_changes has lost its row');
  return rows[0];
}

/** null: this connection can't see that moment. Where one name stands for several replicas, it may be of another. */
async function loadUpper(
  transaction: Transaction,
  snapshot: string,
  middle: string,
): Promise<Campaign[] | null> {
  try {
    await transaction.query(quickQuery(`SET TRANSACTION SNAPSHOT '${snapshot}'`));
  } catch (error) {
    if (error instanceof pg.DatabaseError) return null;
    throw error;
  }
  return loadBetween(transaction, middle, HIGHEST_UUID);
}

/** Behind `after`, up to `last`. */
async function loadBetween(transaction: Transaction, after: string, last: string): Promise<Campaign[]> {
  const campaigns: Campaign[] = [];
  for (let next = askForPage(transaction, after, last); ;) {
    const { page, count, last: reached } = await next;
    const isFull = count === PAGE && reached !== null;
    if (isFull) {
      next = askForPage(transaction, reached, last);
      // Where this page can't be read, that is told.
      next.catch(ignore);
    }
    for (const row of parsePage(page)) campaigns.push(readWhole(row));
    if (!isFull) return campaigns;
  }
}

async function askForPage(transaction: Transaction, after: string, last: string): Promise<PageRow> {
  const { rows } = await transaction.query<PageRow>(quickQuery(PAGE_BEHIND, [after, last], PAGE_LIMIT_MS));
  if (rows[0] === undefined) throw new Error('a page of campaigns came without a row');
  return rows[0];
}

function parsePage(page: string | null): readonly WholeRow[] {
  return page === null ? [] : (JSON.parse(page) as readonly WholeRow[]);
}

function ignore(): void {
  // Whoever waits for it hears of it.
}
