/** Servers of the ledger's bench: the built program on a database of the bench's, with Redis or without. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Campaign } from '../src/campaigns/model.ts';
import { atEnd } from './bench-process.ts';
import { seedCampaigns, startServer, type BenchServer } from './bench-server.ts';

export interface LedgerNode extends BenchServer {
  readonly origin: string;
  readMetrics(): Promise<Metrics>;
  /** Every campaign as the management answers it, page by page. */
  readCampaigns(): Promise<readonly object[]>;
}

/** Values by what stands before them in the text of /metrics. */
export type Metrics = ReadonlyMap<string, number>;

export interface NodeOrder {
  readonly databaseUrl: string;
  /** null: the ledger is embedded. */
  readonly redisUrl: string | null;
  /** How many the database holds. */
  readonly campaigns: number;
}

const ADMIN_KEY = 'bench-admin-key-0123456789';
/** On two cores that load and Redis share, workers bring nothing; and CPU time is easier to lay to one thread. */
const WORKERS = '0';
/** Longer than anything waits: an answer of 204 costs less than a bid. */
const TMAX_CAP_MS = '5000';
const PAGE = 500;
const UP_LIMIT_MS = 10_000;
const POLL_MS = 50;

/** Puts campaigns into a database that has none. */
export async function seedLedgerCampaigns(
  databaseUrl: string,
  campaigns: readonly Campaign[],
): Promise<void> {
  const folder = newFolder();
  await seedCampaigns({ DATABASE_URL: databaseUrl, GAVEL_DATA_DIR: folder }, campaigns);
  remove(folder);
}

/** Resolves once it bids on all campaigns and, told of one, has found Redis. */
export async function startLedgerNode(order: NodeOrder): Promise<LedgerNode> {
  const folder = newFolder();
  const server = await startServer(
    {
      DATABASE_URL: order.databaseUrl,
      ...(order.redisUrl === null ? {} : { REDIS_URL: order.redisUrl }),
      GAVEL_DATA_DIR: folder,
      GAVEL_ADMIN_KEY: ADMIN_KEY,
      GAVEL_WORKERS: WORKERS,
      GAVEL_TMAX_CAP_MS: TMAX_CAP_MS,
    },
    order.campaigns,
  );
  const { origin } = new URL(server.url);
  if (order.redisUrl !== null) await untilRedisIsUp(origin);
  return {
    ...server,
    origin,
    readMetrics: async () => parseMetrics(await (await fetch(`${origin}/metrics`)).text()),
    readCampaigns: () => readCampaigns(origin),
    async stop() {
      await server.stop();
      remove(folder);
    },
  };
}

async function readCampaigns(origin: string): Promise<readonly object[]> {
  const items: object[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const url = `${origin}/campaigns?limit=${PAGE}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    if (answer.status !== 200) throw new Error(`${url} was answered ${answer.status}`);
    const page = (await answer.json()) as { items: object[]; nextCursor: string | null };
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

async function untilRedisIsUp(origin: string): Promise<void> {
  const deadlineMs = performance.now() + UP_LIMIT_MS;
  for (;;) {
    const { checks } = (await (await fetch(`${origin}/health`)).json()) as { checks: { redis: string } };
    if (checks.redis === 'up') return;
    if (performance.now() > deadlineMs) throw new Error('the server does not find Redis');
    await sleep(POLL_MS);
  }
}

function parseMetrics(text: string): Metrics {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line): [string, number] => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-ledger-'));
  atEnd(() => remove(folder));
  return folder;
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
