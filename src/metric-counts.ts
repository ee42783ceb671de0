/** Counters that hot paths add to: an array of cells, read when Prometheus asks. Their names stand in metrics.ts. */
import { Counter, type Registry } from 'prom-client';

export type Labels = Readonly<Record<string, readonly string[]>>;

/** A counter with one cell for each combination of its labels' values, the last label running fastest. */
export class Counts {
  private readonly cells: Float64Array;

  constructor(registry: Registry, name: string, help: string, labels: Labels) {
    const combinations = combine(labels);
    const cells = new Float64Array(combinations.length);
    this.cells = cells;
    new Counter({
      name,
      help,
      labelNames: Object.keys(labels),
      registers: [registry],
      collect() {
        this.reset();
        for (const [cell, combination] of combinations.entries()) this.inc(combination, cells[cell] ?? 0);
      },
    });
  }

  add(cell: number, count: number): void {
    this.cells[cell] = (this.cells[cell] ?? 0) + count;
  }
}

function combine(labels: Labels): readonly Record<string, string>[] {
  let combinations: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    combinations = combinations.flatMap((combination) =>
      values.map((value) => ({ ...combination, [label]: value })),
    );
  }
  return combinations;
}
