import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { followCampaigns, type CampaignFeed } from './campaign-feed.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { seededCampaigns } from './campaigns/seeded.ts';
import { seededRandom, type SeededRandom } from './campaigns/seeded-random.ts';
import type { CampaignStore } from './campaigns/store.ts';
import { compileCampaigns } from './compile-thread.ts';
import { listenTo } from './database/postgres-listener.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { compileFirst } from './index-opening.ts';
import { NO_COUNTS } from './targeting/ad-counts.ts';
import { IndexHolder } from './targeting/index-holder.ts';
import { openSnapshot } from './targeting/snapshot-view.ts';
import { indexOf, snapshotOrdinal, type Index } from './targeting/tiers.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const NOW_MS = Date.parse('2026-11-02T10:00:00Z');
const PRIORS = { ctr: 0.001, cvr: 0.00001 };
const STEPS = 60;
const DEADLINE = { timeout: 10_000 };
const TIMEOUT_MS = 120_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {}, fatal() {} };

const server = openScratchServer();
let url: string;
let pool: Pool;
let store: CampaignStore;
afterAll(() => server.close());
beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  store = createCampaignStore(pool);
});
afterEach(() => pool.end());

/** The feed as the server wires it, but for the thread: orders are compiled here. */
async function openFeed(): Promise<{ readonly feed: CampaignFeed; readonly holder: IndexHolder }> {
  const edges = {
    store,
    compiler: {
      compile: async (order: Parameters<typeof compileCampaigns>[0]) => {
        const { buffer, ...facts } = await compileCampaigns(order);
        return { snapshot: openSnapshot(buffer), ...facts };
      },
      close: () => Promise.resolve(),
    },
    databaseUrl: url,
    priors: PRIORS,
    clock: () => NOW_MS,
    log: SILENT,
  };
  const first = await compileFirst(edges);
  const holder = new IndexHolder(first.writer.index, (afterMs, action) => {
    const timer = setTimeout(action, afterMs);
    return () => clearTimeout(timer);
  });
  return { feed: followCampaigns(edges, first, holder, () => {}), holder };
}

/** One transaction of plain SQL, of any kind that touches what is served. */
async function changeSomething(random: SeededRandom, ids: string[]): Promise<void> {
  const id = random.pick(ids);
  const chance = random.integer(9);
  if (chance === 0) {
    const made = seededCampaigns({ count: random.between(1, 3), seed: random.integer(2 ** 32) });
    await store.insertMany(made);
    ids.push(...made.map((campaign) => campaign.id));
  } else if (chance === 1) {
    await pool.query('DELETE FROM campaigns WHERE id = $1', [id]);
  } else if (chance === 2) {
    const status = random.pick(['active', 'paused', 'ended']);
    await pool.query('UPDATE campaigns SET status = $2 WHERE id = $1', [id, status]);
  } else if (chance === 3) {
    const amount = random.between(1, 20) * 100_000;
    await pool.query('UPDATE campaigns SET bid_amount_micros = $2 WHERE id = $1', [id, amount]);
  } else if (chance === 4) {
    await pool.query(`UPDATE ads SET title = $2 WHERE campaign_id = $1`, [
      id,
      `Title ${random.integer(1_000)}`,
    ]);
  } else if (chance === 5) {
    await pool.query('DELETE FROM campaign_targeting_rules WHERE campaign_id = $1', [id]);
  } else if (chance === 6) {
    await pool.query(
      `UPDATE ads SET campaign_id = $2, ad_number = 100 + (SELECT max(ad_number) FROM ads)
        WHERE id = (SELECT id FROM ads WHERE campaign_id = $1 LIMIT 1) AND EXISTS (SELECT FROM campaigns WHERE id = $2)`,
      [id, random.pick(ids)],
    );
  } else if (chance === 7) {
    await pool.query(`UPDATE campaigns SET timezone = $2 WHERE id = $1`, [
      id,
      random.pick(['UTC', 'Mars/Base']),
    ]);
  } else {
    await pool.query(`UPDATE campaigns SET name = name || '.' WHERE status = 'active'`);
  }
}

function table(index: Index): string[] {
  return index.best(index.campaignCount + 1).map((ordinal) => {
    const { snapshot } = index.tierOf(ordinal);
    const row = snapshotOrdinal(ordinal);
    const ads = Array.from(
      { length: (snapshot.adStart[row + 1] ?? 0) - (snapshot.adStart[row] ?? 0) },
      (_, i) => snapshot.adText((snapshot.adStart[row] ?? 0) + i).title,
    );
    return JSON.stringify([snapshot.campaignText(row), snapshot.rankMicros[row], ads]);
  });
}

it(
  'holds, after every change by SQL, what an index compiled anew from the database holds',
  async () => {
    const random = seededRandom(SEED);
    const campaigns = seededCampaigns({ count: 120, seed: 5 });
    await store.insertMany(campaigns);
    const ids = campaigns.map(({ id }) => id);
    const { feed, holder } = await openFeed();
    const tiers = new Set<number>();
    for (let step = 0; step < STEPS; step++) {
      for (let i = random.between(1, 3); i > 0; i--) await changeSomething(random, ids);
      await feed.catchUp();
      const order = {
        epoch: 1,
        nowMs: NOW_MS,
        priors: PRIORS,
        counts: NO_COUNTS,
        databaseUrl: url,
        since: null,
        buffer: undefined,
      };
      const { buffer } = await compileCampaigns(order);
      const anew = indexOf(openSnapshot(buffer));
      expect(table(holder.current), `GAVEL_TEST_SEED=${SEED}, step ${step}`).toEqual(table(anew));
      tiers.add(holder.current.tiers.length);
    }
    expect(tiers.size).toBeGreaterThan(1);
    feed.stop();
  },
  TIMEOUT_MS,
);

it('is notified of a change, once, and serves it', async () => {
  const { feed, holder } = await openFeed();
  let notices = 0;
  const listener = listenTo('gavel_campaigns', url, () => {
    notices++;
    void feed.catchUp();
  });
  await vi.waitUntil(() => notices > 0, DEADLINE);
  const before = notices;
  const [campaign] = seededCampaigns({ count: 1, seed: 9 });
  await store.insertMany([campaign!]);
  await vi.waitUntil(() => holder.current.campaignOrdinal(campaign!.id) >= 0, DEADLINE);
  await vi.waitUntil(() => notices > before, DEADLINE);
  expect(notices).toBe(before + 1);
  feed.stop();
  await listener.close();
});
