/** Metrics that other rooms count themselves: what is asked of them, and under which name it is told. */
import type { PoolStats } from './auction/pool-report.ts';
import type { ChangeFigures } from './change-source.ts';
import type { ConsumerFigures } from './events/lmdb-consumer-watch.ts';
import type { ShippingFigures } from './events/kafka-shipping.ts';
import type { RelayFigures } from './events/kafka-watch.ts';
import { SPOOL_CLASSES, type SpoolClass, type SpoolFigures } from './events/spool.ts';
import type { CheckResult, HealthChecks } from './server/health.ts';

export interface MetricSources {
  /** Milliseconds of the epoch. */
  readonly clock: () => number;
  readonly index: () => IndexFigures;
  readonly workers: () => WorkerFigures;
  readonly ledger: () => LedgerFigures;
  /** HttpServer.inFlight. */
  readonly inFlight: () => number;
  readonly checks: HealthChecks;
  readonly relay: () => RelayFigures;
  readonly changes: () => ChangeFigures;
  readonly spool: () => SpoolFigures & { readonly isSound: boolean };
  readonly consumer: () => ConsumerFigures;
  readonly shipping: () => ShippingFigures;
}

export interface IndexFigures {
  readonly campaignCount: number;
  readonly adCount: number;
  readonly usedBytes: number;
  readonly epoch: number;
  readonly compiledAtMs: number;
}

/** All 0 where bids are decided inline. */
export type WorkerFigures = PoolStats;

export interface LedgerFigures {
  readonly postedNanos: number;
  readonly lateNanos: number;
  readonly voidedNanos: number;
  readonly expiredNanos: number;
  readonly unchargedNanos: number;
  readonly expectedExcessNanos: number;
  readonly unexplainedOverspendNanos: number;
  readonly pendingNanos: number;
}

interface SourcedMetric {
  /** A counter where it ends in `_total`, a gauge otherwise. */
  readonly name: string;
  readonly help: string;
  readonly read: (sources: MetricSources) => number;
}

/** A counter with one label, which all its values come from. */
interface SourcedTable<Value extends string> {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly values: readonly Value[];
  readonly read: (sources: MetricSources, value: Value) => number;
}

export const DROPPED_RECORDS: SourcedTable<SpoolClass> = {
  name: 'gavel_spool_dropped_total',
  help: 'Records that the spool had no room for.',
  label: 'class',
  values: SPOOL_CLASSES,
  read: (from, spoolClass) => from.spool().droppedByClass[spoolClass],
};

const BREAKER_LEVELS = { closed: 0, 'half-open': 1, open: 2 } as const;

const UP_OR_DOWN = '0 while it is down, else 1, also where an embedded one stands in.';

