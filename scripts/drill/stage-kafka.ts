/** A server that ships to Kafka, two consumers, and a broker and a Postgres of their own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import type { Say } from '../services/words.ts';
import { openConsumer, type Consumer } from './consumer.ts';
import { FAULT_KINDS, type Fault } from './fault.ts';
import type { Moment } from './gate.ts';
import { startServer, type DrillServer } from './server.ts';
import { startServices, type DrillServices } from './services.ts';
import { LEAST_STILL_MS, MOST_AWAY_MS, MOST_STILL_MS, type Stage } from './stage.ts';

/** No transaction of the consumer's came, as others hold all partitions that have messages: it is killed where it is. */
const AMBUSH_LIMIT_MS = 45_000;
const MOST_BATCHES_FIRST = 3;
const MOST_STATEMENTS = 6;

export async function openKafkaStage(folder: string, say: Say): Promise<Stage> {
  const services = await startServices(join(folder, 'services'), say);
  const { databaseUrl, brokers } = services;
  const unasked: string[] = [];
  const logs = join(folder, 'log');
  mkdirSync(logs, { recursive: true });
  const consumers: Consumer[] = [];
  const onEnd = (sentence: string): void => void unasked.push(sentence);
  let server: DrillServer | null = null;
  try {
    const started = await startServer(folder, { DATABASE_URL: databaseUrl, KAFKA_BROKERS: brokers }, onEnd);
    server = started;
    for (const name of ['consumer-1', 'consumer-2']) {
      consumers.push(await openConsumer({ name, databaseUrl, brokers, folder: logs, onEnd }));
    }
    for (const consumer of consumers) consumer.start();
    return {
      server: started,
      ads: await started.createAds(),
      databaseUrl: () => Promise.resolve(databaseUrl),
      // What the server has not answered by then is what is most in doubt.
      kinds: [...FAULT_KINDS, 'server killed'],
      inflict: (fault) =>
        inflict(fault, { services, killServer: started.kill, consumer: consumerOf(fault, consumers) }),
      isDrained: async () =>
        (await started.metric('gavel_spool_live_records')) === 0 && (await isRead(brokers, databaseUrl)),
      takeUnasked: () => unasked.splice(0),
      keepLogs: started.keepLogs,
      async close() {
        await Promise.all([started.close(), ...consumers.map((consumer) => consumer.close())]);
        await services.close();
      },
    };
  } catch (error) {
    await Promise.all([server?.close(), ...consumers.map((consumer) => consumer.close())]);
    await services.close();
    throw error;
  }
}

function consumerOf({ target }: Fault, [first, second]: readonly Consumer[]): Consumer {
  const consumer = target === 'consumer 2' ? second : first;
  if (consumer === undefined) throw new Error('no consumer was started');
  return consumer;
}

interface Targets {
  readonly services: DrillServices;
  readonly killServer: (awayMs: number) => Promise<void>;
  readonly consumer: Consumer;
}

async function inflict(
  { kind, random, target }: Fault,
  { services, killServer, consumer }: Targets,
): Promise<string> {
  const awayMs = random.integer(MOST_AWAY_MS);
  const stillMs = random.between(LEAST_STILL_MS, MOST_STILL_MS);
  const away = `${kind}, away for ${String(awayMs)} ms`;
  const still = `${kind} for ${String(stillMs)} ms`;
  const ambush = async (moment: Moment, isKilled: boolean): Promise<string> => {
    const how = await ambushed(
      consumer,
      moment,
      isKilled,
      random.integer(MOST_BATCHES_FIRST),
      random.integer(MOST_STATEMENTS),
    );
    if (!isKilled) return `${kind} of ${target}${how}`;
    await delay(awayMs);
    consumer.start();
    return `${target}: ${away}${how}`;
  };
  switch (kind) {
    case 'server killed':
      await killServer(awayMs);
      return away;
    case 'consumer killed':
      consumer.kill();
      await delay(awayMs);
      consumer.start();
      return `${target}: ${away}`;
    case 'consumer killed before its commit':
      return ambush('before', true);
    case 'consumer killed inside a transaction':
      return ambush('inside', true);
    case 'consumer killed after its commit':
      return ambush('after', true);
    case 'line cut before a commit':
      return ambush('before', false);
    case 'line cut after a commit':
      return ambush('after', false);
    case 'broker killed':
      await services.killBroker();
      await delay(awayMs);
      await services.startBroker();
      return away;
    case 'broker stopped':
      await services.stopBroker(stillMs);
      return still;
    case 'Postgres killed':
      await services.killPostgres();
      await delay(awayMs);
      await services.startPostgres();
      return away;
    case 'Postgres stopped':
      await services.stopPostgres(stillMs);
      return still;
    case 'a process of Postgres killed':
      await services.killBackend();
      return kind;
  }
}

async function ambushed(
  consumer: Consumer,
  moment: Moment,
  isKilled: boolean,
  batchesFirst: number,
  statement: number,
): Promise<string> {
  const onMoment = isKilled ? consumer.kill : (): void => {};
  const come = consumer.gate.ambush({ moment, batchesFirst, statement, onMoment });
  const patience = new AbortController();
  const late = delay(AMBUSH_LIMIT_MS, 'late' as const, { signal: patience.signal }).catch(
    () => 'late' as const,
  );
  const outcome = await Promise.race([come, late]);
  patience.abort();
  if (outcome !== 'late') return '';
  consumer.gate
    .ambush({ moment, batchesFirst: Infinity, statement, onMoment: () => {} })
    .catch(() => undefined);
  onMoment();
  return ' (no transaction came)';
}

/** Every topic to its end, by Kafka's own figures and the offsets in Postgres. */
async function isRead(brokers: string, databaseUrl: string): Promise<boolean> {
  const kafka = new Kafka({ clientId: 'gavel-drill', brokers: [brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => {});
  try {
    await Promise.all([admin.connect(), client.connect()]);
    const { rows } = await client.query<{ place: string; next: string }>(
      `SELECT source || '/' || partition AS place, next_offset::text AS next FROM consumed_offsets`,
    );
    const read = new Map(rows.map(({ place, next }) => [place, Number(next)]));
    const topics = (await admin.listTopics()).filter((topic) => EVENT_TOPICS.has(topic));
    const ends = await Promise.all(
      topics.map(async (topic) =>
        (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({
          place: `${topic}/${String(partition)}`,
          end: Number(high),
        })),
      ),
    );
    return ends.flat().every(({ place, end }) => (read.get(place) ?? 0) >= end);
  } finally {
    await Promise.all([admin.disconnect(), client.end()]);
  }
}

const EVENT_TOPICS = new Set([
  'impressions',
  'clicks',
  'conversions',
  'wins',
  'billings',
  'losses',
  'auctions',
]);
