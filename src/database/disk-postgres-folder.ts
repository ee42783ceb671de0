/**
 * PostgreSQL's data folder: whose it is, which version wrote it, and whether a server still works in it.
 *
 * Every server is given the cluster name of its folder (device and inode), which stands in the command lines of
 * the postmaster, of each of its children and of their watchdog. So a process that works in the folder is known
 * for certain, where a number in postmaster.pid may by now be that of another program.
 */
import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { RunAs } from './disk-postgres-binaries.ts';

/** nobody: PostgreSQL refuses to run as root. */
const UNPRIVILEGED = { uid: 65534, gid: 65534 } as const;
/** Bytes of a Unix socket's path: 108 on Linux, 104 on macOS, less the closing zero. */
const MAX_SOCKET_PATH_BYTES = 103;
const SOCKET_FILE = '.s.PGSQL.5432';
const UNFINISHED = 'postgres.unfinished-';
/** initdb takes a second. */
const ABANDONED_AFTER_MS = 600_000;

export function makeDataDir(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true });
}

/** Who runs the server: ourselves, and under root the folder's owner or else nobody. */
export function chooseUser(folder: string): RunAs {
  if (process.getuid?.() !== 0) return null;
  if (!existsSync(folder)) return UNPRIVILEGED;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? UNPRIVILEGED : { uid, gid };
}

/** A copy that root made belongs to root, and PostgreSQL wants its folder to be its own. */
export function giveFolder(folder: string, runAs: RunAs): void {
  if (runAs === null || statSync(folder).uid === runAs.uid) return;
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(folder, entry), runAs.uid, runAs.gid);
  }
  chownSync(folder, runAs.uid, runAs.gid);
}

/** The major version that wrote the folder, '' where it is no data folder. */
export function clusterVersion(folder: string): string {
  const file = join(folder, 'PG_VERSION');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

/** An empty folder beside the data folder, for initdb. Those that were abandoned are removed. */
export function makeUnfinishedFolder(dataDir: string, runAs: RunAs): string {
  for (const name of readdirSync(dataDir)) {
    const path = join(dataDir, name);
    if (name.startsWith(UNFINISHED) && Date.now() - statSync(path).mtimeMs > ABANDONED_AFTER_MS) {
      rmSync(path, { recursive: true, force: true });
    }
  }
  const folder = mkdtempSync(join(dataDir, UNFINISHED));
  if (runAs !== null) chownSync(folder, runAs.uid, runAs.gid);
  return folder;
}

/** The unfinished folder becomes the data folder, unless another process was quicker. */
export function finishFolder(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (clusterVersion(folder) === '') throw error;
  }
}

/**
 * The folder by a name that PostgreSQL's user can follow even where a folder above is shut to it (root's home,
 * say): its processes start inside.
 */
export function pathFromInside(folder: string): string {
  return process.platform === 'linux' ? '/proc/self/cwd' : folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function clusterName(folder: string): string {
  const { dev, ino } = statSync(folder);
  return `gavel-${String(dev)}-${String(ino)}`;
}

/**
 * A folder for the server's socket that only its user enters: the data folder, or, where that makes the socket's
 * path too long, a temporary one. `earlier`: the one of an earlier run, made anew under its name.
 */
export function chooseSocketFolder(folder: string, runAs: RunAs, earlier: string | null): string {
  if (Buffer.byteLength(join(folder, SOCKET_FILE)) <= MAX_SOCKET_PATH_BYTES) return folder;
  const socketFolder = earlier === null ? mkdtempSync(join(tmpdir(), 'gavel-')) : remakeFolder(earlier);
  if (runAs !== null) chownSync(socketFolder, runAs.uid, runAs.gid);
  return socketFolder;
}

/** Throws where another user has made one of that name meanwhile. */
function remakeFolder(folder: string): string {
  removeFolder(folder);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** The postmaster's process id by its own file; 0 where there is none. */
export function recordedPostmaster(folder: string): number {
  try {
    return Number.parseInt(readFileSync(join(folder, 'postmaster.pid'), 'utf8'), 10) || 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Where the server that runs in the folder has its socket, by the fifth line of its file; null: none is ready. */
export function recordedSocketFolder(folder: string): string | null {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const recorded = readFileSync(file, 'utf8').split('\n')[4] ?? '';
  const socketFolder = recorded === pathFromInside(folder) ? folder : recorded;
  return existsSync(join(socketFolder, SOCKET_FILE)) ? socketFolder : null;
}

export interface Occupants {
  /** Processes that work in the folder. */
  readonly pids: readonly number[];
  /** One of them is a watchdog, which ends the others when its server goes. */
  readonly guarded: boolean;
}

/** The processes that work in the folder. Without /proc: the recorded postmaster, if any process has its id. */
export function occupants(folder: string): Occupants {
  if (!existsSync('/proc/self/cmdline')) {
    const pid = recordedPostmaster(folder);
    return { pids: pid !== 0 && isAlive(pid) ? [pid] : [], guarded: true };
  }
  const name = clusterName(folder);
  const found = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => ({ pid: Number(entry), commandLine: readCommandLine(entry) }))
    .filter(({ commandLine }) => new RegExp(`\\b${name}\\b`).test(commandLine));
  return {
    pids: found.map(({ pid }) => pid),
    guarded: found.some(({ commandLine }) => commandLine.includes('postgres-watchdog')),
  };
}

/** SIGKILL to all that work in the folder but the caller; one that was stopped or hangs ends by it too. */
export function killOccupants(folder: string): void {
  for (const pid of occupants(folder).pids) if (pid !== process.pid) signalProcess(pid, 'SIGKILL');
}

/** To the postmaster, if one works in the folder. */
export function signalPostmaster(folder: string, signal: NodeJS.Signals): void {
  const postmaster = recordedPostmaster(folder);
  if (occupants(folder).pids.includes(postmaster)) signalProcess(postmaster, signal);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Removes the lock files of a server that is gone, where their process id has been given to another program
 * since: PostgreSQL would refuse to start for ever. Call it only when the folder has no occupants. (Should one
 * come up at this moment, the shared memory that it holds under the folder's inode still keeps the second out.)
 */
export function removeStaleLocks(folder: string): void {
  const pid = recordedPostmaster(folder);
  if (pid === 0 || !isAlive(pid)) return;
  for (const file of ['postmaster.pid', `${SOCKET_FILE}.lock`]) rmSync(join(folder, file), { force: true });
}

function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It ended while we looked.
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
