/** The outbox on a real PostgreSQL: what it tells is what was committed, in that order, whoever wrote it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../database/postgres-migrate.ts';
import { inTransaction, openPool, type Pool } from '../database/postgres-pool.ts';
import { openScratchServer, type ScratchServer } from '../database/fixtures/postgres-scratch.ts';
import type { Announcement } from './announcement.ts';
import { writeCampaign } from './document.ts';
import { makeRandomChanges, nameChange, newCampaign } from './fixtures/random-changes.ts';
import type { Outbox } from './outbox.ts';
import { createCampaignDesk } from './postgres-desk.ts';
import { createOutbox } from './postgres-outbox.ts';
import { createCampaignStore } from './postgres-store.ts';
import { seededRandom } from './seeded-random.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

let server: ScratchServer;
let pool: Pool;
let outbox: Outbox;

beforeAll(() => {
  server = openScratchServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  outbox = createOutbox(pool, 'test');
});
afterEach(() => pool.end());

/** All that is to be told now. */
async function tellAll(from = outbox): Promise<Announcement[]> {
  const told: Announcement[] = [];
  for (;;) {
    const batch = await from.next();
    if (batch === null) return told;
    told.push(...batch.announcements);
    await from.settle(batch.from, batch.to);
  }
}

function namesOf(told: readonly Announcement[]): string[] {
  return told.map(({ id, version }) => nameChange(id, version));
}

async function insertOne(): Promise<string> {
  const campaign = newCampaign(seededRandom(SEED));
  await createCampaignStore(pool).insertMany([campaign]);
  return campaign.id;
}

describe('the outbox', () => {
  it(`tells every change that was committed once, in the order of commits, while many write (seed ${String(SEED)})`, async () => {
    expect(await tellAll()).toEqual([]);
    let isDone = false;
    const writing = makeRandomChanges(pool, SEED, 300).finally(() => (isDone = true));
    const told: Announcement[] = [];
    while (!isDone) told.push(...(await tellAll()));
    const committed = await writing;
    told.push(...(await tellAll()));
    expect(namesOf(told).sort()).toEqual([...committed].sort());
    const versions = told.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((one, other) => one - other));
    const last = new Map(told.map(({ id, campaign }) => [id, campaign]));
    const desk = createCampaignDesk(pool);
    for (const [id, document] of last) {
      const campaign = await desk.find(id, null);
      if (campaign === 'unavailable') throw new Error('the database is away');
      expect(document).toEqual(
        campaign === null ? null : JSON.parse(JSON.stringify(writeCampaign(campaign))),
      );
    }
    expect([...last.values()]).toContain(null);
    expect(await outbox.countBacklog()).toBe(0);
  });

  it('begins with every campaign as it stands, and tells changes after that', async () => {
    await makeRandomChanges(pool, SEED, 60);
    await createCampaignStore(pool).insertMany(
      Array.from({ length: 450 }, (_, i) => newCampaign(seededRandom(SEED + i + 1))),
    );
    const { rows } = await pool.query<{ id: string; version: number }>(
      'SELECT id, version FROM changed_campaigns',
    );
    const changed = new Map(rows.map(({ id, version }) => [id, version]));
    const standing = (await pool.query<{ id: string }>('SELECT id FROM campaigns ORDER BY id')).rows;
    const told = await tellAll();
    expect(namesOf(told)).toEqual(standing.map(({ id }) => nameChange(id, changed.get(id) ?? 0)));
    expect(new Set(told.map(({ action }) => action))).toEqual(new Set(['present']));
    await pool.query("UPDATE campaigns SET status = 'paused' WHERE id = $1", [standing[0]?.id]);
    expect(await tellAll()).toMatchObject([
      {
        id: standing[0]?.id,
        action: 'update campaigns',
        changed: ['status'],
        campaign: { status: 'paused' },
      },
    ]);
  });

  it('says who did what, and which fields are not what they were', async () => {
    await tellAll();
    const id = await insertOne();
    const desk = createCampaignDesk(pool);
    await desk.change(id, { actor: 'key:sales', advertiserId: null, once: null }, (current) => ({
      kind: 'write',
      campaign: { ...current, name: 'Autumn', deals: ['deal'] },
      action: 'patch',
      answer: () => ({ status: 200, headers: {}, body: '' }),
    }));
    await inTransaction(pool, async (transaction) => {
      await transaction.query('UPDATE campaigns SET bid_amount_micros = 7, spent_today_nanos = 1');
      await transaction.query("UPDATE ads SET title = 'by SQL'");
    });
    const told = await tellAll();
    await pool.query('TRUNCATE campaigns CASCADE');
    told.push(...(await tellAll()));
    const facts = told.map(({ actor, action, changed }) => ({ actor, action, changed }));
    const sql: unknown = expect.stringMatching(/^sql:/);
    expect(facts).toMatchObject([
      { actor: 'import', action: 'create' },
      { actor: 'key:sales', action: 'patch', changed: ['deals', 'name'] },
      { actor: sql, action: 'update campaigns, update ads', changed: ['ads', 'bid'] },
      { actor: sql, action: 'truncate campaigns, truncate ads' },
    ]);
    expect(told[0]?.changed).toContain('dailyBudget');
    expect(told[2]?.campaign).toMatchObject({ bid: { amount: 0.000007 }, ads: [{ title: 'by SQL' }] });
    expect(told[3]?.campaign).toBe(null);
  });

  it('tells again what was told and not settled', async () => {
    await tellAll();
    await insertOne();
    const batch = await outbox.next();
    expect(await outbox.next()).toEqual(batch);
    expect(await outbox.countBacklog()).toBe(1);
  });

  it('goes back to where a teller began who finds that another told more meanwhile', async () => {
    await tellAll();
    await insertOne();
    const slept = await outbox.next();
    if (slept === null) throw new Error('there is nothing to tell');
    await pool.query("UPDATE campaigns SET name = 'newer'");
    const other = await tellAll(createOutbox(pool, 'test'));
    expect(other.length).toBe(2);
    // What the sleeper told stands behind the newer change now.
    await outbox.settle(slept.from, slept.to);
    expect(namesOf(await tellAll())).toEqual(namesOf(other));
    // And one that told nothing newer moves nothing.
    await outbox.settle(slept.from, slept.from);
    expect(namesOf(await tellAll())).toEqual(namesOf(other));
    expect(await tellAll()).toEqual([]);
  });

  it('counts what is not told yet, campaigns that stand there before the first change too', async () => {
    const id = await insertOne();
    await outbox.next();
    expect(await outbox.countBacklog()).toBe(1);
    await pool.query("UPDATE campaigns SET name = 'newer' WHERE id = $1", [id]);
    expect(await outbox.countBacklog()).toBe(2);
  });
});
