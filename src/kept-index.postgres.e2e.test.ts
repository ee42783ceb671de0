/** A server that starts again: from the index on disk, with its Postgres there or away. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openScratchServer, throughProxy } from './database/fixtures/postgres-scratch.ts';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { openProxy, type Proxy } from './fixtures/toxiproxy.ts';
import { readFacts } from './targeting/disk-index-file.ts';

const NOTICED = { timeout: 30_000, interval: 50 };
const TAKEN_OVER = 'the index on disk is taken over';
const NOT_USED = 'the index on disk is not used';

const server = openScratchServer();
let database: string;
let proxy: Proxy;
let folder: string;
let running: GavelProcess[] = [];

beforeAll(async () => {
  // Each test makes another database; the proxy stands before the server of all of them.
  const { hostname, port } = new URL(await server.createDatabase());
  proxy = await openProxy({ host: hostname, port: Number(port) });
});
beforeEach(async () => {
  database = await server.createDatabase();
  folder = newDataDir();
});
afterEach(async () => {
  await Promise.all(running.map((gavel) => gavel.kill()));
  running = [];
  await proxy.heal();
  removeDataDir(folder);
});
afterAll(async () => {
  await proxy.close();
  await server.close();
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<GavelProcess> {
  const url = throughProxy(database, proxy);
  const gavel = await startGavel(folder, { DATABASE_URL: url, GAVEL_WORKERS: '0', ...environment });
  running.push(gavel);
  return gavel;
}

/** The server as it is left by one that served two campaigns and a change of one of them, and that was stopped. */
async function leaveTwoCampaigns(): Promise<{
  readonly best: string;
  readonly other: string;
  readonly burl: string;
}> {
  const gavel = await start();
  const best = await create(gavel, 9);
  const other = await create(gavel, 5);
  const { burl } = await bid(gavel);
  await gavel.stop();
  return { best, other, burl };
}

