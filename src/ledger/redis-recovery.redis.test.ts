/** Redis that comes back empty, or older than it was, while two nodes spend: the books are made whole, and nothing is lost. */
import { randomUUID } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { costNanos } from '../money.ts';
import { DONE } from './done-calls.ts';
import { OwnRedis } from './fixtures/own-redis.ts';
import { SharedBooks } from './fixtures/shared-books.ts';
import { SpendingLoad } from './fixtures/spending-load.ts';
import type { BudgetTerms, ReservedBid } from './ledger.ts';

const SEED = Number(process.env.GAVEL_WALK_SEED ?? Math.floor(Math.random() * 1e6));
/** Seconds' worth of what is done between a node and its books: a file, or a replica, is as far behind. */
const BEHIND_MS = 700;
/** For what only has to come at some time. */
const SOON = { timeout: 60_000 };
const BUDGET_UNITS = 3_000;

let servers: OwnRedis[];
let line: Line;
let books: SharedBooks;

beforeEach(async () => {
  servers = [await OwnRedis.start()];
  line = await Line.open(servers[0]!.port);
  books = await SharedBooks.open(`redis://127.0.0.1:${String(line.port)}`);
});
afterEach(async () => {
  await books.connection.close();
  books.admin.disconnect();
  await line.close();
  await Promise.all(servers.map((server) => server.remove()));
});

