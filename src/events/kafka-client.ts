/**
 * Kafka, as the rest knows it: one client with its state, its topics, producers and consumers. kafkajs encodes and
 * decodes on the thread that calls it, with timers of its own: never on the front thread (see kafka-watch.ts).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openConnections } from './kafka-connections.ts';
import { openConsumer, type ConsumerOrder, type KafkaConsumer } from './kafka-consumer.ts';
import type { KafkaFault } from './kafka-fault.ts';
import { ANSWER_WITHIN_MS, startProbe, type KafkaState } from './kafka-probe.ts';
import { findStretch, type StretchOutcome } from './kafka-stretch.ts';
import { openProducer, type KafkaProducer, type ProducerOrder } from './kafka-producer.ts';
import { ensureTopics, type TopicOrder, type TopicsOutcome } from './kafka-topics.ts';

export interface KafkaOrder {
  readonly brokers: readonly string[];
  /** How the brokers' logs and quotas call this client. */
  readonly clientId: string;
  /** The first time, and whenever it has changed; the reason is a sentence. */
  readonly onState: (state: KafkaState, reason: string) => void;
  /** What kafkajs reports and neither an outcome nor the state tells. */
  readonly onTrouble: (sentence: string) => void;
}

export interface KafkaClient {
  /** A topic that exists is left as it is. Tries once: Kafka may be away. */
  ensureTopics(topics: readonly TopicOrder[]): Promise<TopicsOutcome>;
  /** Connects when it first sends. */
  openProducer(order: ProducerOrder): KafkaProducer;
  /** A fault: Kafka is away, a topic unknown, or this was closed. Once it is open it outlives a broker's absence. */
  openConsumer(order: ConsumerOrder): Promise<KafkaConsumer | KafkaFault>;
  /** Where what was sent from a time on begins in each partition, if all of it is still there. */
  findStretch(topics: readonly string[], fromMs: number): Promise<StretchOutcome>;
  /** Asks the cluster now. null: it answered. */
  findFault(withinMs: number): Promise<KafkaFault | null>;
  /** Sends under way end as faults; consumers leave their groups, if the broker lets them. */
  close(): Promise<void>;
}

/** Consumers may take so long to end their batch and to leave; a broker that hangs does not hold us longer. */
const CLOSE_WITHIN_MS = 1_000;

export function openKafka(order: KafkaOrder): KafkaClient {
  const connections = openConnections(order);
  const asking = connections.createKafka({ retry: 'never' });
  const closing = new AbortController();
  const consumers = new Set<KafkaConsumer>();
  const probe = startProbe({
    brokers: order.brokers,
    createKafka: (broker) =>
      connections.createKafka({ retry: 'never', brokers: [broker], requestTimeoutMs: ANSWER_WITHIN_MS }),
    onAnswer: (brokers) => connections.prefer(brokers),
    onState: (state, fault) =>
      order.onState(state, fault?.sentence ?? `${order.brokers.join(', ')} answers.`),
    // kafkajs asks on for ever where answers ceased to come, even if a new connection would bring them.
    onSilence: () => connections.dropSockets(),
  });
  return {
    ensureTopics: (topics) => ensureTopics(asking, topics),
    openProducer: (producerOrder) => openProducer(asking, producerOrder, closing.signal),
    async openConsumer(consumerOrder) {
      const kafka = connections.createKafka({ retry: 'always' });
      const opened = await openConsumer(kafka, asking, consumerOrder, closing.signal);
      if ('stop' in opened) consumers.add(opened);
      return opened;
    },
    findStretch: (topics, fromMs) => findStretch(asking, topics, fromMs),
    findFault: (withinMs) => probe.ask(withinMs),
    async close() {
      closing.abort();
      probe.close();
      const stopped = Promise.allSettled([...consumers].map((consumer) => consumer.stop()));
      if (consumers.size > 0)
        await Promise.race([stopped, pause(CLOSE_WITHIN_MS, undefined, { ref: false })]);
      connections.close();
    },
  };
}
