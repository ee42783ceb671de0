/** Makes sure that services run: those of the environment, else by docker compose, else natively; and stops them. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Endpoints } from '../../src/fixtures/service-endpoints.ts';
import { SERVICE_NAMES, type ServiceName } from './catalog.ts';
import { COMPOSE_PORTS } from './compose.ts';
import { exportLines, type Environment, type Exports } from './environment.ts';
import { withLock } from './lock.ts';
import { runsNatively, startNatively, stopNative } from './native.ts';
import type { Place } from './place.ts';
import { claimPorts, portsOf, type PortOf } from './ports.ts';
import { isAlive, type ProcessIdentity } from './process.ts';
import { SERVICES } from './registry.ts';
import { openNotebook, type Notebook } from './state.ts';
import { FIXED_PROXIES, putFixedProxies } from './toxiproxy.ts';
import { inWords } from './words.ts';

/** Who wants them: the person, until told to stop; or a test run, until its end. */
export type Holder =
  { readonly kind: 'person' } | { readonly kind: 'run'; readonly identity: ProcessIdentity };

/** Owner only: it holds the management key. */
const ENV_FILE_MODE = 0o600;

/** Resolves once all of them answer; rejects with a sentence. */
export function ensureServices(
  place: Place,
  names: readonly ServiceName[],
  holder: Holder,
): Promise<Exports> {
  return withLock(place.folder, place.say, async () => {
    const notebook = openNotebook(place.folder);
    hold(notebook, names, holder);
    const house = openHouse(place, notebook);
    const wanted = withNeeds(names);
    const elsewhere = wanted.filter((name) => house.namedUrl(name) !== null);
    await Promise.all(elsewhere.map((name) => checkNamed(name, house.namedUrl(name) ?? '')));
    const own = wanted.filter((name) => !elsewhere.includes(name));
    refuseForeignReplica(own, elsewhere);
    await house.start(own);
    if (holder.kind === 'run') return house.tell(wanted);
    const exports = await house.tell(withNeeds(notebook.state().kept));
    writeFileSync(envFile(place.folder), exportLines(exports), { mode: ENV_FILE_MODE });
    return exports;
  });
}

/** The end of a test run: what nobody else uses is stopped, but for what a person asked for. */
export function releaseServices(place: Place, identity: ProcessIdentity): Promise<void> {
  return withLock(place.folder, place.say, async () => {
    const notebook = openNotebook(place.folder);
    const users = notebook.state().users.filter((user) => user.pid !== identity.pid && isAlive(user));
    notebook.change({ users });
    if (users.length > 0) return;
    const { kept } = notebook.state();
    const unused = SERVICE_NAMES.filter((name) => !withNeeds(kept).includes(name));
    await openHouse(place, notebook).stop(unused);
  });
}

/** Everything that was started here, and nothing else. Downloads and data stay. */
export function stopServices(place: Place): Promise<void> {
  return withLock(place.folder, place.say, async () => {
    const notebook = openNotebook(place.folder);
    const stopped = await openHouse(place, notebook).stop(SERVICE_NAMES);
    notebook.change({ kept: [] });
    rmSync(envFile(place.folder), { force: true });
    place.say(stopped.length === 0 ? 'nothing was running' : `stopped ${inWords(stopped)}`);
  });
}

/** Where everything is that runs here, or that the environment names. */
export function readServices(place: Place): Promise<Exports> {
  return withLock(place.folder, place.say, () =>
    openHouse(place, openNotebook(place.folder)).tell(SERVICE_NAMES),
  );
}

export function envFile(folder: string): string {
  return join(folder, 'env');
}

interface House {
  /** null where the environment names none, or our own. */
  readonly namedUrl: (name: ServiceName) => string | null;
  readonly start: (names: readonly ServiceName[]) => Promise<void>;
  /** Returns what was running. */
  readonly stop: (names: readonly ServiceName[]) => Promise<readonly string[]>;
  /** The endpoints of those of them that run here or that the environment names. */
  readonly tell: (names: readonly ServiceName[]) => Promise<Exports>;
}

