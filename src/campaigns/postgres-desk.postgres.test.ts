/** The desk on a real PostgreSQL: races, requests that come twice, the audit, and a database that goes away. */
import { randomUUID } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testAd, testCampaign } from '../auction/fixtures/market.ts';
import { migrate } from '../database/postgres-migrate.ts';
import { openPool, type Pool } from '../database/postgres-pool.ts';
import { openScratchServer, type ScratchServer } from '../database/fixtures/postgres-scratch.ts';
import type { AuditEntry, CampaignDesk, KeptAnswer, Once, Order, Verdict } from './desk.ts';
import { writeCampaign } from './document.ts';
import type { Campaign } from './model.ts';
import { createCampaignDesk } from './postgres-desk.ts';
import { createCampaignStore } from './postgres-store.ts';
import { validateReplacement } from './validation.ts';

let server: ScratchServer;
let url: string;
let pool: Pool;
let desk: CampaignDesk;

beforeAll(() => {
  server = openScratchServer();
});
afterAll(() => server.close());

beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  desk = createCampaignDesk(pool);
});
afterEach(() => pool.end());

const ORDER: Order = { actor: 'admin', advertiserId: null, once: null };

function orderOf(key: string, fingerprint = 'f'): Order {
  const once: Once = { key, fingerprint };
  return { ...ORDER, once };
}

function answerOf(campaign: Campaign): KeptAnswer {
  return {
    status: 200,
    headers: { etag: String(campaign.version) },
    body: JSON.stringify({ id: campaign.id, deals: campaign.deals }),
  };
}

function newCampaign(change: Partial<Campaign> = {}): Campaign {
  return testCampaign(1, { id: randomUUID(), ads: [testAd(1, { id: randomUUID() })], ...change });
}

async function created(campaign = newCampaign()): Promise<Campaign> {
  expect(await desk.create(campaign, ORDER, answerOf)).toMatchObject({ kind: 'done' });
  return found(campaign.id);
}

async function found(id: string): Promise<Campaign> {
  const campaign = await desk.find(id, null);
  if (campaign === null || campaign === 'unavailable')
    throw new Error(`no campaign ${id}: ${String(campaign)}`);
  return campaign;
}

function write(campaign: Campaign): Verdict<never> {
  return { kind: 'write', campaign, action: 'patch', answer: answerOf };
}

async function auditOf(id: string): Promise<readonly AuditEntry[]> {
  const page = await desk.audit(id, null, null, 100);
  if (page === 'unavailable') throw new Error('the audit is not there');
  return page.items;
}

