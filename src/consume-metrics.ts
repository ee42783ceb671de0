/** What `consume` tells Prometheus, by the names under which a server tells of the events that it counts itself. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { InBatch } from './events/kafka-consumer.ts';
import type { BatchOutcome } from './events/postgres-consume.ts';
import { EVENT_TOPICS } from './events/topics.ts';

export interface ConsumeMetrics {
  countBatch(batch: Pick<InBatch, 'topic' | 'partition' | 'lag'>, outcome: BatchOutcome): void;
  setUp(isUp: boolean): void;
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

interface Lag {
  readonly topic: string;
  readonly messages: number;
  readonly heardAtMs: number;
}

/** A partition of which nothing was heard for so long has nothing new, or has gone to another consumer. */
const LAG_HOLDS_MS = 60_000;

export function createConsumeMetrics(clock: () => number): ConsumeMetrics {
  const register = new Registry();
  const registers = [register];
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
  const up = new Gauge({ name: 'gavel_consumer_up', help: '0 while events can not be counted.', registers });
  const batches = counter('gavel_consumer_batches_total', 'Batches counted.');
  const processed = counter('gavel_consumer_processed_total', 'Events counted.');
  const deduped = counter('gavel_consumer_deduped_total', 'Events that had counted before.');
  const dead = counter('gavel_consumer_dead_total', 'Events that can not be counted.');
  const lags = new Map<string, Lag>();
  new Gauge({
    name: 'gavel_consumer_lag_messages',
    help: 'Messages behind the last batch, in the partitions that this consumer has.',
    labelNames: ['topic'],
    registers,
    collect() {
      const now = clock();
      for (const topic of EVENT_TOPICS) this.set({ topic }, 0);
      for (const { topic, messages, heardAtMs } of lags.values()) {
        if (now - heardAtMs < LAG_HOLDS_MS) this.inc({ topic }, messages);
      }
    },
  });

  return {
    countBatch({ topic, partition, lag }, outcome) {
      lags.set(`${topic}/${String(partition)}`, { topic, messages: lag, heardAtMs: clock() });
      batches.inc();
      processed.inc(outcome.processed);
      deduped.inc(outcome.deduped);
      dead.inc(outcome.dead);
    },
    setUp: (isUp) => up.set(Number(isUp)),
    render: async () => ({ contentType: register.contentType, text: await register.metrics() }),
  };
}
