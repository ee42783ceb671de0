/** What was answered is counted once, whatever happens to the server and to its Postgres. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom, type SeededRandom } from './campaigns/seeded-random.ts';
import { killOccupants, occupants } from './database/disk-postgres-folder.ts';
import { killPostmaster } from './database/fixtures/killed-postmaster.ts';
import { findRunningPostgres } from './database/postgres-embedded.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { recount, rowIds } from './events/fixtures/recount.ts';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';
import { postAll, type PostedEvent } from './fixtures/posted-events.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const EVENTS = 2_000;

let folder: string | null = null;
let running: GavelProcess | null = null;
let pool: Pool | null = null;

afterEach(async () => {
  await pool?.end();
  await running?.kill();
  if (folder !== null) {
    killOccupants(clusterOf(folder));
    removeDataDir(folder);
  }
  pool = running = folder = null;
});

async function start(): Promise<GavelProcess> {
  folder ??= newDataDir();
  running = await startGavel(folder);
  const url = findRunningPostgres(join(folder, 'data'));
  if (url === null) throw new Error('its Postgres does not run');
  await pool?.end();
  pool = openPool(url, () => {});
  return running;
}

function clusterOf(of: string): string {
  return join(of, 'data', 'postgres');
}

async function metric(gavel: GavelProcess, name: string): Promise<number> {
  const text = await (await fetch(`${gavel.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

/** Some of them twice or more, in one array or in several; of ads of ours and of nobody's. */
async function makeArrays(gavel: GavelProcess, random: SeededRandom): Promise<readonly PostedEvent[][]> {
  const served = await fetch(`${gavel.url}/serve?userId=u&placementId=p&countryCode=US`);
  const { adId } = (await served.json()) as { adId: string };
  const events = Array.from({ length: EVENTS }, (_, number) => ({
    event_id: `event-${String(random.chance(0.2) ? random.integer(number + 1) : number)}`,
    type: random.pick(['impression', 'click', 'conversion']),
    ad_id: random.pick([adId, 'nobody-1', 'nobody-2']),
  }));
  const arrays: PostedEvent[][] = [];
  while (events.length > 0) arrays.push(events.splice(0, 1 + random.integer(40)));
  return arrays;
}

async function untilCounted(gavel: GavelProcess): Promise<void> {
  await expect.poll(() => metric(gavel, 'gavel_consumer_lag_records')).toBe(0);
}

async function postedIds(): Promise<readonly string[]> {
  if (pool === null) throw new Error('no server was started');
  return (await rowIds(pool)).filter((id) => id.startsWith('event-'));
}

function idsOf(arrays: readonly PostedEvent[][]): readonly string[] {
  return [...new Set(arrays.flat().map((event) => event.event_id))].sort();
}

async function expectExact(arrays: readonly PostedEvent[][]): Promise<void> {
  expect(await postedIds()).toEqual(idsOf(arrays));
  expect(await recount(pool!)).toEqual([]);
}

describe('events that were answered', () => {
  it(`are rows, each once, after a kill -9 in the middle (seed ${String(SEED)})`, async () => {
    const random = seededRandom(SEED);
    const first = await start();
    const arrays = await makeArrays(first, random);
    let isLeft = 1 + random.integer(Math.floor(arrays.length / 2));
    const kills: Promise<void>[] = [];
    const refused = await postAll(first, arrays, () => {
      isLeft--;
      if (isLeft === 0) kills.push(first.kill());
    });
    await Promise.all(kills);
    expect(refused.length).toBeGreaterThan(0);
    const answered = arrays.filter((array) => !refused.includes(array));

    const second = await start();
    await untilCounted(second);
    const counted = new Set(await postedIds());
    expect(idsOf(answered).filter((id) => !counted.has(id))).toEqual([]);
    expect(await postAll(second, refused)).toEqual([]);
    await untilCounted(second);
    await expectExact(arrays);
  });

  it(`wait while Postgres hangs, and are counted once it goes on (seed ${String(SEED + 1)})`, async () => {
    const gavel = await start();
    const arrays = await makeArrays(gavel, seededRandom(SEED + 1));
    const { pids } = occupants(clusterOf(folder!));
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    expect(await postAll(gavel, arrays)).toEqual([]);
    expect(await metric(gavel, 'gavel_consumer_lag_records')).toBeGreaterThanOrEqual(EVENTS);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await untilCounted(gavel);
    await expectExact(arrays);
  });

  it(`are counted once although Postgres is killed while they come (seed ${String(SEED + 2)})`, async () => {
    const gavel = await start();
    const arrays = await makeArrays(gavel, seededRandom(SEED + 2));
    let accepted = 0;
    const refused = await postAll(gavel, arrays, () => {
      accepted++;
      if (accepted % 20 === 0) killOwnPostmaster();
    });
    expect(refused).toEqual([]);
    await untilCounted(gavel);
    await expectExact(arrays);
  });

  it('are counted once although the server is stopped meanwhile', async () => {
    const first = await start();
    const arrays = await makeArrays(first, seededRandom(SEED + 3));
    expect(await postAll(first, arrays)).toEqual([]);
    expect(await first.stop()).toBe(0);
    await untilCounted(await start());
    await expectExact(arrays);
  });
});

function killOwnPostmaster(): void {
  try {
    killPostmaster(clusterOf(folder!));
  } catch {
    // It is being started again.
  }
}
