import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { migrate } from '../database/postgres-migrate.ts';
import { openPool } from '../database/postgres-pool.ts';
import type { Pool } from '../database/postgres-pool.ts';
import { openScratchServer } from '../database/fixtures/postgres-scratch.ts';
import { costNanos } from '../money.ts';
import { makeDemoCampaigns, seedDemo } from './demo.ts';
import type { Ad, Campaign } from './model.ts';
import { createCampaignStore } from './postgres-store.ts';
import type { CampaignStore } from './store.ts';

const NOW_MS = Date.parse('2026-11-02T10:00:00.123Z');

const server = openScratchServer();
let pool: Pool;
let store: CampaignStore;

afterAll(() => server.close());

beforeEach(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  store = createCampaignStore(pool);
});
afterEach(() => pool.end());

/** Every field with a value of its own that is no default. */
const VIDEO: Ad = {
  id: 'b0000000-0000-4000-8000-000000000001',
  type: 'video',
  status: 'paused',
  title: 'Film “Größe” 🎬 \\ , { "quoted" }',
  description: 'One line\nand another',
  imageUrl: 'https://cdn.brand.example/a.png?x=1&y=%20',
  html: "<b title='\"'>html</b>",
  redirectUrl: 'https://brand.example/?t={CONVERSION_TOKEN}',
  width: 640,
  height: 360,
  callToAction: 'Watch',
  iconUrl: 'https://cdn.brand.example/icon.png',
  sponsoredBy: 'Brand',
  rating: 4.75,
  price: '€ 9.99',
  adomain: ['brand.example', 'other.example'],
  categories: ['IAB2', 'IAB2-3'],
  cattax: 6,
  attributes: [1, 17],
  bundle: 'com.brand.app',
  media: [
    {
      url: 'https://cdn.brand.example/a.mp4',
      mimeType: 'video/mp4',
      width: 640,
      height: 360,
      bitrateKbps: 900,
    },
    {
      url: 'https://cdn.brand.example/a.webm',
      mimeType: 'video/webm',
      width: null,
      height: null,
      bitrateKbps: null,
    },
  ],
  durationSec: 15,
  skippableAfterSec: 5,
  protocols: [2, 3],
};

const FULL: Campaign = {
  id: 'c0000000-0000-4000-8000-000000000001',
  name: 'Spring NULL, "quoted", {braced}',
  advertiserId: 'a0000000-0000-4000-8000-000000000001',
  seat: 'seat-1',
  status: 'active',
  bid: { model: 'cpa', amountMicros: 12_345_678 },
  dailyBudgetNanos: costNanos(Number.MAX_SAFE_INTEGER - 1),
  lifetimeBudgetNanos: costNanos(Number.MAX_SAFE_INTEGER),
  pacing: 'asap',
  budgetMode: 'expected',
  schedule: {
    startMs: NOW_MS + 1,
    endMs: NOW_MS + 86_400_001,
    timezone: 'America/New_York',
    dayparts: [{ days: [1, 5], fromMinute: 1_320, toMinute: 240 }],
  },
  frequencyCaps: [{ limit: 3, window: 'week' }],
  targeting: [
    { dimension: 'os', operator: 'exclude', values: ['ios', 'NULL', 'a,b"c'] },
    { dimension: 'country', operator: 'include', values: ['US', 'CA'] },
    { dimension: 'country', operator: 'include', values: ['CA'] },
  ],
  ads: [
    VIDEO,
    { ...VIDEO, id: 'b0000000-0000-4000-8000-000000000000', type: 'banner', media: [], bundle: null },
  ],
  deals: ['deal-7', 'NULL', 'x,"y"'],
  dealsOnly: true,
  currency: 'USD',
  version: 1,
  createdAtMs: NOW_MS - 5,
  updatedAtMs: NOW_MS - 3,
};

function plain(): Campaign {
  const ad = VIDEO;
  return { ...FULL, id: randomUUID(), ads: [{ ...ad, id: randomUUID() }] };
}

