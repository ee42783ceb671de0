/**
 * `npm run bench`, once everything is built: what a bid costs against bare uWebSockets.js in a closed loop, how long it
 * takes in an open one, and what matching costs alone. The tables go to standard output, what is being done to standard error, the figures to bench-results.json.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { measureMatching, printMatching } from './bench-matching.ts';
import type { LoadFigures, LoadOrder } from './bench-load.ts';
import {
  measureGenerator,
  measureOpenLoop,
  printOpenLoop,
  type NativePrograms,
  type OpenLoopRow,
} from './bench-open-loop.ts';
import { describeMachine, inWords } from './bench-machine.ts';
import { callNode, numberFromEnvironment } from './bench-process.ts';
import { seededBodies } from './bench-requests.ts';
import { startBare, startGavel, type BenchServer } from './bench-server.ts';
import { buildNativeBench, findNativeBenchProblem } from './native-bench.mjs';

interface Row {
  readonly name: string;
  readonly figures: LoadFigures;
  /** CPU a request against bare. */
  readonly ratio: number;
}

interface OpenLoop {
  readonly generator: readonly OpenLoopRow[];
  readonly bidPath: readonly OpenLoopRow[];
}

const CAMPAIGNS = 5_000;
const BODIES = 400;
const BODIES_SEED = 20_261_121;
const CONNECTIONS = 64;
/**
 * About what the bid path takes of JavaScript. What this row costs beyond it and beyond bare is the bench's own: a
 * load tool that waits for the server has to be woken for each answer, one that can't keep up is awake anyway.
 */
const SPIN_MICROS = 40;
/** Two rounds of the optimising compiler, on a server of some 20,000 requests/s. */
const WARM_SEC = numberFromEnvironment('BENCH_WARM_SEC', 4);
const MEASURED_SEC = numberFromEnvironment('BENCH_SEC', 8);
/** With fewer bids among the answers a row would not tell what a bid costs. */
const MIN_BID_SHARE = 0.9;
/** Of a core. More than that of other programs' work, and the table says more about them. */
const MAX_OTHERS_CORES = 0.15;
const LOAD_TOOL = fileURLToPath(new URL('bench-load.ts', import.meta.url));
const RESULTS = fileURLToPath(new URL('../bench-results.json', import.meta.url));

await main();

async function main(): Promise<void> {
  const nativeProblem = findNativeBenchProblem();
  const programs = nativeProblem === null ? await buildNativeBench() : null;
  const bodies = seededBodies(BODIES, BODIES_SEED);
  const bodyBytes = mean(bodies.map((body) => Buffer.byteLength(body)));
  let answerBytes = 0;
  const inline = await measure(
    'whole bid path, inline',
    () => startGavel(0, CAMPAIGNS),
    bodies,
    async (url) => {
      answerBytes = await bidBytes(url, bodies);
    },
  );
  const work = { answerBytes, parses: false, spinMicros: 0 };
  const bare = await measure('bare uWebSockets.js', () => startBare(work), bodies);
  const parsing = await measure('bare + JSON.parse', () => startBare({ ...work, parses: true }), bodies);
  const spinning = await measure(
    `bare + ${SPIN_MICROS} µs of nothing`,
    () => startBare({ ...work, spinMicros: SPIN_MICROS }),
    bodies,
  );
  const one = await measure('whole bid path, 1 worker', () => startGavel(1, CAMPAIGNS), bodies);
  const two = await measure('whole bid path, 2 workers', () => startGavel(2, CAMPAIGNS), bodies);
  const rows = [bare, parsing, spinning, inline, one, two].map(([name, figures]): Row => ({
    name,
    figures,
    ratio: figures.cpuMicrosPerRequest / bare[1].cpuMicrosPerRequest,
  }));
  const openLoop: OpenLoop | null =
    programs === null ? null : await measureOpen(programs, bodies, answerBytes);
  progress('matching alone');
  const matching = measureMatching();
  const machine = describeMachine();
  const load = { campaigns: CAMPAIGNS, bodies: BODIES, bodyBytes, answerBytes, connections: CONNECTIONS };
  writeFileSync(RESULTS, `${JSON.stringify({ ...machine, ...load, rows, openLoop, matching }, null, 2)}\n`);

  console.log(`\n${inWords(machine)}`);
  console.log(
    `${CAMPAIGNS} campaigns, ${CONNECTIONS} connections, ${BODIES} bodies of ${bodyBytes} bytes, ` +
      `bids of ${answerBytes} bytes, ${MEASURED_SEC} s a row\n`,
  );
  printRows(rows);
  console.log();
  if (openLoop === null) console.log(`No open loop. ${nativeProblem ?? ''}`);
  else printOpenLoop([...openLoop.generator, ...openLoop.bidPath]);
  console.log();
  printMatching(matching);
}

