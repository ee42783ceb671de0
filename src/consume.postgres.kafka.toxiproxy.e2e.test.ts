/** From an answer to a row by way of Kafka: each event once, whatever is killed, cut or added on the way. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from './campaigns/seeded-random.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { recount, rowIds } from './events/fixtures/recount.ts';
import {
  freePort,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { postAll, type PostedEvent } from './fixtures/posted-events.ts';
import { serviceUrl } from './fixtures/services.ts';
import { findProxy } from './fixtures/toxiproxy.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const PROXIED = serviceUrl('KAFKA_PROXIED_BROKERS');
const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const EVENTS = 2_000;
/** No test is judged by its time: this ends what hangs. */
const PATIENCE = { timeout: 90_000, interval: 250 };

const server = openScratchServer();
const folders: string[] = [];
const servers: GavelProcess[] = [];
const consumers: Consumer[] = [];
let url: string;
let pool: Pool;

beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((gavel) => gavel.kill()));
  await Promise.all(consumers.splice(0).map((consumer) => consumer.end('SIGKILL')));
  for (const folder of folders.splice(0)) removeDataDir(folder);
  await pool.end();
});
afterAll(() => server.close());

function newFolder(): string {
  const folder = newDataDir();
  folders.push(folder);
  return folder;
}

async function startServer(folder: string, brokers = BROKERS, prefix = ''): Promise<GavelProcess> {
  const gavel = await startGavel(folder, {
    DATABASE_URL: url,
    KAFKA_BROKERS: brokers,
    GAVEL_KAFKA_PREFIX: prefix,
  });
  servers.push(gavel);
  return gavel;
}

