/** What outlives a kill -9, a restart and a SIGTERM: the money, the campaigns, the answers under way. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';

const folders: string[] = [];
const running: GavelProcess[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((gavel) => gavel.kill()));
  for (const folder of folders.splice(0)) removeDataDir(folder);
});

function dataFolder(): string {
  const folder = newDataDir();
  folders.push(folder);
  return folder;
}

async function start(folder: string, environment: Record<string, string> = {}): Promise<GavelProcess> {
  const gavel = await startGavel(folder, environment);
  running.push(gavel);
  return gavel;
}

async function metric(gavel: GavelProcess, name: string): Promise<number> {
  const text = await (await fetch(`${gavel.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `)) ?? '';
  return Number(line.slice(name.length + 1));
}

interface Billed {
  readonly path: string;
  readonly price: number;
}

async function bid(gavel: GavelProcess): Promise<Billed> {
  const request = {
    id: 'crash',
    imp: [{ id: '1', banner: { w: 300, h: 250 } }],
    device: { geo: { country: 'USA' } },
    site: { domain: 'news.example' },
  };
  const response = await fetch(`${gavel.url}/openrtb2/bid`, {
    method: 'POST',
    body: JSON.stringify(request),
  });
  const { seatbid } = (await response.json()) as { seatbid: { bid: { burl: string; price: number }[] }[] };
  const first = seatbid[0]?.bid[0];
  if (first === undefined) throw new Error('no bid');
  const { pathname, search } = new URL(first.burl.replace('${AUCTION_PRICE}', String(first.price)));
  return { path: pathname + search, price: Math.round(first.price * 1e6) };
}

function postgresPids(folder: string): string[] {
  return execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(folder) && !line.includes('ps -eo'));
}

describe('a server that is killed with -9', () => {
  it('neither loses nor doubles money, whatever was answered before and comes again after', async () => {
    const folder = dataFolder();
    const first = await start(folder);
    const bids = await Promise.all(Array.from({ length: 200 }, () => bid(first)));
    const billed = bids.slice(0, 120);
    await Promise.all(billed.map(({ path }) => fetch(first.url + path)));
    await first.kill();

    const second = await start(folder);
    await Promise.all(bids.map(({ path }) => fetch(second.url + path)));
    await Promise.all(billed.map(({ path }) => fetch(second.url + path)));
    const spent = billed.reduce((sum, { price }) => sum + price, 0);
    const spentAfter = bids.slice(120).reduce((sum, { price }) => sum + price, 0);
    expect(await metric(second, 'gavel_notices_total{type="billing",outcome="counted"}')).toBe(80);
    expect(await metric(second, 'gavel_notices_total{type="billing",outcome="repeated"}')).toBe(240);
    expect(await metric(second, 'gavel_ledger_posted_nanos_total')).toBe(spentAfter);
    expect(spent).toBeGreaterThan(0);
    expect(await metric(second, 'gavel_ledger_unexplained_overspend_nanos_total')).toBe(0);
  });

  it('leaves no process behind, and the next start serves the same campaigns without loading them again', async () => {
    const folder = dataFolder();
    const first = await start(folder);
    const campaigns = await metric(first, 'gavel_index_campaigns');
    await first.kill();
    for (let waited = 0; waited < 100 && postgresPids(folder).length > 0; waited++) await delay(100);
    expect(postgresPids(folder)).toEqual([]);
    const second = await start(folder);
    expect(second.stderr()).not.toContain('demo campaigns were loaded');
    expect(await metric(second, 'gavel_index_campaigns')).toBe(campaigns);
  });
});

describe('a data folder', () => {
  it('is served by one process: a second one says so and ends', async () => {
    const folder = dataFolder();
    await start(folder);
    await expect(startGavel(folder)).rejects.toThrow(/in use by process \d+/);
  });

  it('without the demo is empty: nothing is bid and nothing delivered', async () => {
    const gavel = await start(dataFolder(), { GAVEL_DEMO: '0', GAVEL_WORKERS: '0' });
    const bid = await fetch(`${gavel.url}/openrtb2/bid`, {
      method: 'POST',
      body: '{"id":"1","imp":[{"id":"1","banner":{}}]}',
    });
    expect(bid.status).toBe(204);
    expect((await fetch(`${gavel.url}/v1/delivery?app=a&os=ios&country=US`)).status).toBe(204);
  });

  it('keeps the management key for its owner alone', async () => {
    const folder = dataFolder();
    const gavel = await start(folder, { GAVEL_ADMIN_KEY: '' });
    const file = join(folder, 'data', 'admin-key');
    expect(existsSync(file)).toBe(true);
    expect(gavel.stderr()).toContain(readFileSync(file, 'utf8').trim());
  });
});

describe('SIGTERM', () => {
  it('answers the requests under way, then exits with 0 within 10 seconds', async () => {
    const folder = dataFolder();
    const gavel = await start(folder);
    const statuses: number[] = [];
    let isStopping = false;
    const clients = Array.from({ length: 16 }, async () => {
      while (!isStopping) {
        const response = await fetch(`${gavel.url}/serve?userId=u&placementId=p&countryCode=US`).catch(
          () => null,
        );
        if (response !== null) statuses.push(response.status);
      }
    });
    await delay(300);
    const startedMs = Date.now();
    const stopped = gavel.stop();
    isStopping = true;
    expect(await stopped).toBe(0);
    expect(Date.now() - startedMs).toBeLessThan(10_000);
    await Promise.all(clients);
    expect(statuses.length).toBeGreaterThan(16);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(postgresPids(folder)).toEqual([]);
  });
});
