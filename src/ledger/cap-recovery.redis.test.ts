/** Redis loses its data: who was shown what is put back before anything is held again. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRedis, type RedisConnection } from '../database/redis-connection.ts';
import { serviceUrl } from '../fixtures/services.ts';
import type { PastShowing, PastUser } from './cap-recovery.ts';
import { unpackRecord } from './cap-record.ts';
import { askOf } from './cap-windows.ts';
import type { HeldBid, HoldAnswer } from './caps.ts';
import { newUser, termsOf } from './fixtures/cap-suite.ts';
import { openRedisCaps, type RedisCaps } from './redis-caps.ts';
import { userKey } from './redis-cap-scripts.ts';

/** No other test's: it is flushed. */
const DATABASE_NUMBER = '/13';
const PATIENT_MS = 20_000;
const CAMPAIGN = '0a1b2c3d-0000-4000-8000-0123456789ab';
/** More than a connection takes. */
const MANY_USERS = 10_100;
const TERMS = termsOf([{ limit: 3, window: 'day' }]);

let admin: Redis;
const opened: RedisConnection[] = [];
const told: (number | string)[] = [];
/** What Postgres knows. */
const past = new Map<string, PastShowing[]>();
let onRead: () => Promise<void>;
let ordinal = 0;

beforeAll(() => {
  admin = new Redis(serviceUrl('REDIS_URL') + DATABASE_NUMBER);
});
afterAll(async () => {
  await Promise.all(opened.map((redis) => redis.close()));
  await admin.flushdb();
  await admin.quit();
});
beforeEach(async () => {
  await admin.flushdb();
  past.clear();
  told.splice(0);
  onRead = () => Promise.resolve();
});

async function* readShowings(tags: readonly string[]): AsyncGenerator<readonly PastUser[]> {
  const users = [...past].map(([userHash, showings]) => ({ userHash, showings }));
  yield users.filter(({ userHash }) => tags.includes(userHash.slice(0, 2)));
  await onRead();
}

async function openNode(): Promise<RedisCaps> {
  const redis = await new Promise<RedisConnection>((resolve) => {
    const connection = openRedis({
      url: serviceUrl('REDIS_URL') + DATABASE_NUMBER,
      isCluster: false,
      onState: () => resolve(connection),
    });
  });
  opened.push(redis);
  const caps = openRedisCaps({
    redis,
    database: 'recovery-test',
    clock: Date.now,
    past: { readTerms: () => Promise.resolve(new Map([[CAMPAIGN, TERMS]])), readShowings },
    termsOf: (campaignId) => (campaignId === CAMPAIGN ? TERMS : null),
    owed: { keep: () => Promise.resolve(true) },
    onFault: (fault) => void told.push(fault),
    onRecovery: (recovered) => void told.push(typeof recovered === 'number' ? recovered : recovered.message),
    holdLimitMs: PATIENT_MS,
  });
  await untilUp(caps);
  return caps;
}

async function untilUp(caps: RedisCaps): Promise<void> {
  await vi.waitFor(
    () => {
      caps.tick(Date.now());
      expect(caps.state).toBe('up');
    },
    { timeout: PATIENT_MS, interval: 10 },
  );
}

async function holdOf(caps: RedisCaps, userHash: string): Promise<HoldAnswer> {
  const nowMs = Date.now();
  const imps = [{ expirySec: Math.ceil(nowMs / 1000) + 300, choices: [{ ad: 1, ask: askOf(TERMS, nowMs) }] }];
  return caps.hold({ userHash, nowMs, imps, holds: true });
}

/** A bid that is shown; false: capped, or the caps are away. */
async function visit(caps: RedisCaps, userHash: string): Promise<HeldBid | false> {
  const expirySec = Math.ceil(Date.now() / 1000) + 300;
  const answer = await holdOf(caps, userHash);
  const [imp] = answer.kind === 'held' ? answer.imps : [];
  if (imp?.kind !== 'open') return false;
  const { atMs: issuedMs } = imp;
  const bid = { userHash, campaignId: CAMPAIGN, issuedMs, expirySec, lease: 7, ordinal: ordinal++ };
  await caps.show(bid, Date.now());
  return bid;
}

