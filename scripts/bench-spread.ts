/**
 * `npm run bench -- spread`: how long after its commit a change is bid by on the first and on the last of two servers, and
 * what a storm of changes costs the bids. Two servers on the Postgres and the Redis of DATABASE_URL and REDIS_URL, bids
 * by native-bench/load over both. Quiet and stormy seconds take turns, so that what else the machine does hits both.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../src/campaigns/seeded-random.ts';
import { inOwnDatabase, requireService } from './bench-database.ts';
import { describeMachine, inWords } from './bench-machine.ts';
import { quantile } from './bench-matching.ts';
import { startTwoNodes, type Probe, type TwoNodes } from './bench-nodes.ts';
import { numberFromEnvironment } from './bench-process.ts';
import {
  printLoad,
  printRatio,
  printSpread,
  type SpreadRow,
  type StormFigures,
} from './bench-spread-table.ts';
import { openTwoLoads, type Slice, type TwoLoads } from './bench-two-loads.ts';
import { buildNativeBench, findNativeBenchProblem } from './native-bench.mjs';

const CAMPAIGNS = 5_000;
/** By each of the two ways. */
const CHANGES = numberFromEnvironment('BENCH_CHANGES', 1_000);
const SLICE_SEC = numberFromEnvironment('BENCH_SEC', 5);
/** Slices without a storm, and as many with one. */
const PAIRS = numberFromEnvironment('BENCH_PAIRS', 8);
/** Bids a second over both servers: the first of these that load and the servers keep. */
const RATES = [5_000, 2_000, 1_000] as const;
const STORM_PER_SECOND = 200;
/** From when a change is seen everywhere to the next: at no fixed step, which might fall in with some other one. */
const CHANGE_PAUSE_MS = [5, 25] as const;
const WARM_CHANGES = 20;
/** Before each slice: what the one before left to be compiled is done, or the storm has begun. */
const SETTLE_SEC = 1;
const SEED = 20_261_121;
/** USD: of the seeded campaigns' own world. */
const STORM_PRICES = [0.5, 10] as const;
const RESULTS = fileURLToPath(new URL('../bench-results-spread.json', import.meta.url));

/** Changes a price; `change` resolves with how long each server took. */
interface Way {
  readonly name: string;
  readonly price: number;
  readonly change: (two: TwoNodes, probe: Probe, price: number) => Promise<readonly number[]>;
}

/** The commit of an HTTP change is not seen from outside: its time counts from the sending, which is too much. */
const WAYS: readonly Way[] = [
  { name: 'SQL, from the commit', price: 2, change: changeBySql },
  { name: 'PATCH to one server, from its sending', price: 3, change: changeByPatch },
];

await main();

async function main(): Promise<void> {
  const problem = findNativeBenchProblem();
  if (problem !== null) throw new Error(problem);
  const redisUrl = requireService('REDIS_URL');
  const { load } = await buildNativeBench();
  await inOwnDatabase(requireService('DATABASE_URL'), 'spread', async (databaseUrl) => {
    progress(`two servers of ${CAMPAIGNS} campaigns are started`);
    const two = await startTwoNodes({ databaseUrl, redisUrl, campaigns: CAMPAIGNS, probes: CHANGES });
    try {
      await measure(two, openTwoLoads(load, two.nodes));
    } finally {
      await two.close();
    }
  });
}

async function measure(two: TwoNodes, loads: TwoLoads): Promise<void> {
  await loads.warm();
  for (const probe of two.probes.slice(0, WARM_CHANGES)) await changeBySql(two, probe, 1.5);
  const { perSecond, isKept } = await chooseRate(loads);
  const spread: SpreadRow[] = [];
  const during: Slice[] = [];
  for (const way of WAYS) {
    progress(`${CHANGES} changes, ${way.name}, under ${perSecond} bids/s`);
    const work = (): Promise<SpreadRow> => changeAll(two, way);
    const { result, slices } = await loads.during(perSecond, SLICE_SEC, work);
    spread.push(result);
    during.push(...slices);
  }
  const storm = await measureStorm(two, loads, perSecond);
  const machine = describeMachine();
  const order = { campaigns: CAMPAIGNS, changes: CHANGES, perSecond, isKept, sliceSec: SLICE_SEC };
  writeFileSync(RESULTS, `${JSON.stringify({ ...machine, ...order, spread, during, storm }, null, 2)}\n`);
  console.log(`\n${inWords(machine)}`);
  console.log(`two servers, ${CAMPAIGNS} campaigns, ${perSecond} bids/s over both\n`);
  if (!isKept) console.log('Not even that rate was kept: the times below are those of an overload.\n');
  printSpread(spread);
  console.log();
  printLoad([
    ['while changes spread', during],
    ['quiet', storm.quiet],
    [`${storm.changesPerSecond.toFixed(0)} changes/s`, storm.stormy],
  ]);
  printRatio(storm);
}

