/**
 * Brings the database to the newest migration in `migrations/`. Forward only; a file that ran is never edited.
 * All of it is one transaction under an advisory lock, so that nodes that start at once wait for one another and
 * a crash leaves the database as it was.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import pg from 'pg';
import Postgrator from 'postgrator';

import { CONNECT_TIMEOUT_MS } from './postgres-pool.ts';

/** The database can't be brought to this program's migrations: one sentence for whoever starts the server. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Any number, as long as all nodes lock the same. */
const MIGRATION_LOCK = 7_238_001;
/** As far from `src/database` as from `dist/database`. */
const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));

/**
 * Returns the names of the migrations that ran now. Rejects with a MigrationError where there is no connection, a
 * file was edited after it ran or the database is newer than this program, else with the database's own error.
 */
export async function migrate(url: string, folder = MIGRATIONS_FOLDER): Promise<readonly string[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'gavel-migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  const line = { isLost: false };
  // A connection that breaks also rejects the query that it carried.
  client.on('error', () => (line.isLost = true));
  await client.connect().catch((error: unknown) => {
    const reason = `can't connect to PostgreSQL: ${reasonOf(error)} (DATABASE_URL says where it is)`;
    throw new MigrationError(reason, { cause: error });
  });
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const ran = await runMigrations(client, folder);
    await client.query('COMMIT');
    return ran;
  } catch (error) {
    if (!line.isLost) throw error;
    throw new MigrationError(
      `the connection to PostgreSQL broke during the migrations (${reasonOf(error)}): ` +
        'start again, since they run whole or not at all',
      { cause: error },
    );
  } finally {
    // What was not committed is rolled back with the connection.
    await client.end();
  }
}

async function runMigrations(client: pg.Client, folder: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database');
  const postgrator = new Postgrator({
    driver: 'pg',
    database: rows[0]?.database ?? '',
    schemaTable: 'schema_migrations',
    migrationPattern: join(escapePattern(folder), '*.do.*.sql'),
    // A checkout with other line ends is no edit.
    newline: 'LF',
    execQuery: (sql) => client.query(sql),
  });
  const known = await postgrator.getMaxVersion();
  const reached = await postgrator.getDatabaseVersion();
  if (reached > known) {
    throw new MigrationError(
      `the database is at migration ${String(reached)}, this program knows ${String(known)}: ` +
        'it was migrated by a newer one',
    );
  }
  try {
    const migrations = await postgrator.migrate();
    return migrations.map(({ version, name }) => `${String(version)} ${name}`);
  } catch (error) {
    const edited = /MD5 checksum failed for migration \[(\d+)\]/.exec((error as Error).message);
    if (edited === null) throw error;
    throw new MigrationError(`migration ${edited[1] ?? ''} was edited after it ran: add a new one instead`);
  }
}

/** Where a name has several addresses, the error holds one for each and says nothing itself. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

/** The folder may have characters in its path that mean something in a pattern. */
function escapePattern(path: string): string {
  return path.replace(/[?*()[\]{}]/g, '[$&]');
}
