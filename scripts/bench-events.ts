/**
 * `npm run bench -- events [alone] [kafka]`: what becomes of events under load, from the answer to the committed row; once
 * where the server counts alone, once over Kafka and a consumer. On the services of DATABASE_URL and KAFKA_BROKERS, in a
 * database of its own for each way.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '../src/database/postgres-pool.ts';
import { recount } from '../src/events/fixtures/recount.ts';
import { inOwnDatabase, requireService } from './bench-database.ts';
import { measureBids, type BidsBesideEvents } from './bench-event-bids.ts';
import { startEventPath, type EventPath, type Way } from './bench-event-path.ts';
import { measurePixels, type Pixels } from './bench-event-pixels.ts';
import { runEventStep, type EventStep, type StepOrder } from './bench-event-step.ts';
import { printBids, printPixels, printSpool, printSteps } from './bench-event-table.ts';
import { describeMachine, inWords } from './bench-machine.ts';
import { numberFromEnvironment } from './bench-process.ts';
import { buildNativeBench, findNativeBenchProblem } from './native-bench.mjs';

export interface WayFigures {
  readonly way: Way;
  readonly steps: readonly EventStep[];
  readonly spool: SpoolFigures;
  readonly bids: BidsBesideEvents;
  readonly pixels: Pixels;
}

/** When the most events waited in the spool. */
export interface SpoolFigures {
  readonly waiting: number;
  readonly bytesAnEvent: number;
  readonly fileBytes: number;
}

const SEC = numberFromEnvironment('BENCH_SEC', 10);
const PAIRS = numberFromEnvironment('BENCH_PAIRS', 5);
const ROUNDS = numberFromEnvironment('BENCH_ROUNDS', 5);
/** As fast as the server answers arrays, minutes of counting come together soon. */
const FAST_SEC = Math.min(SEC, 3);
const ARRAY = 100;
const BURST = 100_000;
const SAMPLE_PAUSE_MS = 50;
const WAYS: readonly Way[] = ['alone', 'kafka'];
const RESULTS = fileURLToPath(new URL('../bench-results-events.json', import.meta.url));

const WARMING: readonly StepOrder[] = [
  { name: 'warming', perSecond: null, seconds: FAST_SEC, perBody: 1 },
  { name: 'warming', perSecond: 100, seconds: FAST_SEC, perBody: ARRAY },
];
const STEPS: readonly StepOrder[] = [
  { name: 'as fast as answered, one by one', perSecond: null, seconds: FAST_SEC, perBody: 1 },
  { name: `as fast as answered, arrays of ${ARRAY}`, perSecond: null, seconds: FAST_SEC, perBody: ARRAY },
  { name: '1,000/s, one by one', perSecond: 1_000, seconds: SEC, perBody: 1 },
  { name: '10,000/s, one by one', perSecond: 10_000, seconds: SEC, perBody: 1 },
  { name: `10,000/s, arrays of ${ARRAY}`, perSecond: 10_000 / ARRAY, seconds: SEC, perBody: ARRAY },
];
const BURST_STEP: StepOrder = {
  name: `${BURST.toLocaleString('en')} in one second, arrays of ${ARRAY}`,
  perSecond: BURST / ARRAY,
  arrivals: 'constant',
  seconds: 1,
  perBody: ARRAY,
};
const BACKLOG_STEP: StepOrder = {
  name: 'consumed from Kafka, which held them',
  perSecond: 300,
  seconds: FAST_SEC,
  perBody: ARRAY,
  consumer: 'held back',
};

await main();

async function main(): Promise<void> {
  const problem = findNativeBenchProblem();
  if (problem !== null) throw new Error(problem);
  const ways = chooseWays(process.argv.slice(2));
  const brokers = ways.includes('kafka') ? requireService('KAFKA_BROKERS') : '';
  const { load } = await buildNativeBench();
  const measured: WayFigures[] = [];
  for (const way of ways) {
    progress(`${way}: the server is started`);
    measured.push(
      await inOwnDatabase(requireService('DATABASE_URL'), way, async (databaseUrl) => {
        const path = await startEventPath(way, databaseUrl, brokers);
        try {
          return await measureWay(load, path);
        } finally {
          await path.close();
        }
      }),
    );
  }
  const machine = describeMachine();
  writeFileSync(RESULTS, `${JSON.stringify({ ...machine, ways: measured }, null, 2)}\n`);
  console.log(`\n${inWords(machine)}`);
  for (const { way, steps, spool, bids, pixels } of measured) {
    console.log(`\n${way === 'alone' ? 'the server counts alone' : 'over Kafka and one consumer'}\n`);
    printSteps(steps);
    console.log();
    printSpool(spool);
    printBids(bids);
    console.log();
    printPixels(pixels);
  }
}

function chooseWays(words: readonly string[]): readonly Way[] {
  const unknown = words.find((word) => !WAYS.some((way) => way === word));
  if (unknown !== undefined) throw new Error(`events: ${unknown} is no way: choose of ${WAYS.join(', ')}`);
  return words.length === 0 ? WAYS : WAYS.filter((way) => words.includes(way));
}

async function measureWay(load: string, path: EventPath): Promise<WayFigures> {
  const { way } = path;
  const run = async (order: StepOrder): Promise<EventStep> => {
    progress(`${way}: ${order.name}`);
    return runEventStep(load, path, order);
  };
  for (const order of WARMING) await run(order);
  const steps: EventStep[] = [];
  for (const order of STEPS) steps.push(await run(order));
  const { step, spool } = await watchSpool(path, run(BURST_STEP));
  steps.push(step);
  if (way === 'kafka') steps.push(await run(BACKLOG_STEP));
  progress(`${way}: bids beside events, ${PAIRS} pairs`);
  const bids = await measureBids(load, path, { seconds: SEC, pairs: PAIRS });
  progress(`${way}: impressions, ${ROUNDS} rounds`);
  const pixels = await measurePixels(path, ROUNDS);
  progress(`${way}: all sums are recounted from their rows`);
  await checkSums(path.databaseUrl);
  return { way, steps, spool, bids, pixels };
}

/** Looks into the spool while the step lasts. */
async function watchSpool(
  path: EventPath,
  stepping: Promise<EventStep>,
): Promise<{ readonly step: EventStep; readonly spool: SpoolFigures }> {
  let spool: SpoolFigures = { waiting: 0, bytesAnEvent: 0, fileBytes: 0 };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const waiting = await path.readMetric('gavel_spool_live_records');
      const bytes = await path.readMetric('gavel_spool_live_bytes');
      const fileBytes = await path.readMetric('gavel_spool_file_bytes');
      if (waiting > spool.waiting) spool = { waiting, bytesAnEvent: bytes / waiting, fileBytes };
      await sleep(SAMPLE_PAUSE_MS);
    }
  })();
  const step = await stepping.finally(() => (isOver = true));
  await watching;
  return { step, spool };
}

async function checkSums(databaseUrl: string): Promise<void> {
  const pool = openPool(databaseUrl, () => undefined);
  try {
    const wrong = await recount(pool);
    if (wrong.length > 0)
      throw new Error(`${wrong.length} sums differ: ${JSON.stringify(wrong.slice(0, 3))}`);
  } finally {
    await pool.end();
  }
}

function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
