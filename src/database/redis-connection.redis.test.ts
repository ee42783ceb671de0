import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { serviceUrl } from '../fixtures/services.ts';
import { openProxy, type Proxy } from '../fixtures/toxiproxy.ts';
import { openRedis, type RedisConnection, type RedisOrder } from './redis-connection.ts';
import type { ScriptRunner } from './redis-script.ts';

/** For what only has to come at some time. */
const SOON = { timeout: 30_000, interval: 20 };
const LONG_MS = 20_000;
const PREFIX = `test:redis-connection:${randomUUID()}`;
const COUNT_UP = { lua: "return redis.call('INCR', KEYS[1])", keys: 1 };

let admin: Redis;
let redis: RedisConnection | null;
let proxy: Proxy | null;
let told: { readonly state: string; readonly reason: string }[];

beforeEach(() => {
  admin = new Redis(serviceUrl('REDIS_URL'));
  redis = null;
  proxy = null;
  told = [];
});
afterEach(async () => {
  await redis?.close();
  await proxy?.close();
  for (const key of await admin.keys(`${PREFIX}*`)) await admin.del(key);
  await admin.quit();
});

function open(url: string, order: Partial<RedisOrder> = {}): RedisConnection {
  redis = openRedis({
    url,
    isCluster: false,
    onState: (state, reason) => told.push({ state, reason }),
    ...order,
  });
  return redis;
}

async function becomes(...states: readonly string[]): Promise<void> {
  await expect.poll(() => told.map(({ state }) => state), SOON).toEqual(states);
}

async function openWell(): Promise<RedisConnection> {
  const opened = open(serviceUrl('REDIS_URL'));
  await becomes('up');
  return opened;
}

/** Behind a proxy of its own, and with a script that counts its runs. */
async function openProxied(): Promise<{ wire: Proxy; countUp: ScriptRunner; key: string }> {
  const url = new URL(serviceUrl('REDIS_URL'));
  proxy = await openProxy({ host: url.hostname, port: Number(url.port || '6379') });
  url.hostname = proxy.host;
  url.port = String(proxy.port);
  const countUp = open(url.href).defineScript('countUp', COUNT_UP);
  await becomes('up');
  const key = `${PREFIX}:${randomUUID()}`;
  expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'reply', reply: 1 });
  return { wire: proxy, countUp, key };
}

