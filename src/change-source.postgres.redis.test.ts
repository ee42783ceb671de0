/** Nodes on one Postgres and one Redis, whose lines and stream are broken in every way that is to be healed. */
import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { followCampaigns, type CampaignFeed } from './campaign-feed.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { changeStreamKey } from './campaigns/redis-change-stream.ts';
import { seededRandom } from './campaigns/seeded-random.ts';
import { seededCampaigns } from './campaigns/seeded.ts';
import type { CampaignStore } from './campaigns/store.ts';
import { followChangeStream, type ChangeSource } from './change-source.ts';
import { compileCampaigns } from './compile-thread.ts';
import { openScratchServer, throughProxy } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { openRedis } from './database/redis-connection.ts';
import { compileFirst, type CompilingEdges } from './index-opening.ts';
import { serviceUrl } from './fixtures/services.ts';
import { openProxy, type Proxy } from './fixtures/toxiproxy.ts';
import { NO_COUNTS } from './targeting/ad-counts.ts';
import { IndexHolder } from './targeting/index-holder.ts';
import { openSnapshot } from './targeting/snapshot-view.ts';
import { snapshotOrdinal, indexOf, type Index } from './targeting/tiers.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const WAIT = { timeout: 30_000, interval: 5 };
const PRIORS = { ctr: 0.001, cvr: 0.00001 };
const LEADER_LOCK = 7_238_003;
const HEALED = 'changes that the stream did not bring were read from Postgres';

interface Node {
  readonly feed: CampaignFeed;
  readonly holder: IndexHolder;
  readonly source: ChangeSource;
  /** The lines of this node. */
  readonly postgres: Proxy;
  readonly redis: Proxy;
  readonly logged: readonly string[];
  close(): Promise<void>;
}

const server = openScratchServer();
let url: string;
let direct: Pool;
let store: CampaignStore;
let admin: Redis;
let databaseId: string;
let key: string;
let nodes: Node[];
let firstId: string;
let secondId: string;

beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  direct = openPool(url, () => {});
  store = createCampaignStore(direct);
  const campaigns = seededCampaigns({ count: 3, seed: 1 });
  await store.insertMany(campaigns);
  [firstId = '', secondId = ''] = campaigns.map(({ id }) => id);
  admin = new Redis(serviceUrl('REDIS_URL'));
  databaseId = `test-${randomUUID()}`;
  key = changeStreamKey(databaseId);
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await direct.end();
  await admin.del(key);
  await admin.quit();
});
afterAll(() => server.close());

async function proxyOf(to: string): Promise<Proxy> {
  const { hostname, port } = new URL(to);
  return openProxy({ host: hostname, port: Number(port) });
}

async function openNode(): Promise<Node> {
  const [postgres, redis] = [await proxyOf(url), await proxyOf(serviceUrl('REDIS_URL'))];
  const databaseUrl = throughProxy(url, postgres);
  const redisUrl = throughProxy(serviceUrl('REDIS_URL'), redis);
  const logged: string[] = [];
  const hear = (_: object, message: string): void => void logged.push(message);
  const log = { debug: hear, info: hear, warn: hear, error: hear, fatal: hear };
  const pool = openPool(databaseUrl, () => {});
  const nodeStore = createCampaignStore(pool);
  const compiling: CompilingEdges = {
    compiler: {
      async compile(order) {
        const { buffer, ...facts } = await compileCampaigns(order);
        return { snapshot: openSnapshot(buffer), ...facts };
      },
      close: () => Promise.resolve(),
    },
    databaseUrl,
    priors: PRIORS,
    clock: Date.now,
    log,
  };
  const first = await compileFirst(compiling);
  const holder = new IndexHolder(first.writer.index, () => () => {});
  const feed = followCampaigns({ ...compiling, store: nodeStore }, first, holder, () => {});
  const connection = openRedis({ url: redisUrl, isCluster: false, onState: () => {} });
  const source = await followChangeStream(
    { feed, distrust: () => first.writer.distrust(), store: nodeStore, databaseUrl, log },
    { connection, url: redisUrl, isCluster: false, waitMs: 5, databaseId },
  );
  const node: Node = {
    feed,
    holder,
    source,
    postgres,
    redis,
    logged,
    async close() {
      feed.stop();
      await source.close();
      await connection.close();
      await postgres.cut();
      await redis.cut();
      await pool.end();
      await postgres.close();
      await redis.close();
    },
  };
  nodes.push(node);
  return node;
}

