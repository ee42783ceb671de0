/** Two servers on one Postgres and one Redis spend one budget: under load, when one is killed, when Redis is away. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { loadSecrets, nameDatabase } from './database/postgres-secrets.ts';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';
import { openProxy, type Proxy } from './fixtures/toxiproxy.ts';

const WAIT = { timeout: 120_000, interval: 50 };
/** Of 5 USD a thousand: 100 impressions. */
const BUDGET_USD = 0.5;
const IMPRESSIONS = 100;
const IMPRESSION_NANOS = 5_000_000;
/** Of a bid; then its money comes back, and that of a lease a minute later, as a win would have kept it. */
const VALID_SEC = 2;
/** A round of requests at once. */
const AT_ONCE = 25;

const server = openScratchServer();
let database: string;
let pool: Pool;
let proxy: Proxy;
let running: GavelProcess[];
let folders: string[];

beforeEach(async () => {
  database = await server.createDatabase();
  await migrate(database);
  pool = openPool(database, () => {});
  const { hostname, port } = new URL(serviceUrl('REDIS_URL'));
  proxy = await openProxy({ host: hostname, port: Number(port) });
  running = [];
  folders = [];
});
afterEach(async () => {
  await Promise.all(running.map((gavel) => gavel.kill()));
  for (const folder of folders) removeDataDir(folder);
  await proxy.close();
  const redis = new Redis(serviceUrl('REDIS_URL'));
  const name = nameDatabase(await loadSecrets(pool));
  for await (const keys of redis.scanStream({ match: `gavel:*${name}*`, count: 1000 })) {
    for (const key of keys as string[]) await redis.del(key);
  }
  await redis.quit();
  await pool.end();
});
afterAll(() => server.close());

async function start(redisUrl = serviceUrl('REDIS_URL')): Promise<GavelProcess> {
  const folder = newDataDir();
  folders.push(folder);
  const environment = { DATABASE_URL: database, REDIS_URL: redisUrl, GAVEL_WORKERS: '0' };
  const gavel = await startGavel(folder, environment);
  running.push(gavel);
  await vi.waitUntil(async () => (await healthOf(gavel)) === 'up', WAIT);
  return gavel;
}

async function healthOf({ url }: GavelProcess): Promise<string> {
  const { checks } = (await (await fetch(`${url}/health`)).json()) as { checks: { redis: string } };
  return checks.redis;
}

async function createCampaign({ url }: GavelProcess): Promise<string> {
  const response = await fetch(`${url}/campaigns`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'shared',
      advertiserId: randomUUID(),
      bid: { model: 'cpm', amount: 5 },
      dailyBudget: BUDGET_USD,
      pacing: 'asap',
      ads: [
        {
          title: 'shared',
          imageUrl: 'https://cdn.brand.example/a.png',
          redirectUrl: 'https://www.brand.example/',
          width: 999,
          height: 111,
        },
      ],
    }),
  });
  const { id } = (await response.json()) as { id: string };
  expect(response.status).toBe(201);
  return id;
}

/** The billing notices of the bids; null: no bid. */
async function bid({ url }: GavelProcess): Promise<string | null> {
  const response = await fetch(`${url}/openrtb2/bid`, {
    method: 'POST',
    body: JSON.stringify({
      id: randomUUID(),
      imp: [{ id: '1', exp: VALID_SEC, banner: { w: 999, h: 111 } }],
      site: { domain: 'news.example' },
    }),
  });
  if (response.status !== 200) return null;
  const { seatbid } = (await response.json()) as { seatbid: { bid: { burl: string }[] }[] };
  return seatbid[0]?.bid[0]?.burl ?? null;
}

async function bidAtOnce(gavels: readonly GavelProcess[]): Promise<string[]> {
  const asked = Array.from({ length: AT_ONCE }, (_, at) => bid(gavels[at % gavels.length]!));
  return (await Promise.all(asked)).filter((burl) => burl !== null);
}

