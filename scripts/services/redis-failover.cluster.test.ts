/** A Redis Cluster whose master dies: who has his book elsewhere notices nothing, and nothing is lost or spent twice. */
import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { slotOf } from '../../src/database/redis-slot.ts';
import { openOwnCluster, type Master, type OwnCluster } from './fixtures/own-redis-cluster.ts';
import { costNanos } from '../../src/money.ts';
import { askOf } from '../../src/ledger/cap-windows.ts';
import type { HoldAnswer } from '../../src/ledger/caps.ts';
import { newUser, termsOf } from '../../src/ledger/fixtures/cap-suite.ts';
import { SharedBooks } from '../../src/ledger/fixtures/shared-books.ts';
import { openCapsOver } from '../../src/ledger/fixtures/shared-caps.ts';
import type { Account, ReservedBid } from '../../src/ledger/ledger.ts';
import { bookKeys } from '../../src/ledger/ledger-keys.ts';
import type { RedisCaps } from '../../src/ledger/redis-caps.ts';
import { userKey } from '../../src/ledger/redis-cap-scripts.ts';
import type { RedisLedger } from '../../src/ledger/redis-ledger.ts';

const SOON = { timeout: 60_000, interval: 10 };
const LONG = { timeout: 120_000 };
const MASTERS: readonly Master[] = [1, 2, 3];
const LOST: Master = 2;
const LIVING: readonly Master[] = [1, 3];
const UNIT = costNanos(100);
const UNITS = 40;
/** Longer than the test. */
const VALID_SEC = 600;

let cluster: OwnCluster;
let books: SharedBooks;
let ledger: RedisLedger;
let accounts: Record<Master, Account>;
/** Posted, or owed. */
let billed: Record<Master, number>;

beforeEach(async () => {
  cluster = await openOwnCluster();
  books = await SharedBooks.open(cluster.url);
  ledger = books.node(Date.now());
  accounts = { 1: account(1), 2: account(2), 3: account(3) };
  billed = { 1: 0, 2: 0, 3: 0 };
}, LONG.timeout);
afterEach(async () => {
  expect(books.faults).toEqual([]);
  await books.close();
  await cluster.close();
}, LONG.timeout);

/** Of a campaign whose book lies on that master. */
function account(master: Master): Account {
  for (;;) {
    const campaignId = randomUUID();
    if (masterOf(bookKeys(books.database, campaignId).book) !== master) continue;
    const terms = { campaignId, termsVersion: 1, model: 'cpm', timezone: 'UTC', evenOver: null } as const;
    const budget = costNanos(UNITS * UNIT);
    return ledger.account({
      ...{ ...terms, budgetMode: 'strict', unitNanos: UNIT },
      ...{ dailyBudgetNanos: budget, lifetimeBudgetNanos: budget },
    });
  }
}

/** The slots are dealt out evenly, in the order of the masters. */
function masterOf(key: string): Master {
  return MASTERS[Math.min(2, Math.floor((slotOf(key) * MASTERS.length) / 16_384))] ?? 1;
}

async function bid(master: Master): Promise<ReservedBid | null> {
  const nowMs = Date.now();
  const expirySec = Math.floor(nowMs / 1000) + VALID_SEC;
  await ledger.prepare([accounts[master]], nowMs, expirySec);
  const taken = ledger.reserve(accounts[master], UNIT, nowMs, expirySec);
  const { campaignId } = accounts[master].terms;
  return taken && { ...taken, campaignId, reservedNanos: UNIT, expirySec };
}

/** Bids and bills; how the bill ended, null: no bid. */
async function sell(master: Master): Promise<string | null> {
  ledger.tick(Date.now());
  const reserved = await bid(master);
  if (reserved === null) return null;
  const status = await ledger.post(reserved, UNIT, Date.now());
  if (status === 'posted' || status === 'owed') billed[master] += 1;
  return status;
}

async function sellTimes(master: Master, times: number): Promise<void> {
  for (let sold = 0; sold < times; sold++) await vi.waitUntil(() => sell(master), SOON);
}

async function settleOwed(): Promise<void> {
  for (const call of books.owed.splice(0)) {
    await vi.waitUntil(async () => (await ledger.settleOwed(call)) !== 'away', SOON);
  }
}

