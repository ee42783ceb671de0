import { afterEach, describe, expect, test } from 'vitest';
import type { MetricSources } from './metric-sources.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { NBR } from './openrtb/codes.ts';
import { BUCKET_BOUNDS_SEC, Durations } from './server/durations.ts';

const SOURCES: MetricSources = {
  clock: () => 61_000,
  index: () => ({ campaignCount: 5, adCount: 7, usedBytes: 4096, epoch: 3, compiledAtMs: 1_000 }),
  workers: () => ({
    waitingRequests: 2,
    busyRegions: 1,
    threads: 1,
    batches: 10,
    batchedRequests: 40,
    workerBusyMs: 1500,
    workerExits: 1,
    overloaded: 4,
    timeouts: 5,
    failures: 6,
    inline: 8,
  }),
  ledger: () => ({
    postedNanos: 9_007_199_254_740_991,
    lateNanos: 1,
    voidedNanos: 2,
    expiredNanos: 3,
    unchargedNanos: 4,
    expectedExcessNanos: 0,
    unexplainedOverspendNanos: 0,
    pendingNanos: 5,
  }),
  inFlight: () => 3,
  checks: {
    redis: () => 'down',
    kafka: () => 'up',
    postgres: () => 'embedded',
    caps: () => 'rebuilding',
    breaker: () => ({ state: 'open', failures: 31, openings: 32 }),
  },
  relay: () => ({ state: 'stuck', publishedChanges: 7, backlogChanges: 9 }),
  spool: () => ({
    liveBytes: 12,
    liveRecords: 13,
    maxBytes: 14,
    fileBytes: 15,
    droppedByClass: { money: 16, tracking: 17, bids: 18 },
    failedRecords: 19,
    oldestAgeMs: 20_000,
    lastSequence: 21,
    groups: 22,
    readers: [{ name: 'events', position: 0, waitingRecords: 23 }],
    isSound: true,
  }),
  consumer: () => ({
    batches: 24,
    batchSize: 25,
    processed: 26,
    deduped: 27,
    dead: 28,
    unknownOverflow: 29,
    isUp: false,
  }),
  shipping: () => ({ isUp: true, shippedEvents: 30 }),
  changes: () => ({ fromStream: 10, fromPostgres: 11, isStreamUp: true, isLeader: false }),
};

let metrics: Metrics | null = null;
afterEach(() => metrics?.close());

function create(routes: readonly string[] = ['openrtb_bid', 'delivery', 'delivery', 'none']): Metrics {
  metrics = createMetrics(routes, SOURCES);
  return metrics;
}

interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: ReadonlyMap<string, number>;
}

/** A strict reading of Prometheus's text format: every line is HELP, TYPE, empty or a sample of its family. */
function parse(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family & { samples: Map<string, number> }>();
  let current = '';
  let help = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const helpLine = /^# HELP (\S+) (.+)$/.exec(line);
    const typeLine = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (helpLine) [, current = '', help = ''] = helpLine;
    else if (typeLine) {
      expect(typeLine[1]).toBe(current);
      expect(families.has(current)).toBe(false);
      families.set(current, { type: typeLine[2]!, help, samples: new Map() });
    } else {
      const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="[^"\\]*",?)*\})? (\S+)$/.exec(line);
      expect(sample, line).not.toBeNull();
      const name = sample![1]!;
      expect([current, `${current}_bucket`, `${current}_sum`, `${current}_count`]).toContain(name);
      const key = name + (sample![2] ?? '');
      expect(families.get(current)!.samples.has(key), `${key} twice`).toBe(false);
      families.get(current)!.samples.set(key, Number(sample![3]));
    }
  }
  return families;
}

async function read(from: Metrics): Promise<ReadonlyMap<string, Family>> {
  return parse((await from.render()).text);
}

