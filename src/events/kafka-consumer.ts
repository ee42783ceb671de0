/**
 * Reads topics as one of a group, in batches. Where to go on is the caller's to know (beside what it made of the
 * messages, in one transaction): Kafka is never told, and what it would have begun with is not handed out.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { CLOSED, describeFault, isPassing, type KafkaFault } from './kafka-fault.ts';
import { findMissing } from './kafka-topics.ts';

export interface InMessage {
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly sentAtMs: number;
}

export interface InBatch {
  readonly topic: string;
  readonly partition: number;
  /** In order, at least one. */
  readonly messages: readonly InMessage[];
  /** Where to go on once these are done. */
  readonly nextOffset: number;
  /** Messages in the partition behind these. */
  readonly lag: number;
}

export interface ConsumerOrder {
  readonly group: string;
  readonly topics: readonly string[];
  /** Asked whenever a partition falls to this consumer. null: from the oldest message. */
  readonly startAt: (topic: string, partition: number) => Promise<number | null>;
  /** The partition was made anew, and is read from its oldest message: its offsets begin again. */
  readonly onAnew: (topic: string, partition: number) => Promise<void>;
  /** One of a partition at a time, and of all partitions at once. Where it rejects, the same messages come again. */
  readonly onBatch: (batch: InBatch) => Promise<void>;
  /** Messages are gone, or come again. */
  readonly onTrouble: (sentence: string) => void;
  /** The consumer ended by itself: what happened is not mended by trying again. */
  readonly onEnd: (fault: KafkaFault) => void;
}

export interface KafkaConsumer {
  /** Leaves the group after the batch under way. */
  stop(): Promise<void>;
}

/** A member that is silent for so long has left; its partitions go to others. */
const SESSION_TIMEOUT_MS = 10_000;
/** While a batch is under way, too: it waits as long as the database is away. */
const HEARTBEAT_MS = 1_000;
/** Batches of one answer that are handed out at once: above the 84 partitions of our topics. */
const MAX_AT_ONCE = 100;
const RUN_AGAIN_AFTER_MS = 1_000;
/** The broker holds an empty answer back for so long. */
const MAX_WAIT_MS = 500;

/** `kafka` retries always, `asking` never; once `closing` is aborted their connections are closed too. */
export async function openConsumer(
  kafka: Kafka,
  asking: Kafka,
  order: ConsumerOrder,
  closing: AbortSignal,
): Promise<KafkaConsumer | KafkaFault> {
  const fault = await findMissing(asking, order.topics);
  if (fault !== null) return closing.aborted ? CLOSED : fault;
  const consumer = kafka.consumer({
    groupId: order.group,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: MAX_WAIT_MS,
    allowAutoTopicCreation: false,
    // Otherwise the consumer's own default takes the place of the client's.
    retry: {},
  });
  const position = trackPositions(consumer, order);
  let isStopped = false;

  function run(): Promise<void> {
    return consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: MAX_AT_ONCE,
      eachBatch: (payload) => takeBatch(payload, position, order),
    });
  }

  /** kafkajs ends a consumer for good where a connection goes in the wrong moment. */
  async function endOrGoOn(error: unknown): Promise<void> {
    const fault = describeFault(error, 'Kafka');
    if (!isPassing(fault)) {
      order.onEnd(fault);
      return;
    }
    await pause(RUN_AGAIN_AFTER_MS, undefined, { signal: closing }).catch(() => undefined);
    try {
      if (!mayRun()) return;
      await consumer.connect();
      if (mayRun()) await run();
    } catch (next) {
      if (mayRun()) await endOrGoOn(next);
    }
  }

  function mayRun(): boolean {
    return !isStopped && !closing.aborted;
  }

  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart && mayRun()) void endOrGoOn(payload.error);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...order.topics], fromBeginning: true });
    await run();
  } catch (error) {
    isStopped = true;
    consumer.disconnect().catch(() => undefined);
    return closing.aborted ? CLOSED : describeFault(error, 'Kafka');
  }
  if (closing.aborted) return CLOSED;
  return {
    stop() {
      isStopped = true;
      return consumer.disconnect();
    },
  };
}

async function takeBatch(
  payload: EachBatchPayload,
  position: PositionOf,
  order: ConsumerOrder,
): Promise<void> {
  const { batch } = payload;
  const stay = setInterval(() => {
    // That the group changes shows at the next fetch, too.
    payload.heartbeat().catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    const from = await position(payload.batch);
    if (from === null) return;
    const messages = batch.messages.map(readMessage).filter(({ offset }) => offset >= from);
    const lastOffset = Number(batch.lastOffset());
    const lag = Number(batch.highWatermark) - lastOffset - 1;
    const { topic, partition } = batch;
    if (messages.length > 0) {
      await order.onBatch({ topic, partition, messages, nextOffset: lastOffset + 1, lag });
    }
    payload.resolveOffset(batch.lastOffset());
  } finally {
    clearInterval(stay);
  }
}

/** The offset from which on the batch is wanted; null: it is not, and the consumer was sent elsewhere. */
type PositionOf = (batch: EachBatchPayload['batch']) => Promise<number | null>;

/**
 * kafkajs begins a partition where the group is said to be, which is at its oldest message, as nothing is ever
 * committed. The first batch of each partition since the group last changed therefore shows where it begins, and
 * the consumer is sent to where the caller is.
 */
function trackPositions(consumer: Consumer, order: ConsumerOrder): PositionOf {
  const settled = new Set<string>();
  const sent = new Map<string, number>();
  consumer.on(consumer.events.GROUP_JOIN, () => {
    settled.clear();
    sent.clear();
  });
  return async (batch) => {
    const { topic, partition } = batch;
    const name = `${topic}/${partition}`;
    const first = Number(batch.messages[0]?.offset);
    if (settled.has(name)) return first;
    const start = sent.get(name) ?? (await order.startAt(topic, partition));
    const end = Number(batch.highWatermark);
    if (start === null) {
      settled.add(name);
    } else if (start > end) {
      await order.onAnew(topic, partition);
      settled.add(name);
      order.onTrouble(
        `${name} ends at ${end}, and was read up to ${start} before: it was made anew, so it is read from its beginning.`,
      );
    } else if (first <= start && start <= Number(batch.lastOffset())) {
      settled.add(name);
      return start;
    } else if (!sent.has(name)) {
      sent.set(name, start);
      consumer.seek({ topic, partition, offset: String(start) });
      return null;
    } else {
      settled.add(name);
      order.onTrouble(
        `${name} goes on at ${first}, and was read up to ${start} before: Kafka deleted what lay between unread.`,
      );
    }
    return first;
  };
}

function readMessage(message: KafkaMessage): InMessage {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) headers[name] = String(value);
  return {
    offset: Number(message.offset),
    key: message.key?.toString() ?? '',
    value: message.value ?? Buffer.alloc(0),
    headers,
    sentAtMs: Number(message.timestamp),
  };
}
