import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { serviceUrl } from '../fixtures/services.ts';
import { closeBenches, eventually, makeTopic, nameUnique, openBench } from './fixtures/kafka-bench.ts';
import type { TopicOutcome, TopicsOutcome } from './kafka-topics.ts';

const BROKERS = serviceUrl('KAFKA_BROKERS');
const SOON_MS = 10_000;

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  await closeBenches();
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** Listens where Kafka is expected; resolves with its address. */
function openImpostor(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
    onConnection(socket);
  });
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    });
  });
}

function topicsOf(outcome: TopicsOutcome): readonly TopicOutcome[] {
  if (outcome.kind === 'failed') throw new Error(outcome.fault.sentence);
  return outcome.topics;
}

describe('topics', () => {
  test('are made once when two clients make them at the same time', async () => {
    const orders = Array.from({ length: 4 }, () => ({
      name: nameUnique('topics'),
      partitions: 3,
      replication: 1,
      retentionMs: 60_000,
    }));
    const outcomes = await Promise.all(
      [openBench(BROKERS), openBench(BROKERS)].map(({ client }) => client.ensureTopics(orders)),
    );
    for (const outcome of outcomes) {
      expect(topicsOf(outcome).map(({ name, partitions }) => [name, partitions])).toEqual(
        orders.map(({ name }) => [name, 3]),
      );
    }
    for (const { name } of orders) {
      const kinds = outcomes.flatMap(topicsOf).filter((topic) => topic.name === name);
      expect(kinds.map(({ kind }) => kind).sort()).toEqual(['kept', 'made']);
    }
  });

  test('are known once they are made, also when the cluster makes many at once', async () => {
    const { client } = openBench(BROKERS);
    const makeSeveral = () => Promise.all(Array.from({ length: 4 }, () => makeTopic(client, 'topics', 3)));
    for (let round = 0; round < 5; round++) await makeSeveral();
  });

  test('that exist are kept as they are, and told where they have too few partitions', async () => {
    const { client } = openBench(BROKERS);
    const name = await makeTopic(client, 'topics', 2);
    const ensure = async (partitions: number) =>
      topicsOf(await client.ensureTopics([{ name, partitions, replication: 1, isCompacted: true }]));
    expect(await ensure(1)).toEqual([{ kind: 'kept', name, partitions: 2 }]);
    expect(await ensure(5)).toEqual([{ kind: 'too-few-partitions', name, partitions: 2 }]);
    expect(await ensure(2)).toEqual([{ kind: 'kept', name, partitions: 2 }]);
  });

  test('that want more copies than there are brokers are refused with a sentence', async () => {
    const { client } = openBench(BROKERS);
    const name = nameUnique('topics');
    expect(await client.ensureTopics([{ name, partitions: 1, replication: 30 }])).toEqual({
      kind: 'failed',
      fault: {
        kind: 'too-few-replicas',
        sentence: expect.stringContaining(`${name} wants more copies`) as string,
      },
    });
  });
});

describe('what is no broker', () => {
  test('nobody who listens is unreachable', async () => {
    const address = await openImpostor(() => undefined);
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    const { client, states, reasons } = openBench(address);
    expect(await client.findFault(SOON_MS)).toEqual({
      kind: 'unreachable',
      sentence: `${address} can't be reached (ECONNREFUSED): see whether the broker runs and the address is right.`,
    });
    await eventually(() => expect(states).toEqual(['down']));
    expect(reasons[0]).toContain('ECONNREFUSED');
  });

  test('a web server is told from Kafka', async () => {
    const address = await openImpostor((socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    });
    const { client, states } = openBench(address);
    expect(await client.findFault(SOON_MS)).toEqual({
      kind: 'not-kafka',
      sentence: `${address} answers, but not as Kafka does: give the address of a Kafka broker.`,
    });
    expect(await client.ensureTopics([{ name: 'x', partitions: 1, replication: 1 }])).toMatchObject({
      kind: 'failed',
      fault: { kind: 'not-kafka' },
    });
    await eventually(() => expect(states).toEqual(['down']));
  });

  test('one that hangs up is told', async () => {
    const address = await openImpostor((socket) => socket.once('data', () => socket.end()));
    const { client } = openBench(address);
    expect(await client.findFault(SOON_MS)).toMatchObject({ kind: 'cut' });
  });

  test('one that takes connections and says nothing is silent, and close does not wait for it', async () => {
    const address = await openImpostor(() => undefined);
    const { client, states, reasons } = openBench(address);
    const sent = client
      .openProducer({ maxInFlight: 1, onRetry: () => undefined })
      .send('x', [{ key: 'k', value: Buffer.from('v') }]);
    await eventually(() => expect(states).toEqual(['down']));
    expect(reasons[0]).toContain('no answer within');
    await client.close();
    expect(await sent).toMatchObject({ kind: 'closed' });
  });

  test('one broker that answers is enough', async () => {
    const silent = await openImpostor((socket) => socket.destroy());
    const { client, states } = openBench(`${silent},${BROKERS}`);
    await eventually(() => expect(states).toEqual(['up']));
    await makeTopic(client, 'topics', 1);
  });
});
