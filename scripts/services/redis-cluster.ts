/** A Redis Cluster of three masters. It begins empty whenever none of its nodes runs. */
import { rmSync } from 'node:fs';

import type { Service } from './catalog.ts';
import type { PortOf } from './ports.ts';
import { programPath, runProgram } from './program.ts';
import { askRedis, launchRedis, pingRedis, REDIS_SERVER } from './redis.ts';
import type { Workshop } from './workshop.ts';

const REDIS_CLI = { name: 'redis-cli', debian: 'redis-tools' };
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
  url: (portOf) => NODES.map((node) => `redis://127.0.0.1:${String(portOf(node))}`).join(','),
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
  await formCluster(workshop.portOf);
}

/** Unless it is one already. Asked each time, as a run may have been killed between the start and this. */
async function formCluster(portOf: PortOf): Promise<void> {
  const addresses = NODES.map((node) => `127.0.0.1:${String(portOf(node))}`);
  await untilAllListen(addresses);
  const [first = ''] = addresses;
  const info = await askRedis(`redis://${first}`, (client) => client.cluster('INFO'));
  if (!info.includes('cluster_slots_assigned:0')) return;
  await runProgram(programPath(REDIS_CLI), [
    ...['--cluster', 'create', ...addresses],
    ...['--cluster-replicas', '0', '--cluster-yes'],
  ]);
}

/** Rejects soon: a node that does not start has ended, and its log is shown. */
async function untilAllListen(addresses: readonly string[]): Promise<void> {
  const deadlineMs = Date.now() + redisCluster.readyWithinMs;
  for (const address of addresses) {
    while (!(await answers(`redis://${address}`))) {
      if (Date.now() > deadlineMs) throw new Error(`the cluster's node at ${address} does not answer`);
    }
  }
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
