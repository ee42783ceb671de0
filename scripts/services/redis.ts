/** Redis: one server, its log of writes on disk. */
import { Redis } from 'ioredis';

import type { ProcessName, Service } from './catalog.ts';
import { programPath } from './program.ts';
import type { Workshop } from './workshop.ts';

export const REDIS_SERVER = { name: 'redis-server', debian: 'redis-server' };

/** One that answers at all does within milliseconds. */
const PROBE_LIMIT_MS = 2_000;

export const redis: Service = {
  endpoint: 'REDIS_URL',
  needs: [],
  processes: ['redis'],
  ports: ['redis'],
  programs: () => [REDIS_SERVER],
  readyWithinMs: 15_000,
  url: (portOf) => `redis://127.0.0.1:${String(portOf('redis'))}`,
  probe: pingRedis,
  start: async (workshop) => {
    if (workshop.isRunning('redis')) return;
    await launchRedis(workshop, 'redis', workshop.portOf('redis'), []);
  },
};

export async function launchRedis(
  workshop: Workshop,
  name: ProcessName,
  port: number,
  more: readonly string[],
): Promise<void> {
  const folder = workshop.dataFolder(name);
  await workshop.launch(name, {
    program: programPath(REDIS_SERVER),
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
      ...more,
    ],
    cwd: folder,
  });
}

export async function pingRedis(url: string): Promise<void> {
  await askRedis(url, (client) => client.ping());
}

/** Asks over a connection of its own; rejects with the reason where there is none. */
export async function askRedis<T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: PROBE_LIMIT_MS,
    commandTimeout: PROBE_LIMIT_MS,
  });
  // The connection's errors say why (refused, no such host); the command's only that there is no connection.
  const reasons: Error[] = [];
  client.on('error', (error: Error) => reasons.push(error));
  try {
    await client.connect();
    return await question(client);
  } catch (error) {
    throw reasons[0] ?? error;
  } finally {
    client.disconnect();
  }
}
