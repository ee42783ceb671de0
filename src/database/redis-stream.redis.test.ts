import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { serviceUrl } from '../fixtures/services.ts';
import { openProxy, type Proxy } from '../fixtures/toxiproxy.ts';
import { followStream, type StreamReader } from './redis-stream.ts';

/** For what only has to come at some time. */
const SOON = { timeout: 30_000, interval: 10 };

let admin: Redis;
let proxy: Proxy;
let url: URL;
let key: string;
let reader: StreamReader | null;
let heard: [number: number, word: string | undefined][];
let told: { readonly state: string; readonly reason: string }[];

beforeEach(async () => {
  admin = new Redis(serviceUrl('REDIS_URL'));
  key = `test:redis-stream:${randomUUID()}`;
  url = new URL(serviceUrl('REDIS_URL'));
  proxy = await openProxy({ host: url.hostname, port: Number(url.port || '6379') });
  url.host = `${proxy.host}:${String(proxy.port)}`;
  reader = null;
  heard = [];
  told = [];
});
afterEach(async () => {
  reader?.close();
  await proxy.close();
  await admin.del(key);
  await admin.quit();
});

function follow(after: number): void {
  reader = followStream({
    url: url.href,
    isCluster: false,
    key,
    after,
    onEntry: ({ number, fields }) => heard.push([number, fields.word]),
    onState: (state, reason) => told.push({ state, reason }),
  });
}

async function add(...numbers: readonly number[]): Promise<void> {
  for (const number of numbers) await admin.xadd(key, `${String(number)}-0`, 'word', `w${String(number)}`);
}

async function hears(...numbers: readonly number[]): Promise<void> {
  await expect.poll(() => heard.map(([number]) => number), SOON).toEqual(numbers);
}

async function becomes(...states: readonly string[]): Promise<void> {
  await expect.poll(() => told.map(({ state }) => state), SOON).toEqual(states);
}

describe('a reader', () => {
  it('is told what stands behind its position, then what comes, once each and in order', async () => {
    const many = Array.from({ length: 30 }, (_, i) => i + 3);
    await add(1, 2, ...many);
    follow(2);
    await hears(...many);
    await add(50, 60);
    await hears(...many, 50, 60);
    expect(heard.at(-1)).toEqual([60, 'w60']);
    await becomes('up');
  });

  it('waits for a stream that is not there yet', async () => {
    follow(0);
    await becomes('up');
    await add(5);
    await hears(5);
  });

  it('reads a stream that was begun anew with lower numbers from its beginning', async () => {
    await add(9, 10);
    follow(0);
    await hears(9, 10);
    await admin.del(key);
    await add(4);
    await hears(9, 10, 4);
    await add(5);
    await hears(9, 10, 4, 5);
  });

  it('does not read an entry again and again that shares its number with another', async () => {
    follow(0);
    await becomes('up');
    await add(1);
    await hears(1);
    await admin.xadd(key, '1-1', 'word', 'w');
    await admin.xadd(key, '2-7', 'word', 'w');
    await hears(1, 2);
    await add(3);
    await hears(1, 2, 3);
  });

  it('goes on from where it was after a stream was emptied', async () => {
    await add(1, 2);
    follow(0);
    await hears(1, 2);
    await admin.xtrim(key, 'MAXLEN', 0);
    await add(3);
    await hears(1, 2, 3);
  });

  it.each([
    ['cut', () => proxy.cut()],
    ['silent', () => proxy.blackHole()],
  ])('whose line is %s says so once, and misses nothing that came meanwhile', async (_, breakLine) => {
    await add(1);
    follow(0);
    await hears(1);
    await breakLine();
    await becomes('up', 'down');
    expect(told[1]?.reason).toMatch(/^Redis at [^ ]+ (does not answer|has closed|refuses)/);
    await add(2, 3);
    await proxy.heal();
    await hears(1, 2, 3);
    await becomes('up', 'down', 'up');
  });

  it('behind a slow line stays up', async () => {
    await proxy.slow(200);
    follow(0);
    await add(1);
    await hears(1);
    await add(2);
    await hears(1, 2);
    await becomes('up');
  });

  it('that may read no streams says what to grant, and reads as soon as it is granted', async () => {
    const user = `test-${randomUUID()}`;
    await admin.acl('SETUSER', user, 'on', '>secret-word', '~*', '+@all', '-@stream');
    url.username = user;
    url.password = 'secret-word';
    await add(1);
    follow(0);
    await becomes('down');
    expect(told[0]?.reason).toContain('+@stream');
    expect(told[0]?.reason).not.toContain('secret-word');
    await admin.acl('SETUSER', user, '+@stream');
    await hears(1);
    await admin.acl('DELUSER', user);
  });

  it('tells nothing once it is closed, and leaves no connection behind', async () => {
    follow(0);
    await becomes('up');
    const id = (await admin.call('CLIENT', 'ID')) as number;
    const readers = async (): Promise<number> => {
      const list = String(await admin.call('CLIENT', 'LIST'));
      return list
        .split('\n')
        .filter((line) => line.includes('cmd=xread') && !line.includes(`id=${String(id)} `)).length;
    };
    await proxy.blackHole();
    reader?.close();
    await add(1);
    await proxy.cut();
    await expect.poll(readers, SOON).toBe(0);
    expect(heard).toEqual([]);
    await becomes('up');
  });
});