describe('changes that run at once', () => {
  it('lose nothing: fifty that each add a deal leave fifty deals', async () => {
    const { id } = await created();
    const names = Array.from({ length: 50 }, (_, i) => `deal-${String(i)}`);
    const outcomes = await Promise.all(
      names.map((name) =>
        desk.change(id, ORDER, (current) => write({ ...current, deals: [...current.deals, name] })),
      ),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(names.map(() => 'done'));
    expect([...(await found(id)).deals].sort()).toEqual([...names].sort());
    const audit = await auditOf(id);
    expect(audit.length).toBe(51);
    // Each change begins where the one before it ended.
    for (const [i, { before }] of audit.slice(0, -1).entries()) expect(before).toEqual(audit[i + 1]?.after);
  });

  it('of the same version are one change and one conflict', async () => {
    const { id, version } = await created();
    const guarded = (name: string) =>
      desk.change<string>(id, ORDER, (current) =>
        current.version === version ? write({ ...current, name }) : { kind: 'refuse', refusal: 'conflict' },
      );
    const outcomes = await Promise.all([guarded('A'), guarded('B')]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['done', 'refused']);
    expect((await auditOf(id)).length).toBe(2);
  });

  it('give way to a transaction of plain SQL that meets them head-on, and are done after it', async () => {
    const [one, other] = [await created(), await created()];
    const client = await pool.connect();
    try {
      await client.query("SET deadlock_timeout = '10s'");
      await client.query('BEGIN');
      // Holds the number of the change, and will want the row that ours has locked.
      await client.query('UPDATE campaigns SET name = $2 WHERE id = $1', [one.id, 'by SQL']);
      const before = await deadlocks();
      let attempts = 0;
      let isDecided: () => void = () => {};
      const decided = new Promise<void>((resolve) => (isDecided = resolve));
      const changing = desk.change(other.id, ORDER, (current) => {
        attempts += 1;
        isDecided();
        return write({ ...current, name: `${current.name} and by the desk` });
      });
      await decided;
      await client.query('UPDATE campaigns SET name = $2 WHERE id = $1', [other.id, 'by SQL']);
      await client.query('COMMIT');
      expect(await changing).toMatchObject({ kind: 'done' });
      // One of ours may lock the row again before the other wakes, and meet it once more.
      expect(attempts).toBeGreaterThanOrEqual(2);
      await expect.poll(deadlocks).toBe(before + attempts - 1);
      expect((await found(other.id)).name).toBe('by SQL and by the desk');
    } finally {
      client.release(true);
    }
  });
});

/** That Postgres has ended in this database; a session tells of it within ten seconds. */
async function deadlocks(): Promise<number> {
  const sql = 'SELECT deadlocks::int AS count FROM pg_stat_database WHERE datname = current_database()';
  return (await pool.query<{ count: number }>(sql)).rows[0]!.count;
}

describe('an order with a key', () => {
  it('is done once however often it comes at once, and answered the same', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => desk.create(newCampaign(), orderOf('k'), answerOf)),
    );
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['done', ...Array<string>(7).fill('replayed')]);
    expect(
      new Set(outcomes.map((outcome) => JSON.stringify('answer' in outcome && outcome.answer))).size,
    ).toBe(1);
    expect(await createCampaignStore(pool).count()).toBe(1);
  });

  it('is another one for another actor, and refused for another request', async () => {
    await desk.create(newCampaign(), orderOf('k'), answerOf);
    const theirs = { ...orderOf('k', 'other'), actor: 'key:theirs' };
    expect(await desk.create(newCampaign(), theirs, answerOf)).toMatchObject({ kind: 'done' });
    expect(await desk.create(newCampaign(), orderOf('k', 'other'), answerOf)).toEqual({ kind: 'key_reused' });
    expect(await createCampaignStore(pool).count()).toBe(2);
  });

  it('leaves no key behind where it was refused', async () => {
    const { id } = await created();
    const refused = await desk.change(id, orderOf('k'), () => ({ kind: 'refuse', refusal: 'no' }));
    expect(refused).toEqual({ kind: 'refused', refusal: 'no' });
    expect(await desk.change(id, orderOf('k', 'mended'), write)).toMatchObject({ kind: 'done' });
  });

  it('is remembered for a day, and forgotten after two', async () => {
    await desk.create(newCampaign(), orderOf('day'), answerOf);
    await desk.create(newCampaign(), orderOf('days'), answerOf);
    const age = 'UPDATE idempotent_answers SET created_at = now() - $2::interval WHERE key = $1';
    await pool.query(age, ['day', '25 hours']);
    await pool.query(age, ['days', '49 hours']);
    await desk.create(newCampaign(), orderOf('new'), answerOf);
    expect(await desk.create(newCampaign(), orderOf('day'), answerOf)).toMatchObject({ kind: 'replayed' });
    expect(await desk.create(newCampaign(), orderOf('days'), answerOf)).toMatchObject({ kind: 'done' });
  });
});

