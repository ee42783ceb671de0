/**
 * Two servers on one Postgres and one Redis, as two machines would run them, and campaigns of which each is all that can
 * answer one certain request: so that it is seen from outside from when on a server bids by a change.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Campaign } from '../src/campaigns/model.ts';
import { atEnd } from './bench-process.ts';
import { benchCampaigns, seedCampaigns, startServer, type BenchServer } from './bench-server.ts';

/** One campaign, and the request that it alone can answer. */
export interface Probe {
  readonly id: string;
  readonly body: string;
}

export interface BenchNode extends BenchServer {
  /** Asks until the answer has the price. Resolves with the time of that answer, by performance.now(). */
  untilPriced(probe: Probe, price: number): Promise<number>;
  /** By HTTP; resolves with the answer. */
  patchPrice(probe: Probe, price: number): Promise<void>;
}

export interface TwoNodes {
  readonly nodes: readonly [BenchNode, BenchNode];
  readonly probes: readonly Probe[];
  /** The other campaigns. */
  readonly ids: readonly string[];
  /** One session; each statement is a transaction of its own, committed when it resolves. */
  setPrice(id: string, price: number): Promise<void>;
  close(): Promise<void>;
}

export interface NodesOrder {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly campaigns: number;
  /** Of these campaigns. */
  readonly probes: number;
}

const ADMIN_KEY = 'bench-admin-key-0123456789';
/** Each server gets its share of the cores, and takes one of it for its front thread. */
const WORKERS = Math.max(0, Math.floor(availableParallelism() / 2) - 1);
/** That no other campaign has. */
const PROBE_SIZE = { width: 333, height: 222 } as const;
const FIRST_PRICE = 1;
const MICROS_PER_USD = 1_000_000;
/** Between two questions: what asks without a pause takes from the servers what it measures. */
const ASK_PAUSE_MS = 1;
const ASK_LIMIT_MS = 10_000;

export async function startTwoNodes(order: NodesOrder): Promise<TwoNodes> {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-nodes-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  atEnd(remove);
  const environment = (name: string): Readonly<Record<string, string>> => ({
    DATABASE_URL: order.databaseUrl,
    REDIS_URL: order.redisUrl,
    GAVEL_DATA_DIR: join(folder, name),
    GAVEL_ADMIN_KEY: ADMIN_KEY,
    GAVEL_WORKERS: String(WORKERS),
  });
  const campaigns = benchCampaigns(order.campaigns).map((campaign, i) =>
    i < order.probes ? toProbe(campaign, i) : campaign,
  );
  await seedCampaigns(environment('seed'), campaigns);
  const start = async (name: string): Promise<BenchNode> =>
    asNode(await startServer(environment(name), order.campaigns));
  const nodes = [await start('a'), await start('b')] as const;
  const client = new pg.Client({ connectionString: order.databaseUrl });
  await client.connect();
  return {
    nodes,
    probes: campaigns.slice(0, order.probes).map(({ id }, i) => ({ id, body: probeBody(i) })),
    ids: campaigns.slice(order.probes).map(({ id }) => id),
    async setPrice(id, price) {
      const text = 'UPDATE campaigns SET bid_amount_micros = $2 WHERE id = $1';
      await client.query({ name: 'set-price', text, values: [id, Math.round(price * MICROS_PER_USD)] });
    },
    async close() {
      await client.end();
      await Promise.all(nodes.map((node) => node.stop()));
      remove();
    },
  };
}

function toProbe(campaign: Campaign, number: number): Campaign {
  return {
    ...campaign,
    bid: { model: 'cpm', amountMicros: FIRST_PRICE * MICROS_PER_USD },
    schedule: { ...campaign.schedule, dayparts: [] },
    targeting: [{ dimension: 'domain', operator: 'include', values: [probeDomain(number)] }],
    ads: campaign.ads.slice(0, 1).map((ad) => ({ ...ad, ...PROBE_SIZE })),
  };
}

function probeBody(number: number): string {
  const { width: w, height: h } = PROBE_SIZE;
  const site = { domain: probeDomain(number) };
  return JSON.stringify({ id: `probe-${number}`, imp: [{ id: '1', banner: { w, h } }], site });
}

function probeDomain(number: number): string {
  return `probe-${number}.example`;
}

function asNode(server: BenchServer): BenchNode {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { origin } = new URL(server.url);
  return {
    ...server,
    async untilPriced(probe, price) {
      const deadlineMs = performance.now() + ASK_LIMIT_MS;
      for (;;) {
        const answer = await call(agent, server.url, 'POST', probe.body);
        const answeredMs = performance.now();
        if (priceOf(answer) === price) return answeredMs;
        if (answeredMs > deadlineMs) throw new Error(`${probe.id} is not bid for at ${price}: ${answer}`);
        await sleep(ASK_PAUSE_MS);
      }
    },
    async patchPrice({ id }, price) {
      await call(agent, `${origin}/campaigns/${id}`, 'PATCH', JSON.stringify({ bid: { amount: price } }));
    },
    async stop() {
      agent.destroy();
      await server.stop();
    },
  };
}

/** Nobody bids: the answer is empty. */
function priceOf(answer: string): number | null {
  if (answer === '') return null;
  const { seatbid } = JSON.parse(answer) as { seatbid?: { bid: { price: number }[] }[] };
  return seatbid?.[0]?.bid[0]?.price ?? null;
}

async function call(agent: Agent, url: string, method: string, body: string): Promise<string> {
  const answer = await new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: `Bearer ${ADMIN_KEY}`,
    };
    const sent = request(url, { agent, method, headers }, (response) => {
      const { statusCode: status = 0 } = response;
      text(response).then((read) => resolve({ status, body: read }), reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
  if (answer.status < 300) return answer.body;
  throw new Error(`${method} ${url} was answered ${answer.status}: ${answer.body}`);
}
