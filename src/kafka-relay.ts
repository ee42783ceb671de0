/**
 * The relay: tells Kafka what the outbox holds, batch after batch, each at least once and in the order of commits. The
 * outbox's place moves behind what Kafka has taken, so that whatever ends a relay, the next one loses nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Announcement } from './campaigns/announcement.ts';
import type { Outbox, OutboxPlace } from './campaigns/outbox.ts';
import type { KafkaClient } from './events/kafka-client.ts';
import type { KafkaFault, KafkaFaultKind } from './events/kafka-fault.ts';
import type { KafkaProducer, OutMessage, SendOutcome } from './events/kafka-producer.ts';
import type { RelayState } from './events/kafka-watch.ts';
import { changesTopic, PARTITIONS } from './events/topics.ts';

export interface RelayEdges {
  readonly outbox: Outbox;
  readonly kafka: Pick<KafkaClient, 'ensureTopics' | 'openProducer'>;
  readonly topic: string;
  /** Copies of a topic that is made here; null: by the number of brokers. */
  readonly replication: number | null;
  /** Calls at each change; the relay also looks by itself. */
  readonly listen: (onNotice: () => void) => { close(): Promise<void> };
  /** Whenever it has changed; the reason is a sentence where it is stuck, else ''. */
  readonly onState: (state: RelayState, reason: string) => void;
  readonly onPublished: (changes: number) => void;
  readonly onBacklog: (changes: number) => void;
  /** A sentence on what is worth mending. */
  readonly onTrouble: (sentence: string) => void;
}

/** Half of what brokers take in a batch unless a topic says more. */
const SEND_BYTES = 512 * 1024;
/** How late a change is published of which no notice came. */
const LOOK_EVERY_MS = 1_000;
const COUNT_EVERY_MS = 1_000;
/** Whoever has to mend something needs longer; each try is a question to Kafka or Postgres. */
const RETRY_AFTER_MS = 1_000;

/** A broker that is lost shows itself in several ways, one after the other. */
const AWAY: ReadonlySet<KafkaFaultKind> = new Set(['unreachable', 'cut', 'silent']);

/** Call it while this node leads, once at a time; it settles soon after the signal, and rejects where Postgres fails. */
export function createRelay(edges: RelayEdges): (term: AbortSignal) => Promise<void> {
  let told = 'standby';
  const change = (state: RelayState, reason = '', cause: string = state): void => {
    if (cause === told) return;
    told = cause;
    edges.onState(state, reason);
  };
  const stick = ({ kind, sentence }: KafkaFault): void =>
    change('stuck', sentence, AWAY.has(kind) ? 'away' : kind);
  // One batch at a time, so that they stay in order.
  const producer = edges.kafka.openProducer({ maxInFlight: 1, onRetry: stick });
  return async (term) => {
    const over = new AbortController();
    const ending = AbortSignal.any([term, over.signal]);
    try {
      change('publishing');
      void keepCounting(edges, ending);
      await publish(edges, producer, { term: ending, stick, unstick: () => change('publishing') });
    } finally {
      over.abort();
      change('standby');
    }
  };
}

interface Term {
  readonly term: AbortSignal;
  stick(fault: KafkaFault): void;
  unstick(): void;
}

async function publish(edges: RelayEdges, producer: KafkaProducer, run: Term): Promise<void> {
  const { outbox, onPublished } = edges;
  let nap = new AbortController();
  const wake = (): void => nap.abort();
  const listener = edges.listen(wake);
  run.term.addEventListener('abort', wake);
  try {
    let isTopicThere = false;
    while (!run.term.aborted) {
      isTopicThere ||= await makeTopic(edges, run);
      // A notice from here on cuts the nap short.
      nap = new AbortController();
      const batch = isTopicThere ? await outbox.next() : null;
      if (batch === null) {
        if (isTopicThere) run.unstick();
        await pauseFor(isTopicThere ? LOOK_EVERY_MS : RETRY_AFTER_MS, isTopicThere ? nap.signal : run.term);
        continue;
      }
      const outcome = await sendAll(edges.topic, producer, batch.announcements, run.term);
      const isSent = outcome === 'sent';
      await settle(edges, batch.from, isSent ? batch.to : batch.from);
      if (isSent) {
        run.unstick();
        onPublished(batch.announcements.length);
      } else if (outcome.kind !== 'closed') {
        run.stick(outcome);
        isTopicThere = false;
        await pauseFor(RETRY_AFTER_MS, run.term);
      }
    }
  } finally {
    await listener.close();
  }
}

