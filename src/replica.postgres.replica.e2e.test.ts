/** A server with a replica: it is asked, and however far it lags, a node serves its own changes. */
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';

const SOON = { timeout: 60_000, interval: 20 };

const server = openScratchServer();
const dataDir = newDataDir();
let gavel: GavelProcess;
let replica: pg.Client;
let database: string;

beforeAll(async () => {
  const url = await server.createDatabase();
  database = new URL(url).pathname.slice(1);
  replica = new pg.Client({ connectionString: serviceUrl('DATABASE_READ_URL') });
  await replica.connect();
  const readUrl = new URL(serviceUrl('DATABASE_READ_URL'));
  readUrl.pathname = `/${database}`;
  gavel = await startGavel(dataDir, { DATABASE_URL: url, DATABASE_READ_URL: readUrl.href });
});
afterAll(async () => {
  await replica.query('SELECT pg_wal_replay_resume()');
  await replica.end();
  await gavel.kill();
  removeDataDir(dataDir);
  await server.close();
});

function ask(path: string, body?: object): Promise<Response> {
  return fetch(gavel.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function createCampaign(side: number): Promise<string> {
  const answer = await ask('/campaigns', {
    name: 'Campaign',
    advertiserId: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
    bid: { model: 'cpm', amount: 2.5 },
    dailyBudget: 500,
    ads: [
      {
        title: 'Ad',
        imageUrl: 'https://a.example/a.png',
        redirectUrl: 'https://a.example/',
        width: side,
        height: side,
      },
    ],
  });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([201, text]);
  return (JSON.parse(text) as { id: string }).id;
}

it('reports ask the replica, and a change is served when it is answered, though the replica has stopped', async () => {
  await createCampaign(100);
  await replica.query('SELECT pg_wal_replay_pause()');
  const id = await createCampaign(101);
  const bid = await ask('/bid-request', {
    user_id: 'u',
    site: { domain: 'news.example' },
    ad_size: { width: 101, height: 101 },
  });
  expect(((await bid.json()) as { campaign_id: string }).campaign_id).toBe(id);
  expect(await (await ask(`/analytics/campaign/${id}`)).json()).toMatchObject({
    campaignId: id,
    stale: false,
  });
  await replica.query('SELECT pg_wal_replay_resume()');
  // After a replica that failed, as it has no such database for a moment, the primary is asked for five seconds.
  await expect
    .poll(async () => {
      expect((await ask(`/analytics/campaign/${id}`)).status).toBe(200);
      const { rows } = await replica.query<{ lines: number }>(
        `SELECT count(*)::int AS lines FROM pg_stat_activity WHERE datname = $1 AND application_name = 'gavel'`,
        [database],
      );
      return rows[0]?.lines;
    }, SOON)
    .toBeGreaterThan(0);
});
