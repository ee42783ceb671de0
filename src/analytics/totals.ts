/**
 * Committed totals, as they may be shown: never less than was shown before, here or (where nodes share what they have shown)
 * elsewhere, and while Postgres is away what was known last.
 */
import { NO_COUNTS, type Counts } from './counts.ts';
import { Series } from './series.ts';
import { startsOf, type Span } from './span.ts';

export interface Subject {
  readonly kind: 'campaign' | 'ad';
  readonly id: string;
}

export interface Reading {
  /** The advertiser whose it is; null: an ad of nobody's. */
  readonly ownerId: string | null;
  /** By where a bucket begins; one that is missing is empty. */
  readonly counts: ReadonlyMap<number, Counts>;
}

/** `unknown`: there is no such campaign. */
export type ReadTotals = (subject: Subject, span: Span) => Promise<Reading | 'unknown' | 'unavailable'>;

/** What all nodes have shown. `away`: it can't be asked. */
export interface HighWater {
  /** Raises it to a reading; the outcome is that, or what is larger. */
  raise(series: string, reading: Reading): Promise<Reading | 'away'>;
  /** Of those buckets; null: nothing was shown of the series. */
  look(series: string, startsMs: readonly number[]): Promise<Reading | null | 'away'>;
}

export interface ShownTotals {
  readonly ownerId: string | null;
  /** One for each bucket of the span. */
  readonly counts: readonly Counts[];
  /** Postgres could not be asked: there may be more. */
  readonly isStale: boolean;
}

export interface TotalsEdges {
  readonly read: ReadTotals;
  /** null: no other node shows anything, or none of them can know of it. */
  readonly highWater: HighWater | null;
  readonly clock: () => number;
}

export type Totals = (subject: Subject, span: Span) => Promise<ShownTotals | 'unknown' | 'unavailable'>;

/** Some 150 bytes each: 500 campaigns of a year. */
const MAX_BUCKETS = 200_000;

type Refreshed = 'fresh' | 'stale' | 'unknown';

export function createTotals({ read, highWater, clock }: TotalsEdges, maxBuckets = MAX_BUCKETS): Totals {
  const shelf = new Map<string, Series>();
  const underWay = new Map<string, Promise<Refreshed>>();
  let held = 0;

  /** What was read is shared before it is shown: whoever shows less afterwards has looked before. */
  async function readAnew(subject: Subject, name: string, span: Span): Promise<Refreshed> {
    const readAtMs = clock();
    const reading = await read(subject, span);
    if (reading === 'unknown') return 'unknown';
    if (reading === 'unavailable') return 'stale';
    const shared = await highWater?.raise(name, filled(reading, span));
    const series = seriesOf(name);
    series.take(span, reading.counts, readAtMs);
    if (shared !== undefined && shared !== 'away') series.raise(shared.counts);
    series.ownerId = reading.ownerId;
    return 'fresh';
  }

  function refresh(subject: Subject, name: string, span: Span): Promise<Refreshed> {
    const key = `${name} ${String(span.firstMs)} ${String(span.lastMs)}`;
    let work = underWay.get(key);
    if (work === undefined) {
      work = readAnew(subject, name, span).finally(() => underWay.delete(key));
      underWay.set(key, work);
    }
    return work;
  }

  /** The one that was asked for last comes last. */
  function seriesOf(name: string): Series {
    const series = shelf.get(name) ?? new Series((buckets) => (held += buckets));
    shelf.delete(name);
    shelf.set(name, series);
    return series;
  }

  function makeRoom(): void {
    for (const [name, { size }] of shelf) {
      if (held <= maxBuckets || shelf.size === 1) return;
      shelf.delete(name);
      held -= size;
    }
  }

  return async (subject, span) => {
    const name = `${subject.kind}:${span.unit}:${subject.id}`;
    const known = shelf.get(name);
    const due = known === undefined ? span : known.dueOf(span, clock());
    const refreshed = due === null ? 'fresh' : await refresh(subject, name, due);
    if (refreshed === 'unknown') return 'unknown';
    const shown = await highWater?.look(name, startsOf(span));
    const shared = shown === undefined || shown === 'away' ? null : shown;
    const isNew = !shelf.has(name);
    if (isNew && shared === null) return 'unavailable';
    const series = seriesOf(name);
    if (isNew && shared !== null) series.ownerId = shared.ownerId;
    if (shared !== null) series.raise(shared.counts);
    const counts = series.view(span);
    makeRoom();
    return counts === null
      ? 'unavailable'
      : { ownerId: series.ownerId, counts, isStale: refreshed === 'stale' };
  };
}

/** With a zero for each bucket that is empty: who looks later knows that it was read. */
function filled({ ownerId, counts }: Reading, span: Span): Reading {
  return {
    ownerId,
    counts: new Map(startsOf(span).map((startMs) => [startMs, counts.get(startMs) ?? NO_COUNTS])),
  };
}
