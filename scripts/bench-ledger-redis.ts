/** A database of the bench's own on the Redis of REDIS_URL, and what Redis tells of its own work. */
import { Redis } from 'ioredis';

export interface BenchRedis {
  /** Names the database. */
  readonly url: string;
  readonly client: Redis;
  read(): Promise<RedisFigures>;
  empty(): Promise<void>;
}

/** Since Redis was started, but for `usedBytes`. */
export interface RedisFigures {
  /** User and system time of the main thread and all others. */
  readonly cpuMicros: number;
  /** Calls of scripts: trips of the ledger. */
  readonly scripts: number;
  /** All commands, with those that scripts give. */
  readonly commands: number;
  readonly usedBytes: number;
}

/** Of one campaign, as its book has it; nanos. */
export interface BookSums {
  readonly postedNanos: number;
  /** Of the day that had the most. */
  readonly postedOfDayNanos: number;
  readonly leasedNanos: number;
}

/** Of 16 that Redis has unless it is told otherwise. */
const DATABASES = 16;
const SCAN_COUNT = 1_000;
/** The bit of src/ledger/lua/shared.lua. */
const POSTED = 1;
/** Not counted: the bench's own. */
const OWN_COMMANDS = ['info', 'select'];

/** `work` gets an empty database, which is emptied again behind it. Redis must not be a cluster: it has one alone. */
export async function inOwnRedis<T>(serverUrl: string, work: (redis: BenchRedis) => Promise<T>): Promise<T> {
  const url = new URL(serverUrl);
  url.pathname = `/${await findEmptyDatabase(serverUrl)}`;
  const client = new Redis(url.href);
  const redis: BenchRedis = {
    url: url.href,
    client,
    read: async () => readFigures(await client.info('everything')),
    async empty() {
      await client.flushdb();
    },
  };
  try {
    return await work(redis);
  } finally {
    await redis.empty();
    client.disconnect();
  }
}

/** Of the ledger, by campaign: drawn in src/ledger/ledger-keys.ts. */
export async function readBooks({ client }: BenchRedis): Promise<ReadonlyMap<string, BookSums>> {
  const books = new Map<string, BookSums>();
  for await (const keys of client.scanStream({ match: 'gavel:*:book', count: SCAN_COUNT })) {
    for (const key of keys as string[]) {
      const sums = await client.hgetall(key);
      const number = (field: string): number => Number(sums[field] ?? 0);
      books.set(/\{(.+)\}/.exec(key)?.[1] ?? key, {
        postedNanos: number('posted'),
        postedOfDayNanos: Math.max(0, ...Object.keys(sums).filter(isDay).map(number)),
        leasedNanos: number('leased'),
      });
    }
  }
  return books;
}

function isDay(field: string): boolean {
  return /^p-?\d+$/.test(field);
}

/** How many reservations are posted: of each lease, a byte an ordinal with what has happened to it. */
export async function countPosts({ client }: BenchRedis): Promise<number> {
  let posts = 0;
  for await (const keys of client.scanStream({ match: 'gavel:*:marks:*', count: SCAN_COUNT })) {
    for (const key of keys as string[]) {
      for (const marks of (await client.getBuffer(key)) ?? []) posts += marks & POSTED;
    }
  }
  return posts;
}

async function findEmptyDatabase(serverUrl: string): Promise<number> {
  const client = new Redis(serverUrl);
  try {
    const keyspace = await client.info('keyspace');
    for (let database = DATABASES - 1; database > 0; database--) {
      if (!keyspace.includes(`db${database}:`)) return database;
    }
  } finally {
    client.disconnect();
  }
  throw new Error('every database of the Redis of REDIS_URL holds keys: empty one of 1 to 15');
}

function readFigures(info: string): RedisFigures {
  const values = new Map(
    info.split('\r\n').map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  const number = (name: string): number => Number(values.get(name) ?? 0);
  const calls = [...values].flatMap(([name, value]): [string, number][] => {
    const command = /^cmdstat_(.+)$/.exec(name)?.[1];
    return command === undefined ? [] : [[command, Number(/calls=(\d+)/.exec(value)?.[1] ?? 0)]];
  });
  const sum = (counts: (command: string) => boolean): number =>
    calls.reduce((all, [command, count]) => (counts(command) ? all + count : all), 0);
  return {
    cpuMicros: (number('used_cpu_user') + number('used_cpu_sys')) * 1e6,
    scripts: sum((command) => command.startsWith('eval')),
    commands: sum((command) => !OWN_COMMANDS.includes(command)),
    usedBytes: number('used_memory'),
  };
}
