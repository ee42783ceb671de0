/** Every service by its name. */
import type { Service, ServiceName } from './catalog.ts';
import { kafka } from './kafka.ts';
import { postgresReplica } from './postgres-replica.ts';
import { postgres } from './postgres.ts';
import { prometheus } from './prometheus.ts';
import { redisCluster } from './redis-cluster.ts';
import { redis } from './redis.ts';
import { toxiproxy } from './toxiproxy.ts';

export const SERVICES: Readonly<Record<ServiceName, Service>> = {
  postgres,
  'postgres-replica': postgresReplica,
  redis,
  'redis-cluster': redisCluster,
  kafka,
  toxiproxy,
  prometheus,
};