/** Until one leads, has begun the stream, and all read it. */
async function untilStreamed(): Promise<void> {
  await vi.waitUntil(() => nodes.every(({ source }) => source.figures().isStreamUp) && leaders() === 1, WAIT);
  await vi.waitUntil(() => admin.exists(key), WAIT);
}

/** Of which the first leads. */
async function openNodes(): Promise<readonly [leader: Node, follower: Node]> {
  const first = await openNode();
  await untilStreamed();
  const second = await openNode();
  await untilStreamed();
  return [first, second];
}

function leaders(): number {
  return nodes.filter(({ source }) => source.figures().isLeader).length;
}

/** Gives the ads of a campaign a title that is found in `table`. */
async function rename(id = firstId): Promise<string> {
  const title = `Title ${randomUUID()}`;
  await direct.query('UPDATE ads SET title = $1 WHERE campaign_id = $2', [title, id]);
  return title;
}

function serves(node: Node, name: string): boolean {
  return table(node.holder.current).some((row) => row.includes(name));
}

function untilServed(name: string, by: readonly Node[] = nodes): Promise<boolean> {
  return vi.waitUntil(() => by.every((node) => serves(node, name)), WAIT);
}

function table(index: Index): string[] {
  return index.best(index.campaignCount + 1).map((ordinal) => {
    const { snapshot } = index.tierOf(ordinal);
    const row = snapshotOrdinal(ordinal);
    const [start = 0, end = 0] = snapshot.adStart.subarray(row, row + 2);
    const ads = Array.from({ length: end - start }, (_, i) => snapshot.adText(start + i).title);
    return JSON.stringify([snapshot.campaignText(row), snapshot.rankMicros[row], ads]);
  });
}

async function tableAnew(): Promise<string[]> {
  const ranking = { priors: PRIORS, counts: NO_COUNTS };
  const order = { epoch: 1, nowMs: 0, ...ranking, databaseUrl: url, since: null, buffer: undefined };
  return table(indexOf(openSnapshot((await compileCampaigns(order)).buffer)));
}

describe('a change', () => {
  it('is served by every node, and read from Postgres by the one alone that leads', async () => {
    const [leader, follower] = await openNodes();
    const listeners = await direct.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gavel-listen'`,
    );
    expect(listeners.rowCount).toBe(1);
    for (let i = 0; i < 5; i++) await untilServed(await rename());
    for (const { source } of nodes) {
      const { fromStream, fromPostgres } = source.figures();
      expect(fromStream + fromPostgres).toBe(5);
      // One of a node's own looks may have come between.
      expect(fromPostgres).toBeLessThanOrEqual(1);
    }
    expect([leader, follower].map(({ source }) => source.figures().isLeader)).toEqual([true, false]);
  });

  it('of a node’s own is served there once that has caught up, stream or not', async () => {
    const [, follower] = await openNodes();
    const name = await rename();
    await follower.feed.catchUp();
    expect(serves(follower, name)).toBe(true);
    await untilServed(name);
  });

  it('reaches a node that can not reach Postgres', async () => {
    const [, follower] = await openNodes();
    await follower.postgres.cut();
    await untilServed(await rename());
    expect(follower.source.figures().fromPostgres).toBe(0);
  });

  it('of more campaigns than the stream carries is served by every node', async () => {
    await openNodes();
    await store.insertMany(seededCampaigns({ count: 100, seed: 2 }));
    await vi.waitUntil(() => nodes.every(({ holder }) => holder.current.campaignCount > 100), WAIT);
    const anew = await tableAnew();
    for (const { holder } of nodes) expect(table(holder.current)).toEqual(anew);
    await untilServed(await rename());
  });

  it('of which nobody was notified is served all the same', async () => {
    const { rows } = await direct.query<{ source: string }>(
      `SELECT pg_get_functiondef('raise_campaign_version'::regproc) AS source`,
    );
    await direct.query((rows[0]?.source ?? '').replace(/PERFORM pg_notify[^;]*;/, ''));
    await openNodes();
    for (let i = 0; i < 3; i++) await untilServed(await rename());
    // The leader looks eight times as often as the others.
    expect(nodes.some(({ source }) => source.figures().fromStream > 0)).toBe(true);
  });

  it('is served though nobody leads', async () => {
    const locker = await direct.connect();
    await locker.query(`SELECT pg_advisory_lock(${String(LEADER_LOCK)})`);
    try {
      await openNode();
      await openNode();
      await vi.waitUntil(() => nodes.every(({ source }) => source.figures().isStreamUp), WAIT);
      await untilServed(await rename());
      expect(leaders()).toBe(0);
    } finally {
      locker.release(true);
    }
    await untilStreamed();
    await untilServed(await rename());
  });
});

