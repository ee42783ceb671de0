/** The data folder (GAVEL_DATA_DIR): made when it is missing, and locked by one process. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface DataFolder {
  /** Absolute. */
  readonly path: string;
  release(): void;
}

/** Throws one sentence when another process has the folder, or when it can't be written. */
export function lockDataFolder(dir: string): DataFolder {
  const path = resolve(dir);
  mkdirSync(path, { recursive: true });
  const file = join(path, 'gavel.pid');
  const mark = `${String(process.pid)} ${startOf(process.pid)}`;
  if (!tryWrite(file, mark)) {
    const owner = readFileSync(file, 'utf8').trim();
    if (isAlive(owner)) {
      throw new Error(
        `the data folder ${path} is in use by process ${owner.split(' ')[0] ?? ''}: stop it, or set GAVEL_DATA_DIR`,
      );
    }
    rmSync(file, { force: true });
    if (!tryWrite(file, mark))
      throw new Error(`the data folder ${path} was taken by another process just now`);
  }
  return { path, release: () => rmSync(file, { force: true }) };
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
