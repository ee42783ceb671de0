/** Child processes of the bench: their CPU time, their standard output, and their end, which comes whatever happens. */
import { spawn, execFileSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own clock. */
const MICROS_PER_TICK = 10_000;
/** A server ends within 10 s of SIGTERM, by its own promise. */
const END_LIMIT_MS = 12_000;

const alive = new Set<ChildProcess>();
const onEnd: (() => void)[] = [];

process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
  for (const action of onEnd) action();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

/** `action` is called when this process ends, after its children were told to. */
export function atEnd(action: () => void): void {
  onEnd.push(action);
}

/** Node with `args`; ended with this process. */
export function startNode(args: readonly string[], options: SpawnOptions): ChildProcess {
  return startProgram(process.execPath, args, options);
}

/** A program with `args`; ended with this process. */
export function startProgram(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(file, args, options);
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  return child;
}

/** Node with `args` and `input` on its standard input: what it wrote. Rejects where it fails. */
export async function callNode(args: readonly string[], input: string): Promise<string> {
  const { output, exitCode } = await callProgram(process.execPath, args, input);
  if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode ?? 'a signal'}`);
  return output;
}

/** A program with `args` and `input` on its standard input: what it wrote, and how it ended. */
export async function callProgram(
  file: string,
  args: readonly string[],
  input = '',
): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  const child = startProgram(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  if (child.stdin === null || child.stdout === null) throw new Error('a child without pipes');
  const exited = once(child, 'exit');
  child.stdin.end(input);
  const output = await text(child.stdout);
  await exited;
  return { output, exitCode: child.exitCode };
}

/** SIGTERM; SIGKILL where that is not enough. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}

/** A number above 0 that makes a run longer or shorter. */
export function numberFromEnvironment(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (!(value > 0)) throw new RangeError(`${name} must be a number above 0`);
  return value;
}

/** User and system time of all threads of a process, not of its children. */
export function cpuMicrosOf(pid: number): number {
  return process.platform === 'linux' ? cpuMicrosByStat(`/proc/${pid}/stat`) : cpuMicrosByPs(pid);
}

/** Of one thread; 0 where the system does not tell. */
export function cpuMicrosOfThread(pid: number, thread: number): number {
  return process.platform === 'linux' ? cpuMicrosByStat(`/proc/${pid}/task/${thread}/stat`) : 0;
}

function cpuMicrosByStat(file: string): number {
  const stat = readFileSync(file, 'utf8');
  // Behind the name, which may hold spaces: state is field 3, utime 14, stime 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}

/** CPU time of all processes of the machine; null where the system does not tell. */
export function machineMicros(): number | null {
  if (process.platform !== 'linux') return null;
  const [user = 0, nice = 0, system = 0] = readFileSync('/proc/stat', 'utf8')
    .split(/\s+/)
    .slice(1, 4)
    .map(Number);
  return (user + nice + system) * MICROS_PER_TICK;
}

/** macOS tells `[hours:]minutes:seconds.hundredths`. */
function cpuMicrosByPs(pid: number): number {
  const time = execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1e6;
}
