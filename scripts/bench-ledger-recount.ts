/**
 * The recount: load is the exchange of two servers that share budgets and caps, and adds up what it was sold. What it has
 * must agree with the books in Redis, with the rows in Postgres and with what the servers say; no budget and no cap may be
 * passed, and nothing may be pending once the last bid has expired.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Campaign } from '../src/campaigns/model.ts';
import { checkRecount, isSpent, readRows, type Check, type Row } from './bench-ledger-checks.ts';
import type { LedgerNode } from './bench-ledger-node.ts';
import { countPosts, readBooks, type BenchRedis, type BookSums } from './bench-ledger-redis.ts';
import { recountBodies } from './bench-ledger-world.ts';
import { callLoad, CONNECTIONS, runLoad, WARMING, type ExchangeFigures } from './bench-open-loop.ts';
import { atEnd } from './bench-process.ts';

export interface RecountOrder {
  readonly databaseUrl: string;
  readonly redis: BenchRedis;
  readonly load: string;
  readonly nodes: readonly LedgerNode[];
  /** That bid; others may be there too. */
  readonly campaigns: readonly Campaign[];
  /** Over all servers. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly onProgress: (line: string) => void;
}

export interface RecountFigures {
  readonly perSecond: number;
  readonly answers: number;
  readonly bids: number;
  readonly billed: number;
  /** Of the answers, by its name in /metrics. */
  readonly shares: ReadonlyMap<string, number>;
  /** Whose budget does not bear one impression more. */
  readonly spentCampaigns: number;
  /** From the end of the load until nothing was pending. */
  readonly settledMs: number;
  readonly checks: readonly Check[];
}

/** No bid, as the user had seen all that could be shown: more than that have met some cap. */
const CAPPED = 'userCapMet';
/** Of the answers. So many at least must be without a bid for it, or the recount shows nothing. */
const MIN_CAPPED_SHARE = 0.1;
/** From an answer to its notice, and from a win to its billing. */
const NOTICE_DELAY = '50ms..1s';
const DRAIN = '10s';
const COUNTED_LIMIT_MS = 60_000;
/** A bid that was won is held a minute longer than it is valid; then the servers' next second. */
const PENDING_LIMIT_MS = 90_000;
const POLL_MS = 100;
/** What stands before a reason in /metrics, and `"}` behind it. */
const ANSWERS = 'gavel_bid_answers_total{reason="';

export async function measureRecount(order: RecountOrder): Promise<RecountFigures> {
  const { nodes, campaigns, onProgress } = order;
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-recount-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const documents = await writeDocuments(folder, nodes);
  onProgress('recount: two servers are warmed by requests that cost nothing');
  await warm(order, folder);
  const before = await Promise.all(nodes.map((node) => node.readMetrics()));
  onProgress(`recount: ${order.perSecond} requests/s over ${nodes.length} servers, ${order.seconds} s`);
  const exchanges = await fire(order, folder, documents);
  const endMs = performance.now();
  const billed = sumOf(exchanges, ({ recount }) => recount.sums.billedImpressions);
  onProgress('recount: until all is counted and the last bid has expired');
  const rows = await untilCounted(order.databaseUrl, billed);
  const books = await untilNothingIsPending(order);
  const settledMs = performance.now() - endMs;
  const after = await Promise.all(nodes.map((node) => node.readMetrics()));
  const more = (name: string): number =>
    after.reduce((all, metrics, i) => all + (metrics.get(name) ?? 0) - (before[i]?.get(name) ?? 0), 0);
  const reasons = [...(after[0]?.keys() ?? [])].filter((name) => name.startsWith(ANSWERS));
  const answers = sumOf(reasons, more);
  return {
    perSecond: order.perSecond,
    answers,
    bids: sumOf(exchanges, ({ recount }) => recount.bids),
    billed,
    shares: new Map(reasons.map((name) => [name.slice(ANSWERS.length, -2), more(name) / answers])),
    spentCampaigns: campaigns.filter((campaign) => isSpent(campaign, books.get(campaign.id))).length,
    settledMs,
    checks: checkRecount({
      campaigns,
      exchanges,
      rows,
      books,
      posts: await countPosts(order.redis),
      unexplainedNanos: more('gavel_ledger_unexplained_overspend_nanos_total'),
      pendingNanos: after.reduce((all, metrics) => all + (metrics.get('gavel_ledger_pending_nanos') ?? 0), 0),
    }),
  };
}

