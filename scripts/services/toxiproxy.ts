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
/** Where a test removes a toxic, its proxy answers only once that is done: 5 s for each answer that is still held. */
const ASK_LIMIT_MS = 30_000;
const OK = 200;
const CREATED = 201;
const NOT_FOUND = 404;

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
  probe: askForFixedProxies,
  start: async (workshop) => {
    if (workshop.isRunning('toxiproxy')) {
      if (await answers(toxiproxy.url(workshop.portOf))) return;
      workshop.say('toxiproxy runs but is locked up: it is started anew');
      await workshop.stop('toxiproxy');
    }
    const folder = await workshop.cached(BINARY, (unfinished) => compile(workshop, unfinished));
    await workshop.launch('toxiproxy', {
      program: join(folder, 'toxiproxy-server'),
      args: ['-host', '127.0.0.1', '-port', String(workshop.portOf('toxiproxy'))],
      cwd: folder,
    });
  },
};

/**
 * A toxic that is changed while data stand in its line can lock up the proxy, and with it the list of all, for good;
 * the version would still be told. A proxy that is not there yet answers too.
 */
async function askForFixedProxies(url: string): Promise<void> {
  const names: readonly FixedProxyName[] = [...FIXED_PROXIES.map(({ name }) => name), 'kafka'];
  await ask(`${url}/version`, [OK]);
  await Promise.all(names.map((name) => ask(`${url}/proxies/${name}`, [OK, NOT_FOUND])));
}

function answers(url: string): Promise<boolean> {
  return askForFixedProxies(url).then(
    () => true,
    () => false,
  );
}

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
  await ask(`${url}/populate`, [CREATED], JSON.stringify(proxies));
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
  const env = {
    ...process.env,
    GOBIN: unfinished,
    GOPATH: work,
    GOCACHE: join(work, 'build'),
    CGO_ENABLED: '0',
  };
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

/** Rejects where it answers with none of these. */
async function ask(url: string, allowed: readonly number[], body?: string): Promise<void> {
  const { pathname } = new URL(url);
  const limit = AbortSignal.timeout(ASK_LIMIT_MS);
  try {
    const response = await fetch(url, {
      signal: limit,
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    const text = await response.text();
    if (allowed.includes(response.status)) return;
    throw new Error(`toxiproxy answered ${pathname} with ${String(response.status)}: ${text}`);
  } catch (error) {
    if (!limit.aborted) throw error;
    throw new Error(`toxiproxy has not answered ${pathname} within ${String(ASK_LIMIT_MS / 1000)} s`);
  }
}
