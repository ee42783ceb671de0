/** The tables of bench-events.ts. */
import type { BidsBesideEvents } from './bench-event-bids.ts';
import type { Pixels } from './bench-event-pixels.ts';
import type { EventStep } from './bench-event-step.ts';
import type { SpoolFigures } from './bench-events.ts';

const NAME_CHARS = 42;

export function printSteps(steps: readonly EventStep[]): void {
  printRow('', [
    'accepted/s',
    'counted/s',
    'answer p50',
    'p99 ms',
    'lag p50',
    'p99',
    'max ms',
    '± ms',
    'drained ms',
  ]);
  for (const step of steps) {
    const { load, lag } = step;
    printRow(step.name, [
      step.acceptedPerSecond.toFixed(0),
      step.countedPerSecond.toFixed(0),
      (load.latency.p50Micros / 1_000).toFixed(2),
      (load.latency.p99Micros / 1_000).toFixed(1),
      ...[lag.p50Ms, lag.p99Ms, lag.maxMs, step.lagErrorMs, step.drainMs].map((ms) => ms.toFixed(0)),
    ]);
  }
  console.log();
  printRow('CPU µs an event', [
    'front',
    'spool',
    'taking',
    'server',
    'consumer',
    'all else',
    'a batch',
    'cores',
    'of load',
  ]);
  for (const step of steps) {
    const { cpuMicros: cpu } = step;
    const loadMicros = (step.loadCores * step.seconds * 1e6) / step.accepted;
    const others = cpu.machine - cpu.server - cpu.consumer - loadMicros;
    printRow(step.name, [
      ...[cpu.front, cpu.spool, cpu.taking, cpu.server, cpu.consumer, others].map((us) => us.toFixed(1)),
      step.perTransaction.toFixed(0),
      step.cores.toFixed(2),
      step.loadCores.toFixed(2),
    ]);
  }
  for (const { name, refusedRequests, load } of steps) {
    if (refusedRequests > 0) console.log(`${name}: ${refusedRequests} requests were refused`);
    if (load.verdict === 'load-behind')
      console.log(`${name}: load was late itself, so its times are no result`);
  }
}

export function printSpool({ waiting, bytesAnEvent, fileBytes }: SpoolFigures): void {
  const file = (fileBytes / 2 ** 20).toFixed(1);
  console.log(`spool: ${bytesAnEvent.toFixed(0)} bytes an event; ${waiting} waited in a file of ${file} MiB`);
}

export function printBids({
  eventsPerSecond,
  aloneBidsPerSecond,
  besideBidsPerSecond,
  ratio,
}: BidsBesideEvents): void {
  const [alone, beside] = [aloneBidsPerSecond, besideBidsPerSecond].map((rate) => rate.toFixed(0));
  console.log(
    `bids/s: ${alone}, beside ${eventsPerSecond} events/s ${beside}: ${(ratio * 100).toFixed(1)} %`,
  );
}

export function printPixels({ straight, spool, rounds, pool }: Pixels): void {
  printRow(`10,000 GET /impression, median of ${rounds}`, [
    'requests/s',
    'p50 ms',
    'p99 ms',
    'max ms',
    'CPU µs',
    'rows after',
  ]);
  for (const [name, row] of [
    [`straight to Postgres, a pool of ${pool}`, straight],
    ['Gavel', spool],
  ] as const) {
    printRow(name, [
      row.perSecond.toFixed(0),
      ...[row.p50Ms, row.p99Ms, row.maxMs, row.serverMicros].map((value) => value.toFixed(1)),
      `${row.rowsAfterMs.toFixed(0)} ms`,
    ]);
  }
}

function printRow(name: string, cells: readonly string[]): void {
  console.log(name.padEnd(NAME_CHARS) + cells.map((cell) => cell.padStart(11)).join(''));
}
