/** Redis and Kafka where the environment names them: watched, and told of in the log, in /health and in metrics. */
import type { Config } from './config.ts';
import { settlesWithin } from './database/postgres-patience.ts';
import type { RedisConnection } from './database/redis-connection.ts';
import { watchKafka, type KafkaWatch } from './events/kafka-watch.ts';
import type { CheckResult } from './server/health.ts';
import type { Log } from './server/http.ts';
import { locateThread } from './thread-file.ts';

export interface Services {
  redis(): CheckResult;
  kafka(): CheckResult;
  /** Takes CLOSE_LIMIT_MS at most, also where they hang. */
  close(): Promise<void>;
}

/** A farewell over a sound line takes milliseconds; what hangs ends with the process. */
const CLOSE_LIMIT_MS = 500;
/** How the brokers know us in their logs and quotas. */
const KAFKA_CLIENT_ID = 'gavel';

type Named = Pick<Config, 'redisUrl' | 'redisCluster' | 'kafkaBrokers'>;

/** Waits for nobody: what is away at the start is `down` until it comes. */
export async function watchServices(config: Named, log: Log): Promise<Services> {
  const redis =
    config.redisUrl === null ? null : await connectRedis(config.redisUrl, config.redisCluster, log);
  const kafka = config.kafkaBrokers === null ? null : connectKafka(config.kafkaBrokers, log);
  warnOfLimits(config, log);
  return {
    redis: () => redis?.state ?? 'embedded',
    kafka: () => kafka?.state ?? 'embedded',
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

function connectKafka(brokers: readonly string[], log: Log): KafkaWatch {
  return watchKafka({
    brokers,
    clientId: KAFKA_CLIENT_ID,
    threadFile: locateThread('./events/kafka-thread'),
    onState: (state, reason) => tell(log, 'Kafka', state, reason),
    onTrouble: (trouble) => log.warn({ trouble }, 'Kafka: something is wrong'),
  });
}

function tell(log: Log, service: string, state: 'up' | 'down', reason: string): void {
  if (state === 'up') log.info({ reason }, `${service} is up`);
  else log.warn({ reason }, `${service} is down`);
}

/** Whoever names them may take budgets for shared and events for shipped. */
function warnOfLimits({ redisUrl, kafkaBrokers }: Named, log: Log): void {
  const limits = [
    ...(redisUrl === null ? [] : ['REDIS_URL is only watched so far, and budgets stay in this process']),
    ...(kafkaBrokers === null
      ? []
      : ['KAFKA_BROKERS are only watched so far, and events stay in this process']),
  ];
  if (limits.length > 0) log.warn({}, limits.join('; '));
}
