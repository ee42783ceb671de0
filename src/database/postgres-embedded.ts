/**
 * PostgreSQL that the server brings along: made on first use in `<dataDir>/postgres`, reached through a Unix
 * socket in that folder (no port to be taken, no password to be kept), and ended with the server however that
 * ends.
 *
 *   server ══ pipe ══▶ watchdog (a session of its own) ──▶ postgres (nobody, when we are root)
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { join, resolve } from 'node:path';

import {
  chooseSocketFolder,
  chooseUser,
  clusterName,
  clusterVersion,
  giveFolder,
  makeDataDir,
  occupants,
  recordedPostmaster,
  recordedSocketFolder,
  removeStaleLocks,
} from './disk-postgres-folder.ts';
import { EmbeddedPostgresError, explainFailure, findPrograms, makeCluster } from './postgres-cluster.ts';
import { launchPostgres } from './postgres-launch.ts';
import type { PostgresLog } from './postgres-launch.ts';

export interface EmbeddedPostgresOptions {
  /** The folder that the server keeps its data in; made when it is missing. */
  readonly dataDir: string;
  /** PostgreSQL ended without being told to; `reason` holds its last words. Called at most once. */
  readonly onExit: (reason: string) => void;
  readonly log: PostgresLog;
  /** How long to wait for the PostgreSQL of an earlier process to end. */
  readonly patienceMs?: number;
  /** Of an earlier run, whose URL so stays good; null: there was none. */
  readonly socketFolder?: string | null;
  /** Aborts the start; it rejects once no process of it is left. */
  readonly signal?: AbortSignal;
}

export interface EmbeddedPostgres {
  readonly url: string;
  readonly socketFolder: string;
  /**
   * A fast shutdown; resolves once the processes are gone. Close the pools before. A PostgreSQL that hangs is
   * killed, in time for about `withinMs`; the default suits who has no deadline.
   */
  readonly stop: (withinMs?: number) => Promise<void>;
}

/** The major version of the packaged programs: a data folder belongs to one. */
const MAJOR_VERSION = '18';
/** A fast shutdown with full buffers takes a second or two: what lasts longer is a second server, not an old one. */
const PATIENCE_MS = 15_000;
const POLL_MS = 50;

/**
 * Resolves when the server takes connections. Rejects with an EmbeddedPostgresError where the platform has no
 * package, the folder is of another version or another user, it stays in use, or the programs fail; with the
 * signal's reason where that was aborted.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, onExit, patienceMs = PATIENCE_MS, signal } = options;
  const dataDir = resolve(options.dataDir);
  const folder = join(dataDir, 'postgres');
  makeDataDir(dataDir);
  const runAs = chooseUser(folder);
  const programs = findPrograms(dataDir, runAs);

  if (clusterVersion(folder) === '') await makeCluster(programs, dataDir, folder, runAs);
  checkVersion(folder);
  giveFolder(folder, runAs);

  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    await waitForOccupants(folder, deadlineMs, log, signal);
    const socketFolder = chooseSocketFolder(folder, runAs, options.socketFolder ?? null);
    const order = { programs, folder, socketFolder, clusterName: clusterName(folder), runAs };
    const launch = await launchPostgres(order, onExit, log, signal);
    if (launch.kind === 'started')
      return { url: connectionUrl(socketFolder), socketFolder, stop: launch.stop };
    signal?.throwIfAborted();
    if (launch.kind === 'failed') throw new EmbeddedPostgresError(explainFailure(launch.output, folder));
    // Another process started in the folder at the same moment: the wait above tells of it, or it is gone.
    await sleep(POLL_MS);
  }
}

/** The URL of the server that runs in `<dataDir>/postgres`; null: none does. */
export function findRunningPostgres(dataDir: string): string | null {
  const folder = join(resolve(dataDir), 'postgres');
  if (clusterVersion(folder) === '' || occupants(folder).pids.length === 0) return null;
  const socketFolder = recordedSocketFolder(folder);
  return socketFolder === null ? null : connectionUrl(socketFolder);
}

function checkVersion(folder: string): void {
  const version = clusterVersion(folder);
  if (version === MAJOR_VERSION) return;
  throw new EmbeddedPostgresError(
    `the data in ${folder} was written by PostgreSQL ${version}, the embedded one is ${MAJOR_VERSION}: ` +
      'dump it with the old version and load it into a new data folder',
  );
}

/** Waits until no process works in the folder. One that nobody watches over any more is told to end. */
async function waitForOccupants(
  folder: string,
  deadlineMs: number,
  log: PostgresLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    const { pids, guarded } = occupants(folder);
    if (pids.length === 0) break;
    if (performance.now() > deadlineMs) {
      throw new EmbeddedPostgresError(
        `${folder} is in use by another PostgreSQL (process ${String(recordedPostmaster(folder))}): ` +
          'is another server running on this data folder?',
      );
    }
    if (!told) {
      log.info(`waiting for the PostgreSQL of an earlier process in ${folder} to end`);
      const postmaster = recordedPostmaster(folder);
      if (!guarded && pids.includes(postmaster)) process.kill(postmaster, 'SIGINT');
      told = true;
    }
    await sleep(POLL_MS);
  }
  removeStaleLocks(folder);
}

function connectionUrl(socketFolder: string): string {
  return `postgresql://gavel@localhost:5432/postgres?host=${encodeURIComponent(socketFolder)}&sslmode=disable`;
}
