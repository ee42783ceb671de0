/** Everything that breaks the way to Kafka stands in this one file: the proxy is one for all. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serviceUrl } from '../fixtures/services.ts';
import { findProxy, type Proxy } from '../fixtures/toxiproxy.ts';
import {
  closeBenches,
  eventually,
  makeTopic,
  nameUnique,
  openBench,
  outMessage,
  readTopic,
} from './fixtures/kafka-bench.ts';
import type { InMessage } from './kafka-consumer.ts';
import type { KafkaFault } from './kafka-fault.ts';
import type { OutMessage } from './kafka-producer.ts';
import { watchKafka, type KafkaWatch } from './kafka-watch.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const PROXIED = serviceUrl('KAFKA_PROXIED_BROKERS');
const THREAD = new URL('../../dist/kafka-thread.js', import.meta.url);
const SLOW_MS = 200;

let proxy: Proxy;
const watches: KafkaWatch[] = [];

beforeAll(async () => {
  proxy = await findProxy('kafka');
});
beforeEach(() => proxy.heal());
afterEach(async () => {
  await Promise.all([closeBenches(), ...watches.splice(0).map((watch) => watch.close())]);
});
afterAll(() => proxy.close());

function batchOf(number: number): OutMessage[] {
  return Array.from({ length: 50 }, (_, i) => outMessage(`key-${i}`, `${number}-${i}`));
}

function textsOf(messages: readonly InMessage[]): string[] {
  return messages.map(({ value }) => value.toString());
}

/** A producer behind the proxy that sends batch after batch; `fault` runs in the middle. */
async function sendThrough(
  maxInFlight: number,
  fault: (retries: readonly KafkaFault[]) => Promise<void>,
): Promise<{ readonly sent: string[]; readonly kept: readonly InMessage[]; readonly retries: KafkaFault[] }> {
  const { client } = openBench(PROXIED);
  const topic = await makeTopic(client, 'faults', 3);
  const retries: KafkaFault[] = [];
  const producer = client.openProducer({ maxInFlight, onRetry: (retry) => retries.push(retry) });
  const sent: string[] = [];
  let next = 0;
  let isEnough = false;
  const sendOn = async (): Promise<void> => {
    while (!isEnough) {
      const batch = batchOf(next++);
      expect(await producer.send(topic, batch)).toBe('sent');
      sent.push(...batch.map(({ value }) => value.toString()));
    }
  };
  const sending = Array.from({ length: maxInFlight }, sendOn);
  await eventually(() => expect(sent.length).toBeGreaterThan(500));
  await fault(retries);
  const before = sent.length;
  await eventually(() => expect(sent.length).toBeGreaterThan(before + 500));
  isEnough = true;
  await Promise.all(sending);
  return { sent, kept: await readTopic(BROKERS, topic), retries };
}

describe('a producer', () => {
  test('loses nothing that was acknowledged when the connection is cut while it sends, and resumes', async () => {
    const { sent, kept, retries } = await sendThrough(5, async (seen) => {
      for (let cuts = 1; cuts <= 3; cuts++) {
        const before = seen.length;
        // So that answers are under way when it is cut: what they acknowledge is sent again.
        await proxy.slow(SLOW_MS);
        await proxy.cut();
        await eventually(() => expect(seen.length).toBeGreaterThan(before));
        await proxy.heal();
      }
    });
    expect(new Set(textsOf(kept))).toEqual(new Set(sent));
    console.log(
      `cut: ${sent.length} sent, ${kept.length - sent.length} more came, ${retries.length} tries failed`,
    );
    const kinds = new Set(retries.map(({ kind }) => kind));
    expect([...kinds].filter((kind) => !['cut', 'unreachable', 'refused'].includes(kind))).toEqual([]);
  });

  test('keeps the order of each key over a cut when one batch is under way at a time', async () => {
    const { kept } = await sendThrough(1, async (seen) => {
      await proxy.cut();
      await eventually(() => expect(seen.length).toBeGreaterThan(1));
      await proxy.heal();
    });
    const last = new Map<string, number>();
    for (const { key, value } of kept) {
      const number = Number(value.toString().split('-')[0]);
      expect(number).toBeGreaterThanOrEqual(last.get(key) ?? 0);
      last.set(key, number);
    }
  });

  test('loses nothing in a black hole, and resumes when it is gone', async () => {
    const { sent, kept } = await sendThrough(5, async (seen) => {
      await proxy.blackHole();
      await eventually(() => expect(seen.length).toBeGreaterThan(4));
      await proxy.heal();
    });
    expect(new Set(textsOf(kept))).toEqual(new Set(sent));
    console.log(`black hole: ${sent.length} sent, ${kept.length - sent.length} more came`);
  });

  test('ends what it sends as closed when the client closes in a black hole', async () => {
    const { client } = openBench(PROXIED);
    const topic = await makeTopic(client, 'faults', 1);
    const producer = client.openProducer({ maxInFlight: 2, onRetry: () => undefined });
    expect(await producer.send(topic, batchOf(0))).toBe('sent');
    await proxy.blackHole();
    const sends = [1, 2, 3].map((number) => producer.send(topic, batchOf(number)));
    await client.close();
    expect((await Promise.all(sends)).map((outcome) => outcome !== 'sent' && outcome.kind)).toEqual([
      'closed',
      'closed',
      'closed',
    ]);
  });

  test('sends over a slow line', async () => {
    await proxy.slow(SLOW_MS);
    const { client, states } = openBench(PROXIED);
    await eventually(() => expect(states).toEqual(['up']));
    const topic = await makeTopic(client, 'faults', 1);
    const producer = client.openProducer({
      maxInFlight: 5,
      onRetry: (fault) => expect.unreachable(fault.sentence),
    });
    const numbers = Array.from({ length: 10 }, (_, i) => i);
    expect(await Promise.all(numbers.map((number) => producer.send(topic, batchOf(number))))).toEqual(
      numbers.map(() => 'sent'),
    );
    expect(textsOf(await readTopic(BROKERS, topic))).toHaveLength(500);
    expect(states).toEqual(['up']);
  });
});