describe('the campaign store', () => {
  it('gives back every field as it was put in, in the order in which lists were given', async () => {
    expect(await store.insertMany([FULL])).toBe(1);
    expect((await store.loadServable()).campaigns).toEqual([FULL]);
  });

  it('keeps what is absent absent', async () => {
    const bare: Campaign = {
      ...FULL,
      lifetimeBudgetNanos: null,
      schedule: { ...FULL.schedule, endMs: null, dayparts: [] },
      frequencyCaps: [],
      targeting: [],
      deals: [],
      ads: [
        {
          ...VIDEO,
          type: 'native',
          description: null,
          imageUrl: null,
          html: null,
          width: null,
          height: null,
          callToAction: null,
          iconUrl: null,
          sponsoredBy: null,
          rating: null,
          price: null,
          adomain: [],
          categories: [],
          attributes: [],
          bundle: null,
          media: [],
          durationSec: null,
          skippableAfterSec: null,
          protocols: [],
        },
      ],
    };
    await store.insertMany([bare]);
    expect((await store.loadServable()).campaigns).toEqual([bare]);
  });

  it.each(['Europe/Berlin', 'America/New_York'])(
    'gives back times that stand for always and never, in a database whose zone is %s',
    async (zone) => {
      const schedule = {
        ...FULL.schedule,
        startMs: Date.parse('0002-01-01T00:00:00Z'),
        endMs: Date.parse('9999-12-31T23:59:59.999Z'),
      };
      await store.insertMany([{ ...FULL, schedule }]);
      const { rows } = await pool.query<{ name: string }>('SELECT current_database() AS name');
      await pool.query(`ALTER DATABASE "${rows[0]?.name ?? ''}" SET timezone TO '${zone}'`);
      const zoned = openPool(pool.options.connectionString ?? '', () => {});
      const { campaigns } = await createCampaignStore(zoned).loadServable();
      await zoned.end();
      expect(campaigns.map((campaign) => campaign.schedule)).toEqual([schedule]);
    },
  );

  it('takes thousands at once as one change, and loads all of them over its pages', async () => {
    const campaigns = Array.from({ length: 5_500 }, plain);
    expect(await store.insertMany(campaigns)).toBe(1);
    expect(await store.version()).toBe(1);
    expect(await store.count()).toBe(5_500);
    const loaded = (await store.loadServable()).campaigns;
    const byId = (one: Campaign, other: Campaign) => (one.id < other.id ? -1 : 1);
    expect(loaded).toEqual(campaigns.toSorted(byId));
  });

  it('adds none when one of them cannot be added, and then the number stays', async () => {
    await store.insertMany([FULL]);
    await expect(store.insertMany([plain(), FULL])).rejects.toThrow('duplicate key');
    expect(await store.count()).toBe(1);
    expect(await store.version()).toBe(1);
  });

  it('loads what is active, and plain SQL raises the number', async () => {
    await store.insertMany([FULL]);
    await pool.query(`UPDATE campaigns SET status = 'paused'`);
    expect(await store.version()).toBe(2);
    expect((await store.loadServable()).campaigns).toEqual([]);
    expect(await store.count()).toBe(1);
    await pool.query(`UPDATE campaigns SET status = 'active'`);
    expect((await store.loadServable()).campaigns.map(({ id }) => id)).toEqual([FULL.id]);
  });

  it('gives changes that run at once numbers in the order in which they commit', async () => {
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        await store.insertMany([plain()]);
        seen.push(await store.version());
      }),
    );
    expect(seen.at(-1)).toBe(12);
    const versions = (await store.loadServable()).campaigns.map(({ version }) => version);
    expect(versions.toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  });

  it('makes a later change wait until an earlier one has committed', async () => {
    const earlier = await pool.connect();
    await earlier.query('BEGIN');
    await earlier.query('SELECT raise_campaign_version()');
    const later = store.insertMany([FULL]);
    const first = await Promise.race([later, new Promise((settle) => setTimeout(settle, 300, 'waiting'))]);
    expect(first).toBe('waiting');
    await earlier.query('COMMIT');
    earlier.release();
    expect(await later).toBe(2);
  });

  it.each(['width = 0', 'width = NULL', 'height = 65536'])(
    'refuses a banner with %s, and leaves other ads be',
    async (change) => {
      await store.insertMany([FULL]);
      await expect(pool.query(`UPDATE ads SET ${change} WHERE type = 'banner'`)).rejects.toThrow('check');
      const { rowCount } = await pool.query(`UPDATE ads SET width = NULL WHERE type = 'video'`);
      expect(rowCount).toBe(1);
    },
  );

  it('refuses money that a number cannot hold', async () => {
    await store.insertMany([FULL]);
    const raise = 'UPDATE campaigns SET spent_today_nanos = 9007199254740992';
    await expect(pool.query(raise)).rejects.toThrow('nanos');
  });
});