interface Consumer {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

function startConsumer(environment: Readonly<Record<string, string>> = {}): Consumer {
  const cwd = newFolder();
  const child = spawn(process.execPath, [PROGRAM, 'consume'], {
    cwd,
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: url,
      KAFKA_BROKERS: BROKERS,
      GAVEL_DATA_DIR: join(cwd, 'data'),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const exited = once(child, 'exit');
  const consumer: Consumer = {
    child,
    stdout: () => stdout,
    async end(signal) {
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
  consumers.push(consumer);
  return consumer;
}

/** Some of them twice or more; the topics hold what other tests and seeds sent, too. */
function makeArrays(seed: number): readonly PostedEvent[][] {
  const random = seededRandom(seed);
  const events = Array.from({ length: EVENTS }, (_, number) => ({
    event_id: `${prefixOf(seed)}${String(random.chance(0.2) ? random.integer(number + 1) : number)}`,
    type: random.pick(['impression', 'click', 'conversion']),
    ad_id: `ad-${String(random.integer(30))}`,
  }));
  const arrays: PostedEvent[][] = [];
  while (events.length > 0) arrays.push(events.splice(0, 1 + random.integer(40)));
  return arrays;
}

function prefixOf(seed: number): string {
  return `seed ${String(seed)} of ${String(process.pid)}: `;
}

async function countedIds(seed: number): Promise<readonly string[]> {
  return (await rowIds(pool)).filter((id) => id.startsWith(prefixOf(seed)));
}

function idsOf(arrays: readonly PostedEvent[][]): readonly string[] {
  return [...new Set(arrays.flat().map((event) => event.event_id))].sort();
}

async function expectExact(seed: number, arrays: readonly PostedEvent[][]): Promise<void> {
  await expect.poll(async () => (await countedIds(seed)).length, PATIENCE).toBe(idsOf(arrays).length);
  expect(await countedIds(seed)).toEqual(idsOf(arrays));
  expect(await recount(pool)).toEqual([]);
}

describe('events that were answered are rows, each once', () => {
  it(`over a kill -9 of the server (seed ${String(SEED)})`, async () => {
    const arrays = makeArrays(SEED);
    const folder = newFolder();
    const first = await startServer(folder);
    startConsumer();
    let isLeft = 1 + seededRandom(SEED).integer(Math.floor(arrays.length / 2));
    const refused = await postAll(first, arrays, () => {
      isLeft--;
      if (isLeft === 0) void first.kill();
    });
    expect(refused.length).toBeGreaterThan(0);
    const second = await startServer(folder);
    expect(await postAll(second, refused)).toEqual([]);
    await expectExact(SEED, arrays);
  });

  it(`over kills of the consumer, and two of them share the partitions (seed ${String(SEED + 1)})`, async () => {
    const arrays = makeArrays(SEED + 1);
    const gavel = await startServer(newFolder());
    let consumer = startConsumer();
    const other = startConsumer();
    let accepted = 0;
    expect(
      await postAll(gavel, arrays, () => {
        accepted++;
        if (accepted % 40 !== 0) return;
        void consumer.end('SIGKILL');
        consumer = startConsumer();
      }),
    ).toEqual([]);
    await expectExact(SEED + 1, arrays);
    expect(await other.end('SIGTERM')).toBe(0);
    const more = makeArrays(SEED + 2);
    expect(await postAll(gavel, more)).toEqual([]);
    await expectExact(SEED + 2, more);
    expect(consumer.stdout()).toContain('batch_processed');
  });

  it(`over a broker that falls silent (seed ${String(SEED + 3)})`, async () => {
    const proxy = await findProxy('kafka');
    try {
      const arrays = makeArrays(SEED + 3);
      const gavel = await startServer(newFolder(), PROXIED);
      startConsumer();
      let accepted = 0;
      const refused = await postAll(gavel, arrays, () => {
        accepted++;
        if (accepted === 20) void proxy.blackHole();
      });
      expect(refused).toEqual([]);
      expect((await countedIds(SEED + 3)).length).toBeLessThan(idsOf(arrays).length);
      await expect.poll(() => gavel.stdout(), PATIENCE).toContain('events can not be shipped');
      await proxy.heal();
      await expectExact(SEED + 3, arrays);
      expect(gavel.stdout()).toContain('events are shipped to Kafka again');
    } finally {
      await proxy.close();
    }
  });

  it(`that a server which is stopped still ships (seed ${String(SEED + 4)})`, async () => {
    const arrays = makeArrays(SEED + 4);
    const gavel = await startServer(newFolder());
    expect(await postAll(gavel, arrays)).toEqual([]);
    expect(await gavel.stop()).toBe(0);
    startConsumer();
    await expectExact(SEED + 4, arrays);
  });
});

describe('a consumer with a prefix and a port for its metrics', () => {
  it(`counts what was shipped under that prefix alone, and tells how much (seed ${String(SEED + 5)})`, async () => {
    const prefix = `e2e-${randomUUID()}.`;
    const port = String(await freePort());
    const gavel = await startServer(newFolder(), BROKERS, prefix);
    startConsumer({ GAVEL_KAFKA_PREFIX: prefix, GAVEL_CONSUME_METRICS_PORT: port, GAVEL_HOST: '127.0.0.1' });
    const arrays = makeArrays(SEED + 5);
    expect(await postAll(gavel, arrays)).toEqual([]);
    await expectExact(SEED + 5, arrays);
    const ids = idsOf(arrays).length;
    // Nobody else's events are in these topics.
    expect((await rowIds(pool)).length).toBe(ids);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/);
    const figures = figuresOf(await response.text());
    expect(figures).toMatchObject({
      gavel_consumer_up: 1,
      gavel_consumer_processed_total: ids,
      gavel_consumer_deduped_total: EVENTS - ids,
      gavel_consumer_dead_total: 0,
      'gavel_consumer_lag_messages{topic="impressions"}': 0,
    });
    expect(figures.gavel_consumer_batches_total).toBeGreaterThan(0);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    const second = startConsumer({ GAVEL_CONSUME_METRICS_PORT: port, GAVEL_HOST: '127.0.0.1' });
    await once(second.child, 'exit');
    expect(second.child.exitCode).toBe(1);
  });
});

/** Name and labels → value. */
function figuresOf(text: string): Readonly<Record<string, number>> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line): [string, number] => {
      const [name = '', value] = line.split(' ');
      return [name, Number(value)];
    }),
  );
}
