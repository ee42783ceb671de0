import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { serviceUrl } from '../fixtures/services.ts';
import { openProxy, type Proxy } from '../fixtures/toxiproxy.ts';
import { openRedis, type RedisConnection, type RedisOrder } from './redis-connection.ts';
import type { ScriptRunner } from './redis-script.ts';
import { slotOf } from './redis-slot.ts';
import type { RedisServer } from './redis-url.ts';

/** For what only has to come at some time. */
const SOON = { timeout: 30_000, interval: 20 };
const LONG_MS = 20_000;
const PREFIX = `test:redis-cluster:${randomUUID()}`;
/** Which server ran it. */
const WHO = { lua: "return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')", keys: 1 };
/** Enough for all masters to have some. */
const KEYS = Array.from({ length: 60 }, (_, nth) => `${PREFIX}:{${String(nth)}}`);

let url: string;
let masters: readonly RedisServer[];
let redis: RedisConnection | null;
let proxies: Proxy[];
let told: { readonly state: string; readonly reason: string }[];

beforeAll(async () => {
  url = serviceUrl('REDIS_CLUSTER_URL');
  masters = await onEveryNode([firstServer()], async (node) => {
    const slots = await node.cluster('SLOTS');
    return slots.map(([, , master]) => ({ host: master![0], port: master![1] }));
  }).then((answers) => answers.flat());
  expect(masters.length).toBeGreaterThanOrEqual(3);
});
beforeEach(() => {
  redis = null;
  proxies = [];
  told = [];
});
afterEach(async () => {
  await redis?.close();
  await Promise.all(proxies.map((proxy) => proxy.close()));
});

function firstServer(): RedisServer {
  const { hostname, port } = new URL(url.split(',')[0] ?? '');
  return { host: hostname, port: Number(port || '6379') };
}

function onEveryNode<T>(servers: readonly RedisServer[], work: (node: Redis) => Promise<T>): Promise<T[]> {
  return Promise.all(
    servers.map(async (server) => {
      const node = new Redis(server);
      try {
        return await work(node);
      } finally {
        node.disconnect();
      }
    }),
  );
}

function open(order: Partial<RedisOrder> = {}): RedisConnection {
  redis = openRedis({
    url,
    isCluster: true,
    onState: (state, reason) => told.push({ state, reason }),
    ...order,
  });
  return redis;
}

async function becomes(...states: readonly string[]): Promise<void> {
  await expect.poll(() => told.map(({ state }) => state), SOON).toEqual(states);
}

async function proxyOf(server: RedisServer): Promise<Proxy> {
  const proxy = await openProxy(server);
  proxies.push(proxy);
  return proxy;
}

/** Each master behind a proxy of its own; `detours` may be changed later. */
async function openProxied(): Promise<{ who: ScriptRunner; detours: Record<string, RedisServer> }> {
  const entrance = await proxyOf(firstServer());
  const detours: Record<string, RedisServer> = {};
  await detour(detours);
  const opened = open({ url: `redis://${entrance.host}:${String(entrance.port)}`, detours });
  const who = opened.defineScript('who', WHO);
  await becomes('up');
  expect(await kindsOf(who)).toEqual(['reply']);
  return { who, detours };
}

async function detour(detours: Record<string, RedisServer>): Promise<void> {
  for (const server of masters) {
    const { host, port } = await proxyOf(server);
    detours[`${server.host}:${String(server.port)}`] = { host, port };
  }
}

/** How calls to all masters end, each kind once. */
async function kindsOf(who: ScriptRunner): Promise<string[]> {
  const outcomes = await Promise.all(KEYS.map((key) => who([key], [], LONG_MS)));
  return [...new Set(outcomes.map(({ kind }) => kind))].sort();
}

