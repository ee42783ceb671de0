import { afterAll, expect, it } from 'vitest';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { seededCampaigns } from './campaigns/seeded.ts';
import { compileCampaigns } from './compile-thread.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool } from './database/postgres-pool.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { Matcher } from './targeting/match.ts';
import { NOT_ASKED, QUERY_DIMENSIONS } from './targeting/query.ts';
import { openSnapshot } from './targeting/snapshot-view.ts';

const NOW_MS = Date.parse('2026-11-02T10:00:00Z');

const server = openScratchServer();
afterAll(() => server.close());

it('leaves out campaigns that nobody can serve, says why, and serves all others', async () => {
  const url = await server.createDatabase();
  await migrate(url);
  const pool = openPool(url, () => {});
  const campaigns = seededCampaigns({ count: 5, seed: 1 });
  const ids = campaigns.map(({ id }) => id).toSorted();
  await createCampaignStore(pool).insertMany(campaigns);
  await pool.query(`UPDATE campaigns SET timezone = 'Mars/Base' WHERE id = $1`, [ids[0]]);
  await pool.query(
    `INSERT INTO campaign_targeting_rules (campaign_id, rule_number, value_number, rule_type, rule_value)
     VALUES ($1, 99, 0, 'weather', 'rain')`,
    [ids[1]],
  );
  await pool.query(`UPDATE campaigns SET ends_at = 'infinity' WHERE id = $1`, [ids[2]]);
  await pool.end();

  const order = {
    epoch: 1,
    nowMs: NOW_MS,
    priors: { ctr: 0.001, cvr: 0.00001 },
    databaseUrl: url,
    since: null,
    buffer: undefined,
  };
  const { buffer, unsound } = await compileCampaigns(order);
  expect(unsound).toEqual([
    { id: ids[0], reason: 'no time zone is named Mars/Base' },
    { id: ids[1], reason: 'no dimension is named weather' },
    { id: ids[2], reason: 'its start or its end is no time' },
  ]);
  const snapshot = openSnapshot(buffer);
  const matcher = new Matcher();
  const served: string[] = [];
  matcher.prepare(snapshot, {
    values: Array.from({ length: QUERY_DIMENSIONS }, () => NOT_ASKED),
    nowMs: NOW_MS,
    minRankMicros: 0,
    fromOrdinal: 0,
    includeSpent: false,
  });
  matcher.forEach((campaign) => {
    served.push(snapshot.campaignText(campaign).id);
    return true;
  });
  expect(served.toSorted()).toEqual(ids.slice(3));
});