/** Where nodes reach Redis, whichever server that is now. */
class Line {
  upstream: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(upstream: number) {
    this.upstream = upstream;
    this.#server = createServer((near) => {
      const far = connect(this.upstream, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  static async open(upstream: number): Promise<Line> {
    const line = new Line(upstream);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  turnTo(upstream: number): void {
    this.upstream = upstream;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.turnTo(this.upstream);
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function termsOf(): BudgetTerms {
  return {
    campaignId: randomUUID(),
    termsVersion: 1,
    model: 'cpm',
    budgetMode: 'strict',
    evenOver: null,
    dailyBudgetNanos: costNanos(1),
    lifetimeBudgetNanos: null,
    timezone: 'UTC',
    unitNanos: costNanos(1),
  };
}

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Spends until the budget is spent, with `lose` in between, and holds the books to what was told. */
async function spendThrough(lose: () => Promise<void>): Promise<SpendingLoad> {
  const load = new SpendingLoad(books, termsOf(), { nodes: 2, budgetUnits: BUDGET_UNITS, seed: SEED });
  const budgetNanos = load.terms.dailyBudgetNanos;
  load.run();
  try {
    await expect.poll(() => load.postedNanos).toBeGreaterThan(budgetNanos / 4);
    const before = load.postedNanos;
    expect(before).toBeLessThan(budgetNanos / 2);
    await lose();
    const lostMs = Date.now();
    // Bids go on: the rest is spent, but for what waits for its expiry.
    await expect.poll(() => load.lastBidMs - lostMs, SOON).toBeGreaterThan(2_000);
    await expect.poll(() => load.postedNanos, SOON).toBeGreaterThan(budgetNanos * 0.6);
  } finally {
    await load.stop();
  }
  expect(await load.billAgain()).toBeGreaterThan(0);
  expect([...load.statuses.keys()].filter((what) => /unknown|twice|late/.test(what))).toEqual([]);
  expect(load.postedNanos).toBeLessThanOrEqual(budgetNanos);
  await load.expire();
  const { posted, leased, late, edited } = await load.book();
  expect({ posted, leased, late, edited }).toEqual({
    posted: String(load.postedNanos),
    leased: '0',
    late: undefined,
    edited: undefined,
  });
  expect(books.faults).toEqual([]);
  return load;
}

describe(`books that Redis lost (GAVEL_WALK_SEED=${String(SEED)})`, () => {
  it('are rebuilt after FLUSHALL under load: no budget is exceeded, nothing is posted twice, and bids go on', async () => {
    await spendThrough(() =>
      servers[0]!.ask(async (client) => {
        await client.flushall();
      }),
    );
  });

  it('are rebuilt after a restart from a file that lacks the end', async () => {
    await spendThrough(async () => {
      const bytes = servers[0]!.logBytes;
      await pass(BEHIND_MS);
      await servers[0]!.kill();
      servers[0]!.cutLog(bytes);
      await servers[0]!.start();
    });
  });

  it('know a bill that comes again from one that was never told, by the events that were counted', async () => {
    const [validSec, laterMs] = [600, 70_000];
    let nowMs = Date.now();
    const terms = { ...termsOf(), dailyBudgetNanos: costNanos(1_000), unitNanos: costNanos(100) };
    const ledger = books.node(nowMs);
    const account = ledger.account(terms);
    const bids: ReservedBid[] = [];
    // After two of its halves, a node has forgotten that it posted the first.
    for (let told = 0; told < 4; told++, nowMs += laterMs) {
      const expirySec = Math.floor(nowMs / 1000) + validSec;
      await ledger.prepare([account], nowMs, expirySec);
      const taken = ledger.reserve(account, terms.unitNanos, nowMs, expirySec);
      const bid = { campaignId: terms.campaignId, reservedNanos: terms.unitNanos, expirySec, ...taken! };
      bids.push(bid);
      if (told < 3) expect(await ledger.post(bid, terms.unitNanos, nowMs)).toBe('posted');
    }
    books.posted = { everNanos: 300, dayNanos: 300, isNew: false };
    books.findMarked = () =>
      Promise.resolve(bids.slice(0, 1).map(({ lease, ordinal }) => ({ lease, ordinal, bits: DONE.posted })));
    await servers[0]!.ask((client) => client.flushall());
    for (const bid of bids) expect(await ledger.post(bid, terms.unitNanos, nowMs)).toBe('owed');
    await ledger.settled();
    const statuses = [];
    for (const call of books.owed.splice(0)) statuses.push(await ledger.settleOwed(call));
    expect(statuses).toEqual(['repeated', 'repeated', 'repeated', 'posted']);
    await ledger.refresh([terms.campaignId], nowMs);
    expect(ledger.spend(terms.campaignId, nowMs).spentLifetimeNanos).toBe(400);
  });

  it('count a bill of the time that Redis was away once, though Postgres has counted it before', async () => {
    const nowMs = Date.now();
    const terms = { ...termsOf(), dailyBudgetNanos: costNanos(1_000), unitNanos: costNanos(100) };
    const ledger = books.node(nowMs);
    const account = ledger.account(terms);
    const expirySec = Math.floor(nowMs / 1000) + 600;
    await ledger.prepare([account], nowMs, expirySec);
    const bids = [0, 1, 2].map((): ReservedBid => {
      const taken = ledger.reserve(account, terms.unitNanos, nowMs, expirySec);
      return { campaignId: terms.campaignId, reservedNanos: terms.unitNanos, expirySec, ...taken! };
    });
    expect(await ledger.post(bids[0]!, terms.unitNanos, nowMs)).toBe('posted');
    await servers[0]!.kill();
    for (const bid of bids.slice(1)) expect(await ledger.post(bid, terms.unitNanos, nowMs)).toBe('owed');
    books.posted = { everNanos: 300, dayNanos: 300, isNew: false };
    await servers[0]!.start();
    await expect.poll(() => books.connection.state, SOON).toBe('up');
    for (const call of books.owed.splice(0)) {
      await expect.poll(() => ledger.settleOwed(call), SOON).toBe('posted');
    }
    await ledger.refresh([terms.campaignId], nowMs);
    expect(ledger.spend(terms.campaignId, nowMs).spentLifetimeNanos).toBe(300);
  });

  it('are rebuilt on a replica that lagged when it was promoted', async () => {
    const replica = await OwnRedis.start();
    servers.push(replica);
    await replica.ask((client) => client.replicaof('127.0.0.1', servers[0]!.port));
    await spendThrough(async () => {
      await expect
        .poll(() => replica.ask((client) => client.info('replication')))
        .toContain('link_status:up');
      await replica.ask((client) => client.replicaof('NO', 'ONE'));
      await pass(BEHIND_MS);
      await servers[0]!.kill();
      line.turnTo(replica.port);
    });
  });
});