function keepInPast({ userHash, campaignId, lease, ordinal: place, issuedMs }: HeldBid): void {
  past.set(userHash, [...(past.get(userHash) ?? []), { campaignId, lease, ordinal: place, issuedMs }]);
}

async function shownTo(userHash: string): Promise<number> {
  const packed = (await admin.getBuffer(userKey(userHash)))?.toString('latin1') ?? '';
  return packed === '' ? 0 : (unpackRecord(packed).campaigns[0]?.windows[0]?.showings ?? 0);
}

describe('a Redis that lost its data', () => {
  it('lets nothing be held until it is back who was shown what, and then only what is left', async () => {
    const caps = await openNode();
    const userHash = newUser();
    for (let time = 0; time < 2; time++) {
      const bid = await visit(caps, userHash);
      if (bid) keepInPast(bid);
    }
    const readOnce = vi.fn(() => Promise.resolve());
    onRead = readOnce;
    await admin.flushdb();
    expect(await holdOf(caps, userHash)).toEqual({ kind: 'away' });
    expect(caps.state).toBe('rebuilding');
    await untilUp(caps);
    expect(readOnce).toHaveBeenCalledTimes(1);
    expect(await shownTo(userHash)).toBe(2);
    expect(await visit(caps, userHash)).not.toBe(false);
    expect(await visit(caps, userHash)).toBe(false);
    expect(await visit(caps, newUser())).not.toBe(false);
  });

  it('is told again what was shown last and is not written for good yet, by every node once', async () => {
    const nodes = [await openNode(), await openNode()] as const;
    const userHash = newUser();
    const bids = [await visit(nodes[0], userHash), await visit(nodes[1], userHash)];
    if (bids[0]) keepInPast(bids[0]);
    await admin.flushdb();
    await Promise.all(nodes.map((node) => holdOf(node, userHash)));
    await Promise.all(nodes.map(untilUp));
    // Each meets the new epoch.
    await Promise.all(nodes.map((node) => holdOf(node, newUserOf(userHash))));
    await vi.waitFor(
      async () => {
        for (const node of nodes) node.tick(Date.now());
        expect(await shownTo(userHash)).toBe(2);
      },
      { timeout: PATIENT_MS, interval: 10 },
    );
    expect(await nodes[0].show(bids[0] as HeldBid, Date.now())).toBe('repeated');
    expect(await nodes[0].show(bids[1] as HeldBid, Date.now())).toBe('repeated');
  });

  it('counts a showing that was held before and is told after it', async () => {
    const caps = await openNode();
    const userHash = newUser();
    const bid = await visit(caps, userHash);
    await admin.flushdb();
    await holdOf(caps, userHash);
    await untilUp(caps);
    const held = { ...(bid as HeldBid), ordinal: ordinal++ };
    expect(await caps.show(held, Date.now())).toBe('late');
    await vi.waitFor(async () => {
      caps.tick(Date.now());
      expect(await shownTo(userHash)).toBe(2);
    });
  });

  it('puts back more users than there may be calls under way', async () => {
    const caps = await openNode();
    const issuedMs = Date.now();
    const users = Array.from({ length: MANY_USERS }, newUser);
    for (const user of users)
      past.set(user, [{ campaignId: CAMPAIGN, lease: 1, ordinal: ordinal++, issuedMs }]);
    await admin.flushdb();
    await holdOf(caps, users[0]!);
    await untilUp(caps);
    expect(await shownTo(users[0]!)).toBe(1);
    expect(await shownTo(users.at(-1)!)).toBe(1);
    expect(told).toEqual([256, 256]);
  });

  it('begins anew where the data is lost once more while it is put back', async () => {
    const caps = await openNode();
    const userHash = newUser();
    const bid = await visit(caps, userHash);
    if (bid) keepInPast(bid);
    onRead = async () => {
      onRead = () => Promise.resolve();
      await admin.flushdb();
    };
    await admin.flushdb();
    await holdOf(caps, userHash);
    await untilUp(caps);
    expect(await shownTo(userHash)).toBe(1);
    expect(told).toContain('Redis can not be asked, or lost the frequency caps anew');
    expect(told.at(-1)).toBe(256);
  });
});

/** Of the same tag. */
function newUserOf(userHash: string): string {
  return userHash.slice(0, 2) + newUser().slice(2);
}
