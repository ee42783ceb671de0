/**
 * Follows a Redis Stream whose ids are numbers, on a connection of its own: while it waits for an entry, nothing else could
 * be asked on it. One that breaks or falls silent is replaced, and reading goes on from where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { Cluster, Redis } from 'ioredis';

import { backoffMs } from './redis-backoff.ts';
import { nodeOptions, type RedisState } from './redis-connection.ts';
import { describeFailure } from './redis-failure.ts';
import { nameServers, readRedisUrl, type RedisAddress, type RedisServer } from './redis-url.ts';

export interface StreamEntry {
  readonly number: number;
  readonly fields: Readonly<Record<string, string>>;
}

export interface StreamOrder {
  /** As `readRedisUrl` takes it. */
  readonly url: string;
  readonly isCluster: boolean;
  readonly key: string;
  /** The entries behind that number are told; where the stream is begun anew with lower numbers, all of them. */
  readonly after: number;
  readonly onEntry: (entry: StreamEntry) => void;
  /** The first verdict and each change after it, once, with a sentence. */
  readonly onState: (state: RedisState, reason: string) => void;
  /** Of a cluster behind proxies: where a node is reached that announces itself as the key, host:port. */
  readonly detours?: Readonly<Record<string, RedisServer>>;
}

export interface StreamReader {
  /** At once, also while Redis hangs. Nothing is told any more. */
  close(): void;
}

/** Well below the silence that counts as a broken connection (SILENCE_LIMIT_MS): the answer is then that nothing came. */
const BLOCK_MS = 500;
/** Between two readings, others have their turn on the thread. */
const MOST_AT_ONCE = 8;
const MAX_REDIRECTIONS = 5;
/** Redis counts the entries of a number; ours are the only one of theirs. */
const LAST_OF_NUMBER = '18446744073709551615';
/** The last id; Lua, as XREVRANGE alone would bring all of its entry. */
const LAST_ID = `local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1] return last and last[1]`;

type Client = Redis | Cluster;

/** Throws where the URL is wrong. What is wrong with the server, `onState` hears. */
export function followStream(order: StreamOrder): StreamReader {
  const read = readRedisUrl(order.url, order.isCluster);
  if (!read.ok) throw new Error(`the URL of Redis ${read.error}`);
  const { address } = read;
  const closing = new AbortController();
  let position = order.after;
  let told: RedisState | null = null;
  let attempt = 0;

  function tell(state: RedisState, reason: string): void {
    if (closing.signal.aborted || state === told) return;
    told = state;
    order.onState(state, reason);
  }

  async function readOn(client: Client): Promise<void> {
    const entries = await readBehind(client, order.key, position);
    if (closing.signal.aborted) return;
    attempt = 0;
    tell('up', `Redis at ${nameServers(address)} answers`);
    for (const entry of entries) {
      position = entry.number;
      order.onEntry(entry);
    }
    if (entries.length === 0 && (await lastNumber(client, order.key)) < position) position = 0;
  }

  async function readAlways(): Promise<void> {
    while (!closing.signal.aborted) {
      const client = openClient(address, order);
      const end = (): void => client.disconnect();
      closing.signal.addEventListener('abort', end, { once: true });
      try {
        await client.connect();
        while (!closing.signal.aborted) await readOn(client);
      } catch (error) {
        tell('down', describeFailure(nameServers(address), error, address));
      } finally {
        closing.signal.removeEventListener('abort', end);
        client.disconnect();
      }
      attempt += 1;
      await sleep(backoffMs(attempt), undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  void readAlways();
  return { close: () => closing.abort() };
}

/** Waits for a while where there is none. */
async function readBehind(client: Client, key: string, position: number): Promise<readonly StreamEntry[]> {
  // Behind all that bear the number: another's second entry of it would be read again and again.
  const id = `${String(position)}-${LAST_OF_NUMBER}`;
  const reply = await client.xread('COUNT', MOST_AT_ONCE, 'BLOCK', BLOCK_MS, 'STREAMS', key, id);
  return (reply?.[0]?.[1] ?? []).map(([entryId, fields]) => ({
    number: numberOf(entryId),
    fields: pairs(fields),
  }));
}

/** Infinity: the stream is empty, and says nothing of where it will begin. */
async function lastNumber(client: Client, key: string): Promise<number> {
  const id = await client.eval(LAST_ID, 1, key);
  return typeof id === 'string' ? numberOf(id) : Infinity;
}

function openClient(address: RedisAddress, { isCluster, detours = {} }: StreamOrder): Client {
  const options = nodeOptions(address);
  if (!isCluster && address.servers.length === 1) {
    const redis = new Redis({
      ...address.servers[0],
      ...options,
      lazyConnect: true,
      retryStrategy: () => null,
      enableOfflineQueue: false,
    });
    // Told by the command under way, too; without a listener it is printed.
    redis.on('error', () => undefined);
    return redis;
  }
  const cluster = new Cluster([...address.servers], {
    lazyConnect: true,
    redisOptions: options,
    natMap: { ...detours },
    clusterRetryStrategy: () => null,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    maxRedirections: MAX_REDIRECTIONS,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
  });
  cluster.on('error', () => undefined);
  return cluster;
}

function numberOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}

function pairs(fields: readonly string[]): Readonly<Record<string, string>> {
  const record: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) record[fields[i] ?? ''] = fields[i + 1] ?? '';
  return record;
}
