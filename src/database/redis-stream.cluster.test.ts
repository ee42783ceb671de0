import { randomUUID } from 'node:crypto';

import { Cluster } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { changeStreamKey, openChangeStream } from '../campaigns/redis-change-stream.ts';
import { serviceUrl } from '../fixtures/services.ts';
import { openProxy, type Proxy } from '../fixtures/toxiproxy.ts';
import { openRedis } from './redis-connection.ts';
import { followStream, type StreamReader } from './redis-stream.ts';
import type { RedisServer } from './redis-url.ts';

/** For what only has to come at some time. */
const SOON = { timeout: 30_000, interval: 10 };
/** Their streams lie on several masters. */
const DATABASES = Array.from({ length: 6 }, () => randomUUID());

let admin: Cluster;
let proxies: Proxy[];
let readers: StreamReader[];
let heard: string[];
let told: string[];

beforeEach(() => {
  const [server] = serviceUrl('REDIS_CLUSTER_URL').split(',');
  const { hostname, port } = new URL(server ?? '');
  admin = new Cluster([{ host: hostname, port: Number(port) }]);
  proxies = [];
  readers = [];
  heard = [];
  told = [];
});
afterEach(async () => {
  for (const reader of readers) reader.close();
  await Promise.all(proxies.map((proxy) => proxy.close()));
  for (const database of DATABASES) await admin.del(changeStreamKey(database));
  await admin.quit();
});

/** All masters behind proxies of their own. */
async function detour(): Promise<Record<string, RedisServer>> {
  const detours: Record<string, RedisServer> = {};
  for (const { options } of admin.nodes('master')) {
    const { host = '', port = 0 } = options;
    const proxy = await openProxy({ host, port });
    proxies.push(proxy);
    detours[`${host}:${String(port)}`] = proxy;
  }
  return detours;
}

function follow(database: string, detours: Readonly<Record<string, RedisServer>> = {}): void {
  const reader = followStream({
    url: serviceUrl('REDIS_CLUSTER_URL'),
    isCluster: true,
    key: changeStreamKey(database),
    after: 0,
    onEntry: ({ number }) => heard.push(`${database} ${String(number)}`),
    onState: (state) => told.push(state),
    detours,
  });
  readers.push(reader);
}

it('a stream on any master of a cluster is written and read', async () => {
  for (const database of DATABASES) follow(database);
  for (const database of DATABASES) {
    const redis = openRedis({ url: serviceUrl('REDIS_CLUSTER_URL'), isCluster: true, onState: () => {} });
    await expect.poll(() => redis.state, SOON).toBe('up');
    const stream = openChangeStream(redis, changeStreamKey(database));
    expect(await stream.begin(null, 4, 'chain')).toBe('appended');
    expect(await stream.append({ id: '4-0', number: 4, chain: 'chain' }, 5, null)).toBe('appended');
    expect(await stream.head()).toEqual({ id: '5-0', number: 5, chain: 'chain' });
    await redis.close();
  }
  const wanted = DATABASES.flatMap((database) => [`${database} 4`, `${database} 5`]);
  await expect.poll(() => [...heard].sort(), SOON).toEqual(wanted.sort());
});

it.each([
  ['cut', (proxy: Proxy) => proxy.cut()],
  ['silent', (proxy: Proxy) => proxy.blackHole()],
])('a reader of a cluster whose lines are %s misses nothing that came meanwhile', async (_, breakLine) => {
  const [database = ''] = DATABASES;
  const key = changeStreamKey(database);
  await admin.xadd(key, '1-0', 'word', 'w');
  follow(database, await detour());
  await expect.poll(() => heard, SOON).toEqual([`${database} 1`]);
  await Promise.all(proxies.map(breakLine));
  await expect.poll(() => told, SOON).toEqual(['up', 'down']);
  await admin.xadd(key, '2-0', 'word', 'w');
  await Promise.all(proxies.map((proxy) => proxy.heal()));
  await expect.poll(() => heard, SOON).toEqual([`${database} 1`, `${database} 2`]);
});
