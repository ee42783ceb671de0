/**
 * Kafka from the front thread: the client and its timers run on a thread of their own, and this side only hears
 * from it. A thread that dies is replaced.
 */
import { Worker } from 'node:worker_threads';
import type { KafkaState } from './kafka-probe.ts';

export interface WatchOrder extends ThreadOrder {
  /** `kafka-thread`, as built. */
  readonly threadFile: URL;
  /** The first time, and whenever it has changed; the reason is a sentence. */
  readonly onState: (state: KafkaState, reason: string) => void;
  /** What the client reports besides. */
  readonly onTrouble: (sentence: string) => void;
}

/** What the thread is given. */
export interface ThreadOrder {
  readonly brokers: readonly string[];
  readonly clientId: string;
}

/** What the thread tells. */
export type ThreadReport =
  | { readonly kind: 'state'; readonly state: KafkaState; readonly reason: string }
  | { readonly kind: 'trouble'; readonly sentence: string };

export interface KafkaWatch {
  /** `down` until the cluster has answered. */
  readonly state: KafkaState;
  close(): Promise<void>;
}

/** A thread that dies at once, again and again, is no burden then. */
const REVIVE_MS = 1_000;
/** A thread that is told to end while it handles an error forgets it at times: it is told again. */
const TERMINATE_AGAIN_MS = 100;

export function watchKafka(order: WatchOrder): KafkaWatch {
  let state: KafkaState = 'down';
  let isClosed = false;
  let thread = start();
  let revival: NodeJS.Timeout | undefined;

  function start(): Worker {
    const { brokers, clientId } = order;
    const worker = new Worker(order.threadFile, { workerData: { brokers, clientId } satisfies ThreadOrder });
    worker.on('message', hear);
    worker.on('error', (error) => {
      if (!isClosed) order.onTrouble(`The Kafka thread failed: ${error.message}`);
    });
    worker.on('exit', () => {
      if (isClosed) return;
      if (state === 'up') change('down', 'The Kafka thread ended, and is started again.');
      revival = setTimeout(() => (thread = start()), REVIVE_MS);
    });
    return worker;
  }
  function hear(report: ThreadReport): void {
    if (isClosed) return;
    if (report.kind === 'state') change(report.state, report.reason);
    else order.onTrouble(report.sentence);
  }
  function change(next: KafkaState, reason: string): void {
    state = next;
    order.onState(next, reason);
  }
  return {
    get state() {
      return state;
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