describe('a script', () => {
  it('is given its keys and arguments in full digits, and its reply comes as it is', async () => {
    const run = (await openWell()).defineScript('keep', {
      lua: "redis.call('SET', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), ARGV[2], 42, false, {'ü'}}",
      keys: 1,
    });
    expect(await run([`${PREFIX}:kept`], [Number.MAX_SAFE_INTEGER, '1.50'], LONG_MS)).toEqual({
      kind: 'reply',
      reply: ['9007199254740991', '1.50', 42, null, ['ü']],
    });
    expect(await admin.get(`${PREFIX}:kept`)).toBe('9007199254740991');
  });

  it('is sent again to a server that has forgotten it', async () => {
    const lua = `return '${randomUUID()}'`;
    const run = (await openWell()).defineScript('forgotten', { lua, keys: 1 });
    const [first, second] = [await run([PREFIX], [], LONG_MS), await run([PREFIX], [], LONG_MS)];
    await admin.script('FLUSH');
    const [third, ...others] = await Promise.all([1, 2, 3].map(() => run([PREFIX], [], LONG_MS)));
    expect(first.kind).toBe('reply');
    expect([second, third, ...others]).toEqual([first, first, first, first]);
  });

  it('returns integers near 2^53 as digits, for as numbers they are refused: the client reads them wrong', async () => {
    const { defineScript } = await openWell();
    const asNumber = defineScript('asNumber', { lua: 'return tonumber(ARGV[1])', keys: 1 });
    const asDigits = defineScript('asDigits', { lua: "return string.format('%.0f', ARGV[1])", keys: 1 });
    const exact = 2 ** 53 - 49;
    expect(await asNumber([PREFIX], [exact], LONG_MS)).toEqual({ kind: 'reply', reply: exact });
    expect(await asNumber([PREFIX], [-exact], LONG_MS)).toEqual({ kind: 'reply', reply: -exact });
    for (const near of [exact + 1, exact + 2, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) {
      await expect(asNumber([PREFIX], [near], LONG_MS)).rejects.toThrow('returned a number near 2^53');
      expect(await asDigits([PREFIX], [near], LONG_MS)).toEqual({ kind: 'reply', reply: String(near) });
    }
  });

  it('that fails in itself rejects with its name and what Redis says', async () => {
    const run = (await openWell()).defineScript('broken', { lua: 'return nothing.at', keys: 1 });
    await expect(run([PREFIX], [], LONG_MS)).rejects.toThrow(/^the script broken failed: .*nothing/);
  });

  it('is refused keys of two hash slots, too few keys, numbers that are not exact, and a name twice', async () => {
    const { defineScript } = await openWell();
    const run = defineScript('two', { lua: 'return 1', keys: 2 });
    expect(() => run(['{a}x', '{b}x'], [], LONG_MS)).toThrow('keys of two hash slots, {a}x and {b}x');
    expect(() => run(['{a}x'], [], LONG_MS)).toThrow('takes 2 keys, at least one, and was given 1');
    expect(() => run(['{a}x', '{a}y'], [0.5], LONG_MS)).toThrow('0.5 is no safe integer');
    expect(await run(['{a}x', 'b{a}{c}'], [], LONG_MS)).toEqual({ kind: 'reply', reply: 1 });
    expect(() => defineScript('two', { lua: 'return 2', keys: 2 })).toThrow('defined already');
  });

  it('is not sent once its time is over', async () => {
    const countUp = (await openWell()).defineScript('countUp', COUNT_UP);
    expect(await countUp([`${PREFIX}:late`], [], 0)).toEqual({ kind: 'away' });
    expect(await countUp([`${PREFIX}:late`], [], LONG_MS)).toEqual({ kind: 'reply', reply: 1 });
  });
});

describe('a connection to Redis', () => {
  it('that is cut is down, refuses calls without sending them, and comes back by itself', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.cut();
    await becomes('up', 'down');
    expect(redis?.state).toBe('down');
    expect(told[1]?.reason).toBe(`Redis at ${wire.host}:${String(wire.port)} has closed the connection`);
    expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'away' });
    expect(await redis?.ping()).toBe(false);
    await expect.poll(() => redis?.reason, SOON).toContain('refuses connections');
    await wire.heal();
    await becomes('up', 'down', 'up');
    expect(await redis?.ping()).toBe(true);
    expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'reply', reply: 2 });
  });

  it('that falls silent ends calls as late, is down soon, and comes back by itself', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.blackHole();
    expect(await countUp([key], [], 50)).toEqual({ kind: 'late' });
    await becomes('up', 'down');
    expect(told[1]?.reason).toContain('does not answer');
    expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'away' });
    await wire.heal();
    await becomes('up', 'down', 'up');
    expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'reply', reply: 2 });
  });

  it('is noticed to be silent also when nobody calls', async () => {
    const { wire } = await openProxied();
    await wire.blackHole();
    await becomes('up', 'down');
  });

  it('that is slow stays up: a call is late or answered by its own deadline', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.slow(300);
    expect(await countUp([key], [], 50)).toEqual({ kind: 'late' });
    expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'reply', reply: 3 });
    expect(await redis?.ping()).toBe(true);
    await becomes('up');
    expect(redis?.breaker()).toEqual({ state: 'closed', failures: 1, openings: 0 });
  });

  it('that breaks ends the calls under way as late, as nobody knows whether they were carried out', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.slow(500);
    const call = countUp([key], [], LONG_MS);
    await expect.poll(() => admin.get(key), SOON).toBe('2');
    await wire.cut();
    expect(await call).toEqual({ kind: 'late' });
  });

  it('takes no more than 10,000 calls at once, so that silence piles up no memory', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.blackHole();
    const calls = Array.from({ length: 10_050 }, () => countUp([key], [], 10));
    const kinds = (await Promise.all(calls)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'late')).toHaveLength(10_000);
    expect(kinds.slice(10_000)).toEqual(Array.from({ length: 50 }, () => 'away'));
    await wire.heal();
    await becomes('up', 'down', 'up');
    expect((await countUp([key], [], LONG_MS)).kind).toBe('reply');
  });

  it('closes while Redis is silent: what is under way is late, what comes after is away, and no more is told', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.blackHole();
    const call = countUp([key], [], LONG_MS);
    await redis?.close();
    expect(await call).toEqual({ kind: 'late' });
    expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'away' });
    expect(redis?.state).toBe('down');
    expect(redis?.reason).toContain('is closed');
    await becomes('up');
  });

  it('closes between two attempts to connect, and is closed twice without harm', async () => {
    open('redis://127.0.0.1:1');
    await becomes('down');
    await redis?.close();
    await redis?.close();
    expect(redis?.state).toBe('down');
  });
});

