/**
 * The load tool, in a process of its own: autocannon, a closed loop over the bodies. Takes a LoadOrder as JSON on
 * standard input, and answers with LoadFigures on standard output.
 */
import autocannon from 'autocannon';
import { text } from 'node:stream/consumers';
import { cpuMicrosOf, machineMicros } from './bench-process.ts';

export interface LoadOrder {
  readonly url: string;
  /** The server's process, whose CPU time is read. */
  readonly pid: number;
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly warmSec: number;
  readonly measuredSec: number;
}

export interface LoadFigures {
  readonly requests: number;
  readonly requestsPerSec: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** User and system time of all the server's threads. */
  readonly cpuMicrosPerRequest: number;
  /** Of a core: 2 is two cores busy all the time. */
  readonly serverCores: number;
  /** Cores that neither the server nor this tool kept busy: where others worked, figures are noise. 0: unknown. */
  readonly othersCores: number;
  /** Answers with status 200. */
  readonly okShare: number;
  /** When it was measured, on the monotonic clock that profiles are written by. */
  readonly fromMicros: number;
  readonly toMicros: number;
}

/** autocannon keeps whole milliseconds; here a cell is a hundredth, the last for all that took longer. */
const CELLS_PER_MS = 100;
const CELLS = 2_000 * CELLS_PER_MS;

await main();

async function main(): Promise<void> {
  const order = JSON.parse(await text(process.stdin)) as LoadOrder;
  await fire(order, order.warmSec, () => undefined);
  const latencies = new Uint32Array(CELLS);
  const cpuBefore = cpuMicrosOf(order.pid);
  const ownBefore = cpuMicrosOf(process.pid);
  const machineBefore = machineMicros() ?? 0;
  const fromMicros = monotonicMicros();
  const result = await fire(order, order.measuredSec, (tookMs) => {
    const cell = Math.min(CELLS - 1, Math.floor(tookMs * CELLS_PER_MS));
    latencies[cell] = (latencies[cell] ?? 0) + 1;
  });
  const toMicros = monotonicMicros();
  const tookMicros = toMicros - fromMicros;
  const cpuMicros = cpuMicrosOf(order.pid) - cpuBefore;
  const ownMicros = cpuMicrosOf(process.pid) - ownBefore;
  const allMicros = (machineMicros() ?? 0) - machineBefore;
  const requests = latencies.reduce((sum, count) => sum + count, 0);
  if (result.errors > 0) throw new Error(`${result.errors} requests got no answer`);
  const figures: LoadFigures = {
    requests,
    requestsPerSec: requests / (tookMicros / 1e6),
    p50Ms: quantile(latencies, requests, 0.5),
    p99Ms: quantile(latencies, requests, 0.99),
    cpuMicrosPerRequest: cpuMicros / requests,
    serverCores: cpuMicros / tookMicros,
    othersCores: Math.max(0, allMicros - cpuMicros - ownMicros) / tookMicros,
    okShare: (result.statusCodeStats?.['200']?.count ?? 0) / requests,
    fromMicros,
    toMicros,
  };
  process.stdout.write(JSON.stringify(figures));
}

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function fire(
  { url, bodies, connections }: LoadOrder,
  seconds: number,
  onAnswer: (tookMs: number) => void,
): Promise<autocannon.Result> {
  const shared = { method: 'POST', headers: { 'content-type': 'application/json' } } as const;
  const requests = bodies.map((body) => ({ ...shared, body }));
  let clients = 0;
  const options: autocannon.Options = {
    ...shared,
    url,
    body: bodies[0] ?? '',
    connections,
    pipelining: 1,
    duration: seconds,
    setupClient(client) {
      // Each connection begins elsewhere, so that no two ask for the same at once.
      const first = Math.floor((clients++ / connections) * requests.length);
      const turned = [...requests.slice(first), ...requests.slice(0, first)];
      client.setRequests(turned.map((request) => ({ ...request })));
    },
  };
  return new Promise((resolve, reject) => {
    const loop = autocannon(options, (error: Error | null, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
    loop.on('response', (_client, _status, _bytes, tookMs) => onAnswer(tookMs));
  });
}

function quantile(cells: Uint32Array, count: number, share: number): number {
  let left = Math.ceil(count * share);
  for (let cell = 0; cell < cells.length; cell++) {
    left -= cells[cell] ?? 0;
    if (left <= 0) return (cell + 1) / CELLS_PER_MS;
  }
  return Infinity;
}
