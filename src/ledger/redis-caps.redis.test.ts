import { Redis } from 'ioredis';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRedis, type RedisConnection } from '../database/redis-connection.ts';
import { serviceUrl } from '../fixtures/services.ts';
import { unpackRecord } from './cap-record.ts';
import { CAP_CODES, type CapVerb } from './cap-status.ts';
import { askOf } from './cap-windows.ts';
import type { HeldBid, HoldOrder } from './caps.ts';
import { readScript } from './disk-lua.ts';
import { openCaps } from './embedded-caps.ts';
import { describeCaps, newUser, NOON_MS, termsOf } from './fixtures/cap-suite.ts';
import { walkCaps } from './fixtures/cap-walk.ts';
import { openMemoryJournal } from './memory-journal.ts';
import { openRedisCaps, userKey, type RedisCaps } from './redis-caps.ts';

/** A test machine under load is slow, and lateness is not what these tests are about. */
const PATIENT_MS = 20_000;
const VERBS = Object.keys(CAP_CODES) as CapVerb[];
const CAMPAIGN = '0a1b2c3d-0000-4000-8000-0123456789ab';

let admin: Redis;
const opened: RedisConnection[] = [];
const faults: string[] = [];

beforeAll(() => {
  admin = new Redis(serviceUrl('REDIS_URL'));
});
afterAll(async () => {
  await Promise.all(opened.map((redis) => redis.close()));
  await admin.quit();
  expect(faults).toEqual([]);
});

async function openNode(): Promise<{ readonly caps: RedisCaps; readonly redis: RedisConnection }> {
  const redis = await new Promise<RedisConnection>((resolve) => {
    const connection = openRedis({
      url: serviceUrl('REDIS_URL'),
      isCluster: false,
      onState: () => resolve(connection),
    });
  });
  opened.push(redis);
  const onFault = (fault: string): void => void faults.push(fault);
  return { redis, caps: openRedisCaps({ redis, onFault, holdLimitMs: PATIENT_MS }) };
}

async function recordOf(userHash: string): Promise<string> {
  return (await admin.getBuffer(userKey(userHash)))?.toString('latin1') ?? '';
}

describe('the caps on Redis', () => {
  describeCaps(async () => ({ caps: (await openNode()).caps, recordOf }));

  it('let exactly 3 of 200 requests be shown that come to two servers at once', async () => {
    const nodes = [(await openNode()).caps, (await openNode()).caps];
    const userHash = newUser();
    const ask = askOf(termsOf([{ limit: 3, window: 'day' }]), NOON_MS);
    const imps = [{ expirySec: NOON_MS / 1000 + 300, choices: [{ ad: 1, ask }] }];
    const order: HoldOrder = { userHash, nowMs: NOON_MS, imps, holds: true };
    const answers = await Promise.all(Array.from({ length: 200 }, async (_, n) => nodes[n % 2]?.hold(order)));
    const open = answers.filter((answer) => answer?.kind === 'held' && answer.imps[0]?.kind === 'open');
    expect(open.length).toBe(3);
  });

  it('forget a user when the last window is over', async () => {
    const { caps } = await openNode();
    const userHash = newUser();
    const ask = askOf(termsOf([{ limit: 3, window: 'hour' }]), NOON_MS);
    const imps = [{ expirySec: NOON_MS / 1000 + 300, choices: [{ ad: 1, ask }] }];
    await caps.hold({ userHash, nowMs: NOON_MS, imps, holds: true });
    const leftSec = await admin.ttl(userKey(userHash));
    // An hour, and a minute for clocks that are behind.
    expect(leftSec).toBeGreaterThan(3_600);
    expect(leftSec).toBeLessThanOrEqual(3_660);
  });

  it('are away while Redis is, and count what was shown meanwhile once it is back', async () => {
    const { caps, redis } = await openNode();
    const userHash = newUser();
    const ask = askOf(termsOf([{ limit: 1, window: 'day' }]), NOON_MS);
    const order: HoldOrder = {
      userHash,
      nowMs: NOON_MS,
      imps: [{ expirySec: NOON_MS / 1000 + 300, choices: [{ ad: 1, ask }] }],
      holds: true,
    };
    await caps.hold(order);
    const bid: HeldBid = {
      userHash,
      campaignId: CAMPAIGN,
      issuedMs: NOON_MS,
      expirySec: NOON_MS / 1000 + 300,
      lease: 1,
      ordinal: 1,
    };
    await admin.client('PAUSE', 3_000, 'WRITE');
    const hasty = openRedisCaps({ redis: renamed(redis, 'hasty'), onFault: () => undefined, holdLimitMs: 5 });
    expect(await hasty.hold(order)).toEqual({ kind: 'away' });
    expect(await hasty.show(bid, NOON_MS)).toBe('owed');
    expect(hasty.owedShowings).toBe(1);
    await admin.client('UNPAUSE');
    await expect
      .poll(() => {
        hasty.tick(NOON_MS);
        return hasty.owedShowings;
      })
      .toBe(0);
    expect(await hasty.show(bid, NOON_MS)).toBe('repeated');
  });

  it('let go of what was held for a bid that was not made, because the answer came too late', async () => {
    const { redis } = await openNode();
    const slow = openRedisCaps({ redis: renamed(redis, 'slow'), onFault: () => undefined, holdLimitMs: 0 });
    const userHash = newUser();
    const ask = askOf(termsOf([{ limit: 1, window: 'day' }]), NOON_MS);
    const imps = [{ expirySec: NOON_MS / 1000 + 300, choices: [{ ad: 1, ask }] }];
    await admin.client('PAUSE', 200, 'WRITE');
    expect(await slow.hold({ userHash, nowMs: NOON_MS, imps, holds: true })).toEqual({ kind: 'away' });
    await expect
      .poll(async () => {
        const record = await recordOf(userHash);
        return record === '' ? null : unpackRecord(record).campaigns[0]?.held;
      })
      .toEqual([]);
  });
});

