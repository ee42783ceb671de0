import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Campaign } from './campaigns/model.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { seededCampaigns } from './campaigns/seeded.ts';
import { ChangesSince } from './changes-since.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';

const server = openScratchServer();
let pool: Pool;
let ids: readonly string[];
/** The number of the change that made the campaigns. */
const FIRST = 1;

beforeEach(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => undefined);
  const campaigns = seededCampaigns({ count: 4, seed: 1 });
  ids = campaigns.map(({ id }) => id);
  await createCampaignStore(pool).insertMany(campaigns);
  return () => pool.end();
});
afterAll(() => server.close());

async function setPrice(id: string | undefined, micros: number): Promise<void> {
  await pool.query('UPDATE campaigns SET bid_amount_micros = $2 WHERE id = $1', [id, micros]);
}

/** What is read on, beside what is read at once: they must be the same. */
async function readBoth(changes: ChangesSince): Promise<readonly (readonly [string, number])[]> {
  const read = await changes.read(pool, FIRST);
  const anew = await new ChangesSince().read(pool, FIRST);
  const byId = (one: Campaign, other: Campaign): number => (one.id < other.id ? -1 : 1);
  expect(read.version).toBe(anew.version);
  expect([...read.changed].toSorted()).toEqual([...anew.changed].toSorted());
  expect(read.campaigns.toSorted(byId)).toEqual(anew.campaigns.toSorted(byId));
  return read.campaigns.map(({ id, bid }) => [id, bid.amountMicros] as const);
}

describe('the changes since a base', () => {
  it('are read on from the last time, and are what would be read at once', async () => {
    const changes = new ChangesSince();
    expect(await readBoth(changes)).toEqual([]);
    await setPrice(ids[0], 11);
    await setPrice(ids[1], 12);
    expect(await readBoth(changes)).toHaveLength(2);
    await setPrice(ids[1], 13);
    await pool.query("UPDATE campaigns SET status = 'paused' WHERE id = $1", [ids[0]]);
    await pool.query('DELETE FROM campaigns WHERE id = $1', [ids[2]]);
    expect(await readBoth(changes)).toEqual([[ids[1], 13]]);
    await pool.query("UPDATE campaigns SET status = 'active' WHERE id = $1", [ids[0]]);
    expect(await readBoth(changes)).toHaveLength(2);
  });

  it('are read without what is there already', async () => {
    const changes = new ChangesSince();
    await setPrice(ids[0], 11);
    await changes.read(pool, FIRST);
    // As no program does: without a number, which is what a second reading would go by.
    await pool.query(`BEGIN; SET LOCAL session_replication_role = replica;
      UPDATE campaigns SET bid_amount_micros = 99; COMMIT`);
    await setPrice(ids[1], 12);
    const { campaigns } = await changes.read(pool, FIRST);
    expect(campaigns.map(({ bid }) => bid.amountMicros)).toEqual([11, 12]);
    // Since another base.
    expect((await changes.read(pool, 0)).campaigns.map(({ bid }) => bid.amountMicros).toSorted()).toEqual([
      12, 99, 99, 99,
    ]);
  });

  it('are read anew where the database was set back, however far its number has come', async () => {
    const changes = new ChangesSince();
    await setPrice(ids[0], 11);
    await changes.read(pool, FIRST);
    // As after a failover that lost the last commit.
    await pool.query(`BEGIN; SET LOCAL session_replication_role = replica;
      DELETE FROM campaign_audit WHERE version = 2;
      DELETE FROM changed_campaigns WHERE version = 2;
      UPDATE campaign_changes SET version = 1; COMMIT`);
    await setPrice(ids[1], 12);
    await setPrice(ids[2], 13);
    const read = await readBoth(changes);
    expect(read.map(([id]) => id).toSorted()).toEqual([ids[1], ids[2]].toSorted());
  });
});
