/**
 * Redis and Kafka where the environment names them: watched, and told of in the log, in /health and in metrics. Kafka
 * also gets the events, and is told of every change of a campaign.
 */
import type { SharedRedis } from './change-source.ts';
import type { Config } from './config.ts';
import { settlesWithin } from './database/postgres-patience.ts';
import type { BreakerFigures, RedisConnection } from './database/redis-connection.ts';
import { watchKafka, type KafkaWatch, type RelayFigures, type RelayState } from './events/kafka-watch.ts';
import type { CheckResult } from './server/health.ts';
import type { Log } from './server/http.ts';
import { locateThread } from './thread-file.ts';

export interface Services {
  redis(): CheckResult;
  kafka(): CheckResult;
  /** On the way to Redis; null without it. */
  breaker(): BreakerFigures | null;
  /** The publishing of changes. */
  relay(): RelayFigures;
  /** Once the database has its tables; nothing happens without Kafka. */
  publishChanges(databaseUrl: string): void;
  /** What ships events; null without Kafka. */
  shipper(): Pick<KafkaWatch, 'shipEvents' | 'endShipping' | 'shipping'> | null;
  /** For what servers of that database share; null without Redis. */
  shareRedis(databaseId: string): SharedRedis | null;
  /** Takes CLOSE_LIMIT_MS at most, also where they hang. */
  close(): Promise<void>;
}

/** A farewell over a sound line takes milliseconds; what hangs ends with the process. */
const CLOSE_LIMIT_MS = 500;
/** How the brokers know us in their logs and quotas. */
const KAFKA_CLIENT_ID = 'gavel';
const NO_RELAY: RelayFigures = { state: 'standby', publishedChanges: 0, backlogChanges: 0 };

type Named = Pick<
  Config,
  'redisUrl' | 'redisCluster' | 'redisWaitMs' | 'kafkaBrokers' | 'kafkaPrefix' | 'kafkaReplication'
>;

/** Waits for nobody: what is away at the start is `down` until it comes. */
export async function watchServices(config: Named, log: Log): Promise<Services> {
  const redis =
    config.redisUrl === null ? null : await connectRedis(config.redisUrl, config.redisCluster, log);
  const kafka =
    config.kafkaBrokers === null ? null : connectKafka(config.kafkaBrokers, config.kafkaPrefix, log);
  return {
    redis: () => redis?.state ?? 'embedded',
    kafka: () => kafka?.state ?? 'embedded',
    breaker: () => redis?.breaker() ?? null,
    relay: () => kafka?.relay ?? NO_RELAY,
    publishChanges: (databaseUrl) =>
      kafka?.publishChanges({ databaseUrl, replication: config.kafkaReplication }),
    shipper: () => kafka,
    shareRedis: (databaseId) =>
      redis === null || config.redisUrl === null
        ? null
        : {
            connection: redis,
            url: config.redisUrl,
            isCluster: config.redisCluster,
            waitMs: config.redisWaitMs,
            databaseId,
          },
    async close() {
      await settlesWithin(Promise.all([redis?.close(), kafka?.close()]), CLOSE_LIMIT_MS);
    },
  };
}

async function connectRedis(url: string, isCluster: boolean, log: Log): Promise<RedisConnection> {
  // 80 ms and 23 MB that a server without Redis does without.
  const { openRedis } = await import('./database/redis-connection.ts');
  return openRedis({ url, isCluster, onState: (state, reason) => tell(log, 'Redis', state, reason) });
}

function connectKafka(brokers: readonly string[], prefix: string, log: Log): KafkaWatch {
  return watchKafka({
    brokers,
    prefix,
    clientId: KAFKA_CLIENT_ID,
    threadFile: locateThread('./kafka-thread'),
    onState: (state, reason) => tell(log, 'Kafka', state, reason),
    onTrouble: (trouble) => log.warn({ trouble }, 'on the way to Kafka something is wrong'),
    onRelay: createRelayTeller(log),
    onShipping: (state, reason) => tellShipping(log, state, reason),
  });
}

function createRelayTeller(log: Log): (state: RelayState, reason: string) => void {
  let last: RelayState = 'standby';
  return (state, reason) => {
    if (state === 'stuck') log.warn({ reason }, 'changes can not be published to Kafka: they wait');
    else if (state === 'standby') log.info({}, 'this node publishes no changes any more');
    else if (last === 'stuck') log.info({}, 'changes are published to Kafka again');
    else log.info({}, 'this node publishes changes to Kafka');
    last = state;
  };
}

function tellShipping(log: Log, state: 'stuck' | 'going', reason: string): void {
  if (state === 'going') log.info({}, 'events are shipped to Kafka again');
  else log.warn({ reason }, 'events can not be shipped to Kafka for now: they wait in the spool');
}

function tell(log: Log, service: string, state: 'up' | 'down', reason: string): void {
  if (state === 'up') log.info({ reason }, `${service} is up`);
  else log.warn({ reason }, `${service} is down`);
}