describe('the breaker of a connection to Redis', () => {
  /** What is refused is not even sent. */
  async function refuses(countUp: ScriptRunner, key: string): Promise<void> {
    const before = await admin.get(key);
    expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'away' });
    expect(redis?.isOpen(key)).toBe(false);
    expect(await admin.get(key)).toBe(before);
  }

  it('opens at five calls in a row that are not answered in time, long before the silence is noticed', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.blackHole();
    for (let call = 0; call < 5; call++) expect(await countUp([key], [], 10)).toEqual({ kind: 'late' });
    expect(redis?.breaker()).toEqual({ state: 'open', failures: 5, openings: 1 });
    expect(told.at(-1)).toEqual({
      state: 'down',
      reason: `Redis at ${wire.host}:${String(wire.port)} fails too many calls: none is sent until it answers in time`,
    });
    await refuses(countUp, key);
    await wire.heal();
    await becomes('up', 'down', 'up');
    expect(redis?.breaker().state).toBe('closed');
    expect((await countUp([key], [], LONG_MS)).kind).toBe('reply');
  });

  it('stays open while Redis is too slow, asks it again by itself, and closes when it is quick', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.slow(700);
    await Promise.all([1, 2, 3, 4, 5].map(() => countUp([key], [], 10)));
    await becomes('up', 'down');
    await refuses(countUp, key);
    await expect.poll(() => redis?.breaker().state, SOON).toBe('half-open');
    await expect.poll(() => redis?.breaker().state, SOON).toBe('open');
    await refuses(countUp, key);
    await wire.heal();
    await becomes('up', 'down', 'up');
    expect((await countUp([key], [], LONG_MS)).kind).toBe('reply');
  });

  it('opens where half of the calls fail, though every other one is answered', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.slow(60);
    // With the one that was answered before, ten of twenty.
    for (let call = 0; call < 19; call++) {
      expect(redis?.breaker().openings).toBe(0);
      const { kind } = await countUp([key], [], call % 2 === 0 ? 5 : LONG_MS);
      expect(kind).toBe(call % 2 === 0 ? 'late' : 'reply');
    }
    expect(redis?.breaker()).toMatchObject({ failures: 10, openings: 1 });
    await becomes('up', 'down', 'up');
  });

  it('opens where calls are under way as the connection is reset, and closes as soon as it is back', async () => {
    const { wire, countUp, key } = await openProxied();
    await wire.slow(400);
    const calls = Array.from({ length: 5 }, () => countUp([key], [], LONG_MS));
    await expect.poll(() => admin.get(key), SOON).toBe('6');
    await wire.cut();
    expect((await Promise.all(calls)).map(({ kind }) => kind)).toEqual(Array(5).fill('late'));
    expect(redis?.breaker().openings).toBe(1);
    await wire.heal();
    await becomes('up', 'down', 'up');
    expect(redis?.breaker().state).toBe('closed');
    expect(await countUp([key], [], LONG_MS)).toEqual({ kind: 'reply', reply: 7 });
  });

  it('takes the error of a script for an answer', async () => {
    const broken = (await openWell()).defineScript('broken', { lua: 'return nothing.at', keys: 1 });
    for (let call = 0; call < 25; call++) {
      await expect(broken([PREFIX], [], LONG_MS)).rejects.toThrow('nothing');
    }
    expect(redis?.breaker()).toEqual({ state: 'closed', failures: 0, openings: 0 });
  });
});

