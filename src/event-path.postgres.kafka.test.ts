/** What is shipped stays pending until its consumer has committed it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { openScratchServer } from './database/fixtures/postgres-scratch.ts';
import { SILENT } from './database/fixtures/silent-log.ts';
import { migrate } from './database/postgres-migrate.ts';
import { openPool, type Pool } from './database/postgres-pool.ts';
import { openEventPath, type EventPath } from './event-path.ts';
import { countPending } from './events/pending.ts';
import { closeBenches, nameUnique, openBench, readTopic } from './events/fixtures/kafka-bench.ts';
import { adEvent } from './events/fixtures/random-events.ts';
import { rowIds } from './events/fixtures/recount.ts';
import { spoolFolder } from './events/fixtures/spool-folder.ts';
import { watchKafka, type KafkaWatch } from './events/kafka-watch.ts';
import { countFromKafka } from './events/postgres-kafka-consumer.ts';
import { createSpoolingEvents } from './events/spooling.ts';
import { DEAD_TOPIC } from './events/topics.ts';
import { serviceUrl } from './fixtures/services.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const LOG = { ...SILENT, error: () => {}, fatal: () => {} };
const TOPICS = { replication: 1, retentionDays: 1 };
const LONG_MS = 60_000;

const server = openScratchServer();
let url: string;
let pool: Pool;
let watch: KafkaWatch;
let path: EventPath;

beforeEach(async () => {
  url = await server.createDatabase();
  await migrate(url);
  pool = openPool(url, () => {});
  watch = watchKafka({
    brokers: BROKERS.split(','),
    prefix: '',
    clientId: 'test',
    threadFile: new URL('../dist/kafka-thread.js', import.meta.url),
    onState: () => {},
    onTrouble: () => {},
    onRelay: () => {},
    onShipping: () => {},
  });
  const dataDir = join(spoolFolder(), '..');
  const read = readConfig({ GAVEL_DATA_DIR: dataDir, GAVEL_KAFKA_REPLICATION: '1' }, 1, 'command');
  if (!read.ok) throw new Error(read.message);
  const arrival = { absence: null, isHere: true, whenHere: Promise.resolve() };
  const storage = { dataDir, databaseUrl: url, databaseName: 'scratch', arrival };
  path = await openEventPath({ config: read.config, storage, shipper: watch, log: LOG });
});
afterEach(async () => {
  await path.close(LONG_MS);
  await Promise.all([watch.close(), closeBenches()]);
  await pool.end();
});
afterAll(() => server.close());

it('is pending while it is shipped and nobody counts it, and no more once it is counted', async () => {
  const events = countPending(
    createSpoolingEvents(path.spool, () => {}),
    path.pending,
  );
  const campaignId = randomUUID();
  const ads = Array.from({ length: 30 }, (_, ad) => `ad ${String(ad)}`);
  const ids = ads.map(() => randomUUID());
  for (const [at, adId] of ads.entries()) {
    for (const type of ['click', 'impression'] as const) {
      const times = { atMs: Date.now(), receivedAtMs: Date.now() };
      await events.record(adEvent({ ...times, eventId: `${type} ${ids[at]!}`, type, adId, campaignId }));
    }
  }
  await expect.poll(() => watch.shipping.shippedEvents).toBe(60);
  expect(path.pending.ofCampaign(campaignId)).toEqual({ impressions: 30, clicks: 30, conversions: 0 });
  expect(path.pending.ofAd('ad 7')).toEqual({ impressions: 1, clicks: 1, conversions: 0 });

  const closing = new AbortController();
  const counting = countFromKafka(
    {
      kafka: openBench(BROKERS).client,
      pool,
      group: nameUnique('group'),
      topics: TOPICS,
      keptDays: 30,
      onBatch: () => {},
      onStuck: () => {},
      onGoing: () => {},
      onTrouble: () => {},
    },
    closing.signal,
  );
  await expect
    .poll(() => path.pending.ofCampaign(campaignId))
    .toEqual({ impressions: 0, clicks: 0, conversions: 0 });
  const counted = new Set(await rowIds(pool));
  expect(ids.filter((id) => !counted.has(`click ${id}`) || !counted.has(`impression ${id}`))).toEqual([]);
  closing.abort();
  await counting;
});

it('what nobody can read goes to a topic of its own, with its reason', async () => {
  const text = `no event: ${randomUUID()}`;
  await path.spool.append(Buffer.from(text), 'tracking');
  await expect.poll(() => watch.shipping.shippedEvents).toBe(1);
  const letters = (await readTopic(BROKERS, DEAD_TOPIC)).filter(({ value }) => value.toString() === text);
  expect(letters.map(({ headers }) => headers.reason)).toEqual(['Version 110 is unknown, 1 is read.']);
});