describe('a change by plain SQL', () => {
  it('as docs/campaigns.md shows it is served, and raises the number once a transaction', async () => {
    const page = readFileSync(new URL('../../docs/campaigns.md', import.meta.url), 'utf8');
    const sql = /```sql\n(.*?)```/s.exec(page)?.[1] ?? '';
    const before = await store.version();
    await pool.query(sql);
    expect(await store.version()).toBe(before + 1);
    const [campaign] = (await store.loadServable()).campaigns;
    expect(campaign).toMatchObject({
      name: 'Spring',
      bid: { model: 'cpm', amountMicros: 2_500_000 },
      version: before + 1,
    });
    expect(campaign?.targeting.map(({ dimension, values }) => [dimension, values])).toEqual([
      ['country', ['US', 'CA']],
      ['os', ['ios']],
    ]);
    await pool.query("UPDATE campaigns SET status = 'paused'");
    expect(await store.version()).toBe(before + 2);
    await pool.query('DELETE FROM ads');
    expect(await store.version()).toBe(before + 3);
  });
});

describe('the changes after a number', () => {
  it('are only counted where they are too many', async () => {
    const count = await seedDemo(store, NOW_MS);
    const few = await store.changedSince(0, count);
    expect([few.count, few.changed.size, few.campaigns?.length]).toEqual([count, count, count]);
    const many = await store.changedSince(0, count - 1);
    expect([many.count, many.changed.size, many.campaigns]).toEqual([count, 0, null]);
  });

  it.each(['campaigns', 'campaign_targeting_rules', 'ads'])(
    'name the campaigns of a table that was truncated: %s',
    async (table) => {
      await store.insertMany([FULL]);
      await pool.query(`TRUNCATE ${table} CASCADE`);
      const { version, changed } = await store.changedSince(1, 10);
      expect([version, [...changed.keys()]]).toEqual([2, [FULL.id]]);
    },
  );
});

describe('where a database is in its history', () => {
  it('is behind every mark it ever stood at, and behind none that was undone, however far its number has come', async () => {
    const { mark: empty } = await store.place('');
    await store.insertMany([FULL]);
    const { version, mark: first } = await store.place(empty);
    expect([version, (await store.changedSince(0, 10)).mark]).toEqual([1, first]);
    await pool.query("UPDATE campaigns SET status = 'paused'");
    const { mark: undone } = await store.place(first);
    expect((await store.place(first)).isDescendant).toBe(true);
    // As after a failover that lost the last commit.
    await pool.query(`BEGIN; SET LOCAL session_replication_role = replica;
      DELETE FROM campaign_audit WHERE version = 2; COMMIT`);
    expect((await store.place(undone)).isDescendant).toBe(false);
    await pool.query("UPDATE campaigns SET status = 'active'");
    expect(await store.place(undone)).toMatchObject({ version: 3, isDescendant: false });
    for (const mark of ['', empty, first]) expect((await store.place(mark)).isDescendant).toBe(true);
  });
});

describe('the demo', () => {
  it('is put into a new database once, also when two nodes start at once', async () => {
    const counts = await Promise.all([seedDemo(store, NOW_MS), seedDemo(store, NOW_MS)]);
    expect(counts.toSorted()).toEqual([0, 12]);
    expect(await seedDemo(store, NOW_MS)).toBe(0);
    const byId = (one: Campaign, other: Campaign) => (one.id < other.id ? -1 : 1);
    expect((await store.loadServable()).campaigns).toEqual(makeDemoCampaigns(NOW_MS).toSorted(byId));
  });

  it('does not come back after its campaigns were removed', async () => {
    await seedDemo(store, NOW_MS);
    await pool.query('DELETE FROM campaigns');
    expect(await seedDemo(store, NOW_MS)).toBe(0);
  });

  it('is not put into a database that has campaigns already', async () => {
    await store.insertMany([FULL]);
    expect(await seedDemo(store, NOW_MS)).toBe(0);
    expect(await store.count()).toBe(1);
  });
});
