/** Ports of our own: chosen free once, and the same at every start. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Notebook } from './state.ts';

export const PORT_NAMES = [
  'postgres',
  'postgres-replica',
  'redis',
  'redis-cluster-1',
  'redis-cluster-2',
  'redis-cluster-3',
  'kafka',
  'kafka-controller',
  'kafka-behind-proxy',
  'toxiproxy',
  'prometheus',
  'proxy-postgres',
  'proxy-redis',
  'proxy-kafka',
  'proxy-redis-cluster-1',
  'proxy-redis-cluster-2',
  'proxy-redis-cluster-3',
] as const;

export type PortName = (typeof PORT_NAMES)[number];
export type PortOf = (name: PortName) => number;

/** A node of a Redis Cluster talks to the others at its port and so much. */
const CLUSTER_BUS_OFFSET = 10_000;

/** Above the well-known ones; and with the offset still below 32768, from where systems take outgoing ports. */
const FIRST_PORT = 20_000;
const LAST_PORT = 22_767;
const MOST_TRIES = 200;
const RELEASE_LIMIT_MS = 1_000;
const RELEASE_LOOK_MS = 20;

/** Chooses those that have no port yet, and anew those whose port someone else took meanwhile. */
export async function claimPorts(notebook: Notebook, names: readonly PortName[]): Promise<void> {
  for (const name of names) {
    const { ports } = notebook.state();
    const kept = ports[name];
    if (kept !== undefined && (await isUsableSoon(name, kept))) continue;
    const port = await chooseFree(name, Object.values(ports));
    notebook.change({ ports: { ...ports, [name]: port } });
  }
}

/** Of claimed ports. */
export function portsOf(notebook: Notebook): PortOf {
  return (name) => {
    const port = notebook.state().ports[name];
    if (port === undefined) throw new Error(`the port of ${name} was not claimed`);
    return port;
  };
}

async function chooseFree(name: PortName, taken: readonly number[]): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (!taken.includes(port) && (await isUsable(name, port))) return port;
  }
  throw new Error(
    `no port between ${String(FIRST_PORT)} and ${String(LAST_PORT)} is free: end what holds them`,
  );
}

/** A service that was just killed may hold its port until its last thread has ended. */
async function isUsableSoon(name: PortName, port: number): Promise<boolean> {
  const deadlineMs = performance.now() + RELEASE_LIMIT_MS;
  while (!(await isUsable(name, port))) {
    if (performance.now() > deadlineMs) return false;
    await sleep(RELEASE_LOOK_MS);
  }
  return true;
}

async function isUsable(name: PortName, port: number): Promise<boolean> {
  if (!(await isFree(port))) return false;
  return !name.startsWith('redis-cluster-') || isFree(port + CLUSTER_BUS_OFFSET);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
