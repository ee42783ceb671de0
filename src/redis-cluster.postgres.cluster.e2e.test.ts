/** Two servers over a Redis Cluster, of which one is told its nodes, the other one of them: one budget, one cap. */
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { openPool } from './database/postgres-pool.ts';
import { loadSecrets, nameDatabase } from './database/postgres-secrets.ts';
import { createCappedCampaign, askForBid, notify } from './fixtures/capped-visits.ts';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';

const SOON = { timeout: 60_000, interval: 50 };
const LIMIT = 3;
/** At 2 USD a thousand. */
const IMPRESSIONS = 20;
const BUDGET_USD = 0.04;
const AT_ONCE = 10;

const server = openScratchServer();
const folders = [newDataDir(), newDataDir()];
let database: string;
let gavels: GavelProcess[] = [];

beforeAll(async () => {
  database = await server.createDatabase();
  const list = serviceUrl('REDIS_CLUSTER_URL');
  const ways = [{ REDIS_URL: list }, { REDIS_URL: list.split(',')[1] ?? '', GAVEL_REDIS_CLUSTER: '1' }];
  // A machine under load answers late, and lateness is not what this is about.
  const common = { DATABASE_URL: database, GAVEL_REDIS_WAIT_MS: '1000' };
  gavels = await Promise.all(ways.map((way, nth) => startGavel(folders[nth] ?? '', { ...common, ...way })));
});
afterAll(async () => {
  await Promise.all(gavels.map((gavel) => gavel.kill()));
  folders.forEach(removeDataDir);
  await forget();
  await server.close();
});

async function forget(): Promise<void> {
  const pool = openPool(database, () => {});
  const name = nameDatabase(await loadSecrets(pool));
  await pool.end();
  const servers = serviceUrl('REDIS_CLUSTER_URL').split(',');
  const cluster = new Cluster(servers);
  await cluster.info();
  for (const node of cluster.nodes('master')) {
    for await (const keys of node.scanStream({ match: `gavel:*${name}*`, count: 1000 })) {
      for (const key of keys as string[]) await cluster.del(key);
    }
  }
  cluster.disconnect();
}

/** Asks both at once, bills what was bid on whichever server; how many were. */
async function visit(user: string): Promise<number> {
  const asked = Array.from({ length: AT_ONCE }, (_, nth) => askForBid(gavels[nth % 2]!, user));
  const bids = (await Promise.all(asked)).filter((bid) => bid !== null);
  for (const [nth, { burl }] of bids.entries()) {
    expect(await notify(gavels[nth % 2]!, burl.replace('${AUCTION_PRICE}', '2'))).toBe(204);
  }
  return bids.length;
}

async function healthOf({ url }: GavelProcess): Promise<unknown> {
  return (await fetch(`${url}/health`)).json();
}

async function spentUsd({ url }: GavelProcess, id: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const response = await fetch(`${url}/campaigns/${id}`, { headers });
  return ((await response.json()) as { spentToday: number }).spentToday;
}

describe('two servers over a Redis Cluster', () => {
  it('hold a budget and a cap together, to the last unit', async () => {
    for (const gavel of gavels) {
      await vi.waitFor(async () => {
        expect(await healthOf(gavel)).toMatchObject({
          checks: { redis: 'up' },
          breakers: { redis: 'closed' },
        });
      }, SOON);
    }
    const id = await createCappedCampaign(gavels[0]!, [{ limit: LIMIT, window: 'day' }], BUDGET_USD);
    let billed = 0;
    let users = 0;
    await vi.waitUntil(async () => {
      const shown = await visit(`user-${String(users++)}`);
      expect(shown).toBeLessThanOrEqual(LIMIT);
      billed += shown;
      expect(billed).toBeLessThanOrEqual(IMPRESSIONS);
      return billed === IMPRESSIONS;
    }, SOON);
    expect(await visit('latecomer')).toBe(0);
    for (const gavel of gavels) expect(await spentUsd(gavel, id)).toBe(BUDGET_USD);
  });
});
