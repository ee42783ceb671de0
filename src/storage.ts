/**
 * What outlives the process: the data folder, Postgres (embedded, or the one of DATABASE_URL), its secrets. Where that
 * Postgres is away at the start, what the last start kept of it stands in until it is back.
 */
import { createCampaignStore } from './campaigns/postgres-store.ts';
import type { CampaignStore } from './campaigns/store.ts';
import type { Config } from './config.ts';
import { keepSecrets, readKeptSecrets } from './database/disk-kept-secrets.ts';
import { migrate } from './database/postgres-migrate.ts';
import { settlesWithin } from './database/postgres-patience.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { readReplica, type ReplicaReads } from './database/postgres-replica.ts';
import { isUnreachable } from './database/postgres-refusals.ts';
import { onceReachable } from './database/postgres-return.ts';
import { keepPostgresRunning, type KeptPostgres } from './database/postgres-revival.ts';
import { areSameSecrets, loadSecrets, nameDatabase, type Secrets } from './database/postgres-secrets.ts';
import { lockDataFolder, type DataFolder } from './disk-data-folder.ts';
import type { Log } from './server/http.ts';

export interface Storage {
  readonly dataDir: string;
  /** Where the next start finds what it needs of Postgres. */
  readonly keptDir: string;
  readonly databaseUrl: string;
  readonly isEmbedded: boolean;
  readonly pool: Pool;
  /** For what may lag behind the pool. */
  readonly reads: ReplicaReads;
  /** null: there is no replica. */
  readonly replicaUrl: string | null;
  readonly store: CampaignStore;
  readonly secrets: Secrets;
  /** Tells this database from others. */
  readonly databaseName: string;
  readonly arrival: Arrival;
  /** Takes about `withinMs` at most, some seconds without it, also where Postgres hangs. */
  close(withinMs?: number): Promise<void>;
}

/** When Postgres can be used. */
interface Arrival {
  /** Why it was not there at the start; null: it was. */
  readonly absence: Error | null;
  /** It is there, and its tables are up to date. */
  readonly isHere: boolean;
  /** Resolves when it is; rejects with what would have kept the server from starting. */
  readonly whenHere: Promise<void>;
}

/** Nobody asks any more: connections end at once, unless a query hangs, which ends with Postgres or the process. */
const POOL_END_LIMIT_MS = 250;

/** Locks the folder, starts Postgres where it is ours to start, and brings its tables up to date. */
export async function openStorage(config: Config, log: Log): Promise<Storage> {
  const folder = lockDataFolder(config.dataDir);
  const embedded = config.databaseUrl === null ? await startEmbedded(folder, log) : null;
  try {
    return await openDatabase(folder, config, embedded, log);
  } catch (error) {
    await embedded?.stop();
    folder.release();
    throw error;
  }
}

async function openDatabase(
  folder: DataFolder,
  { databaseUrl: ownUrl, databaseReadUrl: replicaUrl }: Config,
  embedded: KeptPostgres | null,
  log: Log,
): Promise<Storage> {
  const databaseUrl = ownUrl ?? embedded?.url ?? '';
  const keptDir = `${folder.path}/index`;
  const closing = new AbortController();
  const prepare = (): Promise<Secrets> => prepareDatabase(databaseUrl, log);
  const { secrets, arrival } =
    ownUrl === null
      ? { secrets: await prepare(), arrival: HERE }
      : await reachDatabase(`${keptDir}/secrets`, ownUrl, prepare, closing.signal);
  const isHere = (): boolean => arrival.isHere;
  const pool = openPool(
    databaseUrl,
    (error) => log.warn({ err: error }, 'a Postgres connection broke'),
    isHere,
  );
  // What breaks here, the next read tells.
  const replica = replicaUrl === null ? null : openPool(replicaUrl, () => undefined, isHere);
  return {
    dataDir: folder.path,
    keptDir,
    databaseUrl,
    isEmbedded: embedded !== null,
    pool,
    reads: readReplica(pool, replica, (state, error) => tellReplica(log, state, error), Date.now),
    replicaUrl,
    store: createCampaignStore(pool),
    secrets,
    databaseName: nameDatabase(secrets),
    arrival,
    async close(withinMs = Infinity) {
      closing.abort();
      await settlesWithin(Promise.all([pool.end(), replica?.end()]), POOL_END_LIMIT_MS);
      await embedded?.stop(withinMs - POOL_END_LIMIT_MS);
      folder.release();
    },
  };
}

function tellReplica(log: Log, state: 'up' | 'down', error: unknown): void {
  if (state === 'up') log.info({}, 'the replica of DATABASE_READ_URL answers again');
  else
    log.warn({ err: error }, 'the replica of DATABASE_READ_URL does not answer: the primary is read instead');
}

const HERE: Arrival = { absence: null, isHere: true, whenHere: Promise.resolve() };

interface Reached {
  readonly secrets: Secrets;
  readonly arrival: Arrival;
}

/** Rejects where it can't be reached and no secrets of it were kept. */
async function reachDatabase(
  secretsFile: string,
  url: string,
  prepare: () => Promise<Secrets>,
  closing: AbortSignal,
): Promise<Reached> {
  try {
    const secrets = await prepare();
    keepSecrets(secretsFile, url, secrets);
    return { secrets, arrival: HERE };
  } catch (error) {
    const secrets = readKeptSecrets(secretsFile, url);
    if (secrets === null || !(error instanceof Error) || !isUnreachable(error)) throw error;
    return { secrets, arrival: awaitDatabase(error, secrets, prepare, closing) };
  }
}

function awaitDatabase(
  absence: Error,
  kept: Secrets,
  prepare: () => Promise<Secrets>,
  closing: AbortSignal,
): Arrival {
  let isHere = false;
  const whenHere = onceReachable(prepare, closing).then((secrets) => {
    if (!areSameSecrets(kept, secrets)) {
      throw new Error('Postgres is back with other signing keys or another salt than it had: start again');
    }
    isHere = true;
  });
  // Whoever waits for it hears of it; while the server stops nobody does.
  whenHere.catch(() => undefined);
  return {
    absence,
    get isHere() {
      return isHere;
    },
    whenHere,
  };
}

async function prepareDatabase(url: string, log: Log): Promise<Secrets> {
  const applied = await migrate(url);
  if (applied.length > 0) log.info({ applied }, 'migrations applied');
  const pool = openPool(url, () => undefined);
  try {
    return await loadSecrets(pool);
  } finally {
    await pool.end();
  }
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
