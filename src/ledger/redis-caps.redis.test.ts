import { Redis } from 'ioredis';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRedis, type RedisConnection } from '../database/redis-connection.ts';
import { serviceUrl } from '../fixtures/services.ts';
import type { PastUser } from './cap-recovery.ts';
import { packRecord, unpackRecord } from './cap-record.ts';
import { CAP_CODES, type CapVerb } from './cap-status.ts';
import { askOf } from './cap-windows.ts';
import type { HeldBid, HoldOrder, ImpHold } from './caps.ts';
import { readScript } from './disk-lua.ts';
import { openCaps } from './embedded-caps.ts';
import { describeCaps, newUser, NOON_MS, termsOf } from './fixtures/cap-suite.ts';
import { walkCaps } from './fixtures/cap-walk.ts';
import { packImps } from './hold-order.ts';
import { openMemoryJournal } from './memory-journal.ts';
import { readOwedShowing, writeOwedShowing, type OwedShowing } from './owed-showing.ts';
import { openRedisCaps, type RedisCaps, type RedisCapsEdges } from './redis-caps.ts';
import { epochKey, userKey } from './redis-cap-scripts.ts';

/** A test machine under load is slow, and lateness is not what these tests are about. */
const PATIENT_MS = 20_000;
const VERBS = Object.keys(CAP_CODES) as CapVerb[];
const CAMPAIGN = '0a1b2c3d-0000-4000-8000-0123456789ab';

const EDGES: Omit<RedisCapsEdges, 'redis'> = {
  database: 'caps-test',
  clock: Date.now,
  termsOf: () => null,
  // Nobody has been shown anything.
  past: { readTerms: () => Promise.resolve(new Map()), readShowings: () => readNobody() },
  owed: { keep: () => Promise.resolve(true) },
  onFault: (fault) => void faults.push(fault),
  onRecovery: () => undefined,
};

async function* readNobody(): AsyncGenerator<readonly PastUser[]> {
  yield await Promise.resolve([]);
}

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
  const caps = openRedisCaps({ redis, ...EDGES, holdLimitMs: PATIENT_MS });
  await untilUp(caps);
  return { redis, caps };
}

async function untilUp(caps: RedisCaps): Promise<void> {
  await vi.waitFor(() => {
    caps.tick(Date.now());
    expect(caps.state).toBe('up');
  });
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
    const owed: OwedShowing[] = [];
    const keep = (kept: HeldBid, atMs: number): Promise<boolean> =>
      Promise.resolve(owed.push({ bid: kept, atMs }) > 0);
    const hasty = openRedisCaps({ redis: renamed(redis, 'hasty'), ...EDGES, owed: { keep }, holdLimitMs: 5 });
    expect(await hasty.hold(order)).toEqual({ kind: 'away' });
    expect(await hasty.show(bid, NOON_MS)).toBe('owed');
    expect(owed).toEqual([{ bid, atMs: NOON_MS }]);
    await admin.client('UNPAUSE');
    const again = readOwedShowing(writeOwedShowing({ bid, atMs: NOON_MS }));
    expect(again).toEqual(owed[0]);
    // What Redis was told before it was given up may have reached it.
    const told = expect.poll(() => again && hasty.settleOwed(again.bid, again.atMs));
    await told.toMatch(/^(shown|repeated)$/);
    expect(unpackRecord(await recordOf(userHash)).campaigns[0]?.windows[0]?.showings).toBe(1);
    expect(await hasty.show(bid, NOON_MS)).toBe('repeated');
  });

  it('let go of what was held for a bid that was not made, because the answer came too late', async () => {
    const { redis } = await openNode();
    const slow = openRedisCaps({ redis: renamed(redis, 'slow'), ...EDGES, holdLimitMs: 0 });
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
function renamed(redis: RedisConnection, suffix: string): RedisCapsEdges['redis'] {
  return { state: 'up', defineScript: (name, source) => redis.defineScript(`${name} ${suffix}`, source) };
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
  const IMP: ImpHold = {
    expirySec: NOON_MS / 1000,
    choices: [
      {
        ad: 1,
        ask: { key: KEY, untilSec: NOON_MS / 1000 + 60, limits: [{ window: 2, startSec: 0, limit: 5 }] },
      },
      { ad: 2, ask: null },
    ],
  };
  const IMPS = packImps([IMP]);
  const EPOCH = '1763800000000';
  const EPOCH_KEY = epochKey('scripts-test', '00');
  const SOUND: Readonly<Record<CapVerb, readonly string[]>> = {
    holdShowing: [NOW, '1', IMPS],
    countShowing: [NOW, KEY, NOW, NOW, '281474976710655', '4294967295'],
    releaseShowing: [NOW, KEY, NOW, NOW],
    turnEpoch: ['ask', EPOCH],
    restoreRecord: [NOW, EPOCH, Buffer.from(packRecord({ campaigns: [] })).toString('hex')],
  };
  const GARBAGE = ['x', '-1', '1.5', '1e3', 'nan', '0x10', ' 1', '9007199254740993', '\0', '🙂', '[]x'];
  const BAD_IMPS = [
    ...Array.from({ length: IMPS.length - 2 }, (_, length) => IMPS.slice(0, length + 1)),
    `${IMPS}\0`,
    // An expiry, a time and a limit that no four bytes hold.
    `\x7f\x7f\x7f\x7f\x7f${IMPS.slice(5)}`,
    packImps([{ ...IMP, expirySec: 4_294_967_295 }]),
    IMPS.replace(KEY, KEY.slice(1)),
    `${IMPS.slice(0, -7)}\x7f${IMPS.slice(-6)}`,
    `${IMPS.slice(0, -12)}\x7f${IMPS.slice(-11)}`,
    'é'.repeat(2_000),
  ];

  async function run(verb: CapVerb, key: string, args: readonly string[]): Promise<readonly unknown[]> {
    const keys = verb === 'turnEpoch' ? [EPOCH_KEY] : verb === 'releaseShowing' ? [key] : [key, EPOCH_KEY];
    const lua = readScript(verb, 'userRecord');
    return (await admin.eval(lua, keys.length, ...keys, ...args)) as readonly unknown[];
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
    await admin.set(EPOCH_KEY, EPOCH);
    for (const verb of VERBS) {
      const key = userKey(newUser());
      await run('holdShowing', key, SOUND.holdShowing);
      const before = await admin.getBuffer(key);
      const sound = SOUND[verb];
      for (const at of sound.keys()) {
        for (const bad of GARBAGE) {
          // Its digits are, and no record.
          if (verb === 'restoreRecord' && bad === '9007199254740993') continue;
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
      for (const verb of ['holdShowing', 'countShowing', 'releaseShowing'] as const)
        expect(await run(verb, key, SOUND[verb]), verb).toEqual(['unreadable']);
      await admin.del(key);
    }
  });
});
