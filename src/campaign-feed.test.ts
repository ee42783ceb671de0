import { expect, test, vi } from 'vitest';
import { followCampaigns, type FeedEdges } from './campaign-feed.ts';
import { testCampaign } from './auction/fixtures/market.ts';
import type { Campaign } from './campaigns/model.ts';
import type { CampaignChanges } from './campaigns/store.ts';
import { compileFirst } from './index-opening.ts';
import { NO_COUNTS, packCounts } from './targeting/ad-counts.ts';
import { compileIndex } from './targeting/compile.ts';
import { IndexHolder } from './targeting/index-holder.ts';
import type { NextIndex } from './targeting/index-writer.ts';
import type { Compiled, CompileOrder } from './targeting/piscina-compiler.ts';
import { openSnapshot } from './targeting/snapshot-view.ts';
import { snapshotOrdinal, type Index } from './targeting/tiers.ts';

const PRIORS = { ctr: 0.001, cvr: 0.00001 };

/** What the compiler answers where Postgres holds these campaigns. */
function compiled(
  campaigns: readonly Campaign[],
  version: number,
  changed: string[] | null = null,
  counts = NO_COUNTS,
): Compiled {
  const { buffer } = compileIndex(campaigns, { nowMs: 0, epoch: version, priors: PRIORS, counts });
  return {
    snapshot: openSnapshot(buffer),
    version,
    mark: markOf(version),
    changed,
    compileMs: 1,
    unsound: [],
  };
}

function markOf(version: number): string {
  return `mark-${String(version)}`;
}

/** Changes 2 and up, of one campaign each. */
function changesSince(since: number, committed: readonly Campaign[], mostLoaded: number): CampaignChanges {
  const later = committed.slice(since - 1);
  const changed = new Map(later.map(({ id }, i) => [id, since + i + 1]));
  const version = committed.length + 1;
  const count = later.length;
  const mark = markOf(version);
  return count > mostLoaded
    ? { version, mark, count, changed: new Map(), campaigns: null }
    : { version, mark, count, changed, campaigns: later };
}

/** A feed at change 1, of an empty index; what is put into `committed` are the changes that follow. */
async function openFeed() {
  const committed: Campaign[] = [];
  const orders: CompileOrder[] = [];
  const logged: object[] = [];
  let answer = (_order: CompileOrder): Promise<Compiled> => Promise.resolve(compiled([], 1));
  let read = (): Promise<void> => Promise.resolve();
  let readChanges = (): Promise<void> => Promise.resolve();
  let isKnown = (_mark: string): boolean => true;
  const hear = (facts: object, message: string): void => void logged.push({ ...facts, message });
  const edges: FeedEdges = {
    store: {
      place: async (mark) => {
        await read();
        const version = committed.length + 1;
        return { version, mark: markOf(version), isDescendant: isKnown(mark) };
      },
      changedSince: async (since, mostLoaded) => {
        await readChanges();
        return changesSince(since, committed, mostLoaded);
      },
    },
    compiler: {
      compile: (order) => {
        orders.push(order);
        return answer(order);
      },
      close: () => Promise.resolve(),
    },
    databaseUrl: '',
    priors: PRIORS,
    clock: () => 0,
    log: { debug: hear, info: hear, warn: hear, error: hear, fatal: hear },
  };
  const first = await compileFirst(edges);
  const holder = new IndexHolder(first.writer.index, () => () => {});
  const prepared: NextIndex[] = [];
  const feed = followCampaigns(edges, first, holder, (next) => prepared.push(next));
  await feed.catchUp();
  return {
    feed,
    holder,
    committed,
    orders,
    prepared,
    messages: () => logged.map((line) => ('message' in line ? line.message : '')),
    logged,
    answerOrders: (next: typeof answer) => (answer = next),
    readWith: (next: () => Promise<void>) => (read = next),
    readChangesWith: (next: () => Promise<void>) => (readChanges = next),
    knowMarks: (next: typeof isKnown) => (isKnown = next),
  };
}

function many(count: number): Campaign[] {
  return Array.from({ length: count }, (_, i) => testCampaign(i + 1));
}

test('a change is prepared, then published, without an order to the compiler', async () => {
  const { feed, holder, committed, orders, prepared } = await openFeed();
  committed.push(testCampaign(1));
  await feed.catchUp();
  expect(holder.current.campaignCount).toBe(1);
  expect(prepared.map(({ index }) => index)).toEqual([holder.current]);
  expect([...(prepared[0]?.changed ?? [])]).toEqual([testCampaign(1).id]);
  expect(orders.length).toBe(1);
  feed.stop();
});

test('a change that was committed while the feed looks is in the index when its committer is answered', async () => {
  const { feed, holder, committed, readWith } = await openFeed();
  let read = (): void => {};
  const reading = new Promise<void>((resolve) => (read = resolve));
  readWith(() => reading);
  const looking = feed.catchUp();
  await new Promise(setImmediate);
  committed.push(testCampaign(1));
  const answered = feed.catchUp();
  read();
  await Promise.all([looking, answered]);
  expect(holder.current.campaignCount).toBe(1);
  feed.stop();
});

