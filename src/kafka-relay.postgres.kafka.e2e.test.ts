/** Two servers on one Postgres and one Kafka: one publishes, whatever happens to it the other goes on. */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Announcement } from './campaigns/announcement.ts';
import { makeRandomChanges, nameChange } from './campaigns/fixtures/random-changes.ts';
import { createOutbox } from './campaigns/postgres-outbox.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { closeBenches, readTopic } from './events/fixtures/kafka-bench.ts';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
/** Every server of this broker publishes to it, those of other tests too: each test has a seed, so ids, of its own. */
const TOPIC = 'campaigns';
const POSITION = 'kafka:campaigns';
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** No test is judged by its time: this ends what hangs. */
const HEALED = { timeout: 60_000, interval: 1_000 };

const server = openScratchServer();
const folders: string[] = [];
const running: GavelProcess[] = [];
let url: string;
let pool: Pool;

beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((gavel) => gavel.kill()));
  for (const folder of folders.splice(0)) removeDataDir(folder);
  await closeBenches();
  await pool.end();
});
afterAll(() => server.close());

async function start(): Promise<GavelProcess> {
  const folder = newDataDir();
  folders.push(folder);
  const gavel = await startGavel(folder, { DATABASE_URL: url, KAFKA_BROKERS: BROKERS });
  running.push(gavel);
  return gavel;
}

async function metricOf(gavel: GavelProcess, name: string): Promise<number> {
  const text = await (await fetch(`${gavel.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

/** The one that publishes, and the other. */
async function untilOneLeads(): Promise<readonly [GavelProcess, GavelProcess]> {
  const [first, second] = running;
  if (first === undefined || second === undefined) throw new Error('two servers are started first');
  const leading = (): Promise<number[]> =>
    Promise.all([first, second].map((gavel) => metricOf(gavel, 'gavel_relay_leader')));
  await expect.poll(async () => (await leading()).toSorted()).toEqual([0, 1]);
  return (await leading())[0] === 1 ? [first, second] : [second, first];
}

async function untilTold(): Promise<void> {
  const outbox = createOutbox(pool, POSITION);
  await expect.poll(() => outbox.next()).toBe(null);
}

async function readAnnouncements(committed: readonly string[]): Promise<readonly Announcement[]> {
  const ours = new Set(committed.map((name) => name.split(' ')[0]));
  const messages = await readTopic(BROKERS, TOPIC);
  return messages
    .filter(({ key }) => ours.has(key))
    .map(({ value }) => JSON.parse(value.toString()) as Announcement);
}

function namesOf(told: readonly Announcement[]): string[] {
  return told.map(({ id, version }) => nameChange(id, version));
}

/** What a compacted topic holds in the end, and what it ought to. */
async function expectNewestLast(told: readonly Announcement[]): Promise<void> {
  const { rows } = await pool.query<{ id: string; version: number }>(
    'SELECT id, version FROM changed_campaigns',
  );
  expect(new Map(told.map(({ id, version }) => [id, version]))).toEqual(
    new Map(rows.map(({ id, version }) => [id, version])),
  );
}

describe('two servers', () => {
  it(`publish each change once, and count it (seed ${String(SEED)})`, async () => {
    await start();
    await start();
    const [leader, other] = await untilOneLeads();
    await untilTold();
    const committed = await makeRandomChanges(pool, SEED, 300);
    await untilTold();
    const told = await readAnnouncements(committed);
    expect(namesOf(told).sort()).toEqual([...committed].sort());
    await expectNewestLast(told);
    await expect.poll(() => metricOf(leader, 'gavel_relay_published_total')).toBe(committed.length);
    await expect.poll(() => metricOf(leader, 'gavel_relay_backlog_changes')).toBe(0);
    expect(await metricOf(other, 'gavel_relay_published_total')).toBe(0);
    expect(leader.stdout()).toContain('this node publishes changes to Kafka');
  });

  it.each([
    ['killed', SEED + 1, (gavel: GavelProcess) => gavel.kill()],
    ['asked to stop', SEED + 2, (gavel: GavelProcess) => gavel.stop()],
    ['frozen', SEED + 3, (gavel: GavelProcess) => Promise.resolve(gavel.child.kill('SIGSTOP'))],
  ])('lose nothing where the one that publishes is %s in the middle (seed %i)', async (_, seed, end) => {
    await start();
    await start();
    const [leader, other] = await untilOneLeads();
    await untilTold();
    const writing = makeRandomChanges(pool, seed, 300);
    await expect.poll(() => metricOf(leader, 'gavel_relay_published_total')).toBeGreaterThan(20);
    await end(leader);
    const committed = await writing;
    await expect.poll(() => metricOf(other, 'gavel_relay_leader')).toBe(1);
    leader.child.kill('SIGCONT');
    await untilTold();
    const told = await readAnnouncements(committed);
    expect([...new Set(namesOf(told))].sort()).toEqual([...committed].sort());
    // One that wakes up in a term that is over may publish what is old by now; then the other publishes it all again.
    await vi.waitFor(async () => expectNewestLast(await readAnnouncements(committed)), HEALED);
    expect(await metricOf(other, 'gavel_relay_published_total')).toBeGreaterThan(0);
  });
});
