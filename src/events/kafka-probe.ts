/** Asks the cluster for its brokers now and then, and tells when it begins or ceases to answer. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { CLOSED, describeFault, silence, type KafkaFault } from './kafka-fault.ts';

export type KafkaState = 'up' | 'down';

export interface ProbeOrder {
  readonly brokers: readonly string[];
  /** A client that knows this broker alone, and never retries. */
  readonly createKafka: (broker: string) => Kafka;
  /** Each time brokers were asked one by one and some answered. */
  readonly onAnswer: (brokers: readonly string[]) => void;
  /** The first time, and whenever it has changed. */
  readonly onState: (state: KafkaState, fault: KafkaFault | null) => void;
  /** The cluster begins to be silent, also where it was down for another reason before. */
  readonly onSilence: () => void;
}

export interface KafkaProbe {
  /** null: the cluster answered. */
  ask(withinMs: number): Promise<KafkaFault | null>;
  close(): void;
}

/** A cut shows within this time; each question costs the broker the list of its topics. */
const EVERY_MS = 1_000;
/** Four round trips across continents, for a new connection; whoever needs longer hangs. */
export const ANSWER_WITHIN_MS = 1_500;

interface Asked {
  readonly broker: string;
  readonly admin: Admin;
}

export function startProbe(order: ProbeOrder): KafkaProbe {
  const closing = new AbortController();
  /** The connection of the last answer, while nobody asks on it. */
  const kept: Asked[] = [];

  const askOne = async (asked: Asked, withinMs: number): Promise<KafkaFault | null> => {
    const fault = await withinTime(askBrokers(asked), withinMs, asked.broker);
    // What failed once is not used again: kafkajs keeps a connection on which answers no longer come.
    if (fault === null && kept.length === 0) kept.push(asked);
    else void abandon(asked);
    return closing.signal.aborted ? CLOSED : fault;
  };
  const ask = async (withinMs: number): Promise<KafkaFault | null> => {
    const last = kept.pop();
    if (last !== undefined && (await askOne(last, withinMs)) === null) return null;
    // One connection that broke says nothing of the cluster: only all brokers do.
    const answers = await Promise.all(
      order.brokers.map(async (broker) => {
        const fault = await askOne({ broker, admin: order.createKafka(broker).admin() }, withinMs);
        return { broker, fault };
      }),
    );
    const answering = answers.filter(({ fault }) => fault === null);
    if (answering.length > 0) order.onAnswer(answering.map(({ broker }) => broker));
    return answering.length > 0 ? null : (answers[0]?.fault ?? null);
  };
  void keepAsking(ask, order, closing.signal);
  return {
    ask,
    close() {
      closing.abort();
      for (const asked of kept) void abandon(asked);
    },
  };
}

async function keepAsking(
  ask: KafkaProbe['ask'],
  { onState, onSilence }: ProbeOrder,
  closing: AbortSignal,
): Promise<void> {
  let told: KafkaState | null = null;
  let wasSilent = false;
  for (;;) {
    const fault = await ask(ANSWER_WITHIN_MS);
    if (closing.aborted) return;
    const isSilent = fault?.kind === 'silent';
    if (isSilent && !wasSilent) onSilence();
    wasSilent = isSilent;
    const state = fault === null ? 'up' : 'down';
    if (state !== told) onState(state, fault);
    told = state;
    await pause(EVERY_MS, undefined, { signal: closing }).catch(() => undefined);
  }
}

async function askBrokers({ admin, broker }: Asked): Promise<KafkaFault | null> {
  try {
    await admin.connect();
    await admin.describeCluster();
    return null;
  } catch (error) {
    return describeFault(error, broker);
  }
}

async function withinTime(
  answer: Promise<KafkaFault | null>,
  withinMs: number,
  broker: string,
): Promise<KafkaFault | null> {
  const answered = new AbortController();
  const late = pause(withinMs, silence(broker, withinMs), { signal: answered.signal }).catch(() => null);
  const first = await Promise.race([answer, late]);
  answered.abort();
  return first;
}

/** Its requests run out by themselves. */
async function abandon({ admin }: Asked): Promise<void> {
  await admin.disconnect().catch(() => undefined);
}
