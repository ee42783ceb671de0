/**
 * What outlives a kill -9, a restart and a SIGTERM, of the server and of its Postgres: the money, the campaigns,
 * the answers under way.
 */
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { killOccupants, occupants } from './database/disk-postgres-folder.ts';
import { killPostmaster } from './database/fixtures/killed-postmaster.ts';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';

/** `docker stop` kills after it. */
const EXIT_LIMIT_MS = 10_000;

const folders: string[] = [];
const running: GavelProcess[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((gavel) => gavel.kill()));
  for (const folder of folders.splice(0)) {
    if (existsSync(clusterOf(folder))) killOccupants(clusterOf(folder));
    removeDataDir(folder);
  }
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

function clusterOf(folder: string): string {
  return join(folder, 'data', 'postgres');
}

/** The processes of its Postgres, the watchdog among them. */
function postgresPids(folder: string): readonly number[] {
  return occupants(clusterOf(folder)).pids;
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, signal);
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries > 1_000) throw new Error(`never came: ${what}`);
    await delay(10);
  }
}

async function healthOf(gavel: GavelProcess): Promise<object> {
  return (await (await fetch(`${gavel.url}/health`)).json()) as object;
}

function untilHealth(gavel: GavelProcess, status: string, postgres: string): Promise<void> {
  const checks = { redis: 'embedded', kafka: 'embedded', postgres };
  const wanted = { status, checks, caps: 'up', index: { source: 'postgres' } };
  return until(`health ${status}`, async () => isDeepStrictEqual(await healthOf(gavel), wanted));
}

/** The exit code, or that it took longer than anyone waits. */
function exitOf(gavel: GavelProcess): Promise<number | null | 'runs on'> {
  return Promise.race([gavel.stop(), delay(EXIT_LIMIT_MS, 'runs on' as const, { ref: false })]);
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

  it('is not made where the port is taken, which is told at once', async () => {
    const folder = dataFolder();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const refusal = `gavel: cannot listen on 127.0.0.1:${String(port)}`;
    await expect(startGavel(folder, { GAVEL_PORT: String(port) })).rejects.toThrow(refusal);
    expect(existsSync(join(folder, 'data'))).toBe(false);
    other.close();
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
    const stopped = exitOf(gavel);
    isStopping = true;
    expect(await stopped).toBe(0);
    await Promise.all(clients);
    expect(statuses.length).toBeGreaterThan(16);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(postgresPids(folder)).toEqual([]);
  });

  it('ends the server and all of its Postgres within 10 seconds although that hangs', async () => {
    const folder = dataFolder();
    const gavel = await start(folder);
    signalAll(postgresPids(folder), 'SIGSTOP');
    expect(await exitOf(gavel)).toBe(0);
    expect(postgresPids(folder)).toEqual([]);
  });

  it('ends a Postgres too that is just being started again', async () => {
    const folder = dataFolder();
    const gavel = await start(folder);
    const before = postgresPids(folder);
    killPostmaster(clusterOf(folder));
    await until('a new start', () => postgresPids(folder).some((pid) => !before.includes(pid)));
    expect(await exitOf(gavel)).toBe(0);
    expect(postgresPids(folder)).toEqual([]);
    expect(existsSync(join(folder, 'data', 'gavel.pid'))).toBe(false);
  });
});

describe('an embedded Postgres', () => {
  it('that is killed with -9 comes back, and bids are served all along', async () => {
    const folder = dataFolder();
    const gavel = await start(folder);
    let isBack = false;
    let bids = 0;
    const bidding = (async () => {
      for (; !isBack; bids++) await bid(gavel);
    })();
    killPostmaster(clusterOf(folder));
    await untilHealth(gavel, 'degraded', 'down');
    await untilHealth(gavel, 'ok', 'embedded');
    isBack = true;
    await bidding;
    expect(bids).toBeGreaterThan(10);
  });

  it('that hangs is told by /health, and is served with again once it goes on', async () => {
    const folder = dataFolder();
    const gavel = await start(folder);
    const pids = postgresPids(folder);
    signalAll(pids, 'SIGSTOP');
    await untilHealth(gavel, 'degraded', 'down');
    expect((await bid(gavel)).price).toBeGreaterThan(0);
    signalAll(pids, 'SIGCONT');
    await untilHealth(gavel, 'ok', 'embedded');
  });
});

describe('a file of currency rates', () => {
  it('that breaks while it is served with is warned of', async () => {
    const folder = dataFolder();
    const file = join(folder, 'rates.json');
    writeFileSync(file, '{"base":"USD","date":"2026-11-20","rates":{"EUR":0.92}}');
    const gavel = await start(folder, { GAVEL_FX_FILE: file, GAVEL_DEMO: '0', GAVEL_WORKERS: '0' });
    const levels = (): unknown[] =>
      gavel
        .stdout()
        .split('\n')
        .filter((line) => line.includes('exchange rates'))
        .map((line) => (JSON.parse(line) as { level: unknown }).level);
    expect(levels()).toEqual(['info']);
    writeFileSync(file, '{"base":');
    await until('a second line of the log', () => levels().length > 1);
    expect(levels()).toEqual(['info', 'warn']);
  });
});
