import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRedis, type RedisConnection } from '../database/redis-connection.ts';
import { serviceUrl } from '../fixtures/services.ts';
import { NO_COUNTS, type Counts } from './counts.ts';
import { openHighWater } from './redis-high-water.ts';
import type { HighWater } from './totals.ts';

const FULL: Counts = {
  impressions: Number.MAX_SAFE_INTEGER,
  clicks: Number.MAX_SAFE_INTEGER - 1,
  conversions: 0,
  spendNanos: Number.MAX_SAFE_INTEGER,
};

let admin: Redis;
let redis: RedisConnection;
let highWater: HighWater;
let databaseId: string;

beforeEach(async () => {
  admin = new Redis(serviceUrl('REDIS_URL'));
  redis = openRedis({ url: serviceUrl('REDIS_URL'), isCluster: false, onState: () => {} });
  await expect.poll(() => redis.state, { timeout: 30_000, interval: 10 }).toBe('up');
  databaseId = `test-${randomUUID()}`;
  highWater = openHighWater(redis, databaseId);
});
afterEach(async () => {
  await redis.close();
  const keys = await admin.keys(`gavel:totals:{${databaseId}:*`);
  if (keys.length > 0) await admin.del(...keys);
  await admin.quit();
});

function reading(counts: Readonly<Record<number, Counts>>) {
  return {
    ownerId: 'o',
    counts: new Map(Object.entries(counts).map(([start, of]) => [Number(start), of])),
  };
}

it('what was shown is raised, number by number, and never lowered', async () => {
  expect(await highWater.look('s', [1, 2])).toBe(null);
  const first = reading({ 1: { ...NO_COUNTS, impressions: 9, clicks: 10 }, 2: NO_COUNTS });
  expect(await highWater.raise('s', first)).toEqual(first);
  const second = reading({ 1: { ...NO_COUNTS, impressions: 10, clicks: 9, spendNanos: 5 } });
  const larger = { ...NO_COUNTS, impressions: 10, clicks: 10, spendNanos: 5 };
  expect(await highWater.raise('s', second)).toEqual(reading({ 1: larger }));
  expect(await highWater.look('s', [1, 2, 3])).toEqual(reading({ 1: larger, 2: NO_COUNTS }));
  expect(await highWater.look('t', [1])).toBe(null);
});

it('numbers of sixteen digits stay exact', async () => {
  await highWater.raise('s', reading({ 1: FULL }));
  const raised = await highWater.raise('s', reading({ 1: { ...FULL, clicks: FULL.clicks - 1 } }));
  expect(raised).toEqual(reading({ 1: FULL }));
});

it('as many buckets as a question may ask for go in one call, and a series has an end', async () => {
  const many = (from: number) =>
    reading(Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [from + n, { ...FULL }])));
  for (const from of [0, 1_500, 3_000, 4_500]) {
    expect(await highWater.raise('s', many(from))).toEqual(many(from));
  }
  expect(await highWater.look('s', [0])).toEqual(reading({ 0: FULL }));
  await highWater.raise('s', many(6_000));
  expect(await highWater.look('s', [0])).toEqual(reading({}));
  const [key = ''] = await admin.keys(`gavel:totals:{${databaseId}:*`);
  expect(await admin.ttl(key)).toBeGreaterThan(0);
});

it('an ad of nobody’s has no owner, and a Redis that is away is no answer', async () => {
  const nobodys = { ownerId: null, counts: new Map([[1, NO_COUNTS]]) };
  await highWater.raise('s', nobodys);
  expect(await highWater.look('s', [1])).toEqual(nobodys);
  await redis.close();
  expect(await highWater.look('s', [1])).toBe('away');
  expect(await highWater.raise('s', nobodys)).toBe('away');
});
