/** Toxiproxy, and the fixed proxies in front of the services that are there. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { EndpointName, Endpoints } from '../../src/fixtures/service-endpoints.ts';
import type { FixedProxyName } from '../../src/fixtures/toxiproxy.ts';
import type { Service } from './catalog.ts';
import { findRecentGo } from './go-toolchain.ts';
import type { PortName, PortOf } from './ports.ts';
import { programPath, runProgram } from './program.ts';
import { withHeartbeat } from './words.ts';
import type { Workshop } from './workshop.ts';

export const TOXIPROXY_VERSION = '2.12.0';
const BINARY = `toxiproxy-${TOXIPROXY_VERSION}`;
const GO = { name: 'go', debian: 'golang-go' };
/** Its HTTP API answers from memory. */
const PROBE_LIMIT_MS = 2_000;

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  'postgres:': '5432',
  'postgresql:': '5432',
  'redis:': '6379',
  'rediss:': '6379',
};

/** In front of which endpoint, and at which place in its list. */
export const FIXED_PROXIES: readonly {
  readonly name: FixedProxyName;
  readonly port: PortName;
  readonly before: EndpointName;
  readonly place: number;
}[] = [
  { name: 'postgres', port: 'proxy-postgres', before: 'DATABASE_URL', place: 0 },
  { name: 'redis', port: 'proxy-redis', before: 'REDIS_URL', place: 0 },
  { name: 'redis-cluster-1', port: 'proxy-redis-cluster-1', before: 'REDIS_CLUSTER_URL', place: 0 },
  { name: 'redis-cluster-2', port: 'proxy-redis-cluster-2', before: 'REDIS_CLUSTER_URL', place: 1 },
  { name: 'redis-cluster-3', port: 'proxy-redis-cluster-3', before: 'REDIS_CLUSTER_URL', place: 2 },
];

export const toxiproxy: Service = {
  endpoint: 'TOXIPROXY_URL',
  needs: [],
  processes: ['toxiproxy'],
  ports: ['toxiproxy', ...FIXED_PROXIES.map(({ port }) => port)],
  programs: (isCached) => (isCached(BINARY) ? [] : [GO]),
  readyWithinMs: 15_000,
  url: (portOf) => `http://127.0.0.1:${String(portOf('toxiproxy'))}`,
  probe: async (url) => {
    await ask(`${url}/version`);
  },
  start: async (workshop) => {
    if (workshop.isRunning('toxiproxy')) return;
    const folder = await workshop.cached(BINARY, (unfinished) => compile(workshop, unfinished));
    await workshop.launch('toxiproxy', {
      program: join(folder, 'toxiproxy-server'),
      args: ['-host', '127.0.0.1', '-port', String(workshop.portOf('toxiproxy'))],
      cwd: folder,
    });
  },
};

/**
 * Puts the fixed proxies up where they are not (one that a test has cut stays cut), and returns where they are
 * reached. Kafka tells its clients at which address to come back, so only a broker of ours can stand behind one.
 */
export async function putFixedProxies(
  url: string,
  endpoints: Endpoints,
  portOf: PortOf,
  isKafkaOurs: boolean,
): Promise<Endpoints> {
  const { hostname } = new URL(url);
  const proxies = FIXED_PROXIES.flatMap(({ name, port, before, place }) => {
    const upstream = endpoints[before]?.split(',')[place];
    if (upstream === undefined) return [];
    return [proxyAt(name, hostname, portOf(port), hostAndPort(upstream))];
  });
  const behindProxy = (): string => `127.0.0.1:${String(portOf('kafka-behind-proxy'))}`;
  if (isKafkaOurs) proxies.push(proxyAt('kafka', hostname, portOf('proxy-kafka'), behindProxy()));
  await ask(`${url}/populate`, JSON.stringify(proxies));
  return {
    ...proxiedTwin('DATABASE_PROXIED_URL', endpoints.DATABASE_URL, hostname, portOf('proxy-postgres')),
    ...proxiedTwin('REDIS_PROXIED_URL', endpoints.REDIS_URL, hostname, portOf('proxy-redis')),
    ...(isKafkaOurs ? { KAFKA_PROXIED_BROKERS: `${hostname}:${String(portOf('proxy-kafka'))}` } : {}),
  };
}

/** The same URL, user and database included, by way of the proxy. */
function proxiedTwin(
  name: EndpointName,
  direct: string | undefined,
  hostname: string,
  port: number,
): Endpoints {
  if (direct === undefined) return {};
  const url = new URL(direct);
  url.hostname = hostname;
  url.port = String(port);
  return { [name]: url.href };
}

function proxyAt(
  name: FixedProxyName,
  hostname: string,
  port: number,
  upstream: string,
): Readonly<Record<string, unknown>> {
  return { name, listen: `${hostname}:${String(port)}`, upstream, enabled: true };
}

/** A URL without a port means the scheme's own. */
function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? DEFAULT_PORTS[protocol] : port}`;
}

/** Everything below one folder, as HOME may be missing or read-only; writable, so that it can be removed. */
async function compile(workshop: Workshop, unfinished: string): Promise<void> {
  const module = `github.com/Shopify/toxiproxy/v2/cmd/server@v${TOXIPROXY_VERSION}`;
  const work = join(unfinished, 'work');
  await mkdir(work);
  const env = { ...process.env, GOBIN: unfinished, GOPATH: work, GOCACHE: join(work, 'build') };
  await withHeartbeat(workshop.say, `compiling toxiproxy ${TOXIPROXY_VERSION}`, async () => {
    try {
      const go = await findRecentGo(programPath(GO), env);
      await runProgram(go.program, ['install', '-modcacherw', module], { env: go.env, cwd: work });
    } catch (error) {
      throw new Error(
        `toxiproxy can't be compiled (set TOXIPROXY_URL to one that runs, to do without): ${(error as Error).message}`,
      );
    }
  });
  await rename(join(unfinished, 'server'), join(unfinished, 'toxiproxy-server'));
  await rm(work, { recursive: true });
}

async function ask(url: string, body?: string): Promise<void> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(PROBE_LIMIT_MS),
    ...(body === undefined ? {} : { method: 'POST', body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`toxiproxy answered ${String(response.status)}: ${text}`);
}