/** Throws where a figure is not what another one says, or too few met a cap. */
export function requireAgreement({ checks, shares }: RecountFigures): void {
  const wrong = checks.filter(({ expected, found }) => expected !== found);
  if (wrong.length > 0) {
    const told = wrong.map(({ name, expected, found }) => `${name}: ${found}, not ${expected}`);
    throw new Error(`the recount does not agree: ${told.join('; ')}`);
  }
  const cappedShare = shares.get(CAPPED) ?? 0;
  if (cappedShare < MIN_CAPPED_SHARE) {
    const percent = (cappedShare * 100).toFixed(1);
    throw new Error(`only ${percent} % of the requests met a cap, so the recount shows nothing`);
  }
}

/** As the servers themselves tell them; that both are asked opens the books on both. Returns the file's name. */
async function writeDocuments(folder: string, nodes: readonly LedgerNode[]): Promise<string> {
  const [documents] = await Promise.all(nodes.map((node) => node.readCampaigns()));
  const file = join(folder, 'campaigns.json');
  writeFileSync(file, JSON.stringify(documents));
  return file;
}

function writeBodies(folder: string, name: string, bodies: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, `${bodies.join('\n')}\n`);
  return file;
}

/** The same requests as tests: nothing is reserved, and nothing held. */
async function warm({ nodes, load }: RecountOrder, folder: string): Promise<void> {
  const tests = recountBodies().map((body) => JSON.stringify({ ...(JSON.parse(body) as object), test: 1 }));
  const bodies = writeBodies(folder, 'tests.jsonl', tests);
  await Promise.all(
    nodes.map(({ url }) =>
      runLoad(load, ['run', '--url', url, '--bodies', bodies, '--json', '-', ...WARMING]),
    ),
  );
}

async function fire(
  { nodes, load, perSecond, seconds }: RecountOrder,
  folder: string,
  documents: string,
): Promise<readonly ExchangeFigures[]> {
  const bodies = writeBodies(folder, 'bodies.jsonl', recountBodies());
  return Promise.all(
    nodes.map(async ({ url, pid }, place) => {
      const { exchange } = await callLoad(load, [
        ...['run', '--url', url, '--pid', String(pid), '--bodies', bodies, '--json', '-'],
        ...['--rate', String(perSecond / nodes.length), '--for', `${seconds * 1_000}ms`, '--warm-up', '0ms'],
        ...['--connections', String(CONNECTIONS), '--seed', String(place + 1)],
        ...['--recount', '--campaigns', documents, '--notice-delay', NOTICE_DELAY, '--drain', DRAIN],
        ...['--pixel-share', '0.2', '--duplicate-share', '0.05'],
      ]);
      if (exchange === null) throw new Error('load ended without a recount');
      return exchange;
    }),
  );
}

/** Until there are so many billings, or longer than they can take. */
async function untilCounted(databaseUrl: string, billed: number): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const deadlineMs = performance.now() + COUNTED_LIMIT_MS;
    for (;;) {
      const rows = await readRows(client);
      const counted = sumOf(rows, ({ showings }) => showings);
      if (counted >= billed || performance.now() > deadlineMs) return rows;
      await sleep(POLL_MS);
    }
  } finally {
    await client.end();
  }
}

/** Neither in the books nor with a server, or longer than anything can be. */
async function untilNothingIsPending({
  nodes,
  redis,
  campaigns,
}: RecountOrder): Promise<ReadonlyMap<string, BookSums>> {
  const ids = new Set(campaigns.map(({ id }) => id));
  const deadlineMs = performance.now() + PENDING_LIMIT_MS;
  for (;;) {
    const all = await readBooks(redis);
    const books = new Map([...all].filter(([id]) => ids.has(id)));
    const metrics = await Promise.all(nodes.map((node) => node.readMetrics()));
    const pending = sumOf(metrics, (values) => values.get('gavel_ledger_pending_nanos') ?? 0);
    const leased = sumOf([...books.values()], ({ leasedNanos }) => leasedNanos);
    if (pending + leased === 0 || performance.now() > deadlineMs) return books;
    await sleep(POLL_MS);
  }
}

function sumOf<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0);
}