async function chooseRate(
  loads: TwoLoads,
): Promise<{ readonly perSecond: number; readonly isKept: boolean }> {
  for (const perSecond of RATES) {
    const slice = await loads.slice(perSecond, SLICE_SEC, SETTLE_SEC);
    if (slice.every(({ verdict }) => verdict === 'kept')) return { perSecond, isKept: true };
    progress(`${perSecond} bids/s: ${slice.map(({ verdict }) => verdict).join(', ')}`);
  }
  return { perSecond: RATES[RATES.length - 1] ?? 0, isKept: false };
}

async function changeAll(two: TwoNodes, { name, price, change }: Way): Promise<SpreadRow> {
  const random = seededRandom(SEED);
  const firstMs: number[] = [];
  const lastMs: number[] = [];
  for (const probe of two.probes) {
    const tookMs = await change(two, probe, price);
    firstMs.push(Math.min(...tookMs));
    lastMs.push(Math.max(...tookMs));
    await sleep(random.between(...CHANGE_PAUSE_MS));
  }
  return { name, first: summarize(firstMs), last: summarize(lastMs) };
}

async function changeBySql(two: TwoNodes, probe: Probe, price: number): Promise<readonly number[]> {
  await two.setPrice(probe.id, price);
  const fromMs = performance.now();
  const seenMs = await Promise.all(two.nodes.map((node) => node.untilPriced(probe, price)));
  return seenMs.map((ms) => ms - fromMs);
}

async function changeByPatch(two: TwoNodes, probe: Probe, price: number): Promise<readonly number[]> {
  const fromMs = performance.now();
  const [seenMs] = await Promise.all([
    Promise.all(two.nodes.map((node) => node.untilPriced(probe, price))),
    two.nodes[0].patchPrice(probe, price),
  ]);
  return seenMs.map((ms) => ms - fromMs);
}

function summarize(times: readonly number[]): SpreadRow['first'] {
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), maxMs: Math.max(...times) };
}

async function measureStorm(two: TwoNodes, loads: TwoLoads, perSecond: number): Promise<StormFigures> {
  const quiet: Slice[] = [];
  const stormy: Slice[] = [];
  const rates: number[] = [];
  for (let pair = 1; pair <= PAIRS; pair++) {
    progress(`pair ${pair} of ${PAIRS}: ${SLICE_SEC} s quiet, ${SLICE_SEC} s of storm`);
    quiet.push(await loads.slice(perSecond, SLICE_SEC, SETTLE_SEC));
    const storm = startStorm(two, SEED + pair);
    stormy.push(await loads.slice(perSecond, SLICE_SEC, SETTLE_SEC));
    rates.push(await storm.stop());
  }
  return { quiet, stormy, changesPerSecond: quantile(rates, 0.5) };
}

/** An open loop: a change that was late does not put off the next. `stop` resolves with the changes a second. */
function startStorm(two: TwoNodes, seed: number): { stop(): Promise<number> } {
  const random = seededRandom(seed);
  const startMs = performance.now();
  let isOver = false;
  const raging = (async () => {
    let changes = 0;
    for (; !isOver; changes++) {
      const dueMs = startMs + (changes * 1_000) / STORM_PER_SECOND;
      if (dueMs > performance.now()) await sleep(dueMs - performance.now());
      const cents = random.between(STORM_PRICES[0] * 100, STORM_PRICES[1] * 100);
      await two.setPrice(random.pick(two.ids), cents / 100);
    }
    return changes / ((performance.now() - startMs) / 1_000);
  })();
  return {
    stop() {
      isOver = true;
      return raging;
    },
  };
}

function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
