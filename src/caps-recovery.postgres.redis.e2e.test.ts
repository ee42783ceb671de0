/** Frequency caps over two servers whose Redis loses them. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { createCappedCampaign, askForBid, notify, type VisitorBid } from './fixtures/capped-visits.ts';
import { newDataDir, removeDataDir, startGavel, type GavelProcess } from './fixtures/gavel-process.ts';
import { serviceUrl } from './fixtures/services.ts';

/** Another server hears of a campaign through Redis, and an event reaches its row through a spool. */
const SOON = { timeout: 30_000, interval: 50 };
/** Its keys are deleted: no other test has it. */
const DATABASE_NUMBER = '/14';

const server = openScratchServer();
const folders = [newDataDir(), newDataDir()];
let nodes: readonly GavelProcess[] = [];
let admin: Redis;
let pool: Pool;

beforeAll(async () => {
  const redisUrl = serviceUrl('REDIS_URL') + DATABASE_NUMBER;
  const databaseUrl = await server.createDatabase();
  admin = new Redis(redisUrl);
  pool = openPool(databaseUrl, () => undefined);
  const environment = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  nodes = await Promise.all(folders.map((folder) => startGavel(folder, environment)));
  await createCappedCampaign(node(0), [
    { limit: 3, window: 'week' },
    { limit: 10, window: 'lifetime' },
  ]);
  await untilBid(0, 'probe');
  await untilBid(1, 'probe');
});
afterAll(async () => {
  await Promise.all(nodes.map((each) => each.kill()));
  folders.forEach(removeDataDir);
  await pool.end();
  await server.close();
  await admin.flushdb();
  await admin.quit();
});

function node(place: number): GavelProcess {
  const gavel = nodes[place];
  if (gavel === undefined) throw new Error('two servers');
  return gavel;
}

/** A machine under load answers some requests without the caps, which came too late: nothing is held for those. */
function untilBid(place: number, userId: string): Promise<VisitorBid> {
  return vi.waitFor(async () => {
    const bid = await askForBid(node(place), userId);
    if (bid === null) throw new Error(`no bid for ${userId}`);
    return bid;
  }, SOON);
}

async function loseCaps(): Promise<void> {
  const keys = [...(await admin.keys('gavel:user:*')), ...(await admin.keys('gavel:caps:*'))];
  await admin.del(...keys);
}

async function untilRows(count: number): Promise<void> {
  const sql = `SELECT FROM events_log WHERE event_type = 'billing'`;
  await vi.waitFor(async () => expect((await pool.query(sql)).rowCount).toBe(count), SOON);
}

describe('a Redis that loses the frequency caps', () => {
  it('has them back from Postgres, and no user is shown more than before', async () => {
    for (const place of [0, 1]) {
      const { burl } = await untilBid(place, 'faithful');
      expect(await notify(node(place), burl)).toBe(204);
    }
    await untilRows(2);
    await loseCaps();
    const third = await untilBid(0, 'faithful');
    expect([await askForBid(node(0), 'faithful'), await askForBid(node(1), 'faithful')]).toEqual([
      null,
      null,
    ]);
    expect(await notify(node(1), third.burl)).toBe(204);
    expect(await askForBid(node(1), 'faithful')).toBeNull();
    const { caps } = (await (await fetch(`${node(0).url}/health`)).json()) as { caps: string };
    expect(caps).toBe('up');
  });
});
