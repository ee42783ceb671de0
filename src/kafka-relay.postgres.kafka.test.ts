/** The relay between a real PostgreSQL and a real Kafka: what was committed is in the topic, whatever breaks. */
import { ConfigResourceTypes } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Announcement } from './campaigns/announcement.ts';
import { makeRandomChanges, nameChange, newCampaign } from './campaigns/fixtures/random-changes.ts';
import { createOutbox } from './campaigns/postgres-outbox.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { seededRandom } from './campaigns/seeded-random.ts';
import { openScratchServer, throughProxy, type ScratchServer } from './database/fixtures/postgres-scratch.ts';
import { listenTo } from './database/postgres-listener.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { closeBenches, nameUnique, openBench, readTopic, withAdmin } from './events/fixtures/kafka-bench.ts';
import { serviceUrl } from './fixtures/services.ts';
import { findProxy, openProxy, type Proxy } from './fixtures/toxiproxy.ts';
import { createRelay } from './kafka-relay.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const PROXIED = serviceUrl('KAFKA_PROXIED_BROKERS');
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

let server: ScratchServer;
let url: string;
let pool: Pool;
let topic: string;
const running: Relay[] = [];

beforeAll(() => {
  server = openScratchServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  topic = nameUnique('changes');
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((relay) => relay.end()));
  await closeBenches();
  await pool.end();
  await withAdmin(BROKERS, async (admin) => {
    if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] });
  });
});

interface Relay {
  readonly states: string[];
  readonly reasons: string[];
  readonly troubles: string[];
  published(): number;
  /** Rejects with what ended the term. */
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

function startRelay({ brokers = BROKERS, databaseUrl = url } = {}): Relay {
  const states: string[] = [];
  const reasons: string[] = [];
  const troubles: string[] = [];
  const term = new AbortController();
  const relayPool = openPool(databaseUrl, () => {});
  let published = 0;
  const run = createRelay({
    outbox: createOutbox(relayPool, 'test'),
    kafka: openBench(brokers).client,
    topic,
    replication: null,
    listen: (onNotice) => listenTo('gavel_campaigns', databaseUrl, onNotice),
    onState(state, reason) {
      states.push(state);
      reasons.push(reason);
    },
    onPublished: (changes) => (published += changes),
    onBacklog: () => undefined,
    onTrouble: (sentence) => troubles.push(sentence),
  });
  const ended = run(term.signal);
  // Whoever waits for it hears of it.
  ended.catch(() => undefined);
  const relay: Relay = {
    states,
    reasons,
    troubles,
    published: () => published,
    ended,
    async end() {
      term.abort();
      await ended.catch(() => undefined);
      if (!relayPool.ended) await relayPool.end();
    },
  };
  running.push(relay);
  return relay;
}

async function untilTold(): Promise<void> {
  const outbox = createOutbox(pool, 'test');
  await expect.poll(() => outbox.countBacklog()).toBe(0);
  await expect.poll(() => outbox.next()).toBe(null);
}

async function readAnnouncements(): Promise<readonly Announcement[]> {
  const messages = await readTopic(BROKERS, topic);
  return messages.map(({ key, value }) => {
    const announcement = JSON.parse(value.toString()) as Announcement;
    expect(key).toBe(announcement.id);
    return announcement;
  });
}

function namesOf(told: readonly Announcement[]): string[] {
  return told.map(({ id, version }) => nameChange(id, version));
}

/** What a compacted topic holds in the end. */
function lastOf(told: readonly Announcement[]): Map<string, number> {
  return new Map(told.map(({ id, version }) => [id, version]));
}

async function lastChanges(): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ id: string; version: number }>(
    'SELECT id, version FROM changed_campaigns',
  );
  return new Map(rows.map(({ id, version }) => [id, version]));
}

