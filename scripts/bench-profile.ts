/**
 * Where the microseconds of a bid go: `npx tsx scripts/bench-profile.ts 1` (workers; 0: inline), after a build. Puts the
 * server under the bench's load with V8's profiler on, and prints the microseconds a request of each file and
 * function, thread by thread.
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
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const CAMPAIGNS = 5_000;
const CONNECTIONS = 64;
const SECONDS = 8;
const SAMPLE_MICROS = 500;
/** A profile of which less was spent in our code is of a thread that does something else. */
const MIN_BUSY_SHARE = 0.02;
const ROOMS_SHOWN = 14;
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
  const batch = workers === 0 ? '' : `, ${(await batchLength(server.url)).toFixed(1)} requests a batch`;
  await server.stop();
  const { requests, requestsPerSec, cpuMicrosPerRequest } = figures;
  console.log(
    `${workers} workers: ${requestsPerSec.toFixed(0)} requests/s, ` +
      `${cpuMicrosPerRequest.toFixed(1)} µs CPU a request, the profiler's own included${batch}`,
  );
  let jsMicros = 0;
  for (const file of readdirSync(folder)) {
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
    jsMicros += printProfile(file, profile, figures);
  }
  const native = cpuMicrosPerRequest - jsMicros / requests;
  // V8 counts as idle what runs below JavaScript's event loop.
  console.log(`\nuWebSockets.js, libuv and the kernel, the rest: ${native.toFixed(2)} µs a request`);
}

/** Returns the microseconds that the thread was busy while the load was on. */
function printProfile(file: string, profile: CpuProfile, load: LoadFigures): number {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byRoom = new Map<string, number>();
  const byFile = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let busyMicros = 0;
  let nowMicros = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const micros = profile.timeDeltas[i] ?? 0;
    nowMicros += micros;
    if (nowMicros < load.fromMicros || nowMicros > load.toMicros) continue;
    if (frame === undefined || frame.functionName === '(idle)') continue;
    // A worker that waits for its next batch sleeps in here.
    if (frame.functionName === 'atomicsWaitLoop') continue;
    busyMicros += micros;
    const place = frame.url === '' ? frame.functionName : frame.url.replace(/^.*\/(dist|node_modules)\//, '');
    const name = `${frame.functionName || '(anonymous)'} ${frame.url === '' ? '' : place}:${frame.lineNumber + 1}`;
    const room = place.split('/')[0] ?? place;
    byRoom.set(room, (byRoom.get(room) ?? 0) + micros);
    byFile.set(place, (byFile.get(place) ?? 0) + micros);
    byFunction.set(name, (byFunction.get(name) ?? 0) + micros);
  }
  if (busyMicros < (load.toMicros - load.fromMicros) * MIN_BUSY_SHARE) return 0;
  console.log(`\n${file}: ${(busyMicros / load.requests).toFixed(2)} µs a request in JavaScript`);
  printMicros(byRoom, load.requests, ROOMS_SHOWN);
  console.log();
  printMicros(byFile, load.requests, FILES_SHOWN);
  console.log();
  printMicros(byFunction, load.requests, FUNCTIONS_SHOWN);
  return busyMicros;
}

/** Since the start, as the server counts it. */
async function batchLength(url: string): Promise<number> {
  const metrics = await fetch(new URL('/metrics', url)).then((response) => response.text());
  const valueOf = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1]);
  return valueOf('gavel_worker_requests_total') / valueOf('gavel_worker_batches_total');
}

function printMicros(micros: ReadonlyMap<string, number>, requests: number, shown: number): void {
  const sorted = [...micros].sort(([, a], [, b]) => b - a).slice(0, shown);
  for (const [name, spent] of sorted) console.log(`${(spent / requests).toFixed(2).padStart(7)} µs  ${name}`);
}
