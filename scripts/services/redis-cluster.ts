/** A Redis Cluster of three masters. It begins empty whenever none of its nodes runs. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Service } from './catalog.ts';
import type { PortOf } from './ports.ts';
import { programPath, runProgram } from './program.ts';
import { askRedis, launchRedis, pingRedis, REDIS_SERVER } from './redis.ts';
import type { Workshop } from './workshop.ts';

const REDIS_CLI = { name: 'redis-cli', debian: 'redis-tools' };
const POLL_MS = 50;
const NODES = ['redis-cluster-1', 'redis-cluster-2', 'redis-cluster-3'] as const;
/** A node that is away so long is failed: tests of failures wait for it. */
export const NODE_TIMEOUT_MS = 2_000;

export const redisCluster: Service = {
  endpoint: 'REDIS_CLUSTER_URL',
  needs: [],
  processes: NODES,
  ports: NODES,
  programs: () => [REDIS_SERVER, REDIS_CLI],
  readyWithinMs: 30_000,
  url: (portOf) => NODES.map((node) => `redis://${addressOf(node, portOf)}`).join(','),
  probe: probeCluster,
  start: startCluster,
};

async function startCluster(workshop: Workshop): Promise<void> {
  const missing = NODES.filter((node) => !workshop.isRunning(node));
  const isNew = missing.length === NODES.length;
  for (const node of missing) {
    // Nodes know each other by their ports, which may be others this time.
    if (isNew) rmSync(workshop.dataFolder(node), { recursive: true });
    await launchRedis(workshop, node, workshop.portOf(node), [
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)],
    ]);
  }
  await formCluster(workshop);
}

/** Unless it is one already. Asked each time, as a run may have been killed between the start and this. */
async function formCluster(workshop: Workshop): Promise<void> {
  await untilAllListen(workshop);
  const addresses = NODES.map((node) => addressOf(node, workshop.portOf));
  const [first = ''] = addresses;
  const info = await askRedis(`redis://${first}`, (client) => client.cluster('INFO'));
  if (!info.includes('cluster_slots_assigned:0')) return;
  await runProgram(programPath(REDIS_CLI), [
    ...['--cluster', 'create', ...addresses],
    ...['--cluster-replicas', '0', '--cluster-yes'],
  ]);
}

async function untilAllListen(workshop: Workshop): Promise<void> {
  const deadlineMs = Date.now() + redisCluster.readyWithinMs;
  for (const node of NODES) {
    const address = addressOf(node, workshop.portOf);
    while (!(await answers(`redis://${address}`))) {
      if (!workshop.isRunning(node)) throw new Error(`${node} ended while it started: see its log`);
      if (Date.now() > deadlineMs) throw new Error(`${node} does not answer at ${address}`);
      await sleep(POLL_MS);
    }
  }
}

function addressOf(node: (typeof NODES)[number], portOf: PortOf): string {
  return `127.0.0.1:${String(portOf(node))}`;
}

function answers(url: string): Promise<boolean> {
  return pingRedis(url).then(
    () => true,
    () => false,
  );
}

/** Every node must say that all slots are served. */
async function probeCluster(url: string): Promise<void> {
  for (const node of url.split(',')) {
    const info = await askRedis(node, (client) => client.cluster('INFO'));
    if (!info.includes('cluster_state:ok'))
      throw new Error(`the cluster's node ${node} does not serve all slots`);
  }
}
