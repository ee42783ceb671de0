/**
 * `consume`: counts the events that servers ship to Kafka into Postgres, as one of a group that shares their partitions.
 * Where to go on stands in Postgres, beside what was counted.
 */
import type { Config } from './config.ts';
import { findRunningPostgres } from './database/postgres-embedded.ts';
import { migrate } from './database/postgres-migrate.ts';
import { settlesWithin } from './database/postgres-patience.ts';
import { openPool } from './database/postgres-pool.ts';
import { isUnreachable } from './database/postgres-refusals.ts';
import { onceReachable } from './database/postgres-return.ts';
import { loadSecrets, nameDatabase } from './database/postgres-secrets.ts';
import { openKafka, type KafkaClient } from './events/kafka-client.ts';
import { startDayKeeper } from './events/postgres-day-keeper.ts';
import { countFromKafka } from './events/postgres-kafka-consumer.ts';
import type { Log } from './server/http.ts';

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
  if (!(await prepare(url, closing, log))) return;
  const pool = openPool(url, () => undefined);
  const kafka = openConsumersKafka(config.kafkaBrokers, log);
  const retention = { eventDays: config.retentionEventDays, seenDays: config.retentionSeenDays };
  const days = startDayKeeper(
    pool,
    retention,
    ({ made, dropped }) => log.debug({ made, dropped }, 'days of events'),
    (error) => log.warn({ err: error }, 'the days of events can not be kept for now'),
  );
  const group = `gavel-${nameDatabase(await loadSecrets(pool))}`;
  log.info({ group }, 'events are counted');
  await countFromKafka(
    {
      kafka,
      pool,
      group,
      topics: { replication: config.kafkaReplication, retentionDays: config.kafkaRetentionDays },
      keptDays: retention.eventDays,
      onBatch({ topic, partition, lag }, { batchSize, processed, deduped, dead }) {
        log.info({ topic, partition, lag, batchSize, processed, deduped }, 'batch_processed');
        if (dead > 0)
          log.warn({ dead }, 'events that can not be counted: `npm run deadletters -- list` tells why');
      },
      onStuck: (reason) => log.warn({ reason }, 'events can not be counted for now: they wait in Kafka'),
      onGoing: () => log.info({}, 'events are counted again'),
      onTrouble: (trouble) => log.warn({ trouble }, 'events: something is wrong'),
    },
    closing,
  );
  await kafka.close();
  await settlesWithin(Promise.all([days.close(), pool.end()]), STOP_LIMIT_MS);
  log.info({}, 'stopped');
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** Brings the tables up to date, as soon as Postgres is there. false: it was stopped before. */
async function prepare(url: string, closing: AbortSignal, log: Log): Promise<boolean> {
  try {
    await migrate(url);
    return true;
  } catch (error) {
    if (!(error instanceof Error) || !isUnreachable(error)) throw error;
    log.warn({ reason: error.message }, 'Postgres is away: events wait in Kafka');
  }
  try {
    await onceReachable(() => migrate(url), closing);
    return true;
  } catch (error) {
    if (closing.aborted) return false;
    throw error;
  }
}

function openConsumersKafka(brokers: readonly string[], log: Log): KafkaClient {
  return openKafka({
    brokers,
    clientId: CLIENT_ID,
    onState: (state, reason) =>
      state === 'up' ? log.info({ reason }, 'Kafka is up') : log.warn({ reason }, 'Kafka is down'),
    onTrouble: (trouble) => log.warn({ trouble }, 'Kafka: something is wrong'),
  });
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
