import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { seededCampaigns } from './campaigns/seeded.ts';
import { compileCampaigns, saveBase, saveChanges } from './compile-thread.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool } from './database/postgres-pool.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { NO_COUNTS } from './targeting/ad-counts.ts';
import { readFacts } from './targeting/disk-index-file.ts';
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
    counts: NO_COUNTS,
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

it('keeps what changed since a base, but not over one from before the database was set back', async () => {
  const url = await server.createDatabase();
  await migrate(url);
  const pool = openPool(url, () => {});
  const store = createCampaignStore(pool);
  await store.insertMany(seededCampaigns({ count: 3, seed: 1 }));
  const folder = mkdtempSync(join(tmpdir(), 'gavel-changes-file-'));
  const [basePath, path] = [join(folder, 'base'), join(folder, 'changes')];
  const priors = { ctr: 0.001, cvr: 0.00001 };
  const ranking = { priors, counts: NO_COUNTS };
  const order = { epoch: 1, nowMs: NOW_MS, ...ranking, databaseUrl: url, since: null, buffer: undefined };
  const { buffer, version, mark } = await compileCampaigns(order);
  const facts = { version, mark, unsound: [], changed: null, over: null, savedAtMs: NOW_MS };
  saveBase({ path: basePath, buffer, facts: { ...facts, id: 'b', database: 'd', program: 'p', priors } });

  const change = async (seed: number): Promise<void> => {
    await store.insertMany(seededCampaigns({ count: 1, seed }));
    await saveChanges({
      basePath,
      path,
      databaseUrl: url,
      counts: NO_COUNTS,
      nowMs: NOW_MS,
      id: String(seed),
    });
  };
  await change(2);
  expect(readFacts(path)).toMatchObject({ id: '2', over: 'b', version: version + 1 });
  // As after a backup was put back: the numbers went on, the entries are others.
  await pool.query(`BEGIN; SET LOCAL session_replication_role = replica;
    UPDATE campaign_audit SET at = at + interval '1 minute'; COMMIT`);
  await change(3);
  expect(readFacts(path)?.id).toBe('2');
  await pool.end();
  rmSync(folder, { recursive: true });
});