describe('the audit', () => {
  it('can be neither edited, deleted nor emptied', async () => {
    const { id } = await created();
    for (const sql of [
      "UPDATE campaign_audit SET actor = 'nobody'",
      'DELETE FROM campaign_audit',
      'TRUNCATE campaign_audit',
    ])
      await expect(pool.query(sql)).rejects.toThrow('campaign_audit is never changed');
    expect((await auditOf(id)).map(({ actor, action }) => [actor, action])).toEqual([['admin', 'create']]);
  });

  it('holds a change by plain SQL, with its role and the rows before and after', async () => {
    const { id } = await created();
    await pool.query("UPDATE campaigns SET name = 'By SQL' WHERE id = $1", [id]);
    await pool.query(
      "INSERT INTO campaign_targeting_rules (campaign_id, rule_number, value_number, rule_type, rule_value) VALUES ($1, 0, 0, 'os', 'ios'), ($1, 0, 1, 'os', 'android')",
      [id],
    );
    await pool.query('UPDATE ads SET width = 1 WHERE false');
    await pool.query('DELETE FROM campaigns WHERE id = $1', [id]);
    const entries = [...(await auditOf(id))].reverse().slice(1);
    const { rows } = await pool.query<{ role: string }>('SELECT session_user AS role');
    expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set([`sql:${rows[0]?.role ?? ''}`]));
    expect(entries.slice(0, 2)).toMatchObject([
      {
        action: 'update campaigns',
        before: { campaigns: [{ name: 'Campaign 1' }] },
        after: { campaigns: [{ name: 'By SQL' }] },
      },
      {
        action: 'insert campaign_targeting_rules',
        before: null,
        after: { campaign_targeting_rules: [{ rule_value: 'ios' }, { rule_value: 'android' }] },
      },
    ]);
    expect(
      entries
        .slice(2)
        .map(({ action }) => action)
        .sort(),
    ).toEqual(['delete ads', 'delete campaign_targeting_rules', 'delete campaigns']);
  });

  it('holds what was loaded many at once, each under the name of who did', async () => {
    const campaigns = [newCampaign(), newCampaign()];
    await createCampaignStore(pool).insertMany(campaigns, 'import');
    for (const { id } of campaigns)
      expect(await auditOf(id)).toMatchObject([{ actor: 'import', action: 'create' }]);
  });

  it('begins for an advertiser where the campaign came to it', async () => {
    const { id, advertiserId } = await created();
    const moved = randomUUID();
    const seen = async (reader: string) => {
      const page = await desk.audit(id, reader, null, 100);
      return page === 'unavailable' ? page : page.items.map(({ action }) => action);
    };
    await desk.change(id, ORDER, (current) => write({ ...current, name: 'Secret' }));
    await pool.query('UPDATE ads SET width = 5');
    expect(await seen(advertiserId)).toEqual(['update ads', 'patch', 'create']);
    await desk.change(id, ORDER, (current) => write({ ...current, advertiserId: moved }));
    expect(await seen(moved)).toEqual([]);
    await desk.change(id, ORDER, (current) => write({ ...current, name: 'Open' }));
    expect(await seen(moved)).toEqual(['patch']);
    await pool.query('UPDATE campaigns SET advertiser_id = $1', [advertiserId]);
    await pool.query('UPDATE ads SET width = 6');
    expect(await seen(advertiserId)).toEqual(['update ads']);
    expect((await auditOf(id)).length).toBe(7);
  });

  it('knows nothing of a change that was not committed', async () => {
    const { id, name } = await created();
    await expect(
      desk.change(id, ORDER, (current) => write({ ...current, name: 'x'.repeat(256) })),
    ).rejects.toThrow('too long');
    expect((await found(id)).name).toBe(name);
    expect((await auditOf(id)).length).toBe(1);
  });
});

