/** Counts batches of Kafka's topics into Postgres; while that is away or hangs it waits, and Kafka holds. */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { settlesWithin } from '../database/postgres-patience.ts';
import type { Pool } from '../database/postgres-pool.ts';
import { gather } from './gathering.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { InBatch, KafkaConsumer } from './kafka-consumer.ts';
import type { KafkaFault } from './kafka-fault.ts';
import { readMessage } from './message.ts';
import { consumeTogether, type BatchOutcome, type SourceBatch } from './postgres-consume.ts';
import { forgetOffset, readOffset } from './postgres-offsets.ts';
import { createRetrying, type RetryingEdges } from './postgres-retrying.ts';
import { DEAD_TOPIC, EVENT_TOPICS, eventTopics, type TopicTerms } from './topics.ts';

export interface KafkaCountingEdges extends RetryingEdges {
  readonly kafka: Pick<KafkaClient, 'ensureTopics' | 'openConsumer' | 'openProducer'>;
  readonly pool: Pool;
  /** Consumers of one group share the partitions: those of one database. */
  readonly group: string;
  readonly topics: TopicTerms;
  readonly keptDays: number;
  readonly onBatch: (batch: InBatch, outcome: BatchOutcome) => void;
  readonly onTrouble: (sentence: string) => void;
}

/**
 * Messages. A transaction is a dozen statements and a flush of the disk, whatever it holds; of so many it takes some 200 ms,
 * and a larger one makes an event no cheaper.
 */
const FULL_TRANSACTION = 5_000;
const RETRY_AFTER_MS = 1_000;
/** A batch under way takes less than a second; a broker that hangs does not let us leave. */
const STOP_LIMIT_MS = 5_000;

/** Settles after `closing` is aborted and the batch under way has ended; rejects with what is not mended by waiting. */
export async function countFromKafka(edges: KafkaCountingEdges, closing: AbortSignal): Promise<void> {
  const { kafka, pool, keptDays, onTrouble } = edges;
  const dead = kafka.openProducer({ maxInFlight: 1, onRetry: () => undefined });
  const untilDone = createRetrying(edges, closing);

  const countTogether = gather<InBatch, BatchOutcome>({
    work: (batches) =>
      untilDone(() => consumeTogether(pool, batches.map(asSourceBatch), { nowMs: Date.now(), keptDays })),
    sizeOf: ({ messages }) => messages.length,
    fullSize: FULL_TRANSACTION,
    nextTurn,
  });

  async function count(batch: InBatch): Promise<void> {
    const outcome = await countTogether(batch);
    edges.onBatch(batch, outcome);
    if (outcome.dead > 0) publishDead(batch);
  }

  /** For whoever watches; what counts is the table. */
  function publishDead({ messages }: InBatch): void {
    const letters = messages.flatMap(({ offset, key, value }) => {
      const { fault } = readMessage({ offset, value });
      return fault === null ? [] : [{ key, value, headers: { reason: fault } }];
    });
    if (letters.length > 0) void dead.send(DEAD_TOPIC, letters);
  }

  const ended = new AbortController();
  let fault: KafkaFault | null = null;
  const consumer = await untilOpen(edges, closing, {
    group: edges.group,
    topics: EVENT_TOPICS,
    startAt: (topic, partition) => untilDone(() => readOffset(pool, { source: topic, partition })),
    onAnew: (topic, partition) => untilDone(() => forgetOffset(pool, { source: topic, partition })),
    onBatch: count,
    onTrouble,
    onEnd(reason) {
      fault = reason;
      ended.abort();
    },
  });
  if (consumer === null) return;
  const end = AbortSignal.any([closing, ended.signal]);
  if (!end.aborted) await new Promise((resolve) => end.addEventListener('abort', resolve, { once: true }));
  await settlesWithin(consumer.stop(), STOP_LIMIT_MS);
  const last = fault as KafkaFault | null;
  if (last !== null) throw new Error(last.sentence);
}

function asSourceBatch({ topic, partition, messages, nextOffset }: InBatch): SourceBatch {
  return { source: topic, partition, messages, nextOffset };
}

type ConsumerOrder = Parameters<KafkaClient['openConsumer']>[0];

/** null: it was closed before. */
async function untilOpen(
  { kafka, topics, onStuck, onGoing }: KafkaCountingEdges,
  closing: AbortSignal,
  order: ConsumerOrder,
): Promise<KafkaConsumer | null> {
  for (let told = ''; !closing.aborted;) {
    const made = await kafka.ensureTopics(eventTopics(topics));
    const opened = made.kind === 'failed' ? made.fault : await kafka.openConsumer(order);
    if ('stop' in opened) {
      if (told !== '') onGoing();
      return opened;
    }
    if (opened.kind !== told) onStuck(opened.sentence);
    told = opened.kind;
    await pause(RETRY_AFTER_MS, undefined, { signal: closing }).catch(() => undefined);
  }
  return null;
}
