import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel, type Consumer, type ConsumerConfig } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';
import { serviceUrl } from '../fixtures/services.ts';
import {
  closeBenches,
  eventually,
  makeTopic,
  nameUnique,
  openBench,
  outMessage,
  readTopic,
  withAdmin,
} from './fixtures/kafka-bench.ts';
import type { KafkaClient } from './kafka-client.ts';
import {
  openConsumer,
  type ConsumerOrder,
  type InBatch,
  type InMessage,
  type KafkaConsumer,
} from './kafka-consumer.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');

afterEach(closeBenches);

/** Sends so many messages of one key, in batches; the text counts on from `first`. */
async function sendCounted(client: KafkaClient, topic: string, count: number, first = 0): Promise<void> {
  const producer = client.openProducer({ maxInFlight: 1, onRetry: () => undefined });
  for (let sent = 0; sent < count; sent += 100) {
    const texts = Array.from({ length: Math.min(100, count - sent) }, (_, i) => String(first + sent + i));
    expect(
      await producer.send(
        topic,
        texts.map((text) => outMessage('k', text)),
      ),
    ).toBe('sent');
  }
}

function texts(messages: readonly InMessage[]): string[] {
  return messages.map(({ value }) => value.toString());
}

function counted(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

interface Reading {
  readonly consumer: KafkaConsumer;
  readonly read: InMessage[];
  readonly troubles: string[];
}

/** Opens a consumer that notes what it reads. */
async function read(
  client: KafkaClient,
  topic: string,
  order: Partial<ConsumerOrder> = {},
): Promise<Reading> {
  const messages: InMessage[] = [];
  const troubles: string[] = [];
  const consumer = await client.openConsumer({
    group: nameUnique('group'),
    topics: [topic],
    startAt: () => Promise.resolve(null),
    onAnew: () => Promise.resolve(),
    onBatch: (batch) => {
      messages.push(...batch.messages);
      return Promise.resolve();
    },
    onTrouble: (sentence) => troubles.push(sentence),
    onEnd: (fault) => troubles.push(fault.sentence),
    ...order,
  });
  if (!('stop' in consumer)) throw new Error(consumer.sentence);
  return { consumer, read: messages, troubles };
}

describe('messages', () => {
  test('of thousands of keys all arrive as they were sent, those of a key in order', async () => {
    const { client, states, troubles } = openBench(BROKERS);
    const topic = await makeTopic(client, 'messages', 4);
    const producer = client.openProducer({ maxInFlight: 5, onRetry: () => undefined });
    const keys = Array.from({ length: 3000 }, (_, i) => `campaign-${i}`);
    const sends: Promise<unknown>[] = [];
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < keys.length; at += 250) {
        const batch = keys.slice(at, at + 250).map((key) => ({
          key,
          value: Buffer.from([round, 0, 0xff, 0xc3]),
          headers: { type: `billing-${round}` },
        }));
        sends.push(producer.send(topic, batch));
      }
    }
    expect(new Set(await Promise.all(sends))).toEqual(new Set(['sent']));
    const messages = await readTopic(BROKERS, topic);
    expect(messages).toHaveLength(9000);
    const rounds = new Map(keys.map((key) => [key, [] as number[]]));
    for (const { key, value, headers } of messages) {
      expect([...value.subarray(1)]).toEqual([0, 0xff, 0xc3]);
      expect(headers).toEqual({ type: `billing-${value[0]}` });
      rounds.get(key)?.push(value[0]!);
    }
    expect([...rounds.values()].filter((seen) => String(seen) !== '0,1,2')).toEqual([]);
    expect({ states, troubles }).toEqual({ states: ['up'], troubles: [] });
  });

  test('to a topic that does not exist are refused, until it exists', async () => {
    const { client } = openBench(BROKERS);
    const producer = client.openProducer({ maxInFlight: 1, onRetry: () => undefined });
    const name = nameUnique('messages');
    expect(await producer.send(name, [outMessage('k', 'v')])).toEqual({
      kind: 'unknown-topic',
      sentence: `The topic ${name} does not exist: make it, or mend its name.`,
    });
    await client.ensureTopics([{ name, partitions: 1, replication: 1 }]);
    expect(await producer.send(name, [outMessage('k', 'v')])).toBe('sent');
  });

  test('that are too large are refused, and the next are not', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'messages', 1);
    const producer = client.openProducer({ maxInFlight: 1, onRetry: () => undefined });
    const large = { key: 'k', value: Buffer.alloc(2 * 1024 * 1024) };
    expect(await producer.send(topic, [large])).toMatchObject({ kind: 'too-large' });
    expect(await producer.send(topic, [outMessage('k', 'small')])).toBe('sent');
  });
});

