/** Names of topics and groups that all begin alike, so that several databases share a cluster: nobody within sees it. */
import type { KafkaClient } from './kafka-client.ts';

/** Outcomes and faults, which people read, tell the names as Kafka has them. */
export function prefixNames(kafka: KafkaClient, prefix: string): KafkaClient {
  if (prefix === '') return kafka;
  const outside = (name: string): string => prefix + name;
  const inside = (name: string): string => name.slice(prefix.length);
  return {
    ...kafka,
    ensureTopics: (orders) =>
      kafka.ensureTopics(orders.map((order) => ({ ...order, name: outside(order.name) }))),
    openProducer({ onSent, ...order }) {
      const producer = kafka.openProducer({
        ...order,
        ...(onSent === undefined ? {} : { onSent: (topic, parts) => onSent(inside(topic), parts) }),
      });
      return { send: (topic, messages, until) => producer.send(outside(topic), messages, until) };
    },
    openConsumer: (order) =>
      kafka.openConsumer({
        ...order,
        group: outside(order.group),
        topics: order.topics.map(outside),
        startAt: (topic, partition) => order.startAt(inside(topic), partition),
        onAnew: (topic, partition) => order.onAnew(inside(topic), partition),
        onBatch: (batch) => order.onBatch({ ...batch, topic: inside(batch.topic) }),
      }),
    async findStretch(topics, fromMs) {
      const found = await kafka.findStretch(topics.map(outside), fromMs);
      if (found.kind !== 'found') return found;
      return { ...found, starts: found.starts.map((start) => ({ ...start, topic: inside(start.topic) })) };
    },
  };
}