describe('the metrics', () => {
  test('have a help text, a type and a name by the rule', async () => {
    const families = await read(create());
    const ours = [...families].filter(([name]) => name.startsWith('gavel_'));
    expect(ours.length).toBeGreaterThan(25);
    expect(families.has('process_cpu_seconds_total')).toBe(true);
    for (const [name, family] of ours) {
      expect(family.help.length, name).toBeGreaterThan(4);
      expect(family.samples.size, name).toBeGreaterThan(0);
      expect(name).toMatch(
        /^gavel_[a-z]+(_[a-z]+)*_(total|seconds|bytes|nanos|campaigns|ads|threads|requests|records|batches|changes|leader|state|up)$/,
      );
      expect(name.endsWith('_total')).toBe(family.type === 'counter');
    }
  });

  test('exist from the start with every label value, at 0', async () => {
    const families = await read(create());
    const answers = families.get('gavel_bid_answers_total')!.samples;
    const names = ['bid', ...Object.keys(NBR).filter((name) => name !== 'unknown')];
    expect([...answers]).toEqual(names.map((name) => [`gavel_bid_answers_total{reason="${name}"}`, 0]));
    expect(families.get('gavel_events_total')!.samples.size).toBe(6 * 3 * 2);
    expect(families.get('gavel_requests_total')!.samples.size).toBe(3 * 6);
  });

  test('count each answer under the name of its reason, and 0 as a bid', async () => {
    const created = create();
    for (const nbr of Object.values(NBR)) created.countAnswer(nbr);
    const samples = (await read(created)).get('gavel_bid_answers_total')!.samples;
    expect([...samples.values()]).toEqual([...samples].map(() => 1));
  });

  test('count requests by route and status class, an abort among them', async () => {
    const created = create();
    created.observeRequest(0, 204, 1);
    created.observeRequest(1, 200, 1);
    created.observeRequest(2, 503, 1);
    created.observeRequest(3, 0, 1);
    const samples = (await read(created)).get('gavel_requests_total')!.samples;
    expect(samples.get('gavel_requests_total{route="openrtb_bid",class="2xx"}')).toBe(1);
    expect(samples.get('gavel_requests_total{route="delivery",class="2xx"}')).toBe(1);
    expect(samples.get('gavel_requests_total{route="delivery",class="5xx"}')).toBe(1);
    expect(samples.get('gavel_requests_total{route="none",class="aborted"}')).toBe(1);
    expect([...samples.values()].reduce((sum, count) => sum + count)).toBe(4);
  });

  test('count events, notices, drops, failures and resumed matches under their labels', async () => {
    const created = create();
    created.countEvent('click', 'signed', 'kept');
    created.countEvent('click', 'signed', 'kept');
    created.countEvent('click', 'unknown', 'not_kept');
    created.countTold('kept', 7);
    created.countTold('not_kept', 2);
    created.countNotice('billing', 'above_bid');
    created.countUnreserved();
    created.countFailure();
    created.countResumed();
    const families = await read(created);
    const value = (family: string, labels: string): number | undefined =>
      families.get(family)!.samples.get(family + labels);
    expect(value('gavel_events_total', '{type="click",origin="signed",outcome="kept"}')).toBe(2);
    expect(value('gavel_events_total', '{type="click",origin="unknown",outcome="not_kept"}')).toBe(1);
    expect(value('gavel_auctions_told_total', '{outcome="kept"}')).toBe(7);
    expect(value('gavel_auctions_told_total', '{outcome="not_kept"}')).toBe(2);
    expect(value('gavel_notices_total', '{type="billing",outcome="above_bid"}')).toBe(1);
    expect(value('gavel_bids_unreserved_total', '')).toBe(1);
    expect(value('gavel_handler_failures_total', '')).toBe(1);
    expect(value('gavel_matches_resumed_total', '')).toBe(1);
  });

  test('ask their sources at every scrape and tell large counters exactly', async () => {
    const created = create();
    await created.render();
    const families = await read(created);
    const value = (name: string): number | undefined => families.get(name.split('{')[0]!)!.samples.get(name);
    expect(value('gavel_ledger_posted_nanos_total')).toBe(9_007_199_254_740_991);
    expect(value('gavel_index_age_seconds')).toBe(60);
    expect(value('gavel_index_epochs_total')).toBe(3);
    expect(value('gavel_worker_busy_seconds_total')).toBe(1.5);
    expect(value('gavel_worker_queue_requests')).toBe(2);
    expect(value('gavel_in_flight_requests')).toBe(3);
    expect(value('gavel_spool_live_records')).toBe(13);
    expect(value('gavel_spool_age_seconds')).toBe(20);
    expect(value('gavel_spool_dropped_total{class="tracking"}')).toBe(17);
    expect(value('gavel_consumer_lag_records')).toBe(23);
    expect(value('gavel_consumer_deduped_total')).toBe(27);
    expect([value('gavel_spool_up'), value('gavel_consumer_up')]).toEqual([1, 0]);
    expect([
      value('gavel_breaker_state'),
      value('gavel_breaker_failures_total'),
      value('gavel_breaker_openings_total'),
    ]).toEqual([2, 31, 32]);
    expect([value('gavel_redis_up'), value('gavel_kafka_up'), value('gavel_postgres_up')]).toEqual([0, 1, 1]);
  });

  test('have cumulative histogram buckets that end at the count', async () => {
    const created = create();
    const elapsedMs = [0, 0.01, 0.0625, 0.063, 1, 1.5, 90, 2048, 2049, 1e12];
    for (const each of elapsedMs) created.observeRequest(1, 200, each);
    created.observeStage('sell', 10, 12);
    const families = await read(created);
    const durations = families.get('gavel_request_duration_seconds')!;
    expect(durations.type).toBe('histogram');
    for (const le of BUCKET_BOUNDS_SEC) {
      const key = `gavel_request_duration_seconds_bucket{le="${String(le)}",route="delivery"}`;
      expect(durations.samples.get(key), key).toBe(elapsedMs.filter((each) => each <= le * 1000).length);
    }
    const of = (part: string): number | undefined =>
      durations.samples.get(`gavel_request_duration_seconds_${part}`);
    expect(of('bucket{le="+Inf",route="delivery"}')).toBe(elapsedMs.length);
    expect(of('count{route="delivery"}')).toBe(elapsedMs.length);
    expect(of('sum{route="delivery"}')).toBeCloseTo(elapsedMs.reduce((sum, each) => sum + each) / 1000, 3);
    expect(of('count{route="openrtb_bid"}')).toBe(0);
    const stage = families.get('gavel_bid_stage_duration_seconds')!.samples;
    expect(stage.get('gavel_bid_stage_duration_seconds_sum{stage="sell"}')).toBeCloseTo(0.002);
  });
});

test('a duration falls into the first bucket whose bound it does not exceed', () => {
  for (let k = 0; k < BUCKET_BOUNDS_SEC.length; k++) {
    const boundMs = BUCKET_BOUNDS_SEC[k]! * 1000;
    for (const [elapsedMs, bucket] of [
      [boundMs, k],
      [boundMs * 0.999, k],
      [boundMs * 1.001, k + 1],
    ] as const) {
      const durations = new Durations(1);
      durations.observe(0, elapsedMs);
      expect(durations.cumulative(0).indexOf(1), String(elapsedMs)).toBe(bucket);
    }
  }
});
