/**
 * The database that a command works on: that of DATABASE_URL; else the embedded one, of the server that runs on the
 * data folder or, where none does, started for as long as the command takes.
 */
import type { Config } from './config.ts';
import { findRunningPostgres } from './database/postgres-embedded.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import type { Log } from './server/http.ts';
import { openStorage } from './storage.ts';

/** Whose output is for people: only what is wrong is told, and not on standard output. */
const QUIET: Log = { debug: () => {}, info: () => {}, warn: tell, error: tell, fatal: tell };

export async function withDatabase<T>(config: Config, work: (pool: Pool) => Promise<T>): Promise<T> {
  const url = config.databaseUrl ?? findRunningPostgres(config.dataDir);
  if (url === null) {
    const storage = await openStorage(config, QUIET);
    try {
      return await work(storage.pool);
    } finally {
      await storage.close();
    }
  }
  await migrate(url);
  const pool = openPool(url, () => {});
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

function tell(fields: object, message: string): void {
  const reason = 'err' in fields && fields.err instanceof Error ? `: ${fields.err.message}` : '';
  process.stderr.write(`${message}${reason}\n`);
}
