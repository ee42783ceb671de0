/** What outlives the process: the data folder, Postgres (embedded, or the one of DATABASE_URL), its secrets. */
import { createCampaignStore } from './campaigns/postgres-store.ts';
import type { CampaignStore } from './campaigns/store.ts';
import type { Config } from './config.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './database/postgres-embedded.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { lockDataFolder } from './disk-data-folder.ts';
import type { Log } from './server/http.ts';

export interface Storage {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly isEmbedded: boolean;
  readonly pool: Pool;
  readonly store: CampaignStore;
  close(): Promise<void>;
}

/** An embedded server that ended by itself is started again this much later, until it stays. */
const RESTART_AFTER_MS = 1_000;

/** Locks the folder, starts Postgres where it is ours to start, and brings its tables up to date. */
export async function openStorage(config: Config, log: Log): Promise<Storage> {
  const folder = lockDataFolder(config.dataDir);
  const embedded = config.databaseUrl === null ? await keepPostgresRunning(folder.path, log) : null;
  const databaseUrl = config.databaseUrl ?? embedded?.url() ?? '';
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
    async close() {
      await pool.end();
      await embedded?.stop();
      folder.release();
    },
  };
}

async function keepPostgresRunning(
  dataDir: string,
  log: Log,
): Promise<{ url: () => string; stop: () => Promise<void> }> {
  let current: EmbeddedPostgres | null = null;
  let isStopping = false;

  async function start(): Promise<EmbeddedPostgres> {
    current = await startEmbeddedPostgres({
      dataDir,
      log: {
        debug: (message) => log.debug({}, message),
        info: (message) => log.info({}, message),
        warn: (message) => log.warn({}, message),
      },
      onExit(reason) {
        current = null;
        log.error({ reason }, 'the embedded Postgres ended by itself and is started again');
        setTimeout(restart, RESTART_AFTER_MS);
      },
    });
    return current;
  }

  function restart(): void {
    if (isStopping) return;
    start().catch((error: unknown) => {
      log.error({ err: error }, 'the embedded Postgres does not start');
      setTimeout(restart, RESTART_AFTER_MS);
    });
  }

  const first = await start();
  return {
    url: () => first.url,
    async stop() {
      isStopping = true;
      await current?.stop();
    },
  };
}
