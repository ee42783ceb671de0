/** The consumer of the spool, from the front thread: it runs on a thread of its own, which is replaced when it dies. */
import type { Worker } from 'node:worker_threads';
import type { AdCounts } from './pending.ts';
import type { BatchOutcome } from './postgres-consume.ts';
import type { ConsumerReport, CountingOrder } from './postgres-spool-consumer.ts';
import type { Spool, SpoolTicket } from './spool.ts';
import { startThread } from './thread-start.ts';

export interface ConsumerWatchOrder {
  readonly spool: Pick<Spool, 'connect' | 'figures'>;
  readonly reader: string;
  /** `lmdb-consumer-thread`, as built. */
  readonly threadFile: URL;
  readonly onReport: (report: ThreadReport) => void;
}

/** Was in the spool when the first thread began. */
interface FoundReport {
  readonly kind: 'found';
  readonly counts: readonly AdCounts[];
}

/** What the thread is given. */
export interface ConsumerThreadOrder {
  readonly ticket: SpoolTicket;
  /** Of the spool as it was opened; null: another thread told of what was found there. */
  readonly lastSequence: number | null;
  /** null: it is told by a message. */
  readonly counting: CountingOrder | null;
}

export type FrontOrder =
  { readonly kind: 'count'; readonly counting: CountingOrder } | { readonly kind: 'close' };
export type ThreadReport = ConsumerReport | FoundReport;

export interface ConsumerFigures extends BatchOutcome {
  readonly batches: number;
  readonly isUp: boolean;
}

export interface ConsumerWatch {
  figures(): ConsumerFigures;
  /** Once the database has its tables. */
  count(order: CountingOrder): void;
  /** What is in the spool is counted first, as far as that takes no longer than `withinMs`. */
  close(withinMs: number): Promise<void>;
}

/** A thread that dies at once, again and again, is no burden then. */
const REVIVE_MS = 1_000;
export const NOTHING_COUNTED: ConsumerFigures = {
  batches: 0,
  batchSize: 0,
  processed: 0,
  deduped: 0,
  dead: 0,
  unknownOverflow: 0,
  isUp: true,
};

export function watchConsumer(order: ConsumerWatchOrder): ConsumerWatch {
  let figures = NOTHING_COUNTED;
  let counting: CountingOrder | null = null;
  let isClosed = false;
  let revival: NodeJS.Timeout | undefined;
  let exited: Promise<void>;
  let thread = start(order.spool.figures().lastSequence);

  function start(lastSequence: number | null): Worker {
    const ticket = order.spool.connect(order.reader);
    const data: ConsumerThreadOrder = { ticket, lastSequence, counting };
    const worker = startThread(order.threadFile, data, [ticket.port]);
    worker.on('message', hear);
    let reason = 'it ended';
    worker.on('error', (error) => {
      reason = error.message;
    });
    exited = new Promise((resolve) => {
      worker.on('exit', () => {
        resolve();
        if (!isClosed) lose(reason);
      });
    });
    return worker;
  }

  /** Until the next one says that it counts. */
  function lose(reason: string): void {
    const sentence = `The thread that counts events failed, and is started again: ${reason}`;
    figures = { ...figures, isUp: false };
    order.onReport({ kind: 'trouble', sentence });
    revival = setTimeout(() => (thread = start(null)), REVIVE_MS);
  }

  function hear(report: ThreadReport): void {
    const { isUp } = figures;
    if (report.kind === 'batch') figures = addUp(figures, report.outcome);
    else if (report.kind === 'stuck' || report.kind === 'going') {
      figures = { ...figures, isUp: report.kind === 'going' };
      if (isUp === figures.isUp) return;
    }
    order.onReport(report);
  }

  return {
    figures: () => figures,
    count(given) {
      counting = given;
      thread.postMessage({ kind: 'count', counting: given } satisfies FrontOrder);
    },
    async close(withinMs) {
      isClosed = true;
      clearTimeout(revival);
      // A batch that is cut short is undone, and comes again at the next start.
      const limit = setInterval(() => void thread.terminate(), withinMs);
      thread.postMessage({ kind: 'close' } satisfies FrontOrder);
      await exited;
      clearInterval(limit);
    },
  };
}

function addUp(figures: ConsumerFigures, outcome: BatchOutcome): ConsumerFigures {
  return {
    ...figures,
    batches: figures.batches + 1,
    batchSize: figures.batchSize + outcome.batchSize,
    processed: figures.processed + outcome.processed,
    deduped: figures.deduped + outcome.deduped,
    dead: figures.dead + outcome.dead,
    unknownOverflow: figures.unknownOverflow + outcome.unknownOverflow,
  };
}