export const SOURCED_METRICS: readonly SourcedMetric[] = [
  metric('gavel_in_flight_requests', 'Neither answered nor aborted.', (from) => from.inFlight()),

  metric('gavel_index_campaigns', 'Campaigns in the index.', (from) => from.index().campaignCount),
  metric('gavel_index_ads', 'Ads in the index.', (from) => from.index().adCount),
  metric('gavel_index_size_bytes', 'Bytes that the index fills.', (from) => from.index().usedBytes),
  metric('gavel_index_epochs_total', 'Indexes served: a change makes one.', (from) => from.index().epoch),
  metric('gavel_index_age_seconds', 'Time since the index was compiled.', ageOfIndex),

  metric(
    'gavel_changes_from_stream_total',
    'Changed campaigns that came by the stream of changes.',
    (from) => from.changes().fromStream,
  ),
  metric(
    'gavel_changes_from_postgres_total',
    'Changed campaigns that this node read from Postgres itself.',
    (from) => from.changes().fromPostgres,
  ),
  metric('gavel_change_stream_up', '1 while the stream of changes is read; 0 without Redis.', (from) =>
    Number(from.changes().isStreamUp),
  ),
  metric('gavel_change_stream_leader', '1 where this node writes the stream of changes.', (from) =>
    Number(from.changes().isLeader),
  ),

  metric('gavel_worker_threads', 'Threads that decide.', (from) => from.workers().threads),
  metric('gavel_worker_queue_requests', 'Waiting for a worker.', (from) => from.workers().waitingRequests),
  metric('gavel_worker_busy_batches', 'Batches with a worker.', (from) => from.workers().busyRegions),
  metric('gavel_worker_batches_total', 'Batches decided.', (from) => from.workers().batches),
  metric(
    'gavel_worker_requests_total',
    'Requests handed to workers.',
    (from) => from.workers().batchedRequests,
  ),
  metric('gavel_worker_busy_seconds_total', 'Time in batches.', (from) => from.workers().workerBusyMs / 1000),
  metric('gavel_worker_restarts_total', 'Workers that ended.', (from) => from.workers().workerExits),
  metric('gavel_worker_sheds_total', 'Requests shed: all was full.', (from) => from.workers().overloaded),
  metric('gavel_worker_timeouts_total', 'Requests past their deadline.', (from) => from.workers().timeouts),
  metric('gavel_worker_failures_total', 'Decisions that threw.', (from) => from.workers().failures),
  metric('gavel_worker_inline_total', 'Decided on the front thread.', (from) => from.workers().inline),

  metric('gavel_ledger_posted_nanos_total', 'Spent.', (from) => from.ledger().postedNanos),
  metric('gavel_ledger_late_nanos_total', 'Spent after expiry or loss.', (from) => from.ledger().lateNanos),
  metric('gavel_ledger_voided_nanos_total', 'Given back by losses.', (from) => from.ledger().voidedNanos),
  metric('gavel_ledger_expired_nanos_total', 'Given back by silence.', (from) => from.ledger().expiredNanos),
  metric('gavel_ledger_uncharged_nanos_total', 'No budget was left.', (from) => from.ledger().unchargedNanos),
  metric(
    'gavel_ledger_expected_excess_nanos_total',
    'Spent above budgets of mode expected.',
    (from) => from.ledger().expectedExcessNanos,
  ),
  metric(
    'gavel_ledger_unexplained_overspend_nanos_total',
    'Spent in time though no lease held it: stays 0.',
    (from) => from.ledger().unexplainedOverspendNanos,
  ),
  metric('gavel_ledger_pending_nanos', 'Reserved and not yet decided.', (from) => from.ledger().pendingNanos),

  metric('gavel_caps_up', '1 while campaigns with frequency caps can bid.', (from) =>
    Number(from.checks.caps() === 'up'),
  ),

  metric('gavel_spool_up', '0 while the disk takes no events.', (from) => Number(from.spool().isSound)),
  metric('gavel_spool_live_bytes', 'Bytes that wait in the spool.', (from) => from.spool().liveBytes),
  metric('gavel_spool_live_records', 'Events that wait in the spool.', (from) => from.spool().liveRecords),
  metric('gavel_spool_max_bytes', 'Bytes that may wait in the spool.', (from) => from.spool().maxBytes),
  metric(
    'gavel_spool_file_bytes',
    'The file of the spool, which never shrinks.',
    (from) => from.spool().fileBytes,
  ),
  metric(
    'gavel_spool_age_seconds',
    'Age of the oldest event that waits in the spool.',
    (from) => from.spool().oldestAgeMs / 1000,
  ),
  metric(
    'gavel_spool_groups_total',
    'Groups of events that were put on disk.',
    (from) => from.spool().groups,
  ),
  metric(
    'gavel_spool_failed_total',
    'Events that the disk did not take.',
    (from) => from.spool().failedRecords,
  ),

  metric('gavel_consumer_up', '0 while events can not be counted.', (from) => Number(from.consumer().isUp)),
  metric(
    'gavel_consumer_lag_records',
    'Events in the spool that are neither counted nor with Kafka yet.',
    lagOfConsumer,
  ),
  metric('gavel_consumer_batches_total', 'Batches counted.', (from) => from.consumer().batches),
  metric('gavel_consumer_processed_total', 'Events counted.', (from) => from.consumer().processed),
  metric(
    'gavel_consumer_deduped_total',
    'Events that had counted before.',
    (from) => from.consumer().deduped,
  ),
  metric('gavel_consumer_dead_total', 'Events that can not be counted.', (from) => from.consumer().dead),

  metric('gavel_shipping_up', '0 while events can not be shipped to Kafka.', (from) =>
    Number(from.shipping().isUp),
  ),
  metric(
    'gavel_shipped_total',
    'Events that Kafka has taken, what was sent again with them.',
    (from) => from.shipping().shippedEvents,
  ),

  metric('gavel_postgres_up', `Postgres: ${UP_OR_DOWN}`, (from) => upOf(from.checks.postgres())),
  metric('gavel_redis_up', `Redis: ${UP_OR_DOWN}`, (from) => upOf(from.checks.redis())),
  metric('gavel_kafka_up', `Kafka: ${UP_OR_DOWN}`, (from) => upOf(from.checks.kafka())),

  metric(
    'gavel_breaker_state',
    'Calls to Redis: 0 they are sent, 1 it is asked whether it answers, 2 none is sent, as too many failed.',
    (from) => BREAKER_LEVELS[from.checks.breaker()?.state ?? 'closed'],
  ),
  metric(
    'gavel_breaker_openings_total',
    'How often too many calls to a Redis server failed.',
    (from) => from.checks.breaker()?.openings ?? 0,
  ),
  metric(
    'gavel_breaker_failures_total',
    'Calls to Redis that were refused, or not answered in time.',
    (from) => from.checks.breaker()?.failures ?? 0,
  ),

  metric(
    'gavel_relay_published_total',
    'Changes that this node has published to Kafka.',
    (from) => from.relay().publishedChanges,
  ),
  metric(
    'gavel_relay_backlog_changes',
    'Changes that Kafka has not been told of yet, up to 100000; 0 where another node publishes.',
    (from) => from.relay().backlogChanges,
  ),
  metric('gavel_relay_leader', '1 where this node is the one that publishes changes.', (from) =>
    Number(from.relay().state !== 'standby'),
  ),
  metric('gavel_relay_up', '0 where this node should publish changes, and can not.', (from) =>
    Number(from.relay().state !== 'stuck'),
  ),
];

function metric(name: string, help: string, read: SourcedMetric['read']): SourcedMetric {
  return { name, help, read };
}

function upOf(result: CheckResult): number {
  return result === 'down' ? 0 : 1;
}

function lagOfConsumer(from: MetricSources): number {
  return Math.max(0, ...from.spool().readers.map(({ waitingRecords }) => waitingRecords));
}

function ageOfIndex(from: MetricSources): number {
  return Math.max(0, from.clock() - from.index().compiledAtMs) / 1000;
}
