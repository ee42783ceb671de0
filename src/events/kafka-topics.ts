/** Topics: made where they are not, looked at where they are. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, ITopicConfig, Kafka } from 'kafkajs';
import { describeFault, unknownTopic, type KafkaFault } from './kafka-fault.ts';

export interface TopicOrder {
  readonly name: string;
  readonly partitions: number;
  /** Copies; null: three, or as many as there are brokers. */
  readonly replication: number | null;
  /** Undefined: as long as the cluster's own setting says. */
  readonly retentionMs?: number;
  /** Keeps the last message of each key instead of the last days. */
  readonly isCompacted?: boolean;
  /** Undefined: as the brokers' own setting says. */
  readonly maxMessageBytes?: number;
}

export type TopicOutcome =
  | { readonly kind: 'made' | 'kept'; readonly name: string; readonly partitions: number }
  /** It was there before, and stays as it is: partitions that are added move keys to other partitions. */
  | { readonly kind: 'too-few-partitions'; readonly name: string; readonly partitions: number };

export type TopicsOutcome =
  | { readonly kind: 'settled'; readonly topics: readonly TopicOutcome[] }
  | { readonly kind: 'failed'; readonly fault: KafkaFault };

/** The controller waits so long until the topic stands. */
const MAKE_WITHIN_MS = 5_000;
/** The broker that we ask knows of it some milliseconds later; one whose disk is slow, seconds. */
const KNOWN_WITHIN_MS = 15_000;
const LOOK_AGAIN_MS = 50;
/** One broker may be lost, and another be started anew meanwhile. */
const COPIES = 3;

/** Two that do this at once end alike. */
export async function ensureTopics(kafka: Kafka, orders: readonly TopicOrder[]): Promise<TopicsOutcome> {
  const topics: TopicOutcome[] = [];
  for (const order of orders) {
    const outcome = await withAdmin(kafka, order.name, (admin) => ensureTopic(admin, order));
    if (outcome.kind === 'failed') return outcome;
    topics.push(outcome);
  }
  return { kind: 'settled', topics };
}

/** null: all of them exist. */
export async function findMissing(kafka: Kafka, names: readonly string[]): Promise<KafkaFault | null> {
  const outcome = await withAdmin(kafka, names.join(', '), async (admin) => {
    const known = new Set(await admin.listTopics());
    return { kind: 'missing', name: names.find((name) => !known.has(name)) } as const;
  });
  if (outcome.kind === 'failed') return outcome.fault;
  return outcome.name === undefined ? null : unknownTopic(outcome.name);
}

async function ensureTopic(admin: Admin, order: TopicOrder): Promise<TopicOutcome> {
  const { name } = order;
  const isNew =
    !(await admin.listTopics()).includes(name) &&
    // kafkajs, told to wait for leaders, fails where the broker does not know the new topic yet.
    (await admin.createTopics({
      topics: [await configOf(admin, order)],
      timeout: MAKE_WITHIN_MS,
      waitForLeaders: false,
    }));
  const partitions = await countPartitions(admin, name);
  if (partitions < order.partitions) return { kind: 'too-few-partitions', name, partitions };
  return { kind: isNew ? 'made' : 'kept', name, partitions };
}

/** That a topic was made, and who leads it, a broker hears from the controller after we do. */
async function countPartitions(admin: Admin, topic: string): Promise<number> {
  const deadlineMs = performance.now() + KNOWN_WITHIN_MS;
  for (;;) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.length ?? 0;
    } catch (error) {
      const { kind } = describeFault(error, 'Kafka', topic);
      const isSoonKnown = kind === 'unknown-topic' || kind === 'too-few-replicas';
      if (!isSoonKnown || performance.now() > deadlineMs) throw error;
    }
    await pause(LOOK_AGAIN_MS);
  }
}

async function configOf(admin: Admin, order: TopicOrder): Promise<ITopicConfig> {
  const { name, partitions, retentionMs, isCompacted = false, maxMessageBytes } = order;
  const replication = order.replication ?? Math.min(COPIES, (await admin.describeCluster()).brokers.length);
  const settings: Record<string, string> = {
    // Of three copies two must have a message before it counts: one broker may be lost without losing it.
    'min.insync.replicas': String(Math.max(1, replication - 1)),
    'cleanup.policy': isCompacted ? 'compact' : 'delete',
    ...(retentionMs === undefined ? {} : { 'retention.ms': String(retentionMs) }),
    ...(maxMessageBytes === undefined ? {} : { 'max.message.bytes': String(maxMessageBytes) }),
  };
  return {
    topic: name,
    numPartitions: partitions,
    replicationFactor: replication,
    configEntries: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
  };
}

/** One question to the cluster, or several. */
export async function withAdmin<T>(
  kafka: Kafka,
  topic: string,
  action: (admin: Admin) => Promise<T>,
): Promise<T | { readonly kind: 'failed'; readonly fault: KafkaFault }> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await action(admin);
  } catch (error) {
    return { kind: 'failed', fault: describeFault(error, 'Kafka', topic) };
  } finally {
    // Its requests run out by themselves: nobody waits for that.
    admin.disconnect().catch(() => undefined);
  }
}
