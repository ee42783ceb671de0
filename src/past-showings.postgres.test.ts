import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testAd, testCampaign } from './auction/fixtures/market.ts';
import type { FrequencyCap } from './campaigns/model.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { openScratchServer, type ScratchServer } from './database/fixtures/postgres-scratch.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { adEvent, batchOf } from './events/fixtures/random-events.ts';
import { consume } from './events/postgres-consume.ts';
import { keepDays } from './events/postgres-days.ts';
import { DAY_MS } from './events/tally.ts';
import type { PastUser } from './ledger/cap-recovery.ts';
import { readCapTerms, readPastShowings } from './past-showings.ts';
import { eventIdOf } from './server/tracking.ts';

const USER = 'ab00000000000001';
const OTHER = 'cd00000000000002';
const TAGS = ['ab', 'cd'];
const RETENTION = { eventDays: 30, seenDays: 2, deadDays: 4 };
const CAMPAIGNS = {
  daily: '00000000-0000-4000-8000-00000000000d',
  weekly: '00000000-0000-4000-8000-00000000000e',
  lifetime: '00000000-0000-4000-8000-00000000000f',
  uncapped: '00000000-0000-4000-8000-000000000010',
} as const;

let server: ScratchServer;
let pool: Pool;
let nowMs: number;
let offset: number;

beforeAll(() => {
  server = openScratchServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  const url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  nowMs = Date.now();
  offset = 0;
  const caps: Record<keyof typeof CAMPAIGNS, readonly FrequencyCap[]> = {
    daily: [{ limit: 1, window: 'day' }],
    weekly: [
      { limit: 1, window: 'minute' },
      { limit: 3, window: 'week' },
    ],
    lifetime: [{ limit: 2, window: 'lifetime' }],
    uncapped: [],
  };
  await createCampaignStore(pool).insertMany(
    Object.entries(caps).map(([name, frequencyCaps], place) =>
      testCampaign(place, {
        id: CAMPAIGNS[name as keyof typeof CAMPAIGNS],
        frequencyCaps,
        ads: [testAd(place, { id: CAMPAIGNS[name as keyof typeof CAMPAIGNS].replace('4000', '4aaa') })],
      }),
    ),
  );
  return () => pool.end();
});

async function tell(
  type: 'impression' | 'billing' | 'click',
  campaign: keyof typeof CAMPAIGNS,
  { userId = USER, ordinal = 0, ageDays = 0, signed = true } = {},
): Promise<void> {
  const campaignId = CAMPAIGNS[campaign];
  const atMs = nowMs - ageDays * DAY_MS;
  const eventId = eventIdOf(type, { campaignId, lease: 1_800_000_000_000, ordinal, issuedMs: atMs });
  const event = adEvent({ type, eventId, campaignId, userId, signed, atMs, receivedAtMs: atMs });
  await consume(pool, batchOf([event], { firstOffset: offset++ }), { nowMs, keptDays: RETENTION.eventDays });
}

async function readAll(tags: readonly string[] = TAGS): Promise<readonly PastUser[]> {
  const users: PastUser[] = [];
  for await (const some of readPastShowings(pool, tags)) users.push(...some);
  return users;
}

async function ordinals(): Promise<Readonly<Record<string, readonly number[]>>> {
  const users = await readAll();
  return Object.fromEntries(
    users.map(({ userHash, showings }) => [userHash, showings.map(({ ordinal }) => ordinal)]),
  );
}

describe('past showings', () => {
  it('are bills and impressions with tokens, one a bid, by user and in the order of their bids', async () => {
    await tell('billing', 'daily', { ordinal: 2 });
    await tell('impression', 'daily', { ordinal: 2 });
    await tell('impression', 'weekly', { ordinal: 1, ageDays: 1 });
    await tell('click', 'daily', { ordinal: 3 });
    await tell('impression', 'daily', { ordinal: 4, signed: false });
    await tell('billing', 'daily', { ordinal: 5, userId: OTHER });
    await tell('billing', 'uncapped', { ordinal: 6 });
    expect(await ordinals()).toEqual({ [USER]: [1, 2], [OTHER]: [5] });
    const [first] = await readAll(['cd']);
    expect(first).toEqual({
      userHash: OTHER,
      showings: [{ campaignId: CAMPAIGNS.daily, lease: 1_800_000_000_000, ordinal: 5, issuedMs: nowMs }],
    });
  });

  it('go as far back as the longest window of their campaign', async () => {
    for (const campaign of ['daily', 'weekly', 'lifetime'] as const) {
      for (const [ordinal, ageDays] of [0, 6, 20].entries())
        await tell('billing', campaign, { ordinal, ageDays });
    }
    const [user] = await readAll();
    const told = Object.values(CAMPAIGNS).map(
      (id) => user?.showings.filter(({ campaignId }) => campaignId === id).length,
    );
    expect(told).toEqual([1, 2, 3, 0]);
  });

  it('of lifetime caps outlive the rows that told of them, until their campaign ends', async () => {
    await tell('billing', 'lifetime', { ordinal: 1, ageDays: 20 });
    await tell('impression', 'lifetime', { ordinal: 1, ageDays: 20 });
    await tell('billing', 'weekly', { ordinal: 2, ageDays: 20 });
    await tell('billing', 'lifetime', { ordinal: 3 });
    const short = { ...RETENTION, eventDays: 5 };
    await Promise.all([1, 2, 3].map(() => keepDays(pool, short, nowMs)));
    const { rows } = await pool.query('SELECT bid FROM lifetime_showings');
    expect(rows.length).toBe(1);
    expect(await ordinals()).toEqual({ [USER]: [1, 3] });
    await pool.query(`UPDATE campaigns SET status = 'ended'`);
    await tell('billing', 'lifetime', { ordinal: 4, ageDays: 4 });
    await keepDays(pool, { ...RETENTION, eventDays: 3 }, nowMs);
    expect((await pool.query('SELECT FROM lifetime_showings')).rowCount).toBe(0);
  });

  it('come with the caps of every campaign that has some', async () => {
    const terms = await readCapTerms(pool);
    expect([...terms.keys()].sort()).toEqual([CAMPAIGNS.daily, CAMPAIGNS.weekly, CAMPAIGNS.lifetime]);
    expect(terms.get(CAMPAIGNS.lifetime)).toMatchObject({ caps: [{ limit: 2, window: 'lifetime' }] });
  });
});
