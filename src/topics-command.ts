/** `topics`: makes Kafka's topics where they are not; those that exist stay as they are. */
import type { Config } from './config.ts';
import { openKafka } from './events/kafka-client.ts';
import { prefixNames } from './events/kafka-prefix.ts';
import { CHANGES_TOPIC, changesTopic, eventTopics, PARTITIONS } from './events/topics.ts';

const CLIENT_ID = 'gavel-topics';

/** What to print; rejects with one sentence. */
export async function runTopicsCommand(config: Config): Promise<string> {
  const { kafkaBrokers: brokers, kafkaReplication: replication, kafkaRetentionDays: retentionDays } = config;
  if (brokers === null) throw new Error('topics: KAFKA_BROKERS is not set');
  const { kafkaPrefix: prefix } = config;
  const client = openKafka({
    brokers,
    clientId: prefix + CLIENT_ID,
    onState: () => {},
    onTrouble: () => {},
  });
  const kafka = prefixNames(client, prefix);
  try {
    const outcome = await kafka.ensureTopics([
      changesTopic(CHANGES_TOPIC, replication),
      ...eventTopics({ replication, retentionDays }),
    ]);
    if (outcome.kind === 'failed') throw new Error(outcome.fault.sentence);
    return outcome.topics
      .map(({ name, kind, partitions }) => `${name}: ${told(kind, partitions)}\n`)
      .join('');
  } finally {
    await kafka.close();
  }
}

function told(kind: 'made' | 'kept' | 'too-few-partitions', partitions: number): string {
  if (kind === 'too-few-partitions') {
    return `there with ${String(partitions)} partitions; ${String(PARTITIONS)} let more consumers share it`;
  }
  return `${kind === 'made' ? 'made' : 'there'}, with ${String(partitions)} partitions`;
}
