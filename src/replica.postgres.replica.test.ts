/** A streaming replica, also one that lags: what it is asked, and what it is not believed. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTotalsReader } from './analytics/postgres-totals.ts';
import { spanOf } from './analytics/span.ts';
import { createTotals, type Totals } from './analytics/totals.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { seededCampaigns } from './campaigns/seeded.ts';
import { compileCampaigns, measureRates } from './compile-thread.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { readReplica, type ReplicaReads } from './database/postgres-replica.ts';
import { adEvent, batchOf, NOW_MS } from './events/fixtures/random-events.ts';
import { consume } from './events/postgres-consume.ts';
import { serviceUrl } from './fixtures/services.ts';
import { loadFromReplica } from './replica-loading.ts';
import { NO_COUNTS } from './targeting/ad-counts.ts';
import type { CompileOrder, IndexCompiler, IndexSaver, RateMeter } from './targeting/piscina-compiler.ts';
import { openSnapshot } from './targeting/snapshot-view.ts';

const TODAY = spanOf('day', NOW_MS, NOW_MS);
const WAIT = { timeout: 60_000, interval: 10 };
const PRIORS = { ctr: 0.001, cvr: 0.00001 };

const server = openScratchServer();
let primaryUrl: string;
let replicaUrl: string;
let primary: Pool;
let replica: Pool;
let campaign: { readonly id: string; readonly adId: string };

beforeAll(async () => {
  primaryUrl = await server.createDatabase();
  await migrate(primaryUrl);
  primary = openPool(primaryUrl, () => {});
  const url = new URL(serviceUrl('DATABASE_READ_URL'));
  url.pathname = new URL(primaryUrl).pathname;
  replicaUrl = url.href;
  const [first] = seededCampaigns({ count: 1, seed: 1 });
  if (first === undefined) throw new Error('no campaign');
  campaign = { id: first.id, adId: first.ads[0]?.id ?? '' };
  await createCampaignStore(primary).insertMany([first]);
  replica = openPool(replicaUrl, () => {});
  await untilReplayed();
});
afterAll(async () => {
  await replica.query('SELECT pg_wal_replay_resume()');
  await Promise.all([primary.end(), replica.end()]);
  await server.close();
});

/** Until the replica has all that the primary has. The database itself is new to it at first. */
async function untilReplayed(): Promise<void> {
  const { rows } = await primary.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  await vi.waitUntil(async () => {
    try {
      const at = await replica.query<{ isThere: boolean }>(
        'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS "isThere"',
        [rows[0]?.lsn],
      );
      return at.rows[0]?.isThere;
    } catch {
      return false;
    }
  }, WAIT);
}

async function pauseReplica(): Promise<void> {
  await replica.query('SELECT pg_wal_replay_pause()');
  await vi.waitUntil(async () => {
    const { rows } = await replica.query<{ state: string }>(
      'SELECT pg_get_wal_replay_pause_state() AS state',
    );
    return rows[0]?.state === 'paused';
  }, WAIT);
}

async function resumeReplica(): Promise<void> {
  await replica.query('SELECT pg_wal_replay_resume()');
  await untilReplayed();
}

describe('reports', () => {
  let nowMs: number;
  let states: string[];
  let reads: ReplicaReads;
  let offset = 0;

  beforeEach(() => {
    nowMs = NOW_MS;
    states = [];
    reads = readReplica(
      primary,
      replica,
      (state) => states.push(state),
      () => nowMs,
    );
  });

  async function count(impressions: number): Promise<void> {
    const { id, adId } = campaign;
    const events = Array.from({ length: impressions }, () =>
      adEvent({ eventId: randomUUID(), campaignId: id, adId }),
    );
    await consume(primary, batchOf(events, { source: 'replica', firstOffset: offset }), {
      nowMs: NOW_MS,
      keptDays: 30,
    });
    offset += impressions;
  }

  async function shownBy(totals: Totals): Promise<number> {
    const shown = await totals({ kind: 'campaign', id: campaign.id }, TODAY);
    if (typeof shown === 'string') throw new Error(shown);
    return shown.counts[0]?.impressions ?? 0;
  }

  it('come from the replica, and never go back where it lags behind what was shown', async () => {
    await count(3);
    await untilReplayed();
    const clock = (): number => nowMs;
    const ofPrimary = createTotals({
      read: createTotalsReader(readReplica(primary, null, () => {}, clock)),
      highWater: null,
      clock,
    });
    const lagging = createTotals({ read: createTotalsReader(reads), highWater: null, clock });
    const shown = await shownBy(lagging);
    await pauseReplica();
    await count(4);
    nowMs += 1_000;
    expect(await shownBy(ofPrimary)).toBe(shown + 4);
    expect(await shownBy(lagging)).toBe(shown);
    await resumeReplica();
    nowMs += 1_000;
    expect(await shownBy(lagging)).toBe(shown + 4);
    // A failover to the primary and back to a replica that lags.
    await pauseReplica();
    await count(5);
    let from = primary;
    const moving = createTotals({
      read: createTotalsReader({ primary, replica, read: (work) => work(from) }),
      highWater: null,
      clock,
    });
    expect(await shownBy(moving)).toBe(shown + 9);
    from = replica;
    nowMs += 1_000;
    expect(await shownBy(moving)).toBe(shown + 9);
    await resumeReplica();
    expect(states).toEqual([]);
  });

  it('of a campaign that the replica does not know yet come from the primary', async () => {
    await pauseReplica();
    const [added] = seededCampaigns({ count: 1, seed: 2 });
    if (added === undefined) throw new Error('no campaign');
    await createCampaignStore(primary).insertMany([added]);
    const read = createTotalsReader(reads);
    const owner = { ownerId: added.advertiserId };
    expect(await read({ kind: 'campaign', id: added.id }, TODAY)).toMatchObject(owner);
    expect(await read({ kind: 'ad', id: added.ads[0]?.id ?? '' }, TODAY)).toMatchObject(owner);
    await resumeReplica();
  });

  it('come from the primary while there is no replica, of which is told once, and then from the replica again', async () => {
    const gone = new URL(replicaUrl);
    gone.port = '1';
    let asked = openPool(gone.href, () => {});
    const opened = [asked];
    const moving = { query: (sql: string) => asked.query(sql) } as unknown as Pool;
    const cut = readReplica(
      primary,
      moving,
      (state) => states.push(state),
      () => nowMs,
    );
    const isReplica = async (): Promise<boolean> => {
      const found = await cut.read((pool) => pool.query<{ is: boolean }>('SELECT pg_is_in_recovery() AS is'));
      return found.rows[0]?.is ?? false;
    };
    for (let again = 0; again < 3; again++) {
      expect(await isReplica()).toBe(false);
      nowMs += 6_000;
    }
    expect(states).toEqual(['down']);
    asked = openPool(replicaUrl, () => {});
    opened.push(asked);
    expect(await isReplica()).toBe(true);
    expect(states).toEqual(['down', 'up']);
    await Promise.all(opened.map((pool) => pool.end()));
  });
});

