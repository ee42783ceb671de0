/** Processes that outlive us: started detached, known again by their start, stopped. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A pid alone may be another program's by now; with its start it is one process for certain. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** null: as ourselves. */
export type RunAs = { readonly uid: number; readonly gid: number } | null;

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  readonly runAs?: RunAs;
  readonly environment?: Readonly<Record<string, string>>;
}

const POLL_MS = 50;
/** Kafka writes its open segments, Postgres a checkpoint; what takes longer hangs. */
const STOP_WITHIN_MS = 15_000;
const KILL_WITHIN_MS = 5_000;
/** In /proc/PID/stat, counted behind the program's name, which may itself hold blanks and brackets. */
const STAT_STATE = 0;
const STAT_START_TICKS = 19;

/** Nothing of ours (PGDATA, JAVA_TOOL_OPTIONS, NODE_OPTIONS …) reaches a service. */
export const PROGRAM_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: process.env.PATH ?? '/usr/bin:/bin' };

/** Its output goes to the log file, which starts anew. */
export async function startDetached(launch: Launch): Promise<ProcessIdentity> {
  const log = openSync(launch.logFile, 'w');
  const child = spawn(launch.program, launch.args, {
    cwd: launch.cwd,
    env: { ...PROGRAM_ENVIRONMENT, ...launch.environment },
    detached: true,
    stdio: ['ignore', log, log],
    ...(launch.runAs ?? {}),
  });
  closeSync(log);
  const failure = await new Promise<Error | null>((resolve) => {
    child.once('error', resolve);
    child.once('spawn', () => resolve(null));
  });
  if (failure !== null) throw new Error(`${launch.program} can't be started: ${failure.message}`);
  child.unref();
  const pid = child.pid ?? 0;
  // One that has ended by now is found dead by whoever waits for it.
  return identify(pid) ?? { pid, startedAt: 'ended' };
}

/** null where no such process runs; one that has ended and only waits to be collected does not run. */
export function identify(pid: number): ProcessIdentity | null {
  const startedAt = existsSync('/proc/self/stat') ? startFromProc(pid) : startFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** Resolves once it is gone; a pid that belongs to another process by now is left alone. */
export async function stopProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  withinMs = STOP_WITHIN_MS,
): Promise<void> {
  send(identity, signal);
  // One that a test has frozen would not hear of it.
  send(identity, 'SIGCONT');
  if (await hasEnded(identity, withinMs)) return;
  send(identity, 'SIGKILL');
  if (await hasEnded(identity, KILL_WITHIN_MS)) return;
  throw new Error(`process ${String(identity.pid)} does not end, not even killed: look what it waits for`);
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function hasEnded(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + withinMs;
  while (isAlive(identity)) {
    if (Date.now() > deadlineMs) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function startFromProc(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[STAT_STATE] === 'Z' ? null : (fields[STAT_START_TICKS] ?? null);
}

function startFromPs(pid: number): string | null {
  const ps = spawnSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state = '', ...start] = ps.stdout.trim().split(/\s+/);
  return state === '' || state.startsWith('Z') ? null : start.join(' ');
}
