/**
 * Where the microseconds of a bid go: `npx tsx scripts/bench-profile.ts 1` (workers; 0: inline), after a build. Puts the
 * server under the bench's load with V8's profiler on, and prints the share of each file and function, thread by thread.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadFigures, LoadOrder } from './bench-load.ts';
import { atEnd, callNode } from './bench-process.ts';
import { seededBodies } from './bench-requests.ts';
import { startGavel } from './bench-server.ts';

/** What `--cpu-prof` writes, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const CAMPAIGNS = 5_000;
const CONNECTIONS = 64;
const SECONDS = 8;
const SAMPLE_MICROS = 200;
/** A profile of which less was spent in our code is of a thread that does something else. */
const MIN_BUSY_SHARE = 0.02;
const FILES_SHOWN = 30;
const FUNCTIONS_SHOWN = 45;
const LOAD_TOOL = fileURLToPath(new URL('bench-load.ts', import.meta.url));

await main(Number(process.argv[2] ?? 0));

async function main(workers: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-profile-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const profiler = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${SAMPLE_MICROS}`];
  const server = await startGavel(workers, CAMPAIGNS, profiler);
  const order: LoadOrder = {
    url: server.url,
    pid: server.pid,
    bodies: seededBodies(400, 20_261_121),
    connections: CONNECTIONS,
    warmSec: 1,
    measuredSec: SECONDS,
  };
  const figures = JSON.parse(
    await callNode(['--import', 'tsx', LOAD_TOOL], JSON.stringify(order)),
  ) as LoadFigures;
  await server.stop();
  console.log(
    `${workers} workers: ${figures.requestsPerSec.toFixed(0)} requests/s, ` +
      `${figures.cpuMicrosPerRequest.toFixed(1)} µs CPU a request (with the profiler)`,
  );
  for (const file of readdirSync(folder)) {
    printProfile(file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
  }
}

function printProfile(file: string, { nodes, samples, timeDeltas }: CpuProfile): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byFile = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let busyMicros = 0;
  let wholeMicros = 0;
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id);
    const micros = timeDeltas[i] ?? 0;
    wholeMicros += micros;
    if (frame === undefined || frame.functionName === '(idle)') continue;
    busyMicros += micros;
    const place = frame.url === '' ? frame.functionName : frame.url.replace(/^.*\/(dist|node_modules)\//, '');
    const name = `${frame.functionName || '(anonymous)'} ${frame.url === '' ? '' : place}:${frame.lineNumber + 1}`;
    byFile.set(place, (byFile.get(place) ?? 0) + micros);
    byFunction.set(name, (byFunction.get(name) ?? 0) + micros);
  }
  if (busyMicros < wholeMicros * MIN_BUSY_SHARE) return;
  console.log(`\n${file}: busy ${((busyMicros / wholeMicros) * 100).toFixed(0)} % of the time`);
  printShares(byFile, busyMicros, FILES_SHOWN);
  console.log();
  printShares(byFunction, busyMicros, FUNCTIONS_SHOWN);
}

function printShares(micros: ReadonlyMap<string, number>, of: number, shown: number): void {
  const sorted = [...micros].sort(([, a], [, b]) => b - a).slice(0, shown);
  for (const [name, spent] of sorted)
    console.log(`${((spent / of) * 100).toFixed(1).padStart(6)} %  ${name}`);
}
