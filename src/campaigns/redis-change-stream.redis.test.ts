import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { openRedis, type RedisConnection } from '../database/redis-connection.ts';
import { serviceUrl } from '../fixtures/services.ts';
import {
  changeStreamKey,
  openChangeStream,
  readEntry,
  type ChangeStream,
  type StreamHead,
} from './redis-change-stream.ts';

const SOON = { timeout: 30_000, interval: 10 };
const ROW = JSON.stringify({ version: 8, count: 0, changed: null, campaigns: null });

let admin: Redis;
let redis: RedisConnection;
let key: string;
let stream: ChangeStream;

beforeEach(async () => {
  admin = new Redis(serviceUrl('REDIS_URL'));
  redis = openRedis({ url: serviceUrl('REDIS_URL'), isCluster: false, onState: () => {} });
  await expect.poll(() => redis.state, SOON).toBe('up');
  key = changeStreamKey(`test-${randomUUID()}`);
  stream = openChangeStream(redis, key);
});
afterEach(async () => {
  await redis.close();
  await admin.del(key);
  await admin.quit();
});

async function begin(number: number): Promise<StreamHead> {
  expect(await stream.begin(null, number, 'first')).toBe('appended');
  return { id: `${number}-0`, number, chain: 'first' };
}

async function ids(): Promise<string[]> {
  return (await admin.xrange(key, '-', '+')).map(([id]) => id);
}

it('a stream is empty, is begun, and goes on behind its head', async () => {
  expect(await stream.head()).toBe(null);
  const head = await begin(7);
  expect(await stream.head()).toEqual(head);
  expect(await stream.append(head, 8, ROW)).toBe('appended');
  expect(await stream.head()).toEqual({ id: '8-0', number: 8, chain: 'first' });
  expect(await ids()).toEqual(['7-0', '8-0']);
});

it('of two who lead at once, one is refused, whatever both would write', async () => {
  const head = await begin(7);
  expect(await Promise.all([stream.append(head, 8, ROW), stream.append(head, 9, null)])).toEqual([
    'appended',
    'overtaken',
  ]);
  expect(await stream.begin(head, 3, 'second')).toBe('overtaken');
  expect(await stream.begin(null, 3, 'second')).toBe('overtaken');
  expect(await ids()).toEqual(['7-0', '8-0']);
});

it('a stream that is begun anew holds nothing of what was before, and may begin lower', async () => {
  const head = await begin(7);
  expect(await stream.begin(head, 3, 'second')).toBe('appended');
  expect(await ids()).toEqual(['3-0']);
  expect(await stream.append(head, 8, ROW)).toBe('overtaken');
  expect(await stream.append({ id: '3-0', number: 3, chain: 'second' }, 4, null)).toBe('appended');
});

it('a stream that others emptied is found empty, also where Redis still knows its last number', async () => {
  await begin(7);
  await admin.xtrim(key, 'MAXLEN', 0);
  expect(await stream.head()).toBe(null);
  expect(await stream.begin(null, 7, 'second')).toBe('appended');
});

it.each(['99-7', '8-1'])(
  'an entry %s that another program wrote does not keep us from going on',
  async (id) => {
    await begin(7);
    await admin.xadd(key, id, 'other', 'fields\nof two lines');
    const head = await stream.head();
    if (head === null || head === 'away') throw new Error('no head');
    expect(await stream.append(head, 100, ROW)).toBe('appended');
    expect(await stream.begin({ id: '100-0', number: 100, chain: head.chain }, 8, 'second')).toBe('appended');
    expect(await ids()).toEqual(['8-0']);
  },
);

it('a stream keeps some thousand entries, however many were added', async () => {
  let head = await begin(1);
  for (let number = 2; number <= 1_500; number++) {
    await stream.append(head, number, null);
    head = { id: `${number}-0`, number, chain: 'first' };
  }
  expect((await ids()).length).toBeLessThan(1_200);
  expect((await ids()).at(-1)).toBe('1500-0');
});

it('an entry is read as it was written, and one in another form as holding nothing', async () => {
  const head = await begin(7);
  await stream.append(head, 8, ROW);
  const [, entry] = await admin.xrange(key, '-', '+');
  const words = entry?.[1] ?? [];
  const fields: Record<string, string> = {};
  for (let i = 0; i < words.length; i += 2) fields[words[i] ?? ''] = words[i + 1] ?? '';
  const changes = { version: 8, mark: null, count: 0, changed: new Map(), campaigns: [] };
  expect(readEntry({ number: 8, fields })).toEqual({ number: 8, from: 7, chain: 'first', changes });
  expect(readEntry({ number: 8, fields: { ...fields, form: '2' } }).changes).toBe(null);
  for (const row of ['{broken', 'null', '{"changed":{},"count":0,"campaigns":[{}]}'])
    expect(readEntry({ number: 8, fields: { ...fields, row } }).changes).toBe(null);
  expect(readEntry({ number: 8, fields: {} })).toEqual({ number: 8, from: null, chain: '', changes: null });
});

it('a Redis that is away is told as away', async () => {
  await redis.close();
  expect(await stream.head()).toBe('away');
  expect(await stream.begin(null, 1, 'first')).toBe('away');
});
