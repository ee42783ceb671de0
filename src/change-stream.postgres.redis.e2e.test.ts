/** Two servers on one Postgres and one Redis, of which one is killed or stopped: what changes is served by the others. */
import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createCampaignStore } from './campaigns/postgres-store.ts';
import { changeStreamKey } from './campaigns/redis-change-stream.ts';
import { seededCampaigns } from './campaigns/seeded.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { loadSecrets, nameDatabase } from './database/postgres-secrets.ts';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';

const WAIT = { timeout: 60_000, interval: 10 };

const server = openScratchServer();
let environment: Record<string, string>;
let direct: Pool;
let running: GavelProcess[];
let folders: string[];

beforeEach(async () => {
  const database = await server.createDatabase();
  await migrate(database);
  direct = openPool(database, () => {});
  await createCampaignStore(direct).insertMany(seededCampaigns({ count: 3, seed: 1 }));
  environment = {
    DATABASE_URL: database,
    REDIS_URL: serviceUrl('REDIS_URL'),
    GAVEL_WORKERS: '0',
    // A first bid waits for its slice, however busy the machine is.
    GAVEL_REDIS_WAIT_MS: '1000',
  };
  running = [];
  folders = [];
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGCONT');
  await Promise.all(running.map((gavel) => gavel.kill()));
  for (const folder of folders) removeDataDir(folder);
  const redis = new Redis(serviceUrl('REDIS_URL'));
  await redis.del(changeStreamKey(nameDatabase(await loadSecrets(direct))));
  await redis.quit();
  await direct.end();
});
afterAll(() => server.close());

async function start(folder = newDataDir()): Promise<GavelProcess> {
  folders.push(folder);
  const gavel = await startGavel(folder, environment);
  running.push(gavel);
  await vi.waitUntil(async () => (await metric(gavel, 'gavel_change_stream_up')) === 1, WAIT);
  return gavel;
}

/** Of which the first leads. */
async function startTwo(): Promise<readonly [leader: GavelProcess, follower: GavelProcess]> {
  const leader = await start();
  await untilLeads(leader);
  return [leader, await start()];
}

function untilLeads(gavel: GavelProcess): Promise<boolean> {
  return vi.waitUntil(async () => (await metric(gavel, 'gavel_change_stream_leader')) === 1, WAIT);
}

async function metric(gavel: GavelProcess, name: string): Promise<number> {
  const text = await (await fetch(`${gavel.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

/** By HTTP. Returns the one domain that it bids on. */
async function create(gavel: GavelProcess): Promise<string> {
  const domain = `${randomUUID()}.example`;
  const response = await fetch(`${gavel.url}/campaigns`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: domain,
      advertiserId: randomUUID(),
      bid: { model: 'cpm', amount: 5 },
      dailyBudget: 100,
      targeting: [{ dimension: 'domain', operator: 'include', values: [domain] }],
      ads: [
        {
          title: domain,
          imageUrl: 'https://cdn.brand.example/a.png',
          redirectUrl: 'https://www.brand.example/',
          width: 999,
          height: 111,
        },
      ],
    }),
  });
  expect([response.status, await response.text()]).toEqual([201, expect.anything()]);
  return domain;
}

/** A bid for the size that only campaigns of `create` have. */
async function bids(gavel: GavelProcess, domain: string): Promise<boolean> {
  const response = await fetch(`${gavel.url}/openrtb2/bid`, {
    method: 'POST',
    body: JSON.stringify({
      id: 'change',
      imp: [{ id: '1', banner: { w: 999, h: 111 } }],
      site: { domain },
    }),
  });
  return response.status === 200;
}

function untilBid(gavel: GavelProcess, domain: string): Promise<boolean> {
  return vi.waitUntil(() => bids(gavel, domain), WAIT);
}

async function pauseAll(): Promise<void> {
  await direct.query(`UPDATE campaigns SET status = 'paused'`);
}

describe('of two servers', () => {
  it('each bids by what the other was told, and both by what is changed in SQL', async () => {
    const [leader, follower] = await startTwo();
    for (const [told, other] of [
      [leader, follower],
      [follower, leader],
    ] as const) {
      const domain = await create(told);
      expect(await bids(told, domain)).toBe(true);
      await untilBid(other, domain);
    }
    const domain = await create(leader);
    await untilBid(follower, domain);
    await pauseAll();
    for (const gavel of running) {
      await vi.waitUntil(async () => !(await bids(gavel, domain)), WAIT);
      expect(await metric(gavel, 'gavel_changes_from_stream_total')).toBeGreaterThan(0);
    }
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)('the other leads after the leader got %s', async (signal) => {
    const [leader, follower] = await startTwo();
    const third = await start();
    leader.child.kill(signal);
    await vi.waitUntil(
      async () =>
        (await metric(follower, 'gavel_change_stream_leader')) +
          (await metric(third, 'gavel_change_stream_leader')) ===
        1,
      WAIT,
    );
    const domain = await create(follower);
    await untilBid(third, domain);
    expect(await metric(third, 'gavel_changes_from_stream_total')).toBeGreaterThan(0);
    if (signal === 'SIGSTOP') {
      leader.child.kill('SIGCONT');
      await untilBid(leader, domain);
      expect(await metric(leader, 'gavel_change_stream_leader')).toBe(0);
    }
  });

  it('one that was stopped for a while has what changed meanwhile', async () => {
    const [leader, follower] = await startTwo();
    await untilBid(follower, await create(leader));
    follower.child.kill('SIGSTOP');
    await create(leader);
    const domain = await create(leader);
    follower.child.kill('SIGCONT');
    await untilBid(follower, domain);
  });

  it('one that was killed and starts again has what changed meanwhile, and follows', async () => {
    const [leader, follower] = await startTwo();
    await follower.kill();
    const domain = await create(leader);
    const again = await start(follower.dataDir);
    await untilBid(again, domain);
    await untilBid(again, await create(leader));
    expect(await metric(again, 'gavel_changes_from_stream_total')).toBeGreaterThan(0);
  });
});
