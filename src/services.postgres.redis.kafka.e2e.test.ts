/** The server on a Postgres, a Redis and a Kafka of its own machine: one of them lost at a time, then all at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { seedDemo } from './campaigns/demo.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { openScratchServer, throughProxy } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool } from './database/postgres-pool.ts';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';
import { findProxy, openProxy, type Proxy } from './fixtures/toxiproxy.ts';

const SERVICES = ['postgres', 'redis', 'kafka'] as const;
type Service = (typeof SERVICES)[number];

/** The slowest, Kafka behind a line that carries nothing, takes about 5 s. */
const NOTICED = { timeout: 30_000, interval: 50 };
/** `docker stop` kills after it. */
const EXIT_LIMIT_MS = 10_000;
const ALL_UP = { postgres: 'up', redis: 'up', kafka: 'up' };

const server = openScratchServer();
const folders: string[] = [];
const running: GavelProcess[] = [];
let proxies: Record<Service, Proxy>;
let environment: Record<string, string>;

beforeAll(async () => {
  const database = await server.createDatabase();
  await migrate(database);
  const pool = openPool(database, () => {});
  await seedDemo(createCampaignStore(pool), Date.now());
  await pool.end();
  proxies = {
    postgres: await openProxy(addressOf(database)),
    redis: await openProxy(addressOf(serviceUrl('REDIS_URL'))),
    kafka: await findProxy('kafka'),
  };
  environment = {
    DATABASE_URL: throughProxy(database, proxies.postgres),
    REDIS_URL: throughProxy(serviceUrl('REDIS_URL'), proxies.redis),
    KAFKA_BROKERS: serviceUrl('KAFKA_PROXIED_BROKERS'),
  };
});
afterEach(async () => {
  await healAll();
  await Promise.all(running.splice(0).map((gavel) => gavel.kill()));
  for (const folder of folders.splice(0)) removeDataDir(folder);
});
afterAll(async () => {
  for (const proxy of Object.values(proxies)) await proxy.close();
  await server.close();
});

function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

async function start(more: Readonly<Record<string, string>> = {}): Promise<GavelProcess> {
  const folder = newDataDir();
  folders.push(folder);
  const gavel = await startGavel(folder, { ...environment, ...more });
  running.push(gavel);
  return gavel;
}

async function healAll(): Promise<void> {
  for (const proxy of Object.values(proxies)) await proxy.heal();
}

async function untilHealth(
  gavel: GavelProcess,
  checks: Readonly<Partial<Record<Service, string>>>,
): Promise<void> {
  const status = Object.values(checks).includes('down') ? 'degraded' : 'ok';
  const wanted = {
    status,
    checks: { ...ALL_UP, ...checks },
    // While Redis is down, it depends on what was under way.
    breakers: { redis: checks.redis === 'down' ? (expect.any(String) as string) : 'closed' },
    caps: checks.redis === 'down' ? (expect.any(String) as string) : 'up',
    index: { source: 'postgres' },
  };
  await vi.waitFor(async () => {
    expect(await (await fetch(`${gavel.url}/health`)).json()).toEqual(wanted);
  }, NOTICED);
}

async function bids(gavel: GavelProcess): Promise<boolean> {
  const response = await fetch(`${gavel.url}/openrtb2/bid`, {
    method: 'POST',
    body: JSON.stringify({
      id: 'services',
      imp: [{ id: '1', banner: { w: 300, h: 250 } }],
      site: { domain: 'news.example' },
      device: { os: 'Android', geo: { country: 'USA' } },
    }),
  });
  return response.status === 200;
}

/** After an outage a bid may come before its slice of the budget. */
function untilBids(gavel: GavelProcess): Promise<boolean> {
  return vi.waitUntil(() => bids(gavel), NOTICED);
}

async function upMetric(gavel: GavelProcess, service: Service): Promise<string | undefined> {
  const text = await (await fetch(`${gavel.url}/metrics`)).text();
  return new RegExp(`^gavel_${service}_up (.*)$`, 'm').exec(text)?.[1];
}

interface Line {
  readonly level: string;
  readonly msg: string;
}

function logOf(gavel: GavelProcess): readonly Line[] {
  const lines = gavel.stdout().trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Line);
}

const TOLD: Readonly<Record<Service, readonly [gone: string, back: string]>> = {
  postgres: ['Postgres can not be asked: the index in memory serves on', 'Postgres is back'],
  redis: ['Redis is down', 'Redis is up'],
  kafka: ['Kafka is down', 'Kafka is up'],
};

describe('a server with all three', () => {
  it('bids at once, is well, and warns of nothing', async () => {
    // A bid waits for its slice, however busy the machine is.
    const gavel = await start({ GAVEL_REDIS_WAIT_MS: '1000' });
    await untilHealth(gavel, ALL_UP);
    expect(await bids(gavel)).toBe(true);
    const warned = logOf(gavel).filter(({ level, msg }) => level === 'warn' && msg.includes('so far'));
    expect(warned).toEqual([]);
    expect(await gavel.stop()).toBe(0);
  });

  describe.each(SERVICES)('of which %s', (service) => {
    it.each([
      ['is cut', () => proxies[service].cut()],
      ['hangs', () => proxies[service].blackHole()],
    ])(
      '%s says so, bids on while its budgets can be asked, and is well again by itself',
      async (_, breakLine) => {
        const gavel = await start();
        await untilHealth(gavel, ALL_UP);
        await untilBids(gavel);
        const before = logOf(gavel).length;
        await breakLine();
        await untilHealth(gavel, { [service]: 'down' });
        expect(await upMetric(gavel, service)).toBe('0');
        // Slices of budgets are Redis's: what this server holds of them lasts a few seconds.
        await vi.waitUntil(async () => (await bids(gavel)) === (service !== 'redis'), NOTICED);
        await proxies[service].heal();
        await untilHealth(gavel, ALL_UP);
        await untilBids(gavel);
        expect(await upMetric(gavel, service)).toBe('1');
        const told = logOf(gavel).slice(before);
        expect(told.map(({ msg }) => msg).filter((msg) => TOLD[service].includes(msg))).toEqual(
          TOLD[service],
        );
      },
    );
  });

  it('is not kept from its start by a Redis and a Kafka that are away, and finds them once they are there', async () => {
    await proxies.redis.cut();
    await proxies.kafka.blackHole();
    const gavel = await start();
    await untilHealth(gavel, { redis: 'down', kafka: 'down' });
    expect(await bids(gavel)).toBe(false);
    await healAll();
    await untilHealth(gavel, ALL_UP);
    await untilBids(gavel);
  });

  it('stops in time where all three hang', async () => {
    const gavel = await start();
    await untilHealth(gavel, ALL_UP);
    for (const proxy of Object.values(proxies)) await proxy.blackHole();
    await untilHealth(gavel, { postgres: 'down', redis: 'down', kafka: 'down' });
    const exit = Promise.race([gavel.stop(), delay(EXIT_LIMIT_MS, 'runs on', { ref: false })]);
    expect(await exit).toBe(0);
    expect(logOf(gavel).at(-1)?.msg).toBe('stopped');
  });
});
