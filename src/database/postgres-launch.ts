/** One run of the PostgreSQL server under its watchdog: launched, ready, ended. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { RunAs } from './disk-postgres-binaries.ts';
import { killOccupants, pathFromInside, removeFolder, signalPostmaster } from './disk-postgres-folder.ts';
import { PROGRAM_ENVIRONMENT } from './postgres-cluster.ts';
import { settlesWithin } from './postgres-patience.ts';
import type { WatchdogOrder } from './postgres-watchdog.ts';

/** Takes PostgreSQL's own lines; a pino logger fits. */
export interface PostgresLog {
  readonly debug: (message: string) => void;
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
}

export interface LaunchOrder {
  /** The folder of the programs. */
  readonly programs: string;
  readonly folder: string;
  readonly socketFolder: string;
  readonly clusterName: string;
  readonly runAs: RunAs;
}

/** occupied: another server works in the folder · failed: it ended before it was ready, with these last words. */
export type Launch =
  | { readonly kind: 'started'; readonly stop: (withinMs?: number) => Promise<void> }
  | { readonly kind: 'occupied' }
  | { readonly kind: 'failed'; readonly output: string };

/** Lines of PostgreSQL's that are kept to explain its end. */
const LAST_WORDS_LINES = 20;

/** Its checkpoint writes shared_buffers at most. Without one, the next start recovers from the log. */
const FAST_SHUTDOWN_MS = 3_000;
/** Where the server's own end is near, at least what a checkpoint of a few pages takes. */
const LEAST_FAST_SHUTDOWN_MS = 200;
/** It writes nothing. */
const IMMEDIATE_SHUTDOWN_MS = 300;
/** Killed again and again for this long: a postmaster may have made one more process meanwhile. */
const KILL_MS = 500;
const KILL_EVERY_MS = 100;
/** A start that is aborted has no work of its own to write: long enough for a shutdown that hangs nowhere. */
const ABORT_WITHIN_MS = 1_000;

/** For one machine that also runs an ad server: a few dozen megabytes. Durability is untouched (fsync on). */
const SETTINGS = {
  listen_addresses: '',
  max_connections: '60',
  shared_buffers: '32MB',
  // A page of campaigns is sorted in memory.
  work_mem: '16MB',
  // The default keeps three more processes for reads ahead.
  io_method: 'sync',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '256MB',
  log_line_prefix: '',
  log_checkpoints: 'off',
  logging_collector: 'off',
} as const;

export async function launchPostgres(
  order: LaunchOrder,
  onExit: (reason: string) => void,
  log: PostgresLog,
  signal?: AbortSignal,
): Promise<Launch> {
  const watchdog = spawnWatchdog(order);
  const lastWords: string[] = [];
  let stopped: Promise<void> | null = null;

  // One that was killed leaves its postgres behind, which must not outlive the server.
  watchdog.once('exit', (_code, killedBy) => {
    if (killedBy !== null) signalPostmaster(order.folder, 'SIGINT');
  });
  // `close` comes when postgres, which writes to the same pipe, has ended too.
  const ended = new Promise<void>((settle) => {
    watchdog.once('close', () => settle());
  });
  const ready = new Promise<boolean>((settle) => {
    createInterface({ input: watchdog.stderr }).on('line', (line) => {
      lastWords.push(line);
      if (lastWords.length > LAST_WORDS_LINES) lastWords.shift();
      passOn(line, log, stopped !== null);
      if (line.includes('database system is ready to accept connections')) settle(true);
    });
    void ended.then(() => {
      settle(false);
    });
  });
  watchdog.once('error', (error) => lastWords.push(error.message));

  const stop = (withinMs = Infinity): Promise<void> => {
    stopped ??= endPostgres(order, watchdog, ended, withinMs, log);
    return stopped;
  };
  const abort = (): void => void stop(ABORT_WITHIN_MS);
  signal?.addEventListener('abort', abort);
  const isReady = await ready;
  signal?.removeEventListener('abort', abort);
  if (!isReady) {
    const output = lastWords.join('\n');
    return isOccupied(output) ? { kind: 'occupied' } : { kind: 'failed', output };
  }
  void ended.then(() => {
    if (stopped === null) onExit(lastWords.join('\n'));
  });
  return { kind: 'started', stop };
}

/** Fast; where that takes too long immediate; where even that hangs, by SIGKILL. */
async function endPostgres(
  { folder, socketFolder }: LaunchOrder,
  watchdog: Watchdog,
  ended: Promise<void>,
  withinMs: number,
  log: PostgresLog,
): Promise<void> {
  watchdog.stdin.end();
  const fastMs = Math.min(FAST_SHUTDOWN_MS, withinMs - IMMEDIATE_SHUTDOWN_MS - KILL_EVERY_MS);
  if (await settlesWithin(ended, Math.max(LEAST_FAST_SHUTDOWN_MS, fastMs))) return;
  log.warn('PostgreSQL does not shut down: it is ended without a checkpoint');
  signalPostmaster(folder, 'SIGQUIT');
  if (await settlesWithin(ended, IMMEDIATE_SHUTDOWN_MS)) return;
  for (let killedForMs = 0; killedForMs < KILL_MS; killedForMs += KILL_EVERY_MS) {
    killOccupants(folder);
    watchdog.kill('SIGKILL');
    if (await settlesWithin(ended, KILL_EVERY_MS)) break;
  }
  if (socketFolder !== folder) removeFolder(socketFolder);
}

type Watchdog = ChildProcessByStdio<Writable, null, Readable>;

function spawnWatchdog(order: LaunchOrder): Watchdog {
  const inside = pathFromInside(order.folder);
  const socketInside = order.socketFolder === order.folder ? inside : order.socketFolder;
  const settings = { ...SETTINGS, unix_socket_directories: socketInside, cluster_name: order.clusterName };
  const watchdogOrder: WatchdogOrder = {
    program: join(order.programs, 'postgres'),
    args: ['-D', inside, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: order.folder,
    runAs: order.runAs,
    removeAtEnd: order.socketFolder === order.folder ? null : order.socketFolder,
  };
  // Detached: in a session of its own, where no Ctrl-C and no closing terminal reaches it.
  const watchdog = spawn(process.execPath, [...watchdogProgram(), JSON.stringify(watchdogOrder)], {
    detached: true,
    cwd: '/',
    env: PROGRAM_ENVIRONMENT,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  // It may be gone when we close its pipe: then that is what `close` tells.
  watchdog.stdin.on('error', () => {});
  return watchdog;
}

/** The watchdog stands beside this file, compiled as this one is; as TypeScript it needs a loader. */
function watchdogProgram(): readonly string[] {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const program = fileURLToPath(new URL(`./postgres-watchdog${extension}`, import.meta.url));
  if (extension === '.js') return [program];
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, program];
}

function isOccupied(output: string): boolean {
  return /lock file ".*" already exists|pre-existing shared memory block/.test(output);
}

/** `isStopping`: that it ends its sessions is no trouble. */
function passOn(line: string, log: PostgresLog, isStopping: boolean): void {
  const isExpected = isStopping && line.includes('due to administrator command');
  if (/^(WARNING|ERROR|FATAL|PANIC):/.test(line) && !isExpected) log.warn(line);
  else log.debug(line);
}