test('more changes than this thread takes at once come from the compiler, and are waited for', async () => {
  const { feed, holder, committed, orders, answerOrders } = await openFeed();
  const campaigns = many(200);
  committed.push(...campaigns);
  const ids = campaigns.map(({ id }) => id);
  answerOrders(() => Promise.resolve(compiled(campaigns, 201, ids)));
  await feed.catchUp();
  expect(holder.current.campaignCount).toBe(200);
  expect(orders.map(({ since }) => since)).toEqual([null, 1]);
  feed.stop();
});

test('changes go on while the compiler moves those before them, and stay where it has not seen them', async () => {
  const { feed, holder, committed, orders, answerOrders } = await openFeed();
  let finish = (_: Compiled): void => {};
  answerOrders(() => new Promise((resolve) => (finish = resolve)));
  const campaigns = many(40);
  committed.push(...campaigns.slice(0, 20));
  await feed.catchUp();
  committed.push(...campaigns.slice(20, 38));
  await feed.catchUp();
  expect(orders.length).toBe(2);
  committed.push(...campaigns.slice(38));
  await feed.catchUp();
  expect(holder.current.campaignCount).toBe(40);
  const moved = campaigns.slice(0, 38);
  const ids = moved.map(({ id }) => id);
  const before = holder.current.epoch;
  finish(compiled(moved, 39, ids));
  await vi.waitUntil(() => holder.current.epoch > before);
  expect(holder.current.tiers.map(({ snapshot }) => snapshot.campaignCount)).toEqual([0, 38, 2]);
  feed.stop();
});

/** No two of one price. */
function manyByClick(count: number): Campaign[] {
  return many(count).map((campaign, i) => ({
    ...campaign,
    bid: { model: 'cpc' as const, amountMicros: 100_000 + i },
  }));
}

function pricesOf(index: Index): (number | undefined)[] {
  return index
    .best(Infinity)
    .map((ordinal) => index.tierOf(ordinal).snapshot.rankMicros[snapshotOrdinal(ordinal)]);
}

test('measured rates are in a base behind all that is under way, and in what changes before it is there', async () => {
  const { feed, holder, committed, orders, answerOrders } = await openFeed();
  const finish: (() => void)[] = [];
  answerOrders(({ since, counts }) => {
    const [campaigns, version] = [[...committed], committed.length + 1];
    const changed = since === null ? null : campaigns.map(({ id }) => id);
    return new Promise((resolve) => {
      finish.push(() => resolve(compiled(campaigns, version, changed, counts)));
    });
  });
  const campaigns = manyByClick(36);
  const clicked = campaigns.map(({ ads }) => ({
    adId: ads[0]?.id ?? '',
    ...{ impressions: 1_000, clicks: 100, conversions: 0 },
  }));
  const counts = packCounts(clicked);

  committed.push(...campaigns.slice(0, 20));
  await feed.catchUp();
  committed.push(...campaigns.slice(20, 33));
  await feed.catchUp();
  expect(orders.length).toBe(2);
  await feed.rank({ counts, moved: 0 });
  const ranking = feed.rank({ counts, moved: 33 });
  await new Promise(setImmediate);
  // The middle tier was ordered before, and is ranked by nothing.
  expect(orders.length).toBe(2);
  committed.push(...campaigns.slice(33, 35));
  await feed.catchUp();
  finish[0]?.();
  await vi.waitUntil(() => orders.length === 3);
  committed.push(...campaigns.slice(35));
  await feed.catchUp();
  finish[1]?.();
  await ranking;

  expect(orders.map(({ since, counts: { ids } }) => [since, ids])).toEqual([
    [null, ''],
    [1, ''],
    [null, counts.ids],
  ]);
  const anew = compiled(campaigns, 1, null, counts).snapshot.rankMicros;
  expect(pricesOf(holder.current)).toEqual([...anew]);
  expect(pricesOf(holder.current)[0]).toBeGreaterThan(500_000);
  feed.stop();
});

test('a database that was set back to a time before is served as it is', async () => {
  const { feed, holder, committed, answerOrders } = await openFeed();
  committed.push(...many(3));
  await feed.catchUp();
  committed.length = 1;
  answerOrders(() => Promise.resolve(compiled(many(1), 2)));
  await feed.catchUp();
  expect(holder.current.campaignCount).toBe(1);
  committed.push(testCampaign(7));
  await feed.catchUp();
  expect(holder.current.campaignOrdinal(testCampaign(7).id)).toBeGreaterThanOrEqual(0);
  feed.stop();
});