/** What runs natively is reused: only where nothing does, Docker is asked. */
function openHouse(place: Place, notebook: Notebook): House {
  const { environment, say } = place;
  const hasNative = SERVICE_NAMES.some((name) => runsNatively(name, notebook));
  const docker = hasNative ? null : place.docker();
  const portOf: PortOf = docker === null ? portsOf(notebook) : (name) => COMPOSE_PORTS[name];
  const ownUrl = (name: ServiceName): string => SERVICES[name].url(portOf);
  const running = (): readonly ServiceName[] =>
    docker?.running() ?? SERVICE_NAMES.filter((name) => runsNatively(name, notebook));
  const namedUrl = (name: ServiceName): string | null => {
    const url = environment[SERVICES[name].endpoint] ?? '';
    return url === '' || isOurs(url, name, notebook) ? null : url;
  };
  return {
    namedUrl,
    start: async (names) => {
      if (docker === null) return startNatively(names, notebook, say);
      const runs = docker.running();
      const starting = names.filter((name) => !runs.includes(name));
      if (starting.length > 0) {
        notebook.change({ containers: [...new Set([...notebook.state().containers, ...starting])] });
        await docker.up(starting, say);
      }
      await Promise.all(names.map((name) => checkContainer(name, ownUrl(name))));
    },
    stop: async (names) => {
      const containers = notebook.state().containers.filter((name) => names.includes(name));
      if (containers.length > 0) await (docker ?? place.docker())?.down(containers);
      const left = notebook.state().containers.filter((name) => !names.includes(name));
      notebook.change({ containers: left });
      return [...containers, ...(await stopNative(names, notebook))];
    },
    tell: async (names) => {
      const runs = running();
      const urlOf = (name: ServiceName): string | null =>
        namedUrl(name) ?? (runs.includes(name) ? ownUrl(name) : null);
      const direct: Endpoints = Object.fromEntries(
        names.flatMap((name) => {
          const url = urlOf(name);
          return url === null ? [] : [[SERVICES[name].endpoint, url]];
        }),
      );
      const isKafkaNamed = namedUrl('kafka') !== null;
      const endpoints = {
        ...direct,
        ...(isKafkaNamed ? namedTwin(environment) : {}),
        ...(await proxiedTwins(direct, isKafkaNamed)),
      };
      return { endpoints, adminKey: environment.GAVEL_ADMIN_KEY ?? notebook.state().adminKey };
    },
  };

  async function proxiedTwins(direct: Endpoints, isKafkaNamed: boolean): Promise<Endpoints> {
    if (direct.TOXIPROXY_URL === undefined) return {};
    if (namedUrl('toxiproxy') !== null) await claimProxyPorts(notebook);
    const isKafkaOurs = direct.KAFKA_BROKERS !== undefined && !isKafkaNamed;
    return putFixedProxies(direct.TOXIPROXY_URL, direct, portOf, isKafkaOurs);
  }
}

/** A toxiproxy of ours claimed them when it started. */
async function claimProxyPorts(notebook: Notebook): Promise<void> {
  const { ports } = notebook.state();
  const names = FIXED_PROXIES.map(({ port }) => port).filter((port) => ports[port] === undefined);
  await claimPorts(notebook, names);
}

function hold(notebook: Notebook, names: readonly ServiceName[], holder: Holder): void {
  const { kept, users } = notebook.state();
  if (holder.kind === 'person') notebook.change({ kept: [...new Set([...kept, ...names])] });
  else notebook.change({ users: [...users.filter(isAlive), holder.identity] });
}

/** A replica follows a primary of ours. */
function withNeeds(names: readonly ServiceName[]): readonly ServiceName[] {
  const needed = new Set(names.flatMap((name) => [name, ...SERVICES[name].needs]));
  return SERVICE_NAMES.filter((name) => needed.has(name));
}

function refuseForeignReplica(own: readonly ServiceName[], elsewhere: readonly ServiceName[]): void {
  if (!own.includes('postgres-replica') || !elsewhere.includes('postgres')) return;
  throw new Error(
    'DATABASE_URL names a server that was not started here, so its replica must be named too: set DATABASE_READ_URL',
  );
}

/** The lines that were printed here may have been sourced: they name no other server. */
function isOurs(url: string, name: ServiceName, notebook: Notebook): boolean {
  const { url: urlOf, ports } = SERVICES[name];
  if (url === urlOf((port) => COMPOSE_PORTS[port])) return true;
  const claimed = notebook.state().ports;
  return ports.every((port) => claimed[port] !== undefined) && url === urlOf(portsOf(notebook));
}

/** Only whoever runs a Kafka elsewhere knows where it stands behind a proxy. */
function namedTwin({ KAFKA_PROXIED_BROKERS: brokers = '' }: Environment): Endpoints {
  return brokers === '' ? {} : { KAFKA_PROXIED_BROKERS: brokers };
}

/** Its container is healthy, but may be on another machine, or in a network that Docker keeps to itself. */
async function checkContainer(name: ServiceName, url: string): Promise<void> {
  const { endpoint, probe } = SERVICES[name];
  try {
    await probe(url);
  } catch (error) {
    throw new Error(
      `docker compose runs ${name}, but nothing answers at ${url} (${(error as Error).message}): ` +
        `make it reachable from here, or set ${endpoint}.`,
    );
  }
}

async function checkNamed(name: ServiceName, url: string): Promise<void> {
  const { endpoint, probe } = SERVICES[name];
  try {
    await probe(url);
  } catch (error) {
    throw new Error(
      `${endpoint} is set, but no ${name} answers there (${(error as Error).message}): ` +
        'start that server, or unset the variable to have one started here.',
    );
  }
}
