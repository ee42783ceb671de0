/**
 * Every metric: its name, labels and help. Names are `gavel_<noun>_<unit|total>`; label values come from closed
 * lists and all exist from the start, at 0. Hot paths write into preallocated arrays, which are read when
 * Prometheus asks; what other rooms count themselves is asked of MetricSources then.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Kept } from './events/door.ts';
import { AD_EVENT_TYPES, type EventType } from './events/event.ts';
import { EVENT_ORIGINS, EVENT_OUTCOMES, type EventOrigin } from './events/spooling.ts';
import { Counts, type Labels } from './metric-counts.ts';
import {
  answerCell,
  ANSWER_REASONS,
  HOLD_OUTCOMES,
  STAGES,
  STATUS_CLASSES,
  type Stage,
} from './metric-labels.ts';
import { DROPPED_RECORDS, SOURCED_METRICS, type MetricSources } from './metric-sources.ts';
import type { Nbr } from './openrtb/codes.ts';
import { BUCKET_BOUNDS_SEC, Durations } from './server/durations.ts';
import type { HoldMeter } from './server/metered-holds.ts';
import { TRACKING_OUTCOMES, type TrackingOutcome } from './server/tracking.ts';

export interface Metrics extends HoldMeter {
  /** `route`: index into `routeNames`; `status` 0: the client left first. */
  observeRequest(route: number, status: number, elapsedMs: number): void;
  /** A handler threw. */
  countFailure(): void;
  /** An answer to a bid request; `nbr` 0 is a bid. */
  countAnswer(nbr: Nbr): void;
  /** A candidate whose budget could not bear its bid. */
  countUnreserved(): void;
  /** A shortlist fell out as a whole, and matching resumed behind it. */
  countResumed(): void;
  /** Milliseconds of `performance.now`. */
  observeStage(stage: Stage, startMs: number, endMs: number): void;
  countEvent(type: EventType, origin: EventOrigin, outcome: Kept): void;
  /** Bids and no-bids of which the spool was told. */
  countTold(outcome: Kept, auctions: number): void;
  countNotice(type: EventType, outcome: TrackingOutcome): void;
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Stops watching the event loop. */
  close(): void;
}

