/**
 * Kafka from the front thread: the client, its timers and the relay of changes run on a thread of their own, and this
 * side only hears from it. A thread that dies is replaced.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { KafkaState } from './kafka-probe.ts';

export interface WatchOrder extends Omit<ThreadOrder, 'relay'> {
  /** `kafka-thread`, as built. */
  readonly threadFile: URL;
  /** The first time, and whenever it has changed; the reason is a sentence. */
  readonly onState: (state: KafkaState, reason: string) => void;
  /** What the client reports besides. */
  readonly onTrouble: (sentence: string) => void;
  /** Whenever it has changed; the reason is a sentence where it is stuck, else ''. */
  readonly onRelay: (state: RelayState, reason: string) => void;
}

/** What the thread is given. */
export interface ThreadOrder {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** null: it is told by a message, or never. */
  readonly relay: RelayOrder | null;
}

/** To publish changes of campaigns. */
export interface RelayOrder {
  readonly databaseUrl: string;
  /** Copies of the topic; null: by the number of brokers. */
  readonly replication: number | null;
}

/** Another node may publish; this one does; it would, and can't. */
export type RelayState = 'standby' | 'publishing' | 'stuck';

/** What the thread tells. */
export type ThreadReport =
  | { readonly kind: 'state'; readonly state: KafkaState; readonly reason: string }
  | { readonly kind: 'trouble'; readonly sentence: string }
  | { readonly kind: 'relay'; readonly state: RelayState; readonly reason: string }
  /** Since the last report. */
  | { readonly kind: 'published'; readonly changes: number }
  | { readonly kind: 'backlog'; readonly changes: number };

export interface RelayFigures {
  readonly state: RelayState;
  /** By this process. */
  readonly publishedChanges: number;
  /** 0 where another node publishes. */
  readonly backlogChanges: number;
}

export interface KafkaWatch {
  /** `down` until the cluster has answered. */
  readonly state: KafkaState;
  readonly relay: RelayFigures;
  /** From now on, changes are published, as long as no other node does. Once. */
  publishChanges(order: RelayOrder): void;
  close(): Promise<void>;
}

/** A thread that dies at once, again and again, is no burden then. */
const REVIVE_MS = 1_000;
/** A thread that is told to end while it handles an error forgets it at times: it is told again. */
const TERMINATE_AGAIN_MS = 100;

export function watchKafka(order: WatchOrder): KafkaWatch {
  let state: KafkaState = 'down';
  let relayOrder: RelayOrder | null = null;
  let relay: RelayFigures = { state: 'standby', publishedChanges: 0, backlogChanges: 0 };
  let isClosed = false;
  let thread = start();
  let revival: NodeJS.Timeout | undefined;

  function start(): Worker {
    const { brokers, clientId, threadFile } = order;
    const worker = startThread(threadFile, { brokers, clientId, relay: relayOrder });
    worker.on('message', hear);
    worker.on('error', (error) => {
      if (!isClosed) order.onTrouble(`The Kafka thread failed: ${error.message}`);
    });
    worker.on('exit', () => {
      if (isClosed) return;
      if (state === 'up') change('down', 'The Kafka thread ended, and is started again.');
      if (relay.state !== 'standby') changeRelay('standby', '');
      revival = setTimeout(() => (thread = start()), REVIVE_MS);
    });
    return worker;
  }
  function hear(report: ThreadReport): void {
    if (isClosed) return;
    switch (report.kind) {
      case 'state':
        return change(report.state, report.reason);
      case 'trouble':
        return order.onTrouble(report.sentence);
      case 'relay':
        return changeRelay(report.state, report.reason);
      case 'published':
        relay = { ...relay, publishedChanges: relay.publishedChanges + report.changes };
        return;
      case 'backlog':
        relay = { ...relay, backlogChanges: report.changes };
        return;
    }
  }
  function change(next: KafkaState, reason: string): void {
    state = next;
    order.onState(next, reason);
  }
  function changeRelay(next: RelayState, reason: string): void {
    relay = { ...relay, state: next, ...(next === 'standby' ? { backlogChanges: 0 } : {}) };
    order.onRelay(next, reason);
  }
  return {
    get state() {
      return state;
    },
    get relay() {
      return relay;
    },
    publishChanges(given) {
      relayOrder = given;
      thread.postMessage(given);
    },
    async close() {
      isClosed = true;
      clearTimeout(revival);
      const again = setInterval(() => void thread.terminate(), TERMINATE_AGAIN_MS);
      await thread.terminate();
      clearInterval(again);
    },
  };
}

function startThread(file: URL, workerData: ThreadOrder): Worker {
  if (!file.pathname.endsWith('.ts')) return new Worker(file, { workerData });
  // Under the development server: tsx translates what a thread requires, and not what it begins with.
  const begin = `require('tsx/cjs'); require(${JSON.stringify(fileURLToPath(file))})`;
  return new Worker(begin, { eval: true, workerData });
}
