/**
 * `consume`: counts the events that servers ship to Kafka into Postgres, as one of a group that shares their partitions.
 * Where to go on stands in Postgres, beside what was counted.
 */
import type { Config } from './config.ts';
import { createConsumeMetrics, type ConsumeMetrics } from './consume-metrics.ts';
import { findRunningPostgres } from './database/postgres-embedded.ts';
import { migrate } from './database/postgres-migrate.ts';
import { settlesWithin } from './database/postgres-patience.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { isUnreachable } from './database/postgres-refusals.ts';
import { onceReachable } from './database/postgres-return.ts';
import { loadSecrets, nameDatabase } from './database/postgres-secrets.ts';
import { openKafka, type KafkaClient } from './events/kafka-client.ts';
import { prefixNames } from './events/kafka-prefix.ts';
import { startDayKeeper, type DayKeeper } from './events/postgres-day-keeper.ts';
import { countFromKafka, type KafkaCountingEdges } from './events/postgres-kafka-consumer.ts';
import type { Log } from './server/http.ts';
import { serveMetrics, type MetricsServer } from './server/metrics-server.ts';

/** How the brokers know us in their logs and quotas. */
const CLIENT_ID = 'gavel-consume';
/** From the signal on: a batch takes less than a second; what hangs is undone, and comes again. */
const STOP_LIMIT_MS = 8_000;
/** All is closed: for what only a socket to a broker that hangs keeps. */
const LINGER_MS = 100;

/** Resolves once it was asked to stop. Rejects with one sentence that says what is wrong. */
export async function runConsumeCommand(config: Config, log: Log): Promise<void> {
  const closing = untilSignal();
  const url = config.databaseUrl ?? findRunningPostgres(config.dataDir);
  if (config.kafkaBrokers === null) throw new Error('consume: KAFKA_BROKERS is not set');
  if (url === null) {
    throw new Error('consume: DATABASE_URL is not set, and no server runs on the data folder');
  }
  const metrics = createConsumeMetrics(Date.now);
  const metricsServer = await openMetricsServer(config, metrics);
  const group = await prepare(url, closing, log);
  if (group !== null) {
    metrics.setUp(true);
    const pool = openPool(url, () => undefined);
    const kafka = openConsumersKafka(config.kafkaBrokers, config.kafkaPrefix, log);
    const days = keepDays(pool, config, log);
    log.info({ group: config.kafkaPrefix + group }, 'events are counted');
    const topics = { replication: config.kafkaReplication, retentionDays: config.kafkaRetentionDays };
    const keptDays = config.retentionEventDays;
    const watch = watchCounting(metrics, log);
    await countFromKafka({ kafka, pool, group, topics, keptDays, ...watch }, closing);
    await kafka.close();
    await settlesWithin(Promise.all([days.close(), pool.end()]), STOP_LIMIT_MS);
  }
  await metricsServer?.close();
  log.info({}, 'stopped');
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

async function openMetricsServer(
  { host, consumeMetricsPort }: Config,
  metrics: ConsumeMetrics,
): Promise<MetricsServer | null> {
  if (consumeMetricsPort === null) return null;
  try {
    return await serveMetrics(host, consumeMetricsPort, () => metrics.render());
  } catch (error) {
    throw new Error(`consume: GAVEL_CONSUME_METRICS_PORT: ${(error as Error).message}`, { cause: error });
  }
}

function keepDays(pool: Pool, config: Config, log: Log): DayKeeper {
  const { retentionEventDays: eventDays, retentionSeenDays: seenDays, retentionDeadDays: deadDays } = config;
  return startDayKeeper(
    pool,
    { eventDays, seenDays, deadDays },
    ({ made, dropped, letters }) => {
      log.debug({ made, dropped }, 'days of events');
      if (letters > 0)
        log.warn({ letters }, 'dead letters older than GAVEL_RETENTION_DEAD_DAYS were deleted');
    },
    (error) => log.warn({ err: error }, 'the days of events can not be kept for now'),
  );
}

type CountingWatch = Pick<KafkaCountingEdges, 'onBatch' | 'onStuck' | 'onGoing' | 'onTrouble'>;

function watchCounting(metrics: ConsumeMetrics, log: Log): CountingWatch {
  return {
    onBatch(batch, outcome) {
      const { topic, partition, lag } = batch;
      const { batchSize, processed, deduped, dead } = outcome;
      metrics.countBatch(batch, outcome);
      log.info({ topic, partition, lag, batchSize, processed, deduped }, 'batch_processed');
      if (dead > 0)
        log.warn({ dead }, 'events that can not be counted: `npm run deadletters -- list` tells why');
    },
    onStuck(reason) {
      metrics.setUp(false);
      log.warn({ reason }, 'events can not be counted for now: they wait in Kafka');
    },
    onGoing() {
      metrics.setUp(true);
      log.info({}, 'events are counted again');
    },
    onTrouble: (trouble) => log.warn({ trouble }, 'events: something is wrong'),
  };
}

/** As soon as Postgres is there, and does not go again meanwhile. null: it was stopped before. */
async function prepare(url: string, closing: AbortSignal, log: Log): Promise<string | null> {
  try {
    return await prepareDatabase(url);
  } catch (error) {
    if (!(error instanceof Error) || !isUnreachable(error)) throw error;
    log.warn({ reason: error.message }, 'Postgres is away: events wait in Kafka');
  }
  try {
    return await onceReachable(() => prepareDatabase(url), closing);
  } catch (error) {
    if (closing.aborted) return null;
    throw error;
  }
}

/** Brings the tables up to date; the group of those that count into this database. */
async function prepareDatabase(url: string): Promise<string> {
  await migrate(url);
  const pool = openPool(url, () => undefined);
  try {
    return `gavel-${nameDatabase(await loadSecrets(pool))}`;
  } finally {
    await pool.end();
  }
}

function openConsumersKafka(brokers: readonly string[], prefix: string, log: Log): KafkaClient {
  const kafka = openKafka({
    brokers,
    clientId: prefix + CLIENT_ID,
    onState: (state, reason) =>
      state === 'up' ? log.info({ reason }, 'Kafka is up') : log.warn({ reason }, 'Kafka is down'),
    onTrouble: (trouble) => log.warn({ trouble }, 'Kafka: something is wrong'),
  });
  return prefixNames(kafka, prefix);
}

function untilSignal(): AbortSignal {
  const closing = new AbortController();
  const onSignal = (): void => {
    if (closing.signal.aborted) process.exit(1);
    closing.abort();
    setTimeout(() => process.exit(), STOP_LIMIT_MS).unref();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return closing.signal;
}