describe('a node', () => {
  it.each([
    ['cut off', (proxy: Proxy) => proxy.cut()],
    ['in silence', (proxy: Proxy) => proxy.blackHole()],
  ])('that was %s catches up from the stream, without Postgres', async (_, breakLine) => {
    const [, follower] = await openNodes();
    await follower.postgres.cut();
    await breakLine(follower.redis);
    await vi.waitUntil(() => !follower.source.figures().isStreamUp, WAIT);
    for (let i = 0; i < 20; i++) await rename();
    const name = await rename();
    await untilServed(name, [nodes[0]!]);
    expect(serves(follower, name)).toBe(false);
    await follower.redis.heal();
    await untilServed(name);
    expect(follower.source.figures().fromPostgres).toBe(0);
  });

  it('asks Postgres for itself while Redis is away', async () => {
    const [, follower] = await openNodes();
    await follower.redis.cut();
    await untilServed(await rename());
    expect(follower.source.figures()).toMatchObject({ fromPostgres: 1, isStreamUp: false });
  });

  it('that finds a gap, as the stream was trimmed meanwhile, reads it from Postgres', async () => {
    const [leader, follower] = await openNodes();
    await follower.postgres.cut();
    await follower.redis.cut();
    await direct.query(`UPDATE campaigns SET status = 'paused' WHERE id <> $1`, [firstId]);
    for (let i = 0; i < 2; i++) await untilServed(await rename(), [leader]);
    await admin.xtrim(key, 'MAXLEN', 1);
    await follower.redis.heal();
    await vi.waitUntil(() => follower.source.figures().isStreamUp, WAIT);
    await untilServed(await rename(), [leader]);
    await follower.postgres.heal();
    await expect.poll(() => table(follower.holder.current), WAIT).toEqual(await tableAnew());
  });

  it('that leads and stops is followed by another, and nothing is lost', async () => {
    const [leader, follower] = await openNodes();
    await leader.source.close();
    const name = await rename();
    await untilServed(name, [follower]);
    await vi.waitUntil(() => follower.source.figures().isLeader, WAIT);
    await untilServed(await rename(), [follower]);
    expect(leader.logged).toContain('this node leads no longer');
    expect(follower.logged).toContain('this node leads: it writes the stream of changes');
  });

  it('that leads and loses Redis leaves the lead to one that has it', async () => {
    const [leader, follower] = await openNodes();
    await leader.redis.cut();
    await vi.waitUntil(() => follower.source.figures().isLeader, WAIT);
    for (let i = 0; i < 2; i++) await untilServed(await rename());
    expect(follower.source.figures().fromStream).toBeGreaterThan(0);
  });
});