describe('a consumer', () => {
  test('begins at the offset that it is given for each partition, and hands out where to go on', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'consumer', 2);
    await sendCounted(client, topic, 500);
    const [first] = await readTopic(BROKERS, topic);
    expect(first?.offset).toBe(0);
    const batches: InBatch[] = [];
    const { read: seen } = await read(client, topic, {
      startAt: () => Promise.resolve(123),
      onBatch: (batch) => {
        batches.push(batch);
        seen.push(...batch.messages);
        return Promise.resolve();
      },
    });
    await eventually(() => expect(batches.at(-1)?.nextOffset).toBe(500));
    expect(texts(seen)).toEqual(counted(123, 500));
    expect(batches.at(-1)?.lag).toBe(0);
    await sendCounted(client, topic, 10, 500);
    await eventually(() => expect(texts(seen)).toEqual(counted(123, 510)));
  });

  test('is given the batches of all partitions of an answer at once', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'consumer', 4);
    const producer = client.openProducer({ maxInFlight: 1, onRetry: () => undefined });
    const messages = Array.from({ length: 200 }, (_, i) => outMessage(`key-${i}`, String(i)));
    expect(await producer.send(topic, messages)).toBe('sent');
    const underWay = new Set<number>();
    let giveBack = (): void => undefined;
    const held = new Promise<void>((resolve) => (giveBack = resolve));
    await read(client, topic, {
      onBatch: ({ partition }) => {
        underWay.add(partition);
        return held;
      },
    });
    await eventually(() => expect([...underWay].toSorted()).toEqual([0, 1, 2, 3]));
    giveBack();
  });

  test('that begins at the end hands out only what is new', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'consumer', 1);
    await sendCounted(client, topic, 200);
    const { read: seen, troubles } = await read(client, topic, { startAt: () => Promise.resolve(200) });
    await sendCounted(client, topic, 5, 200);
    await eventually(() => expect(texts(seen)).toEqual(counted(200, 205)));
    expect(troubles).toEqual([]);
  });

  test('hands out the same messages again when they were not taken', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'consumer', 1);
    await sendCounted(client, topic, 300);
    const taken: InMessage[] = [];
    let refusals = 0;
    await read(client, topic, {
      onBatch: (batch) => {
        if (refusals < 3) {
          refusals += 1;
          return Promise.reject(new Error('the database is away'));
        }
        taken.push(...batch.messages);
        return Promise.resolve();
      },
    });
    await eventually(() => expect(texts(taken)).toEqual(counted(0, 300)));
    expect(refusals).toBe(3);
  });

  test('that leaves or comes changes nothing: every message is taken once, from where the others are', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'consumer', 4);
    const group = nameUnique('group');
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
    const producer = client.openProducer({ maxInFlight: 1, onRetry: () => undefined });
    const send = async (round: number): Promise<void> => {
      expect(
        await producer.send(
          topic,
          keys.map((key) => outMessage(key, `${key} ${round}`)),
        ),
      ).toBe('sent');
    };
    // Stands for the database: what was taken, and up to where, in one step.
    const positions = new Map<number, number>();
    const taken: string[] = [];
    const order: Partial<ConsumerOrder> = {
      group,
      startAt: (_, partition) => Promise.resolve(positions.get(partition) ?? null),
      onBatch: ({ partition, messages, nextOffset }) => {
        if (messages[0]?.offset !== (positions.get(partition) ?? 0)) return Promise.resolve();
        positions.set(partition, nextOffset);
        taken.push(...texts(messages));
        return Promise.resolve();
      },
    };
    const expected: string[] = [];
    const settle = async (round: number): Promise<void> => {
      await send(round);
      expected.push(...keys.map((key) => `${key} ${round}`));
      await eventually(() => expect([...taken].sort()).toEqual([...expected].sort()));
    };
    const one = await read(client, topic, order);
    await settle(0);
    const two = await read(openBench(BROKERS).client, topic, order);
    await settle(1);
    await one.consumer.stop();
    await settle(2);
    const three = await read(openBench(BROKERS).client, topic, order);
    await two.consumer.stop();
    await settle(3);
    expect([...one.troubles, ...two.troubles, ...three.troubles]).toEqual([]);
  });

  test('tells when messages were deleted unread, and goes on behind them', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'consumer', 1);
    await sendCounted(client, topic, 300);
    await withAdmin(BROKERS, async (admin) => {
      // Without this kafkajs does not know where the partition is.
      await admin.fetchTopicMetadata({ topics: [topic] });
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '200' }] });
    });
    const { read: seen, troubles } = await read(client, topic, { startAt: () => Promise.resolve(50) });
    await eventually(() => expect(texts(seen)).toEqual(counted(200, 300)));
    expect(troubles).toEqual([
      `${topic}/0 goes on at 200, and was read up to 50 before: Kafka deleted what lay between unread.`,
    ]);
  });

  test('reads a topic that was made anew from its beginning, and tells', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'consumer', 1);
    await sendCounted(client, topic, 20);
    const anew: string[] = [];
    const { read: seen, troubles } = await read(client, topic, {
      startAt: () => Promise.resolve(5000),
      onAnew(name, partition) {
        anew.push(`${name}/${partition}`);
        return Promise.resolve();
      },
    });
    await eventually(() => expect(texts(seen)).toEqual(counted(0, 20)));
    expect(troubles).toEqual([
      `${topic}/0 ends at 20, and was read up to 5000 before: it was made anew, so it is read from its beginning.`,
    ]);
    expect(anew).toEqual([`${topic}/0`]);
  });

  test('whose client is closed while it opens is told as closed, and not as ended', async () => {
    const { client: maker } = openBench(BROKERS);
    const topic = await makeTopic(maker, 'consumer', 1);
    // Of these, some fall before it is connected, and some while it joins its group.
    for (const afterMs of [0, 2, 5, 10, 20, 40, 80]) {
      const { client } = openBench(BROKERS);
      const ended: string[] = [];
      const opening = client.openConsumer({
        group: nameUnique('group'),
        topics: [topic],
        startAt: () => Promise.resolve(null),
        onAnew: () => Promise.resolve(),
        onBatch: () => Promise.resolve(),
        onTrouble: (sentence) => ended.push(sentence),
        onEnd: ({ sentence }) => ended.push(sentence),
      });
      await pause(afterMs);
      await client.close();
      const opened = await opening;
      expect('stop' in opened ? 'closed' : opened.kind).toBe('closed');
      expect(ended).toEqual([]);
    }
  });

  test('reads on where kafkajs has ended it for good, as a connection was gone in the wrong moment', async () => {
    const { client } = openBench(BROKERS);
    const topic = await makeTopic(client, 'consumer', 1);
    const kafka = new Kafka({ brokers: BROKERS.split(','), logLevel: logLevel.NOTHING });
    const read: string[] = [];
    let own: Consumer | null = null;
    let tellCrash: (crash: { readonly payload: object }) => void = () => undefined;
    const watched = {
      consumer(config: ConsumerConfig): Consumer {
        const consumer = (own = kafka.consumer(config));
        const on = ((name, listener) => {
          if (name === consumer.events.CRASH) tellCrash = listener as typeof tellCrash;
          return consumer.on(name, listener as () => void);
        }) as Consumer['on'];
        return { ...consumer, on };
      },
    } as unknown as Kafka;
    let next: number | null = null;
    const order: ConsumerOrder = {
      group: nameUnique('group'),
      topics: [topic],
      startAt: () => Promise.resolve(next),
      onAnew: () => expect.unreachable('it is the same topic'),
      onBatch({ messages, nextOffset }) {
        read.push(...texts(messages));
        next = nextOffset;
        return Promise.resolve();
      },
      onTrouble: (sentence) => expect.unreachable(sentence),
      onEnd: ({ sentence }) => read.push(sentence),
    };
    const opened = await openConsumer(watched, kafka, order, new AbortController().signal);
    await sendCounted(client, topic, 100);
    await eventually(() => expect(read).toEqual(counted(0, 100)));
    // What kafkajs does where it comes upon one, in this order.
    await own!.disconnect();
    tellCrash({ payload: { error: new Error('Broker not connected'), restart: false } });
    await sendCounted(client, topic, 100, 100);
    await eventually(() => expect(read).toEqual(counted(0, 200)));
    if ('stop' in opened) await opened.stop();
  });

  test('of a topic that does not exist is not opened', async () => {
    const { client } = openBench(BROKERS);
    await expect(read(client, nameUnique('nowhere'))).rejects.toThrow('does not exist');
  });
});