/** Sells all that is left of every budget: it is what was not billed before, to the last unit. */
async function sellOut(): Promise<void> {
  for (const master of MASTERS) {
    await vi.waitUntil(async () => {
      await sell(master);
      expect(billed[master]).toBeLessThanOrEqual(UNITS);
      return billed[master] === UNITS;
    }, SOON);
    for (let more = 0; more < 5; more++) expect(await sell(master)).toBeNull();
    const { campaignId } = accounts[master].terms;
    const { posted, leased } = await books.admin.hgetall(bookKeys(books.database, campaignId).book);
    expect([Number(posted), Number(leased)]).toEqual([UNITS * UNIT, 0]);
  }
}

/** A user whose record lies on that master. */
function userOf(master: Master): string {
  for (;;) {
    const user = newUser();
    if (masterOf(userKey(user)) === master) return user;
  }
}

/** `away`, or what his caps of two a day let him be shown. */
async function askFor(caps: RedisCaps, userHash: string): Promise<string> {
  const nowMs = Date.now();
  const ask = askOf(termsOf([{ limit: 2, window: 'day' }]), nowMs);
  const imps = [{ expirySec: Math.floor(nowMs / 1000) + VALID_SEC, choices: [{ ad: 1, ask }] }];
  const answer: HoldAnswer = await caps.hold({ userHash, nowMs, imps, holds: true });
  return answer.kind === 'away' ? 'away' : (answer.imps[0]?.kind ?? 'none');
}

describe('a Redis Cluster that loses a master', () => {
  it('serves the others on, owes him what he is told, and is exact when he is back', LONG, async () => {
    for (const master of MASTERS) await sellTimes(master, 10);
    const held = await vi.waitUntil(() => bid(LOST), SOON);
    await cluster.kill(LOST);
    await vi.waitUntil(() => !books.connection.isOpen(bookKeys(books.database, campaignOf(LOST)).book), SOON);

    // What this node holds of his is bid, and then nothing; bills are owed.
    expect(await ledger.post(held, UNIT, Date.now())).toBe('owed');
    billed[LOST] += 1;
    await vi.waitUntil(async () => (await sell(LOST)) === null, SOON);
    expect(ledger.isSound).toBe(false);
    for (const master of LIVING) await sellTimes(master, 20);
    expect(books.owed.every(({ bid: { campaignId } }) => campaignId === campaignOf(LOST))).toBe(true);

    await cluster.restart();
    await vi.waitUntil(() => ledger.isSound, SOON);
    await settleOwed();
    await sellOut();
  });

  it('stops caps for the users whose records he has, and forgets none of them', LONG, async () => {
    const caps = await openCapsOver(books.connection, books.faults);
    const users = MASTERS.map(userOf);
    const askForAll = (): Promise<string[]> => Promise.all(users.map((user) => askFor(caps, user)));
    expect(await askForAll()).toEqual(['open', 'open', 'open']);
    await cluster.kill(LOST);
    await vi.waitUntil(() => !books.connection.isOpen(userKey(users[LOST - 1] ?? '')), SOON);
    expect(await askForAll()).toEqual(['open', 'away', 'open']);
    expect(await askForAll()).toEqual(['capped', 'away', 'capped']);
    await cluster.restart();
    await vi.waitUntil(() => books.connection.isOpen(userKey(users[LOST - 1] ?? '')), SOON);
    expect(await askForAll()).toEqual(['capped', 'open', 'capped']);
    expect(await askForAll()).toEqual(['capped', 'capped', 'capped']);
  });

  it('goes on with the replica that takes his place', LONG, async () => {
    await cluster.addReplica(LOST);
    for (const master of MASTERS) await sellTimes(master, 10);
    await copied();
    await cluster.kill(LOST);
    await vi.waitUntil(async () => (await sell(LOST)) === 'posted', SOON);
    await settleOwed();
    await sellOut();
  });
});

function campaignOf(master: Master): string {
  return accounts[master].terms.campaignId;
}

/** The replica has all that was written to its master. */
async function copied(): Promise<void> {
  if (!(books.admin instanceof Cluster)) throw new Error('it is a cluster');
  const [host, port] =
    books.admin.slots[slotOf(bookKeys(books.database, campaignOf(LOST)).book)]?.[0]?.split(':') ?? [];
  const node = books.admin
    .nodes('master')
    .find(({ options }) => options.host === host && options.port === Number(port));
  expect(await node?.wait(1, 10_000)).toBe(1);
}
