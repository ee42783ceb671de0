/**
 * How soon a server is ready, and what it has in memory then: `npm run bench -- starts [campaigns…]`.
 * Of each size a first start, which reads and compiles everything, and a second one from the index that
 * the first left on disk; on an embedded Postgres, and on the server of DATABASE_URL, in a database of its own. CPU time is
 * that of the server and of all that it started, the embedded Postgres too: on a busy machine it is what can be compared.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededCampaigns } from '../src/campaigns/seeded.ts';
import { readConfig } from '../src/config.ts';
import { openStorage } from '../src/storage.ts';
import { inOwnDatabase } from './bench-database.ts';
import { ROOT } from './run.mjs';

const SEED = 20_261_121;
const SIZES = [5_000, 20_000, 100_000];
const PORT = 18_099;
const POLL_MS = 20;
const KEEP_LIMIT_MS = 60_000;
/** Of the kernel's clock, on every Linux. */
const MS_PER_TICK = 10;
const QUIET = { debug: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore };

function ignore(): void {
  // The measured server has a log of its own.
}

type Environment = Readonly<Record<string, string>>;

async function load(environment: Environment, count: number): Promise<void> {
  const read = readConfig(environment, 2, 'command');
  if (!read.ok) throw new Error(read.message);
  const storage = await openStorage(read.config, QUIET);
  await storage.store.insertMany(seededCampaigns({ count, seed: SEED, rules: [3, 8] }));
  // What a server that runs for a while finds done.
  await storage.pool.query('ANALYZE');
  await storage.close();
}

interface Start {
  readonly readyMs: number;
  readonly cpuMs: number;
  readonly residentMib: number;
  readonly peakMib: number;
}

async function measure(environment: Environment, whenReady: () => Promise<void>): Promise<Start> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.js'), 'serve'], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: 'ignore',
  });
  try {
    while (!(await isReady(child))) await sleep(POLL_MS);
    const readyMs = performance.now() - startMs;
    const cpuMs = familyCpuMs(child.pid ?? 0);
    await whenReady();
    return { readyMs, cpuMs, residentMib: memoryMib(child, 'VmRSS'), peakMib: memoryMib(child, 'VmHWM') };
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
}

async function isReady(child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error('the server ended while it started');
  const answer = await fetch(`http://127.0.0.1:${PORT}/health/ready`).catch(() => null);
  return answer?.status === 200;
}

/** Of the process, of those it waited for, and of those that live. */
function familyCpuMs(pid: number): number {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const stats = new Map(all.map((name) => [Number(name), readStat(name)]));
  const cpuMs = (id: number): number => {
    const children = [...stats].filter(([, stat]) => stat.parent === id);
    return (stats.get(id)?.cpuMs ?? 0) + children.reduce((sum, [child]) => sum + cpuMs(child), 0);
  };
  return cpuMs(pid);
}

/** proc(5): the fields behind the name, which may hold anything. */
function readStat(pid: string): { readonly parent: number; readonly cpuMs: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + field, 0);
    return { parent: fields[1] ?? 0, cpuMs: ticks * MS_PER_TICK };
  } catch {
    return { parent: 0, cpuMs: 0 };
  }
}

function memoryMib({ pid }: ChildProcess, what: string): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
}

async function untilKept(file: string): Promise<void> {
  const deadlineMs = performance.now() + KEEP_LIMIT_MS;
  while (statSync(file, { throwIfNoEntry: false }) === undefined) {
    if (performance.now() > deadlineMs) throw new Error(`${file} was not written`);
    await sleep(POLL_MS);
  }
}

async function measureStarts(where: string, count: number, given: Environment): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-starts-'));
  try {
    const environment = {
      GAVEL_DATA_DIR: folder,
      GAVEL_ADMIN_KEY: 'bench-admin-key-0123456789',
      GAVEL_PORT: String(PORT),
      GAVEL_HOST: '127.0.0.1',
      GAVEL_DEMO: '0',
      GAVEL_WORKERS: '1',
      ...given,
    };
    await load(environment, count);
    const base = join(folder, 'index/base');
    const first = await measure(environment, () => untilKept(join(folder, 'index/changes')));
    const second = await measure(environment, async () => {});
    const fileMib = statSync(base).size / 2 ** 20;
    console.log(
      `${count} campaigns, ${where} Postgres: ready in ${describe(first)}; from disk in ${describe(second)};`,
      `the file ${fileMib.toFixed(1)} MiB`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describe({ readyMs, cpuMs, residentMib, peakMib }: Start): string {
  const [ready, cpu] = [readyMs, cpuMs].map((ms) => (ms / 1_000).toFixed(2));
  return `${ready} s (CPU ${cpu} s; ${residentMib.toFixed(0)} MiB resident, ${peakMib.toFixed(0)} at most)`;
}

const sizes = process.argv.slice(2).map(Number);
const { DATABASE_URL: url } = process.env;
for (const count of sizes.length > 0 ? sizes : SIZES) {
  await measureStarts('embedded', count, {});
  if (url === undefined) continue;
  await inOwnDatabase(url, String(count), (own) => measureStarts('server', count, { DATABASE_URL: own }));
}