describe('what a connection to Redis says', () => {
  let user: string;
  const password = 'p@ss, w%rd/€';

  beforeEach(async () => {
    user = `test-${randomUUID()}`;
    await admin.acl('SETUSER', user, 'on', `>${password}`, '~*', '+@all');
  });
  afterEach(async () => {
    await admin.acl('DELUSER', user);
  });

  function urlOf(secret: string, path = ''): string {
    const { hostname, port } = new URL(serviceUrl('REDIS_URL'));
    return `redis://${user}:${encodeURIComponent(secret)}@${hostname}:${port || '6379'}${path}`;
  }

  /** The sentence behind `Redis at host:port`. */
  async function complaint(url: string): Promise<string> {
    open(url);
    await becomes('down');
    return (told[0]?.reason ?? '').replace(/^Redis at [^ ]+:\d+ /, '');
  }

  it('is that it answers, once the password is right', async () => {
    open(urlOf(password));
    await becomes('up');
    expect(told[0]?.reason).toMatch(/^Redis at [^ @]+:\d+ answers$/);
  });

  it('is that the password is wrong, and not which', async () => {
    expect(await complaint(urlOf('secret-word'))).toBe(
      'refuses the user or the password: correct them in its URL',
    );
    expect(JSON.stringify(told)).not.toContain('secret-word');
  });

  it('is that the user may not run scripts, until he may', async () => {
    await admin.acl('SETUSER', user, '-@scripting');
    expect(await complaint(urlOf(password))).toContain('forbids its user to run scripts');
    await admin.acl('SETUSER', user, '+@scripting');
    await becomes('down', 'up');
  });

  it('is that there is no such database', async () => {
    expect(await complaint(urlOf(password, '/99999'))).toBe('has no database of the number in its URL');
  });

  it('is that nobody listens, that the host has no address, or that the server is another one', async () => {
    expect(await complaint('redis://127.0.0.1:1')).toBe(
      'refuses connections: is it running, and is this its port?',
    );
    await redis?.close();
    told = [];
    expect(await complaint('redis://nowhere.invalid')).toBe('has a host name that cannot be resolved');
    await redis?.close();
    told = [];
    const { hostname, port } = new URL(serviceUrl('TOXIPROXY_URL'));
    expect(await complaint(`redis://${hostname}:${port}`)).toMatch(
      // Which of the two, its answer and its end decide by their race.
      /does not speak the protocol of Redis|has closed the connection/,
    );
  });

  it('is that the server speaks no TLS', async () => {
    const { hostname, port } = new URL(serviceUrl('REDIS_URL'));
    expect(await complaint(`rediss://${hostname}:${port || '6379'}`)).toContain(
      'write redis:// for rediss://',
    );
  });

  it('is that a single server is no cluster', async () => {
    open(serviceUrl('REDIS_URL'), { isCluster: true });
    await becomes('down');
    expect(told[0]?.reason).toContain('is no cluster: unset GAVEL_REDIS_CLUSTER');
  });

  it('is said at once where the URL is wrong', () => {
    expect(() => open('http://127.0.0.1')).toThrow('the URL of Redis must begin with redis:// or rediss://');
  });
});