describe('campaigns', () => {
  let asked: string[];
  let warnings: string[];
  let compiler: IndexCompiler & IndexSaver & RateMeter;

  beforeEach(() => {
    asked = [];
    warnings = [];
    compiler = loading(replicaUrl);
  });

  function loading(fromUrl: string): IndexCompiler & IndexSaver & RateMeter {
    const log = {
      ...{ debug: ignore, info: ignore, error: ignore, fatal: ignore },
      warn: (_: object, message: string) => warnings.push(message),
    };
    const direct: IndexCompiler & IndexSaver & RateMeter = {
      async compile(order) {
        asked.push(order.databaseUrl === primaryUrl ? 'primary' : 'replica');
        const { buffer, ...facts } = await compileCampaigns(order);
        return { snapshot: openSnapshot(buffer), ...facts };
      },
      measure: (measureOrder) => {
        asked.push(measureOrder.databaseUrl === primaryUrl ? 'primary' : 'replica');
        return measureRates(measureOrder);
      },
      saveBase: () => Promise.reject(new Error('nobody saves here')),
      saveChanges: () => Promise.reject(new Error('nobody saves here')),
      close: () => Promise.resolve(),
    };
    const stores = { primary: createCampaignStore(primary), replica: createCampaignStore(replica) };
    return loadFromReplica(direct, { replicaUrl: fromUrl, ...stores, log });
  }

  function order(since: number | null = null): CompileOrder {
    const ranking = { priors: PRIORS, counts: NO_COUNTS };
    return { epoch: 1, nowMs: NOW_MS, ...ranking, databaseUrl: primaryUrl, since, buffer: undefined };
  }

  it('are loaded from the replica, with the version that it has', async () => {
    const version = await createCampaignStore(primary).version();
    expect(await compiler.compile(order())).toMatchObject({ version });
    expect(asked).toEqual(['replica']);
  });

  it('are loaded from the primary where the replica has not what was committed before: no change is missed', async () => {
    await pauseReplica();
    const store = createCampaignStore(primary);
    const since = await store.version();
    await store.insertMany(seededCampaigns({ count: 20, seed: 3 }));
    for (const from of [null, since]) {
      const compiled = await compiler.compile(order(from));
      expect(compiled.version).toBe(since + 1);
      if (from !== null) expect(compiled.changed?.length).toBe(20);
    }
    expect(asked).toEqual(['primary', 'primary']);
    expect(warnings).toEqual(['campaigns are read from the primary, not from the replica']);
    await resumeReplica();
    await compiler.compile(order());
    expect(asked.at(-1)).toBe('replica');
  });

  it('are waited for where the replica lags by less than a second', async () => {
    await pauseReplica();
    const version = await createCampaignStore(primary).insertMany(seededCampaigns({ count: 2, seed: 4 }));
    const compiling = compiler.compile(order());
    await replica.query('SELECT pg_wal_replay_resume()');
    expect(await compiling).toMatchObject({ version });
    expect(asked).toEqual(['replica']);
  });

  it('are loaded from the primary where the replica is away', async () => {
    const gone = new URL(replicaUrl);
    gone.port = '1';
    const version = await createCampaignStore(primary).version();
    expect(await loading(gone.href).compile(order())).toMatchObject({ version });
    expect(asked).toEqual(['replica', 'primary']);
  });

  it('are ranked by rates of the replica, and of the primary where that is away', async () => {
    const measuring = { databaseUrl: primaryUrl, priors: PRIORS, index: null };
    expect(await compiler.measure(measuring)).toMatchObject({ moved: 0 });
    const gone = new URL(replicaUrl);
    gone.port = '1';
    expect(await loading(gone.href).measure(measuring)).toMatchObject({ moved: 0 });
    expect(asked).toEqual(['replica', 'replica', 'primary']);
  });
});

function ignore(): void {
  // Only warnings are looked at.
}
