/** The way of events inside one process: what is pending, over restarts, and a spool that is older than its counts. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig, type Config } from './config.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { SILENT } from './database/fixtures/silent-log.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { openEventDoor, type EventDoor } from './event-door.ts';
import { openEventPath, type EventPath } from './event-path.ts';
import { adEvent } from './events/fixtures/random-events.ts';
import { recount, rowIds } from './events/fixtures/recount.ts';
import { spoolFolder } from './events/fixtures/spool-folder.ts';

const server = openScratchServer();
const ADS = { adId: 'ad', campaignId: '00000000-0000-4000-8000-0000000000a1' };
const LOG = { ...SILENT, error: () => {}, fatal: () => {} };
const METRICS = { countEvent: () => {}, countTold: () => {} };
const LONG_MS = 60_000;
const NEVER = new Promise<void>(() => {});
const NOTHING = { impressions: 0, clicks: 0, conversions: 0 };

let url: string;
let pool: Pool;
let config: Config;
let opened: { readonly path: EventPath; readonly door: EventDoor } | null = null;

beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  const read = readConfig({ GAVEL_DATA_DIR: join(spoolFolder(), '..') }, 1, 'command');
  if (!read.ok) throw new Error(read.message);
  config = read.config;
});
afterEach(async () => {
  await close();
  await pool.end();
});
afterAll(() => server.close());

async function open(whenHere: Promise<void>): Promise<EventPath> {
  const arrival = { absence: null, isHere: true, whenHere };
  const storage = { dataDir: config.dataDir, databaseUrl: url, databaseName: 'scratch', arrival };
  const path = await openEventPath({ config, storage, shipper: null, log: LOG });
  opened = { path, door: openEventDoor(path, () => METRICS) };
  return path;
}

async function close(): Promise<void> {
  const last = opened;
  opened = null;
  await last?.door.close();
  await last?.path.close(LONG_MS);
}

/** An impression and a click of the ad for each id. */
async function record(...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const times = { atMs: Date.now(), receivedAtMs: Date.now() };
    for (const type of ['impression', 'click'] as const) {
      await opened?.door.events.record(adEvent({ ...ADS, ...times, eventId: `${id} ${type}`, type }));
    }
  }
}

function pendingOf({ pending }: EventPath): unknown {
  expect(pending.ofCampaign(ADS.campaignId)).toEqual(pending.ofAd(ADS.adId));
  return pending.ofAd(ADS.adId);
}

it('is pending until it is committed, also over a restart while Postgres is away', async () => {
  const first = await open(NEVER);
  await record('a', 'b', 'c');
  expect(pendingOf(first)).toEqual({ ...NOTHING, impressions: 3, clicks: 3 });
  await close();
  let arrive = (): void => {};
  const second = await open(new Promise((resolve) => (arrive = resolve)));
  await expect.poll(() => pendingOf(second)).toEqual({ ...NOTHING, impressions: 3, clicks: 3 });
  await record('c', 'd');
  expect(pendingOf(second)).toEqual({ ...NOTHING, impressions: 5, clicks: 5 });
  arrive();
  await expect.poll(() => pendingOf(second)).toEqual(NOTHING);
  expect(await rowIds(pool)).toHaveLength(8);
  expect(second.figures.consumer()).toMatchObject({
    batchSize: 10,
    processed: 8,
    deduped: 2,
    dead: 0,
    isUp: true,
  });
  expect(await recount(pool)).toEqual([]);
});

it('of an older spool that was put in place, what is new is counted although its sequences were used', async () => {
  const folder = join(config.dataDir, 'spool', 'scratch');
  await open(Promise.resolve());
  await record('a');
  await close();
  cpSync(folder, `${folder}-kept`, { recursive: true });
  await open(Promise.resolve());
  await record('b', 'c', 'd');
  await close();
  rmSync(folder, { recursive: true });
  cpSync(`${folder}-kept`, folder, { recursive: true });
  const path = await open(Promise.resolve());
  await record('e');
  await expect.poll(() => pendingOf(path)).toEqual(NOTHING);
  await close();
  expect((await rowIds(pool)).map((id) => id.split(' ')[0])).toEqual('a a b b c c d d e e'.split(' '));
});
