/** A session of its own that can hold an advisory lock, and that the server ends when it falls silent. */
import pg from 'pg';

import { settlesWithin } from './postgres-patience.ts';
import { CONNECT_TIMEOUT_MS } from './postgres-pool.ts';

export interface LockSession {
  /** Aborted when the connection is gone. */
  readonly ended: AbortSignal;
  /** false: another session holds it. */
  takeLock(): Promise<boolean>;
  /** Rejects where the session is gone, is another one, or has not answered within the limit. */
  beat(limitMs: number): Promise<void>;
  /** Gives the lock away. Takes a quarter second at most, also where Postgres hangs. */
  close(): Promise<void>;
}

/** A try takes no longer than a beat may. */
const TRY_LIMIT_MS = 1_000;
const END_LIMIT_MS = 250;

export async function openLockSession(
  databaseUrl: string,
  lock: number,
  silenceLimitMs: number,
): Promise<LockSession> {
  const gone = new AbortController();
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'gavel-leader',
  });
  // A server that ends the session says so first, gives the lock away, and only then closes the connection.
  client.on('error', () => gone.abort());
  client.once('end', () => gone.abort());
  let backend = 0;

  async function close(): Promise<void> {
    await settlesWithin(client.end(), END_LIMIT_MS);
  }

  async function ask(
    sql: string,
    limitMs: number,
  ): Promise<{ readonly pid: number; readonly taken: boolean }> {
    const query = { text: sql, query_timeout: limitMs };
    const { rows } = await client.query<{ pid: number; taken: boolean }>(query);
    if (rows[0] === undefined) throw new Error('Postgres answered without a row');
    return rows[0];
  }

  try {
    await client.connect();
    // Also ends the session of a node that hangs, or that can not be reached any more.
    await client.query({
      text: `SET idle_session_timeout = ${String(silenceLimitMs)}`,
      query_timeout: TRY_LIMIT_MS,
    } as pg.QueryConfig);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ended: gone.signal,
    async takeLock() {
      const { pid, taken } = await ask(
        `SELECT pg_backend_pid() AS pid, pg_try_advisory_lock(${String(lock)}) AS taken`,
        TRY_LIMIT_MS,
      );
      backend = pid;
      return taken;
    },
    async beat(limitMs) {
      const { pid } = await ask('SELECT pg_backend_pid() AS pid, true AS taken', limitMs);
      if (pid !== backend)
        throw new Error('behind DATABASE_URL is a pooler that shares sessions: name the server itself');
    },
    close,
  };
}
