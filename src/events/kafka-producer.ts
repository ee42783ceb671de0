/**
 * Sends batches until every replica that is in step has them. Plain mode: a batch whose answer got lost is sent
 * again, so that messages may come twice and none is missing. kafkajs' idempotent mode lost acknowledged batches.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  Partitioners,
  type ICustomPartitioner,
  type Kafka,
  type Producer,
  type RecordMetadata,
} from 'kafkajs';
import { REQUEST_TIMEOUT_MS } from './kafka-connections.ts';
import { CLOSED, describeFault, isFinal, type KafkaFault } from './kafka-fault.ts';
import { findMissing } from './kafka-topics.ts';

export interface OutMessage {
  /** Messages of one key go to one partition. */
  readonly key: string;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ProducerOrder {
  /**
   * Batches under way at once; further ones wait in line. With 1, the messages of a key stay in order over every
   * fault, but for those that come twice; with more, a batch that is sent again comes after its successors.
   */
  readonly maxInFlight: number;
  /** A batch failed and is tried again. */
  readonly onRetry: (fault: KafkaFault) => void;
  /** A batch is sent: where its messages stand, by partition. */
  readonly onSent?: (topic: string, parts: readonly SentPart[]) => void;
}

export interface SentPart {
  readonly partition: number;
  /** Behind the last of them. */
  readonly nextOffset: number;
  readonly messages: readonly OutMessage[];
}

export type SendOutcome = 'sent' | KafkaFault;

export interface KafkaProducer {
  /**
   * Waits as long as Kafka is away. A fault is final: the topic is unknown, a message too large, or the client
   * closed or `until` aborted; then it is not known which of the messages arrived.
   */
  send(topic: string, messages: readonly OutMessage[], until?: AbortSignal): Promise<SendOutcome>;
}

/** All replicas that are in step. */
const ALL_REPLICAS = -1;
const FIRST_RETRY_MS = 100;
/** Work goes on at most this much later than the broker is back. */
const MAX_RETRY_MS = 1_000;

/** `kafka` never retries by itself; once `closing` is aborted its connections are closed too. */
export function openProducer(kafka: Kafka, order: ProducerOrder, closing: AbortSignal): KafkaProducer {
  const sendOnce = createSender(kafka, order);
  const places = openPlaces(order.maxInFlight);
  const sendUntilSent = async (
    topic: string,
    messages: readonly OutMessage[],
    until: AbortSignal,
  ): Promise<SendOutcome> => {
    const isClosed = (): boolean => closing.aborted || until.aborted;
    for (let waitMs = FIRST_RETRY_MS; !isClosed(); waitMs = Math.min(2 * waitMs, MAX_RETRY_MS)) {
      const outcome = await sendOnce(topic, messages);
      if (outcome === 'sent' || isFinal(outcome)) return outcome;
      if (isClosed()) break;
      order.onRetry(outcome);
      await pause(waitMs, undefined, { signal: until }).catch(() => undefined);
    }
    return CLOSED;
  };
  return {
    async send(topic, messages, until = closing) {
      await places.take();
      try {
        return await sendUntilSent(topic, messages, until);
      } finally {
        places.giveBack();
      }
    },
  };
}

function createSender(
  kafka: Kafka,
  { onSent }: ProducerOrder,
): (topic: string, messages: readonly OutMessage[]) => Promise<SendOutcome> {
  let producer = createProducer(kafka);
  const knownTopics = new Set<string>();
  return async (topic, messages) => {
    // kafkajs itself would look for a topic for seconds before it says that there is none.
    if (!knownTopics.has(topic)) {
      const fault = await findMissing(kafka, [topic]);
      if (fault !== null) return fault;
      knownTopics.add(topic);
    }
    // Others send beside this one: each keeps to the producer that it connected.
    const ours = producer;
    try {
      await ours.connect();
    } catch (error) {
      // kafkajs would try that same broker again and again.
      if (producer === ours) producer = createProducer(kafka);
      return describeFault(error, 'Kafka');
    }
    try {
      const batch = messages.map((message) => ({ ...message }));
      const answers = await ours.send({
        topic,
        messages: batch,
        acks: ALL_REPLICAS,
        timeout: REQUEST_TIMEOUT_MS,
      });
      onSent?.(topic, findParts(batch, answers));
      return 'sent';
    } catch (error) {
      const fault = describeFault(error, 'Kafka', topic);
      // A broker that just started does not know its topics yet: the next attempt finds out.
      if (fault.kind !== 'unknown-topic') return fault;
      knownTopics.delete(topic);
      return { ...fault, kind: 'refused' };
    }
  };
}

/** Each message's partition, as the partitioner chose it. */
const partitionOf = new WeakMap<object, number>();

function createNotingPartitioner(): ReturnType<ICustomPartitioner> {
  const choose = Partitioners.DefaultPartitioner();
  return (chosen) => {
    const partition = choose(chosen);
    partitionOf.set(chosen.message, partition);
    return partition;
  };
}

function findParts(batch: readonly OutMessage[], answers: readonly RecordMetadata[]): readonly SentPart[] {
  return answers.map(({ partition, baseOffset }) => {
    const messages = batch.filter((message) => partitionOf.get(message) === partition);
    return { partition, nextOffset: Number(baseOffset) + messages.length, messages };
  });
}

function createProducer(kafka: Kafka): Producer {
  return kafka.producer({
    createPartitioner: createNotingPartitioner,
    allowAutoTopicCreation: false,
    idempotent: false,
  });
}

interface Places {
  take(): Promise<void>;
  giveBack(): void;
}

/** Whoever comes first gets the next free place. */
function openPlaces(count: number): Places {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    take() {
      if (free === 0) return new Promise((resolve) => waiting.push(resolve));
      free -= 1;
      return Promise.resolve();
    },
    giveBack() {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
