/** docker-compose.yml says what the code says: ports, versions, settings. No Docker is needed to see that. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { ROOT } from '../run.mjs';
import { DEFAULT_SERVICES, SERVICE_NAMES, type ServiceName } from './catalog.ts';
import { COMPOSE_PORTS, CONTAINERS } from './compose.ts';
import { BROKER_SETTINGS, KAFKA_VERSION, settingsText } from './kafka.ts';
import { PORT_NAMES } from './ports.ts';
import { DATABASE_LOGIN, MAX_CONNECTIONS } from './postgres.ts';
import { NODE_TIMEOUT_MS } from './redis-cluster.ts';
import { TOXIPROXY_VERSION } from './toxiproxy.ts';

interface Container {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly network_mode?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
}

const file = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Container>>;
};
const containers = Object.entries(file.services);

function containerOf(name: string): Container {
  const container = file.services[name];
  if (container === undefined) throw new Error(`docker-compose.yml has no ${name}`);
  return container;
}

/** Host ports, each of which must be on 127.0.0.1. */
function publishedPorts(name: string): number[] {
  return (containerOf(name).ports ?? []).map((port) => {
    const [address, published] = port.split(':');
    expect(address, `${name} publishes ${port}`).toBe('127.0.0.1');
    return Number(published);
  });
}

describe('docker-compose.yml', () => {
  test('has the containers of every service and no other', () => {
    expect(Object.values(CONTAINERS).flat().sort()).toEqual(Object.keys(file.services).sort());
  });

  test('starts Postgres, Redis and Kafka by default and the others by their profile or all', () => {
    for (const service of SERVICE_NAMES) {
      const profiles = DEFAULT_SERVICES.includes(service) ? undefined : [service, 'all'];
      for (const name of CONTAINERS[service]) expect(containerOf(name).profiles, name).toEqual(profiles);
    }
  });

  test('pins every image to a version, and checks every container’s health', () => {
    for (const [name, { image, healthcheck }] of containers) {
      expect(image, name).toMatch(/^[a-z./]+:v?\d+\.\d+(\.\d+)?$/);
      expect(healthcheck?.test.length, name).toBeGreaterThan(1);
    }
    expect(containerOf('kafka').image).toBe(`apache/kafka:${KAFKA_VERSION}`);
    expect(containerOf('toxiproxy').image).toBe(`ghcr.io/shopify/toxiproxy:${TOXIPROXY_VERSION}`);
    expect(containerOf('postgres-replica').image).toBe(containerOf('postgres').image);
  });

  test('publishes the ports that the code looks for, on this machine alone', () => {
    const published = (service: ServiceName): number[] => CONTAINERS[service].flatMap(publishedPorts);
    const cluster = ['redis-cluster-1', 'redis-cluster-2', 'redis-cluster-3'] as const;
    expect(published('postgres')).toEqual([COMPOSE_PORTS.postgres]);
    expect(published('postgres-replica')).toEqual([COMPOSE_PORTS['postgres-replica']]);
    expect(published('redis')).toEqual([COMPOSE_PORTS.redis]);
    expect(published('kafka')).toEqual([COMPOSE_PORTS.kafka, COMPOSE_PORTS['kafka-behind-proxy']]);
    expect(published('redis-cluster')).toEqual(cluster.map((node) => COMPOSE_PORTS[node]));
    for (const node of cluster) {
      expect(containerOf(node).command).toContain(String(COMPOSE_PORTS[node]));
      expect(containerOf(node).command).toContain(String(NODE_TIMEOUT_MS));
    }
    expect(new Set(Object.values(COMPOSE_PORTS)).size).toBe(PORT_NAMES.length);
  });

  test('lets what is on the machine’s own network listen on 127.0.0.1 alone', () => {
    const onHost = containers.filter(([, { network_mode: mode }]) => mode === 'host');
    expect(onHost.map(([name]) => name).sort()).toEqual(['prometheus', 'toxiproxy']);
    expect(containerOf('toxiproxy').command).toEqual([
      ...['-host', '127.0.0.1', '-port', String(COMPOSE_PORTS.toxiproxy)],
    ]);
    expect(containerOf('prometheus').command).toContain(
      `--web.listen-address=127.0.0.1:${String(COMPOSE_PORTS.prometheus)}`,
    );
  });

  test('gives the broker the settings of the native one, both listeners included', () => {
    const { environment = {} } = containerOf('kafka');
    const variable = (setting: string): string => `KAFKA_${setting.replaceAll('.', '_').toUpperCase()}`;
    for (const [setting, value] of Object.entries(BROKER_SETTINGS)) {
      expect(String(environment[variable(setting)]), setting).toBe(String(value));
    }
    const native = settingsText((name) => COMPOSE_PORTS[name], '');
    const nativeValue = (setting: string): string | undefined =>
      native
        .split('\n')
        .find((line) => line.startsWith(`${setting}=`))
        ?.slice(setting.length + 1);
    expect(environment.KAFKA_ADVERTISED_LISTENERS).toBe(nativeValue('advertised.listeners'));
    expect(environment.KAFKA_CONTROLLER_QUORUM_VOTERS).toBe(nativeValue('controller.quorum.voters'));
    // Within its container it listens to the outside; Docker lets in only what comes from 127.0.0.1.
    const listeners = String(environment.KAFKA_LISTENERS).replaceAll('0.0.0.0', '127.0.0.1');
    expect(listeners).toBe(nativeValue('listeners'));
  });

  test('makes the database that the URL names, with room for as many connections', () => {
    const { environment, command } = containerOf('postgres');
    expect(environment).toEqual({
      POSTGRES_USER: DATABASE_LOGIN,
      POSTGRES_PASSWORD: DATABASE_LOGIN,
      POSTGRES_DB: DATABASE_LOGIN,
    });
    expect(command).toContain(`max_connections=${String(MAX_CONNECTIONS)}`);
  });
});
