/**
 * The whole way of an event, as it runs in production: the built server, and with Kafka its consumer in a process of its
 * own, on a database of the bench's. What the topics held before is passed over.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { EVENT_TOPICS } from '../src/events/topics.ts';
import {
  atEnd,
  cpuMicrosOf,
  cpuMicrosOfThread,
  endProcess,
  machineMicros,
  startNode,
} from './bench-process.ts';
import { benchCampaigns, PROGRAM, seedCampaigns, startServer } from './bench-server.ts';

/** Who counts: a thread of the server, or consumers behind Kafka. */
export type Way = 'alone' | 'kafka';

export interface EventPath {
  readonly way: Way;
  readonly origin: string;
  readonly pid: number;
  readonly databaseUrl: string;
  /** Looks at what was counted. */
  readonly client: pg.Client;
  /** One of each campaign. */
  readonly ads: readonly string[];
  startConsumer(): void;
  stopConsumer(): Promise<void>;
  readMetric(name: string): Promise<number>;
  cpu(): PathCpu;
  close(): Promise<void>;
}

/** Microseconds of CPU time so far. */
export interface PathCpu {
  /** All threads of the server. */
  readonly server: number;
  /** Of them: who answers. */
  readonly front: number;
  /** Of them: who writes the spool. */
  readonly spool: number;
  /** Of them: who reads the spool; alone counts it too, else ships it to Kafka. */
  readonly taking: number;
  /** The consumer's process; 0 where there is none. */
  readonly consumer: number;
  /** All that the machine does. */
  readonly machine: number;
}

const CAMPAIGNS = 5_000;
const ADMIN_KEY = 'bench-admin-key-0123456789';
const THREADS = fileURLToPath(new URL('bench-threads.mjs', import.meta.url));
const TAKING: Readonly<Record<Way, string>> = { alone: 'lmdb-consumer-thread.js', kafka: 'kafka-thread.js' };
const SPOOL = 'lmdb-spool-thread.js';

/** `brokers` are not used where the server counts alone. */
export async function startEventPath(way: Way, databaseUrl: string, brokers: string): Promise<EventPath> {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-events-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  atEnd(remove);
  const threads = join(folder, 'threads');
  const environment = {
    DATABASE_URL: databaseUrl,
    GAVEL_DATA_DIR: join(folder, 'data'),
    GAVEL_ADMIN_KEY: ADMIN_KEY,
    ...(way === 'kafka' ? { KAFKA_BROKERS: brokers } : {}),
  };
  const campaigns = benchCampaigns(CAMPAIGNS);
  await seedCampaigns(environment, campaigns);
  const client = new pg.Client({ connectionString: databaseUrl });
  // Where the bench fails, its database is dropped under this connection: the failure is what is to be told.
  client.on('error', () => undefined);
  await client.connect();
  if (way === 'kafka') {
    await runCommand('topics', environment);
    await passOver(client, brokers);
  }
  const server = await startServer({ ...environment, BENCH_THREADS: threads }, CAMPAIGNS, [
    '--import',
    THREADS,
  ]);
  let consumer: ReturnType<typeof startCommand> | null = null;
  const { origin } = new URL(server.url);
  const path: EventPath = {
    way,
    origin,
    pid: server.pid,
    databaseUrl,
    client,
    ads: campaigns.flatMap(({ ads }) => ads.slice(0, 1).map(({ id }) => id)),
    startConsumer() {
      if (way === 'kafka') consumer ??= startCommand('consume', environment);
    },
    async stopConsumer() {
      if (consumer !== null) await endProcess(consumer);
      consumer = null;
    },
    readMetric: (name) => readMetric(origin, name),
    cpu: () => readCpu(server.pid, consumer?.pid ?? null, readThreads(threads), way),
    async close() {
      await path.stopConsumer();
      await server.stop();
      await client.end();
      remove();
    },
  };
  path.startConsumer();
  return path;
}

type Environment = Readonly<Record<string, string>>;

function startCommand(command: string, environment: Environment): ReturnType<typeof startNode> {
  const { PATH, HOME } = process.env;
  return startNode([PROGRAM, command], {
    cwd: dirname(PROGRAM),
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function runCommand(command: string, environment: Environment): Promise<void> {
  const [code] = (await once(startCommand(command, environment), 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code ?? 'a signal'}`);
}

/** A broker that others use holds events of other databases: counting begins behind them. */
async function passOver(client: pg.Client, brokers: string): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    for (const topic of EVENT_TOPICS) {
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
        const values = [topic, partition, high];
        await client.query(
          'INSERT INTO consumed_offsets (source, partition, next_offset) VALUES ($1, $2, $3)',
          values,
        );
      }
    }
  } finally {
    await admin.disconnect();
  }
}

async function readMetric(origin: string, name: string): Promise<number> {
  const text = await fetch(`${origin}/metrics`).then((response) => response.text());
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  if (line === undefined) throw new Error(`the server has no metric ${name}`);
  return Number(line.slice(name.length));
}

/** Lines of a name and a number; the newest of a name is the thread that lives. */
function readThreads(file: string): ReadonlyMap<string, number> {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return new Map(
    lines.map((line): [string, number] => {
      const [name = '', thread = ''] = line.split(' ');
      return [name, Number(thread)];
    }),
  );
}

function readCpu(
  pid: number,
  consumer: number | null,
  threads: ReadonlyMap<string, number>,
  way: Way,
): PathCpu {
  const ofThread = (name: string): number => {
    const thread = threads.get(name);
    return thread === undefined ? 0 : cpuMicrosOfThread(pid, thread);
  };
  return {
    server: cpuMicrosOf(pid),
    front: cpuMicrosOfThread(pid, pid),
    spool: ofThread(SPOOL),
    taking: ofThread(TAKING[way]),
    consumer: consumer === null ? 0 : cpuMicrosOf(consumer),
    machine: machineMicros() ?? 0,
  };
}
