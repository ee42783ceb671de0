/** The services as docker-compose.yml has them: its ports, and `docker compose` where a daemon answers. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { ServiceName } from './catalog.ts';
import type { PortName } from './ports.ts';
import { findProgram, runProgram } from './program.ts';
import { withHeartbeat, type Say } from './words.ts';

const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** A daemon that takes longer is as good as none. */
const DAEMON_LIMIT_MS = 10_000;

/** Out of the way of a Redis or Postgres of the machine's own, and below where systems take outgoing ports. */
export const COMPOSE_PORTS: Readonly<Record<PortName, number>> = {
  postgres: 25432,
  'postgres-replica': 25433,
  redis: 26379,
  'redis-cluster-1': 22701,
  'redis-cluster-2': 22702,
  'redis-cluster-3': 22703,
  kafka: 29092,
  // Within the container alone.
  'kafka-controller': 29093,
  'kafka-behind-proxy': 29094,
  toxiproxy: 28474,
  prometheus: 29090,
  'proxy-postgres': 25442,
  'proxy-redis': 26389,
  'proxy-kafka': 29095,
  'proxy-redis-cluster-1': 22711,
  'proxy-redis-cluster-2': 22712,
  'proxy-redis-cluster-3': 22713,
};

/** What stands in the file for a service; its health is what `--wait` waits for. */
export const CONTAINERS: Readonly<Record<ServiceName, readonly string[]>> = {
  postgres: ['postgres'],
  'postgres-replica': ['postgres-replica'],
  redis: ['redis'],
  'redis-cluster': ['redis-cluster-1', 'redis-cluster-2', 'redis-cluster-3', 'redis-cluster'],
  kafka: ['kafka'],
  toxiproxy: ['toxiproxy'],
  prometheus: ['prometheus'],
};

export interface Docker {
  /** Those all of whose containers run. */
  readonly running: () => readonly ServiceName[];
  readonly up: (services: readonly ServiceName[], say: Say) => Promise<void>;
  /** Their volumes stay. */
  readonly down: (services: readonly ServiceName[]) => Promise<void>;
}

/** null without Docker, without its compose plugin, or without a daemon that answers. */
export function findDocker(): Docker | null {
  const docker = findProgram('docker');
  if (docker === null) return null;
  const answers = (args: readonly string[]): string | null => {
    const run = spawnSync(docker, args, { cwd: PROJECT, encoding: 'utf8', timeout: DAEMON_LIMIT_MS });
    return run.status === 0 ? run.stdout : null;
  };
  if (answers(['compose', 'version']) === null || answers(['info']) === null) return null;
  const compose = ['compose', '--profile', 'all'];
  const listed = (services: readonly ServiceName[]): string[] => services.flatMap((name) => CONTAINERS[name]);
  return {
    running: () => {
      const names = (answers([...compose, 'ps', '--services', '--status', 'running']) ?? '').split('\n');
      return (Object.keys(CONTAINERS) as ServiceName[]).filter((service) =>
        CONTAINERS[service].every((container) => names.includes(container)),
      );
    },
    up: (services, say) =>
      withHeartbeat(say, `running docker compose for ${services.join(', ')}`, () =>
        runProgram(docker, [...compose, 'up', '--detach', '--wait', ...listed(services)], { cwd: PROJECT }),
      ),
    down: (services) =>
      runProgram(docker, [...compose, 'rm', '--stop', '--force', ...listed(services)], { cwd: PROJECT }),
  };
}
