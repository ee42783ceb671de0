/** Counts what topics hold from a cut on into the fresh tables of a replay, and goes on with what is added. */
import { column } from './postgres-columns.ts';
import type { Pool } from '../database/postgres-pool.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { InBatch, KafkaConsumer } from './kafka-consumer.ts';
import type { PartitionStart } from './kafka-stretch.ts';
import { readMessage, type Message } from './message.ts';
import { consume } from './postgres-consume.ts';
import type { SourceOffset } from './postgres-offsets.ts';
import { SEEN_BEFORE } from './postgres-replay-tables.ts';
import { isRecounted, type Cut } from './replay-cut.ts';

export interface RecountOrder {
  readonly kafka: Pick<KafkaClient, 'openConsumer'>;
  /** Of the fresh tables. */
  readonly fresh: Pool;
  /** Nobody else's. */
  readonly group: string;
  readonly cut: Cut;
  readonly starts: readonly PartitionStart[];
  /** Where the live tables stood when what stays was copied: what lies behind is counted whenever it came. */
  readonly copiedTo: readonly SourceOffset[];
}

/** Bids or no-bids from before the cut that were told late: the live tables count them, the fresh ones do not. */
export interface SkippedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly eventId: string;
}

export interface Recount {
  /** Events that count, so far. */
  readonly processed: number;
  readonly skipped: readonly SkippedEvent[];
  /** Messages that are yet to come up to these offsets. Throws what the recount failed of. */
  countMissing(offsets: readonly SourceOffset[]): number;
  /** Counts no further until `goOn`; resolves once the batch under way is committed. */
  hold(): Promise<void>;
  goOn(): void;
  stop(): Promise<void>;
}

export async function startRecount(order: RecountOrder): Promise<Recount> {
  const positions = new Map(order.starts.map((start) => [keyOf(start), start.startOffset]));
  const copied = new Map(
    order.copiedTo.map((offset) => [keyOf({ ...offset, topic: offset.source }), offset.nextOffset]),
  );
  const skipped: SkippedEvent[] = [];
  let processed = 0;
  let failure: Error | null = null;
  let held: Gate | null = null;
  let underWay: Promise<void> = Promise.resolve();
  let line: Promise<void> = underWay;
  let isStopped = false;

  /** Those of several partitions come at once, and are counted one after the other. */
  function take(batch: InBatch): Promise<void> {
    line = line.then(async () => {
      while (held !== null) await held.opened;
      if (isStopped || failure !== null) return;
      underWay = count(batch).catch(fail);
      await underWay;
    });
    return line;
  }

  async function count(batch: InBatch): Promise<void> {
    const { topic, partition, nextOffset } = batch;
    const { taken, passed } = await choose(order, batch, copied.get(keyOf(batch)) ?? 0);
    skipped.push(...passed);
    if (taken.length > 0) {
      const outcome = await consume(
        order.fresh,
        { source: topic, partition, messages: taken, nextOffset },
        order.cut,
      );
      processed += outcome.processed;
    }
    positions.set(keyOf(batch), nextOffset);
  }

  function fail(error: unknown): void {
    failure ??= error instanceof Error ? error : new Error(String(error));
  }

  const consumer = await openReader(order, positions, take, fail);
  return {
    get processed() {
      return processed;
    },
    skipped,
    countMissing(offsets) {
      if (failure !== null) throw failure;
      return sumMissing(offsets, positions);
    },
    async hold() {
      held ??= closeGate();
      await underWay;
      if (failure !== null) throw failure;
    },
    goOn() {
      held?.open();
      held = null;
    },
    async stop() {
      isStopped = true;
      held?.open();
      held = null;
      await consumer.stop();
    },
  };
}

interface Choice {
  readonly taken: readonly Message[];
  readonly passed: readonly SkippedEvent[];
}

/** What came before the cut counts only where it was told after what stays was copied, and is not among that already. */
async function choose(
  { fresh, cut }: RecountOrder,
  { topic, partition, messages }: InBatch,
  copiedOffset: number,
): Promise<Choice> {
  const late = new Map<Message, string>();
  const passed: SkippedEvent[] = [];
  const taken = messages.filter((message) => {
    const reading = readMessage(message);
    if (reading.fault !== null || isRecounted(reading.event, message.sentAtMs, cut)) return true;
    if (message.offset < copiedOffset) return false;
    const { eventId, type } = reading.event;
    if (type === 'auction') passed.push({ topic, partition, offset: message.offset, eventId });
    else late.set(message, eventId);
    return type !== 'auction';
  });
  if (late.size === 0) return { taken, passed };
  const seen = await findSeenBefore(fresh, [...late.values()]);
  return { taken: taken.filter((message) => !seen.has(late.get(message) ?? '')), passed };
}

async function openReader(
  { kafka, group, starts }: RecountOrder,
  positions: ReadonlyMap<string, number>,
  take: (batch: InBatch) => Promise<void>,
  fail: (error: unknown) => void,
): Promise<KafkaConsumer> {
  const consumer = await kafka.openConsumer({
    group,
    topics: [...new Set(starts.map(({ topic }) => topic))],
    startAt(topic, partition) {
      const position = positions.get(keyOf({ topic, partition })) ?? 0;
      // Of what nobody has counted yet the oldest messages may be gone: it begins where the consumers will.
      return Promise.resolve(position === 0 ? null : position);
    },
    onAnew: () => Promise.resolve(),
    onBatch: take,
    onTrouble: (sentence) => fail(new Error(sentence)),
    onEnd: (fault) => fail(new Error(fault.sentence)),
  });
  if (!('stop' in consumer)) throw new Error(consumer.sentence);
  return consumer;
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function closeGate(): Gate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

async function findSeenBefore(fresh: Pool, eventIds: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await fresh.query<{ id: string }>(
    `SELECT event_id AS id FROM ${SEEN_BEFORE} WHERE event_id = ANY ($1::text[])`,
    [column(eventIds)],
  );
  return new Set(rows.map(({ id }) => id));
}

function sumMissing(offsets: readonly SourceOffset[], positions: ReadonlyMap<string, number>): number {
  return offsets.reduce((sum, { source, partition, nextOffset }) => {
    const position = positions.get(keyOf({ topic: source, partition })) ?? 0;
    return sum + Math.max(0, nextOffset - position);
  }, 0);
}

function keyOf({ topic, partition }: Pick<PartitionStart, 'topic' | 'partition'>): string {
  return `${topic}/${String(partition)}`;
}
