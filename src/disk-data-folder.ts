/** The data folder (GAVEL_DATA_DIR): made when it is missing, and locked by one process. */
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface DataFolder {
  /** Absolute. */
  readonly path: string;
  release(): void;
}

/** A mark follows its file at once: one that stays empty was left by a process that was killed in between. */
const EMPTY_LIMIT_MS = 1_000;
const POLL_MS = 10;

/** Throws one sentence when another process has the folder, or when it can't be written. */
export function lockDataFolder(dir: string): DataFolder {
  const path = resolve(dir);
  const file = join(path, 'gavel.pid');
  const mark = `${String(process.pid)} ${startOf(process.pid)}`;
  makeFolder(path);
  while (!tryWrite(file, mark)) {
    const owner = readOwner(file);
    if (owner !== null && isAlive(owner)) {
      throw new Error(
        `the data folder ${path} is in use by process ${owner.split(' ')[0] ?? ''}: stop it, or set GAVEL_DATA_DIR`,
      );
    }
    if (owner !== null) removeStale(file, owner);
  }
  return { path, release: () => rmSync(file, { force: true }) };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new Error(`the data folder ${path} (GAVEL_DATA_DIR) can't be written: ${String(error)}`, {
      cause: error,
    });
  }
}

/** false: the file is there already. */
function tryWrite(file: string, mark: string): boolean {
  try {
    writeFileSync(file, mark, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The mark in the file; null: the file is gone. */
function readOwner(file: string): string | null {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const owner = readMark(file);
    if (owner !== '' || waitedMs >= EMPTY_LIMIT_MS) return owner;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
}

/**
 * Another process may have seen the same stale mark, and by now removed it and written its own. So the file is
 * first moved, which only one of them can do, and moved back if it is not the one that was read.
 */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.${crypto.randomUUID()}`;
  if (!tryRename(file, aside)) return;
  if (readMark(aside) === stale) rmSync(aside);
  else renameSync(aside, file);
}

function readMark(file: string): string | null {
  return ifThere(() => readFileSync(file, 'utf8').trim());
}

function tryRename(from: string, to: string): boolean {
  return ifThere(() => (renameSync(from, to), true)) ?? false;
}

function ifThere<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** A process id alone is not enough: after a reboot, or in a container, another program may have it. */
function isAlive(mark: string): boolean {
  const [number, start = ''] = mark.split(' ');
  const pid = Number(number);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return start === startOf(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return start === '' || startOf(pid) === start;
}

/** When the process began, in clock ticks since the boot (Linux); '' where the system does not tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