describe('the relay', () => {
  it(`publishes every change that was committed once, in order, while nothing breaks (seed ${String(SEED)})`, async () => {
    const relay = startRelay();
    await untilTold();
    const committed = await makeRandomChanges(pool, SEED, 300);
    await untilTold();
    const told = await readAnnouncements();
    expect(namesOf(told).sort()).toEqual([...committed].sort());
    expect(lastOf(told)).toEqual(await lastChanges());
    await expect.poll(() => relay.published()).toBe(committed.length);
    expect(relay.states).toEqual(['publishing']);
  });

  it('makes a compacted topic of 12 partitions', async () => {
    startRelay();
    await untilTold();
    await withAdmin(BROKERS, async (admin) => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name: topic,
            configNames: ['cleanup.policy', 'max.message.bytes'],
          },
        ],
      });
      const { configEntries } = resources[0] ?? { configEntries: [] };
      expect(configEntries.map(({ configValue }) => configValue)).toEqual(['compact', '8388608']);
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      expect(topics[0]?.partitions.length).toBe(12);
    });
  });

  it('says of a campaign that is larger than the topic takes that it is too large, and goes on', async () => {
    await withAdmin(BROKERS, (admin) =>
      admin.createTopics({
        topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: '4000' }] }],
      }),
    );
    startRelay();
    await untilTold();
    const store = createCampaignStore(pool);
    const campaigns = [1, 2, 3].map((i) => newCampaign(seededRandom(i)));
    const [first, large, last] = campaigns;
    if (large === undefined) throw new Error('three were made');
    await store.insertMany([{ ...large, deals: Array.from({ length: 500 }, (_, i) => `deal-${String(i)}`) }]);
    await store.insertMany([first, last].filter((campaign) => campaign !== undefined));
    await untilTold();
    const told = new Map((await readAnnouncements()).map(({ id, campaign }) => [id, campaign]));
    expect(told.get(large.id)).toBe('too large');
    expect(told.get(last?.id ?? '')).toMatchObject({ id: last?.id });
    expect(told.size).toBe(3);
  });

  it('is not kept back by a topic that was removed: it makes it anew', async () => {
    startRelay();
    await untilTold();
    await withAdmin(BROKERS, (admin) => admin.deleteTopics({ topics: [topic] }));
    let count = 0;
    // What the old topic takes until it is gone goes with it.
    await expect
      .poll(async () => {
        const campaign = newCampaign(seededRandom(SEED + ++count));
        await createCampaignStore(pool).insertMany([campaign]);
        await untilTold();
        const told = await readAnnouncements().catch(() => []);
        return told.some(({ id }) => id === campaign.id);
      })
      .toBe(true);
  });

  it('puts the newest back behind what a teller says who slept in a term that is over', async () => {
    const outbox = createOutbox(pool, 'test');
    await outbox.next().then((none) => none && outbox.settle(none.from, none.to));
    await createCampaignStore(pool).insertMany([newCampaign(seededRandom(SEED))]);
    const slept = await outbox.next();
    if (slept === null) throw new Error('there is nothing to tell');
    startRelay();
    await untilTold();
    await pool.query("UPDATE campaigns SET name = 'newer'");
    await untilTold();
    const producer = openBench(BROKERS).client.openProducer({ maxInFlight: 1, onRetry: () => undefined });
    const [old] = slept.announcements;
    if (old === undefined) throw new Error('there is nothing to tell');
    expect(await producer.send(topic, [{ key: old.id, value: Buffer.from(JSON.stringify(old)) }])).toBe(
      'sent',
    );
    expect(lastOf(await readAnnouncements())).not.toEqual(await lastChanges());
    await outbox.settle(slept.from, slept.to);
    await untilTold();
    expect(lastOf(await readAnnouncements())).toEqual(await lastChanges());
  });
});

describe('with a line that breaks', () => {
  let kafka: Proxy;
  let postgres: Proxy;

  beforeAll(async () => {
    kafka = await findProxy('kafka');
    const { hostname, port } = new URL(serviceUrl('DATABASE_URL'));
    postgres = await openProxy({ host: hostname, port: Number(port) });
  });
  afterEach(async () => {
    await kafka.heal();
    await postgres.heal();
  });
  afterAll(async () => {
    await kafka.close();
    await postgres.close();
  });

  it.each([
    ['is cut', () => kafka.cut()],
    ['hangs', () => kafka.blackHole()],
  ])('nothing is missing after Kafka %s, and the newest stands last', async (_, breakLine) => {
    const relay = startRelay({ brokers: PROXIED });
    await untilTold();
    const writing = makeRandomChanges(pool, SEED, 300);
    await expect.poll(() => relay.published()).toBeGreaterThan(20);
    await breakLine();
    // On a slow machine all others may have gone before the line broke.
    const committed = [...(await writing), ...(await makeRandomChanges(pool, SEED + 1, 10))];
    await expect.poll(() => relay.states.at(-1)).toBe('stuck');
    expect(relay.reasons.at(-1)).toMatch(/\.$/);
    expect(await createOutbox(pool, 'test').countBacklog()).toBeGreaterThan(0);
    await kafka.heal();
    await untilTold();
    const told = await readAnnouncements();
    expect([...new Set(namesOf(told))].sort()).toEqual([...committed].sort());
    expect(lastOf(told)).toEqual(await lastChanges());
    await expect.poll(() => relay.states.at(-1)).toBe('publishing');
    // Once for each time that it got stuck: a line that heals may fail once more.
    expect(relay.states.join()).toMatch(/^publishing(,stuck,publishing)+$/);
  });

  it('ends with Postgres, and the next term goes on where it stood', async () => {
    const relay = startRelay({ databaseUrl: throughProxy(url, postgres) });
    await untilTold();
    const writing = makeRandomChanges(pool, SEED, 300);
    await expect.poll(() => relay.published()).toBeGreaterThan(20);
    await postgres.cut();
    const committed = await writing;
    await postgres.heal();
    await relay.end();
    startRelay();
    await untilTold();
    const told = await readAnnouncements();
    expect([...new Set(namesOf(told))].sort()).toEqual([...committed].sort());
    expect(lastOf(told)).toEqual(await lastChanges());
  });
});