describe('a stream that is', () => {
  it.each([
    ['trimmed to nothing', () => admin.xtrim(key, 'MAXLEN', 0)],
    ['deleted', () => admin.del(key)],
    ['replaced by something else', () => admin.xadd(key, '9999-0', 'what', 'is this')],
    ['lost with its scripts, as by a restart', () => admin.multi().del(key).script('FLUSH').exec()],
  ])('%s is begun anew, and what was committed meanwhile is served', async (_, harm) => {
    const [, follower] = await openNodes();
    await untilServed(await rename());
    await harm();
    await untilServed(await rename());
    await vi.waitUntil(() => follower.logged.includes(HEALED), WAIT);
    const { fromStream } = follower.source.figures();
    for (let i = 0; i < 2; i++) await untilServed(await rename());
    expect(follower.source.figures().fromStream).toBeGreaterThan(fromStream);
  });
});

/** As a backup does: by so many changes, all of which gave the first campaign titles. */
async function setBack(changes: number, title: string): Promise<void> {
  await direct.query(`BEGIN; SET LOCAL session_replication_role = replica;
    UPDATE ads SET title = '${title}' WHERE campaign_id = '${firstId}';
    UPDATE campaign_changes SET version = version - ${changes};
    UPDATE changed_campaigns SET version = least(version, (SELECT version FROM campaign_changes)); COMMIT`);
}

it('a database that was set back, and went on past where it was, is served as it is by a node that could not ask', async () => {
  const [leader, follower] = await openNodes();
  const before = await rename();
  for (let i = 0; i < 3; i++) await untilServed(await rename());
  await follower.postgres.cut();
  await setBack(3, before);
  await untilServed(before, [leader]);
  await untilServed(await rename(secondId), [leader]);
  for (let i = 0; i < 4; i++) await untilServed(await rename(), [leader]);
  await follower.postgres.heal();
  const anew = await tableAnew();
  await expect.poll(() => table(follower.holder.current), WAIT).toEqual(anew);
});

it('a database in which nothing was ever changed has a leader, which has nothing to tell', async () => {
  await direct.query('UPDATE campaign_changes SET version = 0');
  const node = await openNode();
  await vi.waitUntil(() => node.logged.includes('this node leads: it writes the stream of changes'), WAIT);
  expect(await admin.exists(key)).toBe(0);
  await untilServed(await rename());
});

it('a database that was set back to a time before is served as it is, and so is what is committed then', async () => {
  await openNodes();
  const before = await rename();
  await untilServed(before);
  for (let i = 0; i < 3; i++) await untilServed(await rename());
  await setBack(3, before);
  await untilServed(before);
  await untilServed(await rename());
  for (const { holder } of nodes) expect(table(holder.current)).toEqual(await tableAnew());
});

it('after any changes and any losses, every node holds what an index compiled anew holds', async () => {
  const random = seededRandom(SEED);
  await openNodes();
  for (let step = 0; step < 25; step++) {
    const harm = random.integer(8);
    if (harm === 0) await admin.del(key);
    if (harm === 1) await admin.xtrim(key, 'MAXLEN', random.between(0, 2));
    if (harm === 2) await random.pick(nodes).redis.cut();
    if (harm === 3) await random.pick(nodes).postgres.cut();
    if (harm === 4) {
      await direct.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name IN ('gavel-leader', 'gavel-listen')`,
      );
    }
    for (let i = random.between(1, 4); i > 0; i--) {
      const chance = random.integer(4);
      if (chance === 0) await rename();
      if (chance === 1) await store.insertMany(seededCampaigns({ count: 2, seed: random.integer(2 ** 32) }));
      if (chance === 2) {
        await direct.query(`UPDATE campaigns SET bid_amount_micros = $1`, [random.between(1, 20) * 100_000]);
      }
      if (chance === 3) {
        await direct.query(
          `UPDATE campaigns SET status = 'paused' WHERE id IN (SELECT id FROM campaigns WHERE id <> '${firstId}' ORDER BY random() LIMIT 1)`,
        );
      }
    }
    for (const node of nodes) {
      await node.redis.heal();
      await node.postgres.heal();
    }
    const anew = await tableAnew();
    for (const { holder } of nodes) {
      await expect
        .poll(() => table(holder.current), { ...WAIT, message: `GAVEL_TEST_SEED=${SEED}, step ${step}` })
        .toEqual(anew);
    }
  }
});
