/** The tables of bench-spread.ts. */
import { quantile } from './bench-matching.ts';
import type { StepFigures } from './bench-open-loop.ts';
import type { Slice } from './bench-two-loads.ts';

export interface SpreadRow {
  readonly name: string;
  readonly first: Times;
  readonly last: Times;
}

interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface StormFigures {
  readonly quiet: readonly Slice[];
  readonly stormy: readonly Slice[];
  readonly changesPerSecond: number;
}

export function printSpread(rows: readonly SpreadRow[]): void {
  console.log(
    'ms until the new answer                 first server: p50      p99      max   last: p50      p99      max',
  );
  for (const { name, first, last } of rows) {
    const cells = [first, last].flatMap(({ p50Ms, p99Ms, maxMs }) => [p50Ms, p99Ms, maxMs]);
    const widths = [18, 9, 9, 12, 9, 9];
    console.log(name.padEnd(39) + cells.map((ms, i) => ms.toFixed(1).padStart(widths[i] ?? 0)).join(''));
  }
}

/** Medians over slices and servers. */
export function printLoad(groups: readonly (readonly [string, readonly Slice[]])[]): void {
  console.log('medians of slices       bids/s    p50 ms    p99 ms  p99.9 ms  CPU µs/bid      kept');
  for (const [name, slices] of groups) {
    const steps = slices.flat();
    const kept = steps.filter(({ verdict }) => verdict === 'kept').length;
    const bids = median(steps, (step) => (2 * step.achievedPerSecond * step.ok200) / step.answered);
    const times = [p50, p99, p999].map((micros) => (median(steps, micros) / 1_000).toFixed(2).padStart(10));
    const cpu = median(steps, ({ serverCpu }) => serverCpu?.microsPerAnswer ?? 0);
    console.log(
      name.padEnd(20) +
        bids.toFixed(0).padStart(10) +
        times.join('') +
        cpu.toFixed(1).padStart(12) +
        `${kept} of ${steps.length}`.padStart(10),
    );
  }
}

export function printRatio({ quiet, stormy }: StormFigures): void {
  const ratio = median(stormy.flat(), p99) / median(quiet.flat(), p99);
  console.log(`p99 in the storm: ${ratio.toFixed(2)} times the quiet one`);
}

function p50({ latency }: StepFigures): number {
  return latency.p50Micros;
}

function p99({ latency }: StepFigures): number {
  return latency.p99Micros;
}

function p999({ latency }: StepFigures): number {
  return latency.p999Micros;
}

function median(steps: readonly StepFigures[], of: (step: StepFigures) => number): number {
  return quantile(steps.map(of), 0.5);
}
