/** The topics of Kafka: which event goes where, and how they are made. */
import type { EventRecord } from './event.ts';
import type { TopicOrder } from './kafka-topics.ts';

/** A topic's copies, and how long it keeps its messages. */
export interface TopicTerms {
  /** null: three, or as many as there are brokers. */
  readonly replication: number | null;
  readonly retentionDays: number;
}

const TOPIC_OF = {
  impression: 'impressions',
  click: 'clicks',
  conversion: 'conversions',
  win: 'wins',
  billing: 'billings',
  loss: 'losses',
  auction: 'auctions',
} as const satisfies Record<EventRecord['type'], string>;

/** What the consumer reads. */
export const EVENT_TOPICS: readonly string[] = Object.values(TOPIC_OF);
/** What nobody can read, with its reason in a header. */
export const DEAD_TOPIC = 'deadletters';
/** Every change of a campaign; docs/changes.md. */
export const CHANGES_TOPIC = 'campaigns';

/** For the lifetime of a topic: more would move campaigns to other partitions, and their order with them. */
export const PARTITIONS = 12;
/** The largest campaigns, of some hundred ads with markup, have a tenth. */
const MAX_CHANGE_BYTES = 8 * 1024 * 1024;
const DAY_MS = 86_400_000;

export function topicOf(type: EventRecord['type']): string {
  return TOPIC_OF[type];
}

export function eventTopics({ replication, retentionDays }: TopicTerms): readonly TopicOrder[] {
  return [...EVENT_TOPICS, DEAD_TOPIC].map((name) => ({
    name,
    partitions: PARTITIONS,
    replication,
    retentionMs: retentionDays * DAY_MS,
  }));
}

export function changesTopic(name: string, replication: number | null): TopicOrder {
  return { name, partitions: PARTITIONS, replication, isCompacted: true, maxMessageBytes: MAX_CHANGE_BYTES };
}