describe('a consumer', () => {
  test.each(['cut', 'blackHole'] as const)(
    'reads on by itself after the way was broken (%s), from where the caller is',
    async (fault) => {
      const { client } = openBench(BROKERS);
      const topic = await makeTopic(client, 'faults', 2);
      const producer = client.openProducer({ maxInFlight: 1, onRetry: () => undefined });
      const positions = new Map<number, number>();
      const taken: string[] = [];
      const behindProxy = openBench(PROXIED);
      const ended: string[] = [];
      await behindProxy.client.openConsumer({
        group: nameUnique('group'),
        topics: [topic],
        startAt: (_, partition) => Promise.resolve(positions.get(partition) ?? null),
        onAnew: () => Promise.resolve(),
        onBatch: ({ partition, messages, nextOffset }) => {
          positions.set(partition, nextOffset);
          taken.push(...textsOf(messages));
          return Promise.resolve();
        },
        onTrouble: (sentence) => ended.push(sentence),
        onEnd: ({ sentence }) => ended.push(sentence),
      });
      const expected: string[] = [];
      const send = async (number: number): Promise<void> => {
        expect(await producer.send(topic, batchOf(number))).toBe('sent');
        expected.push(...batchOf(number).map(({ value }) => value.toString()));
      };
      await send(0);
      await eventually(() => expect([...taken].sort()).toEqual([...expected].sort()));
      await proxy[fault]();
      await send(1);
      await eventually(() => expect(behindProxy.states).toEqual(['up', 'down']));
      await send(2);
      await proxy.heal();
      await eventually(() => expect([...taken].sort()).toEqual([...expected].sort()));
      expect(ended).toEqual([]);
    },
  );
});

describe('the watch', () => {
  interface Watched {
    readonly watch: KafkaWatch;
    readonly told: { readonly state: string; readonly reason: string; readonly atMs: number }[];
    readonly troubles: string[];
  }

  function watch(brokers: string, threadFile = THREAD): Watched {
    const told: Watched['told'] = [];
    const troubles: string[] = [];
    const opened = watchKafka({
      brokers: brokers.split(','),
      prefix: '',
      clientId: 'watch',
      threadFile,
      onState: (state, reason) => told.push({ state, reason, atMs: performance.now() }),
      onTrouble: (sentence) => troubles.push(sentence),
      onRelay: () => undefined,
      onShipping: () => undefined,
    });
    watches.push(opened);
    return { watch: opened, told, troubles };
  }

  test('is down until Kafka has answered, then tells each change once, with the reason', async () => {
    const { watch: kafka, told, troubles } = watch(PROXIED);
    expect(kafka.state).toBe('down');
    const turns: readonly (readonly [() => Promise<void>, string, string])[] = [
      [() => proxy.heal(), 'up', 'answers.'],
      [() => proxy.cut(), 'down', "can't be reached (ECONNREFUSED)"],
      [() => proxy.heal(), 'up', 'answers.'],
      [() => proxy.blackHole(), 'down', 'gave no answer within'],
      [() => proxy.heal(), 'up', 'answers.'],
      [() => proxy.cut(), 'down', "can't be reached (ECONNREFUSED)"],
    ];
    for (const [index, [turn, state, reason]] of turns.entries()) {
      const atMs = performance.now();
      await turn();
      await eventually(() => expect(told).toHaveLength(index + 1));
      expect(told[index]).toMatchObject({ state, reason: expect.stringContaining(reason) as string });
      expect(kafka.state).toBe(state);
      console.log(`watch: ${state} after ${Math.round(told[index]!.atMs - atMs)} ms`);
    }
    expect(troubles).toEqual([]);
  });

  test('ends while Kafka hangs, and tells no more', async () => {
    const { watch: kafka, told } = watch(PROXIED);
    await eventually(() => expect(kafka.state).toBe('up'));
    await proxy.blackHole();
    await kafka.close();
    await proxy.heal();
    expect(told.map(({ state }) => state)).toEqual(['up']);
  });

  test('replaces a thread that dies', async () => {
    const dying = `
      import { parentPort } from 'node:worker_threads';
      parentPort.postMessage({ kind: 'state', state: 'up', reason: 'for now' });
      setTimeout(() => { throw new Error('garbage on the wire'); }, 1);`;
    const {
      watch: kafka,
      told,
      troubles,
    } = watch(BROKERS, new URL(`data:text/javascript,${encodeURIComponent(dying)}`));
    await eventually(() => expect(told.length).toBeGreaterThan(3));
    await kafka.close();
    expect(told.slice(0, 4).map(({ state }) => state)).toEqual(['up', 'down', 'up', 'down']);
    expect(troubles[0]).toBe('The Kafka thread failed: garbage on the wire');
    const count = told.length;
    await new Promise(setImmediate);
    expect(told).toHaveLength(count);
  });
});