describe('a campaign that is changed', () => {
  it('is written as it was given, in every field', async () => {
    const before = await created();
    const after: Campaign = {
      ...before,
      name: 'Other',
      status: 'paused',
      bid: { model: 'cpa', amountMicros: 7 },
      lifetimeBudgetNanos: before.dailyBudgetNanos,
      pacing: 'even',
      budgetMode: 'expected',
      schedule: {
        startMs: 5,
        endMs: 6,
        timezone: 'Asia/Kathmandu',
        dayparts: [{ days: [1], fromMinute: 1, toMinute: 2 }],
      },
      frequencyCaps: [{ limit: 3, window: 'day' }],
      targeting: [
        { dimension: 'os', operator: 'exclude', values: ['ios', 'android'] },
        { dimension: 'city', operator: 'include', values: ['Fresno'] },
      ],
      deals: ['d'],
      dealsOnly: true,
    };
    await desk.change(before.id, ORDER, () => write(after));
    const { version, updatedAtMs, ...written } = await found(before.id);
    const { version: _, updatedAtMs: __, ...given } = after;
    expect(written).toEqual(given);
    expect(version).toBe(before.version + 1);
    expect(updatedAtMs).toBeGreaterThanOrEqual(before.updatedAtMs);
  });

  it('is the same when it is read and sent again, also without the ids of its ads', async () => {
    const film = { url: 'https://cdn.example/a.mp4', mimeType: 'video/mp4', width: 640, height: 360 };
    const media = [{ ...film, bitrateKbps: 900 }];
    const video = testAd(1, { id: randomUUID(), type: 'video', media, durationSec: 15 });
    const frequencyCaps = [{ limit: 3, window: 'day' } as const];
    const { id } = await created(newCampaign({ ads: [video], frequencyCaps }));
    const { ads, ...document } = writeCampaign(await found(id));
    const unnamed = { ...document, ads: ads.map(({ id: _, ...ad }) => ad) };
    await desk.change(id, ORDER, (current) => {
      const read = validateReplacement(unnamed, current, randomUUID);
      if (!read.ok) throw new Error(JSON.stringify(read.mistakes));
      return write(read.campaign);
    });
    expect((await found(id)).ads).toEqual([video]);
    expect(await auditOf(id)).toHaveLength(1);
  });

  it('has a version of its own for each change by plain SQL, also of its ads and rules alone', async () => {
    const { id, version } = await created();
    const versions = [version];
    for (const statement of [
      'UPDATE ads SET width = 5',
      "INSERT INTO campaign_targeting_rules (campaign_id, rule_number, value_number, rule_type, rule_value) SELECT id, 0, 0, 'os', 'ios' FROM campaigns",
      "UPDATE campaigns SET name = 'By SQL'",
    ]) {
      await pool.query(statement);
      versions.push((await found(id)).version);
    }
    expect(versions).toEqual([version, version + 1, version + 2, version + 3]);
    const page = await desk.list({ status: null, advertiserId: null }, null, 1);
    expect(page === 'unavailable' || page.items[0]?.version).toBe(version + 3);
    await desk.change(id, ORDER, (current) => write({ ...current, name: 'By us' }));
    expect((await found(id)).version).toBe(version + 4);
  });

  it('has media whatever SQL wrote in their place', async () => {
    const { id } = await created();
    await pool.query(`UPDATE ads SET media = '[null, 1, {"url": "https://cdn.example/a.mp4"}]'`);
    const nothing = { url: '', mimeType: '', width: null, height: null, bitrateKbps: null };
    const [ad] = (await found(id)).ads;
    expect(ad?.media).toEqual([nothing, nothing, { ...nothing, url: 'https://cdn.example/a.mp4' }]);
  });

  it('keeps its ads in the order given; one that is taken out still leads its clicks', async () => {
    const ads = [1, 2, 3].map((n) =>
      testAd(n, { id: randomUUID(), redirectUrl: `https://brand.example/${String(n)}` }),
    );
    const { id } = await created(newCampaign({ ads }));
    const [first, second, third] = ads as [(typeof ads)[0], (typeof ads)[0], (typeof ads)[0]];
    const fourth = testAd(4, { id: randomUUID() });
    for (const next of [[third, first], [fourth, first], [first, fourth], [fourth]]) {
      await desk.change(id, ORDER, (current) => write({ ...current, ads: next }));
      expect((await found(id)).ads).toEqual(next);
    }
    expect((await createCampaignStore(pool).findLandingPage(second.id))?.url).toBe('https://brand.example/2');
    const { rows } = await pool.query('SELECT status FROM ads ORDER BY ad_number');
    expect(rows).toEqual([
      { status: 'active' },
      { status: 'ended' },
      { status: 'ended' },
      { status: 'ended' },
    ]);
  });

  it('keeps what only SQL can have written', async () => {
    const { id } = await created();
    await pool.query(
      "UPDATE campaigns SET ends_at = 'infinity', starts_at = '2026-01-01 00:00:00.123456Z', timezone = 'Mars/Base' WHERE id = $1",
      [id],
    );
    await desk.change(id, ORDER, (current) => write({ ...current, status: 'paused' }));
    const { rows } = await pool.query(
      `SELECT status, ends_at::text AS ends, extract(microseconds FROM starts_at)::int AS micros, timezone FROM campaigns`,
    );
    expect(rows).toEqual([{ status: 'paused', ends: 'infinity', micros: 123_456, timezone: 'Mars/Base' }]);
  });

  it('is not there for another advertiser', async () => {
    const { id, advertiserId } = await created();
    const theirs = { ...ORDER, advertiserId: randomUUID() };
    expect(await desk.find(id, theirs.advertiserId)).toBeNull();
    expect(await desk.change(id, theirs, write)).toEqual({ kind: 'unknown' });
    expect(await desk.find(id, advertiserId)).toMatchObject({ id });
  });
});