/** The same connection, whose scripts have names of their own. */
function renamed(redis: RedisConnection, suffix: string): Pick<RedisConnection, 'defineScript'> {
  return { defineScript: (name, source) => redis.defineScript(`${name} ${suffix}`, source) };
}

const WALKS = 5;
const STEPS = 1_000;

describe('a random walk of the caps on Redis', () => {
  it('does what the oracle says, and keeps the same bytes as the embedded caps', async () => {
    const { caps } = await openNode();
    for (let walk = 0; walk < WALKS; walk++) {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const twin = openCaps(openMemoryJournal());
      await walkTwins(seed, caps, twin);
    }
  });
});

/** Each call to both; the step is told of the one on Redis. */
async function walkTwins(seed: number, caps: RedisCaps, twin: ReturnType<typeof openCaps>): Promise<void> {
  let step = 0;
  let released: Promise<unknown> = Promise.resolve();
  await walkCaps(
    seed,
    STEPS,
    () => ({
      async hold(order) {
        await released;
        const mine = await twin.hold(order);
        const told = await caps.hold(order);
        expect(told).toEqual(mine);
        return told;
      },
      async show(bid, nowMs) {
        await released;
        const mine = await twin.show(bid, nowMs);
        const told = await caps.show(bid, nowMs);
        expect(told).toBe(mine);
        return told;
      },
      release(bid, nowMs) {
        twin.release(bid, nowMs);
        caps.release(bid, nowMs);
        // Behind it on the same connection.
        released = Promise.resolve(caps.hold({ userHash: bid.userHash, nowMs, imps: [], holds: false }));
      },
      tick: () => undefined,
      close: () => Promise.resolve(),
    }),
    async ({ userHash, answer, expected, told }) => {
      step++;
      const where = `seed ${String(seed)}, step ${String(step)}: ${told}`;
      expect({ answer }, where).toEqual({ answer: expected });
      await released;
      expect(await recordOf(userHash), where).toBe(twin.recordOf(userHash));
    },
  );
}

