/**
 * `npm run bench -- ledger [cost] [shared]`: what budgets and caps over Redis cost a bid, how soon a spent budget is bid on no more, what a
 * user's caps take of Redis' memory, and a recount of money and showings over two servers. On the services of DATABASE_URL
 * and REDIS_URL, in databases of its own. It ends with an error where the recount does not agree.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inOwnDatabase, requireService } from './bench-database.ts';
import { measureCost, type CostFigures } from './bench-ledger-cost.ts';
import { weighUsers, type MemoryRow } from './bench-ledger-memory.ts';
import { seedLedgerCampaigns, startLedgerNode } from './bench-ledger-node.ts';
import { measureRecount, requireAgreement, type RecountFigures } from './bench-ledger-recount.ts';
import { inOwnRedis, type BenchRedis } from './bench-ledger-redis.ts';
import {
  measureReserved,
  measureSpent,
  spentProbes,
  type ReservedFigures,
  type SpentRow,
} from './bench-ledger-spent.ts';
import { printCost, printMemory, printRecount, printSpent } from './bench-ledger-table.ts';
import { recountCampaigns, spareCampaigns } from './bench-ledger-world.ts';
import { describeMachine, inWords } from './bench-machine.ts';
import { printOpenLoop } from './bench-open-loop.ts';
import { numberFromEnvironment } from './bench-process.ts';
import { openTwoLoads } from './bench-two-loads.ts';
import { buildNativeBench, findNativeBenchProblem } from './native-bench.mjs';

/** Of the two servers that share. */
interface SharedFigures {
  readonly recount: RecountFigures;
  readonly reserved: ReservedFigures;
  readonly spent: readonly SpentRow[];
  readonly memory: MemoryRow;
}

const PARTS: readonly string[] = ['cost', 'shared'];
const SECONDS = numberFromEnvironment('BENCH_SEC', 5);
/** An odd number has a median of its own. */
const ROUNDS = numberFromEnvironment('BENCH_ROUNDS', 5);
const RECOUNT_SECONDS = 4 * SECONDS;
/** Over both servers: what two cores bear with the exchange's notices and the counting. */
const RECOUNT_PER_SECOND = numberFromEnvironment('BENCH_RATE', 1_500);
/** Spent by clicks, once quiet and once under load. */
const CLICK_BUDGETS = numberFromEnvironment('BENCH_BUDGETS', 40);
const IMPRESSION_BUDGETS = 5;
const LOADED_PER_SECOND = 1_000;
const RESULTS = fileURLToPath(new URL('../bench-results-ledger.json', import.meta.url));

await main();

async function main(): Promise<void> {
  const problem = findNativeBenchProblem();
  if (problem !== null) throw new Error(problem);
  const parts = chooseParts(process.argv.slice(2));
  const databaseUrl = requireService('DATABASE_URL');
  const { load } = await buildNativeBench();
  const machine = describeMachine();
  console.log(`${inWords(machine)}\n`);
  await inOwnRedis(requireService('REDIS_URL'), async (redis) => {
    const cost = parts.includes('cost') ? await printingCost(databaseUrl, redis, load) : null;
    const shared = parts.includes('shared') ? await printingShared(databaseUrl, redis, load) : null;
    writeFileSync(RESULTS, `${JSON.stringify({ ...machine, cost, shared }, plainly, 2)}\n`);
    if (shared !== null) requireAgreement(shared.recount);
  });
}

function chooseParts(words: readonly string[]): readonly string[] {
  const unknown = words.find((word) => !PARTS.includes(word));
  if (unknown !== undefined) throw new Error(`ledger: ${unknown} is no part: choose of ${PARTS.join(', ')}`);
  return words.length === 0 ? PARTS : words;
}

async function printingCost(databaseUrl: string, redis: BenchRedis, load: string): Promise<CostFigures> {
  const order = { rounds: ROUNDS, seconds: SECONDS, onProgress: progress };
  const cost = await measureCost({ databaseUrl, redis, load, ...order });
  printCost(cost.rows);
  console.log();
  printOpenLoop(cost.openLoop, `${SECONDS}s`);
  console.log();
  printMemory([cost.memory]);
  console.log();
  return cost;
}

async function printingShared(databaseUrl: string, redis: BenchRedis, load: string): Promise<SharedFigures> {
  const shared = await inOwnDatabase(databaseUrl, 'shared', (url) => measureShared(url, redis, load));
  printMemory([shared.memory]);
  console.log();
  printSpent(shared.spent, shared.reserved);
  return shared;
}

async function measureShared(databaseUrl: string, redis: BenchRedis, load: string): Promise<SharedFigures> {
  const campaigns = recountCampaigns();
  const probes = spentProbes(spareCampaigns(2 * CLICK_BUDGETS + IMPRESSION_BUDGETS), 2 * CLICK_BUDGETS);
  const all = [...campaigns, ...[...probes.clicks, ...probes.impressions].map(({ campaign }) => campaign)];
  progress('two servers on one Postgres and one Redis are started');
  await seedLedgerCampaigns(databaseUrl, all);
  const order = { databaseUrl, redisUrl: redis.url, campaigns: all.length };
  const nodes = [await startLedgerNode(order), await startLedgerNode(order)] as const;
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (!isStopped) await Promise.all(nodes.map((node) => node.stop()));
    isStopped = true;
  };
  try {
    const recount = await measureRecount({
      ...{ databaseUrl, redis, load, nodes, campaigns },
      ...{ perSecond: RECOUNT_PER_SECOND, seconds: RECOUNT_SECONDS, onProgress: progress },
    });
    printRecount(recount);
    console.log();
    progress(`from the last unit to the last bid: ${2 * CLICK_BUDGETS} budgets`);
    const reserved = await measureReserved(nodes, probes.impressions);
    const quiet = await measureSpent('quiet', nodes, probes.clicks.slice(0, CLICK_BUDGETS));
    const name = `beside ${LOADED_PER_SECOND} bids/s`;
    const loads = openTwoLoads(load, nodes);
    const { result } = await loads.during(LOADED_PER_SECOND, SECONDS, () =>
      measureSpent(name, nodes, probes.clicks.slice(CLICK_BUDGETS)),
    );
    await stop();
    const memory = await weighUsers(redis, 'after the recount');
    return { recount, reserved, spent: [quiet, result], memory };
  } finally {
    await stop();
  }
}

/** A map as an object. */
function plainly(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