/** Told to any server, at the price that was bid. */
async function bill(gavel: GavelProcess, burl: string): Promise<number> {
  const { pathname, search } = new URL(burl.replace('${AUCTION_PRICE}', '5'));
  return (await fetch(`${gavel.url}${pathname}${search}`)).status;
}

async function spentNanos({ url }: GavelProcess, id: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const campaign = (await (await fetch(`${url}/campaigns/${id}`, { headers })).json()) as {
    spentToday: number;
  };
  return Math.round(campaign.spentToday * 1e9);
}

async function countedNanos(): Promise<number> {
  const { rows } = await pool.query<{ sum: string }>(
    'SELECT coalesce(sum(spend_nanos), 0)::text AS sum FROM daily_metrics',
  );
  return Number(rows[0]?.sum);
}

describe('a budget that two servers share', () => {
  it('is spent to its last unit and not beyond it, and every post is counted once', async () => {
    const gavels = [await start(), await start()];
    const id = await createCampaign(gavels[0]!);
    let billed = 0;
    await vi.waitUntil(async () => {
      const burls = await bidAtOnce(gavels);
      billed += burls.length;
      // Each is told to the server that did not bid, too, and twice.
      const told = burls.flatMap((burl) => gavels.map((gavel) => bill(gavel, burl)));
      expect((await Promise.all(told)).every((status) => status === 204)).toBe(true);
      return billed >= IMPRESSIONS;
    }, WAIT);
    for (let round = 0; round < 5; round++) expect(await bidAtOnce(gavels)).toEqual([]);
    expect(billed).toBe(IMPRESSIONS);
    for (const gavel of gavels) expect(await spentNanos(gavel, id)).toBe(IMPRESSIONS * IMPRESSION_NANOS);
    await expect.poll(countedNanos, WAIT).toBe(IMPRESSIONS * IMPRESSION_NANOS);
  });

  it('gets back what a server held that was killed, once its bids have expired, and nothing before', async () => {
    const [dying, living] = [await start(), await start()];
    const id = await createCampaign(dying);
    let held = 0;
    await vi.waitUntil(async () => {
      held += (await bidAtOnce([dying])).length;
      return held >= IMPRESSIONS;
    }, WAIT);
    await dying.kill();
    expect(await bidAtOnce([living])).toEqual([]);
    let billed = 0;
    await vi.waitUntil(async () => {
      const burls = await bidAtOnce([living]);
      for (const burl of burls) expect(await bill(living, burl)).toBe(204);
      billed += burls.length;
      return billed >= IMPRESSIONS;
    }, WAIT);
    expect(await bidAtOnce([living])).toEqual([]);
    expect(await spentNanos(living, id)).toBe(IMPRESSIONS * IMPRESSION_NANOS);
  });

  it('is bid on with what a server holds while Redis is away, then no more; notices are kept, and posted', async () => {
    const url = new URL(serviceUrl('REDIS_URL'));
    url.host = `${proxy.host}:${String(proxy.port)}`;
    const gavel = await start(url.href);
    const id = await createCampaign(gavel);
    const burls: string[] = [];
    await vi.waitUntil(async () => {
      burls.push(...(await bidAtOnce([gavel])));
      return burls.length > 0;
    }, WAIT);
    await proxy.cut();
    for (const burl of burls) expect(await bill(gavel, burl)).toBe(204);
    await vi.waitUntil(async () => (await healthOf(gavel)) === 'down', WAIT);
    await vi.waitUntil(async () => {
      const more = await bidAtOnce([gavel]);
      burls.push(...more);
      for (const burl of more) expect(await bill(gavel, burl)).toBe(204);
      return more.length === 0;
    }, WAIT);
    await proxy.heal();
    await expect.poll(() => spentNanos(gavel, id), WAIT).toBe(burls.length * IMPRESSION_NANOS);
    await expect.poll(async () => (await bidAtOnce([gavel])).length, WAIT).toBeGreaterThan(0);
    await expect.poll(countedNanos, WAIT).toBe(burls.length * IMPRESSION_NANOS);
  });
});
