import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { openRedis, type RedisConnection } from '../database/redis-connection.ts';
import { serviceUrl } from '../fixtures/services.ts';
import { describeCaps } from './fixtures/cap-suite.ts';
import { openCapsOver } from './fixtures/shared-caps.ts';
import { userKey } from './redis-cap-scripts.ts';

let redis: RedisConnection;
let admin: Cluster;
const faults: string[] = [];

beforeAll(async () => {
  const url = serviceUrl('REDIS_CLUSTER_URL');
  admin = new Cluster(url.split(','));
  await new Promise<void>((resolve) => {
    redis = openRedis({ url, isCluster: true, onState: () => resolve() });
  });
});
afterAll(async () => {
  await redis.close();
  admin.disconnect();
  expect(faults).toEqual([]);
});

describe('the caps on a Redis Cluster', () => {
  describeCaps(async () => ({
    caps: await openCapsOver(redis, faults),
    recordOf: async (userHash) => (await admin.getBuffer(userKey(userHash)))?.toString('latin1') ?? '',
  }));
});