test('a database that was set back and has since come further than before is read anew, once', async () => {
  const { feed, holder, committed, orders, answerOrders, knowMarks, messages } = await openFeed();
  committed.push(...many(3));
  await feed.catchUp();
  // Changes 3 and 4 were others there, and 5 followed.
  committed.splice(1, 2, testCampaign(7), testCampaign(8), testCampaign(9));
  knowMarks((mark) => mark !== markOf(4));
  answerOrders(() => Promise.resolve(compiled(committed, 5)));
  await feed.catchUp();
  expect(holder.current.campaignOrdinal(testCampaign(2).id)).toBe(-1);
  for (const n of [1, 7, 8, 9])
    expect(holder.current.campaignOrdinal(testCampaign(n).id)).toBeGreaterThanOrEqual(0);
  await feed.catchUp();
  expect(orders.length).toBe(2);
  expect(messages()).toContain('Postgres was set back: all campaigns are read anew');
  feed.stop();
});

test('a database that is set back after it told its last number is served as it is', async () => {
  const { feed, holder, committed, answerOrders, readChangesWith } = await openFeed();
  committed.push(...many(3));
  await feed.catchUp();
  committed.push(testCampaign(4));
  answerOrders(() => Promise.resolve(compiled(many(1), 2)));
  let reads = 0;
  readChangesWith(() => {
    if (++reads > 10) return Promise.reject(new Error('it is asked for ever'));
    committed.length = 1;
    return Promise.resolve();
  });
  await feed.catchUp();
  expect(holder.current.campaignCount).toBe(1);
  feed.stop();
});

test('a database that is found set back while its changes are read is read anew', async () => {
  const { feed, holder, committed, answerOrders, readChangesWith } = await openFeed();
  committed.push(...many(3));
  await feed.catchUp();
  committed.push(testCampaign(4));
  answerOrders(() => Promise.resolve(compiled(many(1), 2)));
  let read = (): void => {};
  const reading = new Promise<void>((resolve) => (read = resolve));
  readChangesWith(() => reading);
  const first = feed.catchUp();
  await new Promise(setImmediate);
  committed.length = 1;
  const second = feed.catchUp();
  await new Promise(setImmediate);
  read();
  await Promise.all([first, second]);
  expect(holder.current.campaignCount).toBe(1);
  feed.stop();
});

test('a campaign that is left out is named, again only for another reason or after it was sound', async () => {
  const { feed, holder, committed, logged } = await openFeed();
  const campaign = testCampaign(1);
  const lost = { ...campaign, schedule: { ...campaign.schedule, timezone: 'Mars/Base' } };
  const named = (): object[] => logged.filter((line) => 'reason' in line);
  committed.push(lost);
  await feed.catchUp();
  const line = { campaignId: campaign.id, reason: 'no time zone is named Mars/Base' };
  expect(named()).toEqual([expect.objectContaining(line)]);
  expect(holder.current.campaignCount).toBe(0);
  committed.push({ ...lost, name: 'Renamed' });
  await feed.catchUp();
  expect(named().length).toBe(1);
  committed.push(campaign);
  await feed.catchUp();
  expect(holder.current.campaignCount).toBe(1);
  committed.push(lost);
  await feed.catchUp();
  expect([named().length, holder.current.campaignCount]).toEqual([2, 0]);
  feed.stop();
});

test('a feed that was stopped publishes nothing of what it still reads', async () => {
  const { feed, holder, committed, readWith, prepared } = await openFeed();
  let read = (): void => {};
  const reading = new Promise<void>((resolve) => (read = resolve));
  readWith(() => reading);
  const looking = feed.catchUp();
  committed.push(testCampaign(1));
  feed.stop();
  read();
  await expect(looking).rejects.toThrow('stopped');
  expect([prepared.length, holder.current.epoch]).toEqual([0, 1]);
});

test('the feed tells once that Postgres is away, and once that it is back', async () => {
  const { feed, committed, messages, readWith } = await openFeed();
  readWith(() => Promise.reject(new Error('no connection')));
  await expect(feed.catchUp()).rejects.toThrow('Postgres can not be asked');
  await expect(feed.catchUp()).rejects.toThrow('Postgres can not be asked');
  expect(feed.isConnected).toBe(false);
  readWith(() => Promise.resolve());
  committed.push(testCampaign(1));
  await feed.catchUp();
  expect(feed.isConnected).toBe(true);
  const told = messages().filter((message) => String(message).startsWith('Postgres'));
  expect(told).toEqual(['Postgres can not be asked: the index in memory serves on', 'Postgres is back']);
  feed.stop();
});

test('a feed that was stopped does not tell that Postgres is away', async () => {
  const { feed, messages, readWith } = await openFeed();
  readWith(() => Promise.reject(new Error('the connection was ended')));
  const looking = feed.catchUp();
  feed.stop();
  await expect(looking).rejects.toThrow();
  expect(messages()).toEqual([]);
  expect(feed.isConnected).toBe(true);
});
