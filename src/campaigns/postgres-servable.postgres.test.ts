import { afterAll, beforeEach, expect, it } from 'vitest';
import { openScratchServer } from '../database/fixtures/postgres-scratch.ts';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import type { Campaign } from './model.ts';
import { loadServable } from './postgres-servable.ts';
import { createCampaignStore } from './postgres-store.ts';
import { seededCampaigns } from './seeded.ts';

/** One more than a page: halves are read then. */
const COUNT = 2_001;

const server = openScratchServer();
let campaigns: readonly Campaign[];
/** Nobody has a connection of it yet. */
let pool: Pool;

beforeEach(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  campaigns = seededCampaigns({ count: COUNT, seed: 1 }).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const inserting = openPool(url, () => undefined);
  await createCampaignStore(inserting).insertMany(campaigns);
  await inserting.end();
  pool = openPool(url, () => undefined);
  return () => pool.end();
});
afterAll(() => server.close());

function beforeSecondConnection(act: (query: (text: string) => void) => void): void {
  let connections = 0;
  pool.on('connect', (client) => {
    connections += 1;
    if (connections === 2) act((text) => void client.query(text));
  });
}

it('sees one moment over both connections, whatever is committed between their first statements', async () => {
  // It is done on the second connection before that one begins to read.
  beforeSecondConnection((query) => {
    query(`UPDATE campaigns SET name = 'later' WHERE id = '${campaigns.at(-1)?.id ?? ''}'`);
  });
  const loaded = await loadServable(pool);
  expect(pool.totalCount).toBe(2);
  expect([loaded.version, loaded.campaigns.length]).toEqual([1, COUNT]);
  expect(loaded.campaigns.at(-1)?.name).toBe(campaigns.at(-1)?.name);
  const again = await loadServable(pool);
  expect([again.version, again.campaigns.at(-1)?.name]).toEqual([2, 'later']);
});

it('reads all over one connection where the other reaches a server that does not know the moment', async () => {
  const other = await server.createDatabase();
  pool.on('connect', () => Object.assign(pool.options, { connectionString: other }));
  const loaded = await loadServable(pool);
  expect(pool.totalCount).toBe(2);
  expect(loaded.campaigns.map(({ id }) => id)).toEqual(campaigns.map(({ id }) => id));
});
