/** Metrics that other rooms count themselves: what is asked of them, and under which name it is told. */
import type { PoolStats } from './auction/pool-report.ts';
import type { ChangeFigures } from './change-source.ts';
import type { RelayFigures } from './events/kafka-watch.ts';
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
  readonly unexplainedOverspendNanos: number;
  readonly pendingNanos: number;
}

interface SourcedMetric {
  /** A counter where it ends in `_total`, a gauge otherwise. */
  readonly name: string;
  readonly help: string;
  readonly read: (sources: MetricSources) => number;
}

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
    'gavel_ledger_unexplained_overspend_nanos_total',
    'Spent in time though no lease held it: stays 0.',
    (from) => from.ledger().unexplainedOverspendNanos,
  ),
  metric('gavel_ledger_pending_nanos', 'Reserved and not yet decided.', (from) => from.ledger().pendingNanos),

  metric('gavel_postgres_up', `Postgres: ${UP_OR_DOWN}`, (from) => upOf(from.checks.postgres())),
  metric('gavel_redis_up', `Redis: ${UP_OR_DOWN}`, (from) => upOf(from.checks.redis())),
  metric('gavel_kafka_up', `Kafka: ${UP_OR_DOWN}`, (from) => upOf(from.checks.kafka())),

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

function ageOfIndex(from: MetricSources): number {
  return Math.max(0, from.clock() - from.index().compiledAtMs) / 1000;
}