function manage(gavel: GavelProcess, method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${gavel.url}/campaigns${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

function campaign(amount: number): object {
  const ad = {
    title: 'An ad',
    imageUrl: 'https://cdn.brand.example/a.png',
    redirectUrl: 'https://brand.example/',
  };
  return {
    name: 'Kept',
    advertiserId: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
    bid: { model: 'cpm', amount },
    dailyBudget: 500,
    ads: [{ ...ad, width: 300, height: 250, adomain: ['brand.example'] }],
  };
}

async function create(gavel: GavelProcess, amount: number): Promise<string> {
  const response = await manage(gavel, 'POST', '', campaign(amount));
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

async function pause(gavel: GavelProcess, id: string): Promise<void> {
  expect((await manage(gavel, 'POST', `/${id}/pause`)).status).toBe(200);
}

interface Bid {
  readonly cid: string;
  readonly burl: string;
}

async function bid(gavel: GavelProcess): Promise<Bid> {
  const response = await fetch(`${gavel.url}/openrtb2/bid`, {
    method: 'POST',
    body: JSON.stringify({
      id: 'kept',
      imp: [{ id: '1', banner: { w: 300, h: 250 } }],
      site: { domain: 'news.example' },
      device: { os: 'Android', geo: { country: 'USA' } },
    }),
  });
  expect(response.status).toBe(200);
  const { seatbid } = (await response.json()) as { seatbid: { bid: Bid[] }[] };
  return seatbid[0]!.bid[0]!;
}

/** As the exchange bills `burl` on the server that now answers where it points: what the server says came of it. */
async function bill(gavel: GavelProcess, burl: string): Promise<string | undefined> {
  const { pathname, search } = new URL(burl);
  await fetch(`${gavel.url}${pathname}${search.replace('${AUCTION_PRICE}', '5')}`);
  const metrics = await (await fetch(`${gavel.url}/metrics`)).text();
  return /^gavel_notices_total\{type="billing",outcome="(\w+)"\} 1$/m.exec(metrics)?.[1];
}

async function health(gavel: GavelProcess): Promise<unknown> {
  return (await fetch(`${gavel.url}/health`)).json();
}

function told(gavel: GavelProcess): readonly string[] {
  const lines = gavel.stdout().trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

async function query(text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

function indexFile(name: string): string {
  return join(folder, 'data', 'index', name);
}

const FROM_POSTGRES = { status: 'ok', checks: { postgres: 'up' }, index: { source: 'postgres' } };

describe('without its Postgres', () => {
  it('a server starts from disk, says so, bids by the last change, and follows once Postgres is back', async () => {
    const { best, other, burl } = await leaveTwoCampaigns();
    const second = await start();
    await pause(second, best);
    await second.stop();
    await proxy.cut();

    const gavel = await start();
    expect(await health(gavel)).toEqual({
      status: 'degraded',
      checks: { redis: 'embedded', kafka: 'embedded', postgres: 'down' },
      caps: 'up',
      index: { source: 'disk', version: 3, savedAt: expect.any(String) as string },
    });
    expect((await bid(gavel)).cid).toBe(other);
    expect(await bill(gavel, burl)).toBe('counted');
    expect((await manage(gavel, 'POST', '', campaign(3))).status).toBe(503);
    expect((await manage(gavel, 'GET', '')).status).toBe(503);

    await query(`UPDATE campaigns SET status = 'active' WHERE id = '${best}'`);
    await proxy.heal();
    await vi.waitFor(async () => expect(await health(gavel)).toMatchObject(FROM_POSTGRES), NOTICED);
    expect((await bid(gavel)).cid).toBe(best);
    expect((await manage(gavel, 'GET', '')).status).toBe(200);
  });

  it('a server whose Postgres hangs starts from disk, too', async () => {
    const { best } = await leaveTwoCampaigns();
    await proxy.blackHole();
    const gavel = await start();
    expect(await health(gavel)).toMatchObject({ status: 'degraded', index: { source: 'disk', version: 2 } });
    expect((await bid(gavel)).cid).toBe(best);
  });

  it('a server that was killed has what changed up to a moment before', async () => {
    const { best, other } = await leaveTwoCampaigns();
    const second = await start();
    await pause(second, best);
    await vi.waitUntil(() => readFacts(indexFile('changes'))?.version === 3, NOTICED);
    await second.kill();
    await proxy.cut();
    expect((await bid(await start())).cid).toBe(other);
  });

  it.each([
    ['nothing was kept', () => rmSync(indexFile(''), { recursive: true })],
    ['the index is broken', () => flipABit(indexFile('base'))],
    ['the secrets are lost', () => rmSync(indexFile('secrets'))],
  ])('a server does not start where %s, and says that Postgres is away', async (_, spoil) => {
    await leaveTwoCampaigns();
    spoil();
    await proxy.cut();
    await expect(start()).rejects.toThrow("gavel: can't connect to PostgreSQL: connect ECONNREFUSED");
  });

  it('a server does not start with the index of another database, nor with other priors', async () => {
    await leaveTwoCampaigns();
    await proxy.cut();
    const elsewhere = new URL(throughProxy(database, proxy));
    elsewhere.pathname = '/elsewhere';
    const refusal = "gavel: can't connect to PostgreSQL: connect ECONNREFUSED";
    await expect(start({ DATABASE_URL: elsewhere.href })).rejects.toThrow(refusal);
    await expect(start({ GAVEL_PRIOR_CTR: '0.5' })).rejects.toThrow(refusal);
  });

  it('a server ends when the Postgres that comes back was migrated by a newer program', async () => {
    await leaveTwoCampaigns();
    await proxy.cut();
    const gavel = await start();
    await query(
      `INSERT INTO schema_migrations (version, name, md5, run_at) VALUES (999, 'newer', '', now())`,
    );
    await proxy.heal();
    await vi.waitUntil(() => gavel.child.exitCode !== null, NOTICED);
    expect(gavel.child.exitCode).toBe(1);
    expect(gavel.stderr()).toContain('gavel: the database is at migration 999');
  });

  it('a server ends when the Postgres that comes back has other signing keys', async () => {
    await leaveTwoCampaigns();
    await proxy.cut();
    const gavel = await start();
    await query(`UPDATE secrets SET value = 'sixteen bytes or more' WHERE name = 'signing_key'`);
    await proxy.heal();
    await vi.waitUntil(() => gavel.child.exitCode !== null, NOTICED);
    expect(gavel.stderr()).toContain('gavel: Postgres is back with other signing keys');
  });

  it('a server reads everything anew when the Postgres that comes back was set back', async () => {
    const { best, other } = await leaveTwoCampaigns();
    await proxy.cut();
    const gavel = await start();
    await setBackAndAway(best);
    await proxy.heal();
    await vi.waitFor(async () => expect(await health(gavel)).toMatchObject(FROM_POSTGRES), NOTICED);
    expect((await bid(gavel)).cid).toBe(other);
    expect(told(gavel)).toContain('Postgres was set back since the index on disk was made');
  });
});

describe('with its Postgres', () => {
  it('a server starts from disk and has what changed while it was away', async () => {
    const { best, other } = await leaveTwoCampaigns();
    await query(`UPDATE campaigns SET status = 'paused' WHERE id = '${best}'`);
    const gavel = await start();
    expect(told(gavel)).toContain(TAKEN_OVER);
    expect(await health(gavel)).toMatchObject(FROM_POSTGRES);
    expect((await bid(gavel)).cid).toBe(other);
  });

  it('a server whose index on disk is broken says so, compiles, and leaves a sound one', async () => {
    const { best } = await leaveTwoCampaigns();
    flipABit(indexFile('base'));
    const gavel = await start();
    expect(told(gavel)).toContain(NOT_USED);
    expect((await bid(gavel)).cid).toBe(best);
    await gavel.stop();
    expect(told(await start())).toContain(TAKEN_OVER);
  });

  it('a server does not use an index of before the database was set back', async () => {
    const { best, other } = await leaveTwoCampaigns();
    await setBackAndAway(best);
    const gavel = await start();
    expect(told(gavel)).toContain('the index on disk is not used: Postgres was set back since it was made');
    expect((await bid(gavel)).cid).toBe(other);
  });

  it('a server refuses what is wrong with Postgres but for its absence, whatever is on disk', async () => {
    await leaveTwoCampaigns();
    const stranger = new URL(throughProxy(database, proxy));
    stranger.username = 'nobody_of_that_name';
    await expect(start({ DATABASE_URL: stranger.href })).rejects.toThrow(
      "gavel: can't connect to PostgreSQL",
    );
  });
});

/** As after a backup was put in place and other changes took the numbers of those that it lacks. */
async function setBackAndAway(paused: string): Promise<void> {
  await query(`
    ALTER TABLE campaign_audit DISABLE TRIGGER USER; ALTER TABLE campaigns DISABLE TRIGGER USER;
    UPDATE campaign_audit SET at = at - interval '1 second';
    UPDATE campaigns SET status = 'paused' WHERE id = '${paused}';
    ALTER TABLE campaign_audit ENABLE TRIGGER USER; ALTER TABLE campaigns ENABLE TRIGGER USER`);
}

function flipABit(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}