/** `routeNames` by route index; several routes may share a name. */
export function createMetrics(routeNames: readonly string[], sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  registerSources(registry, sources);
  const eventLoop = watchEventLoop(registry);
  const names = [...new Set(routeNames)];
  const rowOfRoute = Uint16Array.from(routeNames, (name) => names.indexOf(name));

  const table = (name: string, help: string, labels: Labels): Counts =>
    new Counts(registry, name, help, labels);
  const requests = table('gavel_requests_total', 'Requests by route and class of status.', {
    route: names,
    class: STATUS_CLASSES,
  });
  const answers = table('gavel_bid_answers_total', 'Answers to OpenRTB requests: bid, or why not.', {
    reason: ANSWER_REASONS,
  });
  const unreserved = table(
    'gavel_bids_unreserved_total',
    'Candidates whose budget could not bear the bid.',
    {},
  );
  const events = table('gavel_events_total', 'Events, by what vouches for them and whether they were kept.', {
    type: AD_EVENT_TYPES,
    origin: EVENT_ORIGINS,
    outcome: EVENT_OUTCOMES,
  });
  const told = table('gavel_auctions_told_total', 'Bids and no-bids told of, or not.', {
    outcome: EVENT_OUTCOMES,
  });
  const notices = table('gavel_notices_total', 'Notices and tracking calls by what came of them.', {
    type: AD_EVENT_TYPES,
    outcome: TRACKING_OUTCOMES,
  });
  const failures = table('gavel_handler_failures_total', 'Requests whose handler threw: faults of ours.', {});
  const resumed = table('gavel_matches_resumed_total', 'Shortlists that fell out as a whole.', {});
  const durations = registerDurations(
    registry,
    'gavel_request_duration_seconds',
    'From the head of a request to its answer.',
    { label: 'route', rows: names },
  );
  const stages = registerDurations(
    registry,
    'gavel_bid_stage_duration_seconds',
    'Time in one stage of a bid.',
    { label: 'stage', rows: STAGES },
  );

  return {
    observeRequest(route, status, elapsedMs) {
      const row = rowOfRoute[route] ?? 0;
      requests.add(row * STATUS_CLASSES.length + Math.floor(status / 100), 1);
      durations.observe(row, elapsedMs);
    },
    countFailure: () => failures.add(0, 1),
    countAnswer: (nbr) => answers.add(answerCell(nbr), 1),
    countUnreserved: () => unreserved.add(0, 1),
    countResumed: () => resumed.add(0, 1),
    observeStage: (stage, startMs, endMs) => stages.observe(STAGES.indexOf(stage), endMs - startMs),
    countHold: createHoldCounter(registry, stages),
    countEvent: (type, origin, outcome) => events.add(eventCell(type, origin, outcome), 1),
    countTold: (outcome, auctions) => told.add(EVENT_OUTCOMES.indexOf(outcome), auctions),
    countNotice(type, outcome) {
      const row = AD_EVENT_TYPES.indexOf(type);
      notices.add(row * TRACKING_OUTCOMES.length + TRACKING_OUTCOMES.indexOf(outcome), 1);
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    close: () => eventLoop.disable(),
  };
}

function createHoldCounter(registry: Registry, stages: Durations): HoldMeter['countHold'] {
  const help = 'Imps that frequency caps were asked for, by the answer.';
  const holds = new Counts(registry, 'gavel_caps_holds_total', help, { outcome: HOLD_OUTCOMES });
  return (answer, imps, startMs, endMs) => {
    stages.observe(STAGES.indexOf('caps'), endMs - startMs);
    if (answer.kind === 'away') holds.add(HOLD_OUTCOMES.indexOf('away'), imps);
    else for (const { kind } of answer.imps) holds.add(HOLD_OUTCOMES.indexOf(kind), 1);
  };
}

function eventCell(type: EventType, origin: EventOrigin, outcome: Kept): number {
  const row = AD_EVENT_TYPES.indexOf(type) * EVENT_ORIGINS.length + EVENT_ORIGINS.indexOf(origin);
  return row * EVENT_OUTCOMES.length + EVENT_OUTCOMES.indexOf(outcome);
}

/** prom-client's histogram, told by Durations rather than by its own `observe`, which takes 0.75 µs to their 0.02. */
function registerDurations(
  registry: Registry,
  name: string,
  help: string,
  { label, rows }: { readonly label: string; readonly rows: readonly string[] },
): Durations {
  const durations = new Durations(rows.length);
  const histogram = new Histogram({
    name,
    help,
    labelNames: [label],
    buckets: [...BUCKET_BOUNDS_SEC],
    registers: [registry],
  });
  const bounds = [...BUCKET_BOUNDS_SEC, '+Inf'];
  const samples = (value: string, row: number): readonly object[] => {
    const cumulative = durations.cumulative(row);
    const labels = { [label]: value };
    return [
      ...bounds.map((le, k) => ({
        metricName: `${name}_bucket`,
        labels: { le, ...labels },
        value: cumulative[k] ?? 0,
      })),
      { metricName: `${name}_sum`, labels, value: durations.sumSec(row) },
      { metricName: `${name}_count`, labels, value: cumulative.at(-1) ?? 0 },
    ];
  };
  // What rendering asks of a histogram; not among the declarations.
  const getForPromString = (): Promise<object> =>
    Promise.resolve({ name, help, type: 'histogram', values: rows.flatMap(samples) });
  Object.assign(histogram, { getForPromString });
  return durations;
}

function registerSources(registry: Registry, sources: MetricSources): void {
  for (const { name, help, read } of SOURCED_METRICS)
    registerSourced(registry, name, help, () => read(sources));
  registerDropped(registry, sources);
}

function registerSourced(registry: Registry, name: string, help: string, read: () => number): void {
  const registers = [registry];
  if (name.endsWith('_total')) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  } else {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
}

function registerDropped(registry: Registry, sources: MetricSources): void {
  const { name, help, label, values, read } = DROPPED_RECORDS;
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const value of values) this.inc({ [label]: value }, read(sources, value));
    },
  });
}

/** How late timers fire; 10 ms apart, so that watching costs nothing that could be measured. */
const EVENT_LOOP_RESOLUTION_MS = 10;

function watchEventLoop(registry: Registry): { disable: () => unknown } {
  const delays = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  delays.enable();
  new Gauge({
    name: 'gavel_event_loop_delay_seconds',
    help: 'Delay of the front thread since Prometheus last asked.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of [0.5, 0.99, 1]) {
        const nanos = delays.count === 0 ? 0 : delays.percentile(quantile * 100);
        this.set({ quantile: String(quantile) }, Math.max(0, nanos / 1e9 - EVENT_LOOP_RESOLUTION_MS / 1000));
      }
      delays.reset();
    },
  });
  return delays;
}
