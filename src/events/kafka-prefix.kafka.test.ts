/** Two that share a cluster, and whose names begin differently. */
import { afterEach, expect, test } from 'vitest';
import { serviceUrl } from '../fixtures/services.ts';
import {
  closeBenches,
  eventually,
  nameUnique,
  openBench,
  outMessage,
  readTopic,
} from './fixtures/kafka-bench.ts';
import type { KafkaClient } from './kafka-client.ts';
import { prefixNames } from './kafka-prefix.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const TOPIC = 'clicks';

afterEach(closeBenches);

async function read(client: KafkaClient): Promise<readonly string[]> {
  const read: string[] = [];
  const outcome = await client.openConsumer({
    group: 'the-same',
    topics: [TOPIC],
    startAt(topic) {
      read.push(`starts ${topic}`);
      return Promise.resolve(null);
    },
    onAnew: () => Promise.resolve(),
    onBatch({ topic, messages }) {
      read.push(...messages.map(({ value }) => `${topic} ${value.toString()}`));
      return Promise.resolve();
    },
    onTrouble: (sentence) => expect.unreachable(sentence),
    onEnd: (fault) => expect.unreachable(fault.sentence),
  });
  expect(outcome).toHaveProperty('stop');
  return read;
}

test('have topics and groups of their own, under the names that they are asked for', async () => {
  const prefixes = [nameUnique('a.'), nameUnique('b.')];
  for (const prefix of prefixes) {
    const client = prefixNames(openBench(BROKERS).client, prefix);
    const sent: string[] = [];
    const topics = [{ name: TOPIC, partitions: 1, replication: 1 }];
    expect(await client.ensureTopics(topics)).toEqual({
      kind: 'settled',
      topics: [{ kind: 'made', name: `${prefix}${TOPIC}`, partitions: 1 }],
    });
    const producer = client.openProducer({
      maxInFlight: 1,
      onRetry: () => undefined,
      onSent: (topic) => sent.push(topic),
    });
    expect(await producer.send(TOPIC, [outMessage('k', prefix)])).toBe('sent');
    expect(sent).toEqual([TOPIC]);
    const messages = await read(client);
    await eventually(() => expect(messages).toEqual([`starts ${TOPIC}`, `${TOPIC} ${prefix}`]));
  }
  for (const prefix of prefixes) {
    const messages = await readTopic(BROKERS, `${prefix}${TOPIC}`);
    expect(messages.map(({ value }) => value.toString())).toEqual([prefix]);
  }
});

test('without a prefix names are as they are', () => {
  const { client } = openBench(BROKERS);
  expect(prefixNames(client, '')).toBe(client);
});
