/** The campaign store on a bad line: what is asked ends soon and says why, and what is asked later works again. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openScratchServer, throughProxy, untilWaiting } from '../database/fixtures/postgres-scratch.ts';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import { openProxy, type Proxy } from '../fixtures/toxiproxy.ts';
import { createCampaignStore } from './postgres-store.ts';
import { seededCampaigns } from './seeded.ts';
import type { CampaignStore } from './store.ts';

const server = openScratchServer();
let url: string;
let proxy: Proxy;
let pool: Pool;
let store: CampaignStore;

beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  const { hostname, port } = new URL(url);
  proxy = await openProxy({ host: hostname, port: Number(port) });
  pool = openPool(throughProxy(url, proxy), () => {});
  store = createCampaignStore(pool);
});
afterEach(async () => {
  await proxy.heal();
  await pool.end();
  await proxy.close();
});
afterAll(() => server.close());

/** Holds the number of changes, on a line of its own: whoever changes campaigns waits for it in a transaction. */
async function holdChanges(): Promise<{ untilSomeoneWaits(): Promise<void>; release(): Promise<void> }> {
  const direct = openPool(url, () => {});
  const holder = await direct.connect();
  await holder.query('BEGIN; SELECT raise_campaign_version()');
  return {
    untilSomeoneWaits: () => untilWaiting(direct, 1),
    async release() {
      await holder.query('ROLLBACK');
      holder.release();
      await direct.end();
    },
  };
}

describe('a campaign store whose connections are cut', () => {
  it('says so of what was asked, then that nobody answers, and works again by itself', async () => {
    await store.insertMany(seededCampaigns({ count: 2, seed: 1 }));
    await proxy.cut();
    await expect(store.version()).rejects.toThrow(/terminated|ECONNRESET|ECONNREFUSED/);
    await expect(store.loadServable()).rejects.toThrow('ECONNREFUSED');
    await proxy.heal();
    expect(await store.version()).toBe(1);
    expect((await store.loadServable()).campaigns).toHaveLength(2);
  });

  it('in the middle of a change rejects it, changes nothing, and the process lives on', async () => {
    const changes = await holdChanges();
    const inserting = store.insertMany(seededCampaigns({ count: 2, seed: 1 })).catch(String);
    await changes.untilSomeoneWaits();
    await proxy.cut();
    const outcome = await inserting;
    expect(outcome).toMatch(/terminated|ECONNRESET/);
    await changes.release();
    await proxy.heal();
    expect(await store.count()).toBe(0);
    expect(await store.insertMany(seededCampaigns({ count: 2, seed: 1 }))).toBe(1);
  });
});

describe('a campaign store behind a line that carries nothing', () => {
  it('gives up what was asked on an open connection and on a new one, and works again by itself', async () => {
    await store.insertMany(seededCampaigns({ count: 2, seed: 1 }));
    await proxy.blackHole();
    await expect(store.version()).rejects.toThrow('Query read timeout');
    await expect(store.loadServable()).rejects.toThrow('timeout');
    await proxy.heal();
    expect(await store.version()).toBe(1);
    expect((await store.loadServable()).campaigns).toHaveLength(2);
  });
});

describe('a campaign store behind a slow line', () => {
  it('answers all the same, and changes what it is told to', async () => {
    await proxy.slow(100);
    expect(await store.insertMany(seededCampaigns({ count: 2, seed: 1 }))).toBe(1);
    expect((await store.loadServable()).campaigns).toHaveLength(2);
    expect(await store.version()).toBe(1);
  });
});