describe('a PostgreSQL that goes away', () => {
  it('before a change leaves nothing done, and is said to be away', async () => {
    const { id } = await created();
    const away = openPool('postgres://nobody@127.0.0.1:1/none', () => {});
    const lost = createCampaignDesk(away);
    expect(await lost.find(id, null)).toBe('unavailable');
    expect(await lost.list({ status: null, advertiserId: null }, null, 1)).toBe('unavailable');
    expect(await lost.audit(id, null, null, 1)).toBe('unavailable');
    expect(await lost.create(newCampaign(), ORDER, answerOf)).toEqual({ kind: 'unavailable' });
    expect(await lost.change(id, ORDER, write)).toEqual({ kind: 'unavailable' });
    await away.end();
  });

  it('during the commit is said to be uncertain, and the same order finds out', async () => {
    const line = await openLine(url);
    const through = openPool(line.url, () => {});
    const campaign = newCampaign();
    const cut = createCampaignDesk(through);
    line.cutAtCommit();
    expect(await cut.create(campaign, orderOf('k'), answerOf)).toEqual({ kind: 'uncertain' });
    const again = await desk.create(campaign, orderOf('k'), answerOf);
    expect(['done', 'replayed']).toContain(again.kind);
    expect(await createCampaignStore(pool).count()).toBe(1);
    expect((await auditOf(campaign.id)).length).toBe(1);
    await through.end();
    await line.close();
  });
});

describe('a PostgreSQL that hangs', () => {
  it('is waited for some seconds, and what it did by then is not known', async () => {
    const { id } = await created();
    const line = await openLine(url);
    const through = openPool(line.url, () => {});
    const hanging = createCampaignDesk(through, 500);
    expect(await hanging.find(id, null)).toMatchObject({ id });
    line.fallSilent();
    expect(await hanging.find(id, null)).toBe('unavailable');
    expect(await hanging.change(id, ORDER, (current) => write({ ...current, name: 'Other' }))).toEqual({
      kind: 'uncertain',
    });
    await line.close();
    await through.end();
  });
});

/** A line to the database that can be cut the moment a commit is on its way. */
async function openLine(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const socketFolder = target.searchParams.get('host');
  const port = Number(target.port === '' ? '5432' : target.port);
  let cutting = false;
  let silent = false;
  const ends = new Set<Socket>();
  const listener = createServer((near) => {
    const far =
      socketFolder === null
        ? connect(port, target.hostname)
        : connect(`${socketFolder}/.s.PGSQL.${String(port)}`);
    ends.add(near);
    near.on('data', (bytes) => {
      if (silent) return;
      far.write(bytes);
      if (cutting && bytes.includes('COMMIT')) near.destroy();
    });
    far.on('data', (bytes) => {
      if (!near.destroyed) near.write(bytes);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.end());
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const near = new URL(databaseUrl);
  near.searchParams.delete('host');
  near.hostname = '127.0.0.1';
  near.port = String((listener.address() as AddressInfo).port);
  return {
    url: near.href,
    fallSilent: () => {
      silent = true;
    },
    cutAtCommit: () => {
      cutting = true;
    },
    close: async () => {
      listener.close();
      for (const near of ends) near.destroy();
      await once(listener, 'close');
    },
  };
}
