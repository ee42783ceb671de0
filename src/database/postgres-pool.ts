/** Connections to PostgreSQL: the pool, transactions on it, and how its values become ours. */
import pg from 'pg';

export type Pool = pg.Pool;
/** One connection inside a transaction. */
export type Transaction = pg.PoolClient;

/** Enough for the management endpoints; the bid path never asks the database. */
const MAX_CONNECTIONS = 10;
/** Over a bad line with a packet lost, a second or two; a server that takes longer counts as away. */
export const CONNECT_TIMEOUT_MS = 3_000;
/** No statement of ours takes seconds; one that does waits for a lock or a broken disk. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** The server ends a statement itself, and says why; only one that hangs is given up on our side. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
/** One row by its key takes a millisecond, on a busy server some dozens. */
const QUICK_QUERY_TIMEOUT_MS = 2_000;
const INT8_OID = 20;

/**
 * bigint columns come as numbers. `onError` hears of idle connections that broke (the server went away): the pool
 * replaces them by itself, but without a listener the process would end. Until `isOpen` no connection is given out, as
 * while there is none to be had.
 */
export function openPool(
  url: string,
  onError: (error: Error) => void,
  isOpen: () => boolean = () => true,
): Pool {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8_OID, parseSafeInteger);
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'gavel',
    types,
    verify(_client, done) {
      done(isOpen() ? undefined : new Error('the tables are not up to date yet'));
    },
  });
  // At the end of a pool the server may be quicker to close a connection than we are.
  pool.on('error', (error) => {
    if (!pool.ending) onError(error);
  });
  return pool;
}

/**
 * A query that rejects soon where the server hangs, and whose connection is thrown away then. One for one row by
 * its key needs no limit of its own.
 */
export function quickQuery(
  text: string,
  values: readonly unknown[] = [],
  limitMs = QUICK_QUERY_TIMEOUT_MS,
): QuickQuery {
  return { text, values: [...values], query_timeout: limitMs };
}

/** pg reads the timeout here; its declarations don't know. */
interface QuickQuery extends pg.QueryConfig {
  readonly query_timeout: number;
}

/**
 * `work` in one transaction, committed when it resolves and rolled back when it rejects. A connection on which
 * that fails is thrown away.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (transaction: Transaction) => Promise<T>,
  begin = 'BEGIN',
): Promise<T> {
  const client = await pool.connect();
  // The pool listens only to connections that nobody has; the query under way rejects as well.
  client.on('error', ignore);
  let broken = true;
  try {
    await client.query(quickQuery(begin));
    const result = await work(client);
    await client.query('COMMIT');
    broken = false;
    return result;
  } catch (error) {
    // Behind a query that hangs, this waits no longer than a quick one may.
    broken = await client.query(quickQuery('ROLLBACK')).then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    client.release(broken);
    client.off('error', ignore);
  }
}

const ignore = (): void => undefined;

/** The bigint as a number. What a number can't hold exactly must never have been written: it throws. */
function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the bigint ${text} is not a safe integer`);
  return value;
}