describe('a Redis Cluster', () => {
  it('runs a script on whichever master holds the keys, also after all of them forgot it', async () => {
    const who = open().defineScript('who', WHO);
    await becomes('up');
    const ask = () => Promise.all(KEYS.map((key) => who([key], [], LONG_MS)));
    const first = await ask();
    expect(new Set(first.map((outcome) => JSON.stringify(outcome))).size).toBe(masters.length);
    expect(first.every(({ kind }) => kind === 'reply')).toBe(true);
    await onEveryNode(masters, (node) => node.script('FLUSH'));
    expect(await ask()).toEqual(first);
  });

  it('places keys as we do', async () => {
    for (const key of ['', 'a', '{}', '{}x', 'x{a}y{b}', 'ü{ä€}', '{😀}', ...KEYS]) {
      expect(await onEveryNode([firstServer()], (node) => node.cluster('KEYSLOT', key))).toEqual([
        slotOf(key),
      ]);
    }
  });

  it('keeps 2^53 − 1 in two keys of one tag', async () => {
    const twice = open().defineScript('twice', {
      lua: "for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'EX', 60) end return redis.call('GET', KEYS[2])",
      keys: 2,
    });
    await becomes('up');
    for (const key of KEYS.slice(0, 10)) {
      expect(await twice([`${key}:a`, `${key}:b`], [Number.MAX_SAFE_INTEGER], LONG_MS)).toEqual({
        kind: 'reply',
        reply: '9007199254740991',
      });
    }
  });

  it.each(['cut', 'blackHole'] as const)(
    'with one master away (%s) is down and names it, serves from the others, and comes back by itself',
    async (fault) => {
      const { who } = await openProxied();
      const lost = proxies[1]!;
      await lost[fault]();
      await becomes('up', 'down');
      expect(told[1]?.reason).toContain(`Redis at ${lost.host}:${String(lost.port)} `);
      expect(await kindsOf(who)).toEqual(['away', 'reply']);
      expect(await redis?.ping()).toBe(false);
      await lost.heal();
      await becomes('up', 'down', 'up');
      expect(await kindsOf(who)).toEqual(['reply']);
    },
  );

  it('with a master that is silent ends the calls for it as late', async () => {
    const { who } = await openProxied();
    await proxies[1]?.blackHole();
    const outcomes = await Promise.all(KEYS.map((key) => who([key], [], 50)));
    expect([...new Set(outcomes.map(({ kind }) => kind))].sort()).toEqual(['late', 'reply']);
  });

  it('of which one master is slow stays up: a call for it is late or answered by its own deadline', async () => {
    const { who } = await openProxied();
    await proxies[1]?.slow(300);
    const startMs = performance.now();
    expect(await kindsOf(who)).toEqual(['reply']);
    expect(performance.now() - startMs).toBeGreaterThan(299);
    expect(await redis?.ping()).toBe(true);
    await becomes('up');
    expect(redis?.breaker()).toEqual({ state: 'closed', failures: 0, openings: 0 });
  });

  it('of which one master fails its calls sends it none until it answers in time, and the others all', async () => {
    const { who } = await openProxied();
    await proxies[1]?.slow(700);
    const outcomes = await Promise.all(KEYS.map((key) => who([key], [], 200)));
    const failed = KEYS.filter((_, nth) => outcomes[nth]?.kind === 'late');
    await becomes('up', 'down');
    expect(KEYS.filter((key) => redis?.isOpen(key) === false)).toEqual(failed);
    expect(await kindsOf(who)).toEqual(['away', 'reply']);
    expect(redis?.breaker()).toMatchObject({ failures: failed.length, openings: 1 });
    await proxies[1]?.heal();
    await becomes('up', 'down', 'up');
    expect(await kindsOf(who)).toEqual(['reply']);
  });

  it('that is away as a whole is down once, refuses calls at once, and comes back by itself', async () => {
    const { who } = await openProxied();
    await Promise.all(proxies.map((proxy) => proxy.cut()));
    await becomes('up', 'down');
    await expect.poll(() => kindsOf(who), SOON).toEqual(['away']);
    await Promise.all(proxies.map((proxy) => proxy.heal()));
    await becomes('up', 'down', 'up');
    expect(await kindsOf(who)).toEqual(['reply']);
  });

  it('whose nodes all went to other addresses is found again through the URL, with its scripts', async () => {
    const { who, detours } = await openProxied();
    const [, ...former] = proxies;
    await Promise.all(former.map((proxy) => proxy.cut()));
    await detour(detours);
    await becomes('up', 'down', 'up');
    expect(await kindsOf(who)).toEqual(['reply']);
    expect(await redis?.ping()).toBe(true);
  });

  it('that is away from the start is told as down, and is up as soon as it is there', async () => {
    const entrance = await proxyOf(firstServer());
    await entrance.cut();
    open({ url: `redis://${entrance.host}:${String(entrance.port)}` });
    await becomes('down');
    expect(told[0]?.reason).toContain('does not answer');
    await entrance.heal();
    await becomes('down', 'up');
  });

  it('closes while its masters are silent', async () => {
    const { who } = await openProxied();
    await Promise.all(proxies.map((proxy) => proxy.blackHole()));
    const calls = kindsOf(who);
    await redis?.close();
    expect(await calls).toEqual(['late']);
    expect(await kindsOf(who)).toEqual(['away']);
    await becomes('up');
  });

  it('that is taken for a single server is refused, and the way out is named', async () => {
    const { host, port } = firstServer();
    open({ url: `redis://${host}:${String(port)}`, isCluster: false });
    await becomes('down');
    expect(told[0]?.reason).toBe(
      `Redis at ${host}:${String(port)} is a node of a cluster: set GAVEL_REDIS_CLUSTER=1`,
    );
  });

  it('is known as one by several servers in the URL', async () => {
    const several = masters.map(({ host, port }) => `redis://${host}:${String(port)}`).join(',');
    const who = open({ url: several, isCluster: false }).defineScript('who', WHO);
    await becomes('up');
    expect(await kindsOf(who)).toEqual(['reply']);
  });
});
