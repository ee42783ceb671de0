/** `npm run replay`, as people type it: beside a consumer that runs, and killed. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { closeBenches, nameUnique, openBench } from './events/fixtures/kafka-bench.ts';
import { adEvent } from './events/fixtures/random-events.ts';
import { recount, rowIds } from './events/fixtures/recount.ts';
import { openSender, startCounting } from './events/fixtures/replay-bench.ts';
import { prefixNames } from './events/kafka-prefix.ts';
import { EVENT_TOPICS, eventTopics } from './events/topics.ts';
import { newDataDir, removeDataDir } from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const EVENTS = 500;

const server = openScratchServer();
const folder = newDataDir();
let url: string;
let pool: Pool;
let prefix: string;
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  prefix = `${nameUnique('replay')}.`;
  environment = {
    PATH: process.env.PATH,
    DATABASE_URL: url,
    KAFKA_BROKERS: BROKERS,
    GAVEL_KAFKA_PREFIX: prefix,
    GAVEL_DATA_DIR: join(folder, 'data'),
  };
});
afterEach(async () => {
  await closeBenches();
  await pool.end();
});
afterAll(async () => {
  removeDataDir(folder);
  await server.close();
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], env = environment): Promise<Ended> {
  try {
    const ended = await promisify(execFile)(process.execPath, [PROGRAM, 'replay', ...args], {
      cwd: folder,
      env,
    });
    return { code: 0, ...ended };
  } catch (error) {
    return error as Ended;
  }
}

/** Killed once it has made its tables. */
async function runKilled(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, 'replay', ...args], { cwd: folder, env: environment });
  const exited = once(child, 'exit');
  await expect.poll(async () => (await readSchemas()).length).toBe(1);
  child.kill('SIGKILL');
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
  const held = `SELECT FROM pg_locks JOIN pg_database ON database = pg_database.oid
                 WHERE locktype = 'advisory' AND classid = 7238013 AND datname = current_database()`;
  await expect.poll(async () => (await pool.query(held)).rowCount).toBe(0);
}

async function readSchemas(): Promise<readonly object[]> {
  return (await pool.query<object>(`SELECT nspname FROM pg_namespace WHERE nspname LIKE '%\_replay\_%'`))
    .rows;
}

/** Counted by a consumer that goes on, and then spoiled. */
async function countSpoiled(): Promise<void> {
  const client = prefixNames(openBench(BROKERS).client, prefix);
  expect(await client.ensureTopics(eventTopics({ replication: 1, retentionDays: 1 }))).toHaveProperty(
    'topics',
  );
  const nowMs = Date.now();
  const times = { atMs: nowMs, receivedAtMs: nowMs, spendNanos: 3 };
  const events = Array.from({ length: EVENTS }, (_, number) =>
    adEvent({ ...times, eventId: `event ${String(number)}` }),
  );
  await openSender(client).send('impressions', events);
  await startCounting(client, pool, EVENT_TOPICS);
  await expect.poll(() => rowIds(pool)).toHaveLength(EVENTS);
  await pool.query('DELETE FROM events_log WHERE starts_with(event_id, $1)', ['event 7']);
  expect(await recount(pool)).not.toEqual([]);
}

describe('replay', () => {
  it('puts right what it says, and nothing where it only checks or is killed', async () => {
    const from = new Date(Date.now() - 60_000).toISOString();
    await countSpoiled();
    const spoiled = await rowIds(pool);
    expect(spoiled.length).toBeLessThan(EVENTS);

    const checked = await run(['--from', from, '--check']);
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.stdout).toMatch(
      /^events_log: 0 rows go, 11 come, rows 489 → 500, spend_nanos 1467 → 1500/m,
    );
    expect(checked.stdout).toMatch(/Nothing was changed\.\n$/);
    await runKilled(['--from', from]);
    expect(await rowIds(pool)).toEqual(spoiled);

    const replayed = await run(['--from', from]);
    expect(replayed).toMatchObject({ code: 0 });
    expect(replayed.stdout).toMatch(
      /^\d+ events since .*Z were counted anew\. The tables were swapped for \d{4}-/,
    );
    expect(await rowIds(pool)).toHaveLength(EVENTS);
    expect(await recount(pool)).toEqual([]);
    expect(await readSchemas()).toEqual([]);
  });

  it.each([
    [[]],
    [['--from', 'yesterday']],
    [['--from', '2026-11-20T08:30']],
    [['--from', '2026-13-01']],
    [['--from', '2026-02-30']],
  ])('needs a time with its zone: %j', async (args) => {
    expect(await run(args)).toMatchObject({
      code: 1,
      stderr:
        'gavel: usage: replay --from TIME [--check], where TIME is as 2026-11-20 or 2026-11-20T08:30Z\n',
    });
  });

  it('says why it can not: a time to come, no Kafka', async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    expect((await run(['--from', later])).stderr).toBe(`gavel: replay: ${later} is yet to come\n`);
    const { KAFKA_BROKERS: _, ...alone } = environment;
    expect((await run(['--from', '2026-11-20'], alone)).stderr).toBe(
      'gavel: replay: KAFKA_BROKERS is not set. Only Kafka keeps events that are counted; without it the spool deletes them, and there is nothing to count anew.\n',
    );
  });
});