async function makeTopic({ kafka, topic, replication }: RelayEdges, run: Term): Promise<boolean> {
  const outcome = await kafka.ensureTopics([changesTopic(topic, replication)]);
  if (outcome.kind === 'settled') return true;
  const { fault } = outcome;
  const advice = `make the topic ${topic} yourself, with ${String(PARTITIONS)} partitions and cleanup.policy=compact`;
  run.stick(fault.kind === 'refused' ? { ...fault, sentence: `${fault.sentence}: ${advice}` } : fault);
  return false;
}

/**
 * Whatever else ended meanwhile: only then it is known that nothing newer stands before what was just told, as it may
 * where this process slept, and another leads by now.
 */
async function settle({ outbox, onTrouble }: RelayEdges, from: OutboxPlace, to: OutboxPlace): Promise<void> {
  for (let told = ''; ;) {
    try {
      await outbox.settle(from, to);
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== told) onTrouble(`How far changes were published can not be noted for now: ${reason}`);
      told = reason;
      await pause(RETRY_AFTER_MS);
    }
  }
}

async function keepCounting({ outbox, onBacklog }: RelayEdges, term: AbortSignal): Promise<void> {
  const isOver = (): boolean => term.aborted;
  while (!isOver()) {
    const backlog = await outbox.countBacklog().catch(() => null);
    if (backlog !== null && !isOver()) onBacklog(backlog);
    await pauseFor(COUNT_EVERY_MS, term);
  }
}

interface Letter {
  readonly announcement: Announcement;
  readonly message: OutMessage;
}

async function sendAll(
  topic: string,
  producer: KafkaProducer,
  announcements: readonly Announcement[],
  term: AbortSignal,
): Promise<SendOutcome> {
  const send = async (letters: readonly Letter[]): Promise<SendOutcome> => {
    const messages = letters.map(({ message }) => message);
    const outcome = await producer.send(topic, messages, term);
    if (outcome === 'sent' || outcome.kind !== 'too-large') return outcome;
    const [letter] = letters;
    if (letters.length > 1) return sendParts(letters.map((one) => [one]));
    // One campaign must not keep all others back.
    return letter === undefined ? 'sent' : producer.send(topic, [withoutCampaign(letter)], term);
  };
  const sendParts = async (parts: readonly (readonly Letter[])[]): Promise<SendOutcome> => {
    for (const part of parts) {
      const outcome = await send(part);
      if (outcome !== 'sent') return outcome;
    }
    return 'sent';
  };
  return sendParts(splitBySize(announcements.map(writeLetter)));
}

function writeLetter(announcement: Announcement): Letter {
  const { id } = announcement;
  return { announcement, message: { key: id, value: Buffer.from(JSON.stringify(announcement)) } };
}

function withoutCampaign({ announcement }: Letter): OutMessage {
  const value = JSON.stringify({ ...announcement, campaign: 'too large' });
  return { key: announcement.id, value: Buffer.from(value) };
}

/** In their order. What is larger by itself is alone. */
function splitBySize(letters: readonly Letter[]): readonly (readonly Letter[])[] {
  const parts: Letter[][] = [];
  let bytes = Infinity;
  for (const letter of letters) {
    bytes += letter.message.value.length;
    const part = parts.at(-1);
    if (part === undefined || bytes > SEND_BYTES) {
      parts.push([letter]);
      bytes = letter.message.value.length;
    } else part.push(letter);
  }
  return parts;
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
