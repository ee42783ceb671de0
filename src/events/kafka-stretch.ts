/** What topics hold from a time on: where it begins in each partition, and whether all of it is still there. */
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import type { KafkaFault } from './kafka-fault.ts';
import { withAdmin } from './kafka-topics.ts';

export interface PartitionStart {
  readonly topic: string;
  readonly partition: number;
  /** No message before it was sent at that time or later. */
  readonly startOffset: number;
  /** Behind its last message. */
  readonly endOffset: number;
}

/** gone: the topic has deleted, or may have deleted, some of it; the sentence says which and since when. */
export type StretchOutcome =
  | { readonly kind: 'found'; readonly starts: readonly PartitionStart[] }
  | { readonly kind: 'gone'; readonly sentence: string }
  | { readonly kind: 'failed'; readonly fault: KafkaFault };

/** The clocks of senders and brokers are set now and then: a message may look older than it is. */
const CLOCK_MARGIN_MS = 600_000;
const UNLIMITED = -1;

export async function findStretch(
  kafka: Kafka,
  topics: readonly string[],
  fromMs: number,
): Promise<StretchOutcome> {
  const starts: PartitionStart[] = [];
  for (const topic of topics) {
    const found = await withAdmin(kafka, topic, (admin) => findTopic(admin, topic, fromMs));
    if (found.kind !== 'found') return found;
    starts.push(...found.starts);
  }
  return { kind: 'found', starts };
}

async function findTopic(admin: Admin, topic: string, fromMs: number): Promise<StretchOutcome> {
  const sentence = await findLoss(admin, topic, fromMs);
  if (sentence !== null) return { kind: 'gone', sentence };
  const begun = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, fromMs - CLOCK_MARGIN_MS));
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
  );
  const starts = begun.map(({ partition, offset }) => {
    return { topic, partition, startOffset: Number(offset), endOffset: ends.get(partition) ?? 0 };
  });
  return { kind: 'found', starts };
}

/** null: nothing of that time was deleted. A partition of which nothing ever was has all, however long ago that is. */
async function findLoss(admin: Admin, topic: string, fromMs: number): Promise<string | null> {
  const offsets = await admin.fetchTopicOffsets(topic);
  if (offsets.every(({ low }) => Number(low) === 0)) return null;
  const configNames = ['retention.ms', 'retention.bytes'];
  const { resources } = await admin.describeConfigs({
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames }],
    includeSynonyms: false,
  });
  const setting = (name: string): number =>
    Number(resources[0]?.configEntries.find(({ configName }) => configName === name)?.configValue);
  const [retentionMs, retentionBytes] = [setting('retention.ms'), setting('retention.bytes')];
  if (retentionBytes !== UNLIMITED) {
    return `The topic ${topic} deletes by size (retention.bytes), so that nobody can tell what is gone.`;
  }
  const keptSinceMs = Date.now() - retentionMs;
  if (retentionMs === UNLIMITED || fromMs >= keptSinceMs) return null;
  const keptSince = new Date(keptSinceMs).toISOString();
  return `The topic ${topic} keeps its messages for ${retentionMs / 3_600_000} hours only: begin behind ${keptSince}.`;
}
