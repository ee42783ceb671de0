/** The servers of the bench: bare uWebSockets.js, and the built program over seeded campaigns in a fresh data folder. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededCampaigns } from '../src/campaigns/seeded.ts';
import type { Campaign } from '../src/campaigns/model.ts';
import { readConfig } from '../src/config.ts';
import { costNanos, NANOS_PER_USD } from '../src/money.ts';
import { createLog } from '../src/server/logs.ts';
import { openStorage } from '../src/storage.ts';
import { atEnd, endProcess, startNode } from './bench-process.ts';

export interface BenchServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const BARE = fileURLToPath(new URL('bench-bare.mjs', import.meta.url));
export const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SEED = 20_261_101;
const RULES = [3, 8] as const;
/** Far more than a run can spend, so that no campaign drops out of the bidding. */
const DAILY_BUDGET_USD = 1_000_000;
/** Longer than anything waits in a closed loop of 64 connections: an answer of 204 would cost less than a bid. */
const TMAX_CAP_MS = 5_000;
const START_LIMIT_MS = 60_000;
const POLL_MS = 50;

/** Of the server: names and values. */
export type BenchEnvironment = Readonly<Record<string, string>>;

export interface BareWork {
  readonly answerBytes: number;
  readonly parses: boolean;
  /** Microseconds of doing nothing before each answer. */
  readonly spinMicros: number;
}

export async function startBare({ answerBytes, parses, spinMicros }: BareWork): Promise<BenchServer> {
  const child = startNode([BARE], {
    env: {
      ANSWER_BYTES: String(answerBytes),
      PARSE: parses ? '1' : '0',
      SPIN_MICROS: String(spinMicros),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null || child.pid === undefined) throw new Error('the bare server does not start');
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url: `http://127.0.0.1:${port}/openrtb2/bid`, pid: child.pid, stop: () => endProcess(child) };
}

export function benchCampaigns(count: number): Campaign[] {
  return seededCampaigns({ count, seed: SEED, rules: RULES }).map((campaign) => ({
    ...campaign,
    dailyBudgetNanos: costNanos(DAILY_BUDGET_USD * NANOS_PER_USD),
  }));
}

/**
 * Over seeded campaigns in an embedded Postgres; with so many workers, and nothing answered late; or on its defaults.
 * `nodeOptions` come before the program: a profiler, say.
 */
export async function startGavel(
  workers: number | 'defaults',
  campaigns: number,
  nodeOptions: readonly string[] = [],
): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  atEnd(remove);
  const where = { GAVEL_DATA_DIR: join(folder, 'data') };
  await seedCampaigns(where, benchCampaigns(campaigns));
  const how =
    workers === 'defaults' ? {} : { GAVEL_WORKERS: String(workers), GAVEL_TMAX_CAP_MS: String(TMAX_CAP_MS) };
  const server = await startServer({ ...where, ...how }, campaigns, nodeOptions);
  return {
    ...server,
    async stop() {
      await server.stop();
      remove();
    },
  };
}

/** The built program in that environment, which names its data folder. Resolves once it has so many campaigns. */
export async function startServer(
  environment: BenchEnvironment,
  campaigns: number,
  nodeOptions: readonly string[] = [],
): Promise<BenchServer> {
  const port = await freePort();
  const child = startNode([...nodeOptions, PROGRAM, 'serve'], {
    // Where no .env lies.
    cwd: dirname(PROGRAM),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      GAVEL_HOST: '127.0.0.1',
      GAVEL_PORT: String(port),
      GAVEL_DEMO: '0',
      GAVEL_LOG_LEVEL: 'warn',
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (told += text));
  const url = `http://127.0.0.1:${port}`;
  await untilLoaded(url, campaigns, () => told);
  return { url: `${url}/openrtb2/bid`, pid: child.pid ?? 0, stop: () => endProcess(child) };
}

/** Through the server's own rooms, before it starts: Postgres, its tables, the campaign store. */
export async function seedCampaigns(
  environment: BenchEnvironment,
  campaigns: readonly Campaign[],
): Promise<void> {
  const read = readConfig(environment, 1, 'command');
  if (!read.ok) throw new Error(read.message);
  const storage = await openStorage(read.config, createLog('error'));
  try {
    await storage.store.insertMany(campaigns);
    // What a server that runs for a while finds done.
    await storage.pool.query('ANALYZE');
  } finally {
    await storage.close();
  }
}

async function untilLoaded(url: string, campaigns: number, told: () => string): Promise<void> {
  const loaded = `gavel_index_campaigns ${campaigns}\n`;
  const deadlineMs = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadlineMs) {
    const metrics = await fetch(`${url}/metrics`).then(
      (response) => response.text(),
      () => '',
    );
    if (metrics.includes(loaded)) return;
    await sleep(POLL_MS);
  }
  throw new Error(
    `the server has not loaded ${campaigns} campaigns within ${START_LIMIT_MS / 1_000} s\n${told()}`,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
