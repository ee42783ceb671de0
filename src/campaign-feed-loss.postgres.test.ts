/** The feed and its compiler on a bad line to Postgres: what is served stays, and a change comes once the line is back. */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followCampaigns, type CampaignFeed, type FeedEdges } from './campaign-feed.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { seededCampaigns } from './campaigns/seeded.ts';
import type { CampaignStore } from './campaigns/store.ts';
import { openScratchServer, throughProxy, untilWaiting } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { compileFirst } from './index-opening.ts';
import { openProxy, type Proxy } from './fixtures/toxiproxy.ts';
import { startIndexCompiler, type IndexCompiler } from './targeting/piscina-compiler.ts';
import { IndexHolder } from './targeting/index-holder.ts';

const WAIT = { timeout: 30_000, interval: 20 };
const THREAD = new URL('../dist/compile-thread.js', import.meta.url);
const AWAY = 'Postgres can not be asked: the index in memory serves on';
const FAILED = 'a new index could not be made: the last one serves on';
const BACK = 'Postgres is back';

const server = openScratchServer();
let proxy: Proxy;
/** The campaigns as another node changes them, on a line that stays sound. */
let direct: Pool;
let elsewhere: CampaignStore;
/** The feed's own. */
let pool: Pool;
let compiler: IndexCompiler;
let holder: IndexHolder;
let feed: CampaignFeed;
let logged: string[];

beforeEach(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  direct = openPool(url, () => {});
  elsewhere = createCampaignStore(direct);
  await elsewhere.insertMany(seededCampaigns({ count: 1, seed: 1 }));
  const { hostname, port } = new URL(url);
  proxy = await openProxy({ host: hostname, port: Number(port) });
  await startFeed(throughProxy(url, proxy));
});
afterEach(async () => {
  feed.stop();
  await proxy.heal();
  await compiler.close();
  await pool.end();
  await direct.end();
  await proxy.close();
});
afterAll(() => server.close());

async function startFeed(url: string): Promise<void> {
  logged = [];
  const hear = (_: object, message: string): void => void logged.push(message);
  pool = openPool(url, () => {});
  compiler = startIndexCompiler(THREAD);
  const edges: FeedEdges = {
    store: createCampaignStore(pool),
    compiler,
    databaseUrl: url,
    priors: { ctr: 0.001, cvr: 0.00001 },
    clock: Date.now,
    log: { debug: hear, info: hear, warn: hear, error: hear, fatal: hear },
  };
  const first = await compileFirst(edges);
  holder = new IndexHolder(first.writer.index, () => () => {});
  feed = followCampaigns(edges, first, holder, () => {});
}

function untilServed(campaigns: number): Promise<boolean> {
  return vi.waitUntil(() => holder.current.campaignCount === campaigns, WAIT);
}

describe.each([
  ['is cut', () => proxy.cut()],
  ['carries nothing', () => proxy.blackHole()],
])('a feed whose line to Postgres %s', (_, breakLine) => {
  it('says so once, keeps what it serves, and takes what changed meanwhile once the line is back', async () => {
    await breakLine();
    await vi.waitUntil(() => !feed.isConnected, WAIT);
    await elsewhere.insertMany(seededCampaigns({ count: 2, seed: 2 }));
    expect(holder.current.campaignCount).toBe(1);
    await proxy.heal();
    await untilServed(3);
    expect(feed.isConnected).toBe(true);
    expect(logged).toEqual([AWAY, BACK, 'index published']);
  });
});

it('a feed behind a slow line serves a change all the same', async () => {
  await proxy.slow(100);
  await elsewhere.insertMany(seededCampaigns({ count: 2, seed: 2 }));
  await untilServed(3);
  expect(logged).toEqual(['index published']);
});

describe('an index that can not be made', () => {
  it('is told as such and once, though Postgres answers, and made as soon as it can be', async () => {
    await direct.query('ALTER TABLE ads RENAME TO ads_elsewhere');
    await direct.query(`UPDATE campaigns SET name = 'Renamed'`);
    await vi.waitUntil(() => logged.length > 0, WAIT);
    expect(feed.isConnected).toBe(true);
    await direct.query('ALTER TABLE ads_elsewhere RENAME TO ads');
    await vi.waitUntil(() => logged.includes('index published'), WAIT);
    expect(logged).toEqual([FAILED, 'index published']);
  });

  it('because the line was cut while the campaigns were read is made once the line is back', async () => {
    const locker = await direct.connect();
    await locker.query('BEGIN; LOCK TABLE ads IN ACCESS EXCLUSIVE MODE');
    await direct.query(`UPDATE campaigns SET name = 'Renamed'`);
    await untilWaiting(direct, 1);
    await proxy.cut();
    await vi.waitUntil(() => logged.includes(FAILED) && logged.includes(AWAY), WAIT);
    await locker.query('COMMIT');
    locker.release();
    await proxy.heal();
    await vi.waitUntil(() => holder.current.epoch === 2, WAIT);
    expect(logged.slice(2)).toEqual([BACK, 'index published']);
  });
});
