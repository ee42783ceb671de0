/** What outlives the process: the data folder, Postgres (embedded, or the one of DATABASE_URL), its secrets. */
import { createCampaignStore } from './campaigns/postgres-store.ts';
import type { CampaignStore } from './campaigns/store.ts';
import type { Config } from './config.ts';
import { migrate } from './database/postgres-migrate.ts';
import { settlesWithin } from './database/postgres-patience.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { keepPostgresRunning, type KeptPostgres } from './database/postgres-revival.ts';
import { lockDataFolder, type DataFolder } from './disk-data-folder.ts';
import type { Log } from './server/http.ts';

export interface Storage {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly isEmbedded: boolean;
  readonly pool: Pool;
  readonly store: CampaignStore;
  /** Takes about `withinMs` at most, some seconds without it, also where Postgres hangs. */
  close(withinMs?: number): Promise<void>;
}

/** Nobody asks any more: connections end at once, unless a query hangs, which ends with Postgres or the process. */
const POOL_END_LIMIT_MS = 250;

/** Locks the folder, starts Postgres where it is ours to start, and brings its tables up to date. */
export async function openStorage(config: Config, log: Log): Promise<Storage> {
  const folder = lockDataFolder(config.dataDir);
  const embedded = config.databaseUrl === null ? await startEmbedded(folder, log) : null;
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
  try {
    const applied = await migrate(databaseUrl);
    if (applied.length > 0) log.info({ applied }, 'migrations applied');
  } catch (error) {
    await embedded?.stop();
    folder.release();
    throw error;
  }
  const pool = openPool(databaseUrl, (error) => log.warn({ err: error }, 'a Postgres connection broke'));
  return {
    dataDir: folder.path,
    databaseUrl,
    isEmbedded: embedded !== null,
    pool,
    store: createCampaignStore(pool),
    async close(withinMs = Infinity) {
      await settlesWithin(pool.end(), POOL_END_LIMIT_MS);
      await embedded?.stop(withinMs - POOL_END_LIMIT_MS);
      folder.release();
    },
  };
}

async function startEmbedded(folder: DataFolder, log: Log): Promise<KeptPostgres> {
  try {
    return await keepPostgresRunning(folder.path, {
      debug: (message) => log.debug({}, message),
      info: (message) => log.info({}, message),
      warn: (message) => log.warn({}, message),
    });
  } catch (error) {
    folder.release();
    throw error;
  }
}