describe('the scripts of the caps', () => {
  const NOW = String(NOON_MS / 1000);
  const KEY = 'A'.repeat(22);
  const SOUND: Readonly<Record<CapVerb, readonly string[]>> = {
    holdShowing: [NOW, '1', `[[${NOW},[1,"${KEY}",${String(NOON_MS / 1000 + 60)},2,0,5],[2]]]`],
    countShowing: [NOW, KEY, NOW, NOW, '281474976710655', '4294967295'],
    releaseShowing: [NOW, KEY, NOW, NOW],
  };
  const GARBAGE = ['', 'x', '-1', '1.5', '1e3', 'nan', '0x10', ' 1', '9007199254740993', '\0', '🙂', '[]x'];
  const BAD_IMPS = [
    '7',
    '[7]',
    '[[]]',
    '[["x"]]',
    `[[${NOW},7]]`,
    `[[${NOW},[]]]`,
    `[[${NOW},[1.5]]]`,
    `[[${NOW},[1,"${KEY}",1]]]`,
    `[[${NOW},[1,"short",1,2,0,5]]]`,
    `[[${NOW},[1,"${KEY}",1,2,0]]]`,
    `[[${NOW},[1,"${KEY}",1,256,0,5]]]`,
    `[[${NOW},[1,"${KEY}",1,2,-1,5]]]`,
    `[[${NOW},[1,"${KEY}",1,2,null,5]]]`,
    `[[4294967295,[1]]]`,
    '['.repeat(2_000),
  ];

  async function run(verb: CapVerb, key: string, args: readonly string[]): Promise<readonly unknown[]> {
    return (await admin.eval(readScript(verb, 'userRecord'), 1, key, ...args)) as readonly unknown[];
  }

  it('answer the codes of the list, which their heads name', () => {
    const files = readdirSync(new URL('lua', import.meta.url));
    for (const verb of VERBS) {
      expect(files).toContain(`${verb}.lua`);
      const lua = readScript(verb, 'userRecord');
      const [, head = ''] = /^-- Codes: ((?:.*\n)(?:--  .*\n)*)/m.exec(lua) ?? [];
      const words = head.replaceAll(/\n--/g, ' ').replaceAll(/\([^)]*\)/g, '');
      const codes = words.split(',').map((word) => word.trim().replace(/ .*/s, ''));
      expect(
        codes.filter((code) => code !== ''),
        verb,
      ).toEqual(expect.arrayContaining([...CAP_CODES[verb]]));
      const returned = [...lua.matchAll(/(?:return|reply =) \{ (?:\w+ and )?'(\w+)'(?: or '(\w+)')?/g)];
      const told = new Set(
        returned.flatMap(([, one, other]) => [one, other]).filter((code) => code !== undefined),
      );
      expect([...told].sort(), verb).toEqual([...CAP_CODES[verb]].sort());
    }
  });

  it('answer `invalid` to whatever they do not understand, and change nothing', async () => {
    for (const verb of VERBS) {
      const key = userKey(newUser());
      await run('holdShowing', key, SOUND.holdShowing);
      const before = await admin.getBuffer(key);
      const sound = SOUND[verb];
      for (const at of sound.keys()) {
        for (const bad of GARBAGE) {
          const args = sound.with(at, bad);
          expect(await run(verb, key, args), `${verb} ${JSON.stringify(args)}`).toEqual(['invalid']);
        }
      }
      expect(await run(verb, key, [...sound, '1'])).toEqual(['invalid']);
      expect(await run(verb, key, sound.slice(1))).toEqual(['invalid']);
      if (verb === 'holdShowing') {
        for (const bad of BAD_IMPS) expect(await run(verb, key, [NOW, '1', bad]), bad).toEqual(['invalid']);
      }
      expect(await admin.getBuffer(key)).toEqual(before);
      await admin.del(key);
    }
  });

  it('answer `unreadable` where something else stands in the place of a record, and leave it', async () => {
    const key = userKey(newUser());
    const values: readonly (readonly [string, ...(string | Buffer)[]])[] = [
      ['SET', key, Buffer.from([2])],
      ['SET', key, Buffer.from([1, 2, 3])],
      ['SET', key, ''],
      ['RPUSH', key, 'x'],
    ];
    for (const [command, ...rest] of values) {
      await admin.call(command, rest);
      for (const verb of VERBS) expect(await run(verb, key, SOUND[verb]), verb).toEqual(['unreadable']);
      await admin.del(key);
    }
  });
});
