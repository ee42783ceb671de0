/**
 * Kafka from the front thread: the client, its timers, the shipping of events and the relay of changes run on a thread
 * of their own, and this side only hears from it. A thread that dies is replaced.
 */
import type { Worker } from 'node:worker_threads';
import type { KafkaState } from './kafka-probe.ts';
import {
  watchShipping,
  type ShippedSpool,
  type ShippingFigures,
  type ShippingOrder,
  type ShippingReport,
  type ShippingState,
} from './kafka-shipping.ts';
import { startThread } from './thread-start.ts';

export interface WatchOrder extends ThreadOrder {
  /** `kafka-thread`, as built. */
  readonly threadFile: URL;
  /** The first time, and whenever it has changed; the reason is a sentence. */
  readonly onState: (state: KafkaState, reason: string) => void;
  /** What the client reports besides. */
  readonly onTrouble: (sentence: string) => void;
  /** Whenever it has changed; the reason is a sentence where it is stuck, else ''. */
  readonly onRelay: (state: RelayState, reason: string) => void;
  /** Whenever it has changed; the reason is a sentence where events wait, else ''. */
  readonly onShipping: (state: ShippingState, reason: string) => void;
}

/** What the thread is given. */
export interface ThreadOrder {
  readonly brokers: readonly string[];
  /** Of the names of topics and of this client. */
  readonly prefix: string;
  readonly clientId: string;
}

/** What the thread is told. */
export type FrontOrder = { readonly kind: 'relay'; readonly relay: RelayOrder } | ShippingOrder;

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
  | RelayReport
  | ShippingReport;

type RelayReport =
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
  readonly shipping: ShippingFigures;
  readonly relay: RelayFigures;
  /** From now on, changes are published, as long as no other node does. Once. */
  publishChanges(order: RelayOrder): void;
  /** From now on, what is in the spool is shipped. Once. */
  shipEvents(spool: ShippedSpool): void;
  /** What is in the spool by now is shipped first, as far as that takes no longer than `withinMs`. */
  endShipping(withinMs: number): Promise<void>;
  close(): Promise<void>;
}

/** A thread that dies at once, again and again, is no burden then. */
const REVIVE_MS = 1_000;
/** A thread that is told to end while it handles an error forgets it at times: it is told again. */
const TERMINATE_AGAIN_MS = 100;

export function watchKafka(order: WatchOrder): KafkaWatch {
  let state: KafkaState = 'down';
  let relayOrder: RelayOrder | null = null;
  const relay = watchRelay(order.onRelay);
  const shipping = watchShipping(
    (given, transferred) => thread.postMessage(given, transferred),
    order.onShipping,
  );
  let isClosed = false;
  let thread = start();
  let revival: NodeJS.Timeout | undefined;

  function start(): Worker {
    const { brokers, prefix, clientId, threadFile } = order;
    const worker = startThread(threadFile, { brokers, prefix, clientId } satisfies ThreadOrder);
    worker.on('message', hear);
    worker.on('error', (error) => {
      if (!isClosed) order.onTrouble(`The Kafka thread failed: ${error.message}`);
    });
    worker.on('exit', () => {
      if (isClosed) return;
      if (state === 'up') change('down', 'The Kafka thread ended, and is started again.');
      relay.stop();
      revival = setTimeout(revive, REVIVE_MS);
    });
    return worker;
  }
  function revive(): void {
    thread = start();
    if (relayOrder !== null) tellRelay(thread, relayOrder);
    shipping.resume();
  }
  function hear(report: ThreadReport): void {
    if (isClosed) return;
    if (report.kind === 'state') change(report.state, report.reason);
    else if (report.kind === 'trouble') order.onTrouble(report.sentence);
    else if (isOfRelay(report)) relay.hear(report);
    else shipping.hear(report);
  }
  function change(next: KafkaState, reason: string): void {
    state = next;
    order.onState(next, reason);
  }
  return {
    get state() {
      return state;
    },
    get relay() {
      return relay.figures;
    },
    get shipping() {
      return shipping.figures;
    },
    publishChanges(given) {
      relayOrder = given;
      tellRelay(thread, given);
    },
    shipEvents: (given) => shipping.begin(given),
    endShipping: (withinMs) => shipping.end(withinMs),
    async close() {
      isClosed = true;
      clearTimeout(revival);
      const again = setInterval(() => void thread.terminate(), TERMINATE_AGAIN_MS);
      await thread.terminate();
      clearInterval(again);
    },
  };
}

interface RelayWatch {
  readonly figures: RelayFigures;
  hear(report: RelayReport): void;
  /** The thread ended. */
  stop(): void;
}

function watchRelay(onRelay: WatchOrder['onRelay']): RelayWatch {
  let figures: RelayFigures = { state: 'standby', publishedChanges: 0, backlogChanges: 0 };
  function change(state: RelayState, reason: string): void {
    figures = { ...figures, state, ...(state === 'standby' ? { backlogChanges: 0 } : {}) };
    onRelay(state, reason);
  }
  return {
    get figures() {
      return figures;
    },
    hear(report) {
      if (report.kind === 'relay') change(report.state, report.reason);
      else if (report.kind === 'backlog') figures = { ...figures, backlogChanges: report.changes };
      else figures = { ...figures, publishedChanges: figures.publishedChanges + report.changes };
    },
    stop() {
      if (figures.state !== 'standby') change('standby', '');
    },
  };
}

function isOfRelay(report: RelayReport | ShippingReport): report is RelayReport {
  return report.kind === 'relay' || report.kind === 'published' || report.kind === 'backlog';
}

function tellRelay(thread: Worker, relay: RelayOrder): void {
  thread.postMessage({ kind: 'relay', relay } satisfies FrontOrder);
}