async function measureOpen(
  programs: NativePrograms,
  bodies: readonly string[],
  answerBytes: number,
): Promise<OpenLoop> {
  const generator = await measureGenerator(programs, bodies, answerBytes);
  return { generator, bidPath: await measureOpenLoop(programs, bodies, CAMPAIGNS) };
}

/** Starts the server, lets `probe` look at it, puts it under load, stops it. */
async function measure(
  name: string,
  start: () => Promise<BenchServer>,
  bodies: readonly string[],
  probe: (url: string) => Promise<void> = () => Promise.resolve(),
): Promise<readonly [string, LoadFigures]> {
  progress(`${name}: starting`);
  const server = await start();
  try {
    await probe(server.url);
    progress(`${name}: ${WARM_SEC} s to warm up, ${MEASURED_SEC} s measured`);
    const order: LoadOrder = {
      url: server.url,
      pid: server.pid,
      bodies,
      connections: CONNECTIONS,
      warmSec: WARM_SEC,
      measuredSec: MEASURED_SEC,
    };
    const figures = JSON.parse(
      await callNode(['--import', 'tsx', LOAD_TOOL], JSON.stringify(order)),
    ) as LoadFigures;
    if (figures.okShare < MIN_BID_SHARE) {
      throw new Error(`${name}: only ${percent(figures.okShare)} of the answers were bids`);
    }
    if (figures.othersCores > MAX_OTHERS_CORES) {
      progress(`${name}: other programs took ${figures.othersCores.toFixed(2)} cores: this row is noise`);
    }
    return [name, figures];
  } finally {
    await server.stop();
  }
}

/** Asks once for each body. Returns the bytes of a bid, in the mean; throws where too few are answered with one. */
async function bidBytes(url: string, bodies: readonly string[]): Promise<number> {
  const bytes: number[] = [];
  for (const body of bodies) {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    const answer = await response.text();
    if (response.status === 204) continue;
    if (response.status !== 200 || !answer.includes('"seatbid":[{"bid":[')) {
      throw new Error(`a request was answered ${response.status}: ${answer.slice(0, 200)}`);
    }
    bytes.push(Buffer.byteLength(answer));
  }
  const share = bytes.length / bodies.length;
  if (share < MIN_BID_SHARE) throw new Error(`only ${percent(share)} of the bodies are answered with a bid`);
  return mean(bytes);
}

function printRows(rows: readonly Row[]): void {
  console.log(
    '                           requests/s    p50 ms    p99 ms  CPU µs/request  × bare   cores      bids',
  );
  for (const { name, figures, ratio } of rows) {
    console.log(
      [
        name.padEnd(25),
        figures.requestsPerSec.toFixed(0).padStart(12),
        figures.p50Ms.toFixed(2).padStart(10),
        figures.p99Ms.toFixed(2).padStart(10),
        figures.cpuMicrosPerRequest.toFixed(1).padStart(16),
        ratio.toFixed(2).padStart(8),
        figures.serverCores.toFixed(2).padStart(8),
        (name.startsWith('bare') ? '-' : percent(figures.okShare)).padStart(10),
      ].join(''),
    );
  }
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
