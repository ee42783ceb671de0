/**
 * Ships what the spool holds to Kafka, batch after batch, each at least once and in the order of its partition, and
 * acknowledges what all replicas in step have. While Kafka is away it waits, and the spool holds.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaClient } from './kafka-client.ts';
import type { KafkaFault } from './kafka-fault.ts';
import type { KafkaProducer, OutMessage, SentPart } from './kafka-producer.ts';
import { readMessage } from './message.ts';
import type { SpooledRecord, SpoolReader } from './spool.ts';
import { DEAD_TOPIC, eventTopics, topicOf, type TopicTerms } from './topics.ts';

export interface ShipEdges {
  readonly reader: SpoolReader;
  readonly kafka: Pick<KafkaClient, 'ensureTopics' | 'openProducer'>;
  readonly topics: TopicTerms;
  readonly onShipped: (events: number) => void;
  readonly onSent: (topic: string, parts: readonly SentPart[]) => void;
  /** It waits; the sentence says for what. */
  readonly onStuck: (sentence: string) => void;
  readonly onGoing: () => void;
}

export interface Shipping {
  /** What is in the spool by now is shipped first; settles only once Kafka has taken it. */
  close(): Promise<void>;
}

const MAX_RECORDS = 5_000;
/** Half of what brokers take in a batch of a partition unless a topic says more, even if all of it has one key. */
const MAX_BYTES = 512 * 1024;
/**
 * A request costs a broker the same with one message as with hundreds, and a consumer's transaction costs the same
 * however few came: of what is to be seen within a second, this takes a fifth.
 */
const GATHER_MS = 200;
/** So many that wait need no gathering. */
const GATHERED = 500;
/** Whoever has to mend something needs longer. */
const RETRY_AFTER_MS = 1_000;

export function shipSpool(edges: ShipEdges): Shipping {
  const { reader, kafka, topics } = edges;
  const closing = new AbortController();
  let wake: () => void = () => undefined;
  let isStuck = false;
  const stick = ({ kind, sentence }: KafkaFault): void => {
    if (isStuck || kind === 'closed') return;
    isStuck = true;
    edges.onStuck(sentence);
  };
  // One request at a time, so that what is sent again comes before what follows it.
  const producer = kafka.openProducer({ maxInFlight: 1, onRetry: stick, onSent: edges.onSent });
  const ended = shipAlways();

  async function shipAlways(): Promise<void> {
    let areTopicsThere = false;
    for (let isLast = false; !isLast;) {
      areTopicsThere ||= await makeTopics();
      if (!areTopicsThere) {
        isLast = closing.signal.aborted;
        continue;
      }
      if (!closing.signal.aborted) await untilMore();
      await napFor(GATHER_MS);
      isLast = closing.signal.aborted;
      await reader.settle();
      areTopicsThere = await shipAll();
    }
  }

  async function makeTopics(): Promise<boolean> {
    const outcome = await kafka.ensureTopics(eventTopics(topics));
    if (outcome.kind === 'settled') return true;
    stick(outcome.fault);
    await napFor(RETRY_AFTER_MS);
    return false;
  }

  function untilMore(): Promise<void> {
    return new Promise((resolve, reject) => {
      wake = resolve;
      reader.wait().then(resolve, reject);
    });
  }

  /** false: a topic may have gone. */
  async function shipAll(): Promise<boolean> {
    for (;;) {
      const records = reader.read(MAX_RECORDS, MAX_BYTES);
      const last = records.at(-1);
      if (last === undefined) return true;
      const fault = await sendAll(producer, records);
      if (fault !== null) {
        stick(fault);
        await napFor(RETRY_AFTER_MS);
        return false;
      }
      reader.acknowledge(last.sequence).catch(() => undefined);
      edges.onShipped(records.length);
      if (isStuck) edges.onGoing();
      isStuck = false;
      if (records.length < GATHERED) return true;
    }
  }

  async function napFor(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: closing.signal }).catch(() => undefined);
  }

  return {
    async close() {
      closing.abort();
      wake();
      await ended;
    },
  };
}

/** null: all of it is sent. */
async function sendAll(
  producer: KafkaProducer,
  records: readonly SpooledRecord[],
): Promise<KafkaFault | null> {
  for (const [topic, messages] of sortByTopic(records)) {
    const outcome = await producer.send(topic, messages);
    if (outcome !== 'sent') return outcome;
  }
  return null;
}

function sortByTopic(records: readonly SpooledRecord[]): ReadonlyMap<string, readonly OutMessage[]> {
  const byTopic = new Map<string, OutMessage[]>();
  for (const { topic, message } of records.map(address)) {
    const messages = byTopic.get(topic);
    if (messages === undefined) byTopic.set(topic, [message]);
    else messages.push(message);
  }
  return byTopic;
}

/** The events of a campaign stay in order, and those of an ad of nobody's. */
function address({ sequence, record }: SpooledRecord): {
  readonly topic: string;
  readonly message: OutMessage;
} {
  const value = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const reading = readMessage({ offset: sequence, value });
  if (reading.fault !== null) {
    return {
      topic: DEAD_TOPIC,
      message: { key: String(sequence), value, headers: { reason: reading.fault } },
    };
  }
  const { event } = reading;
  return { topic: topicOf(event.type), message: { key: event.campaignId || event.adId, value } };
}
