/**
 * The way of events behind their door: the spool, what takes it away (alone a consumer that counts it into Postgres, else
 * Kafka), and what is not counted yet.
 */
import type { Config } from './config.ts';
import {
  NOTHING_COUNTED,
  watchConsumer,
  type ConsumerFigures,
  type ThreadReport,
} from './events/lmdb-consumer-watch.ts';
import { openSpool } from './events/lmdb-spool.ts';
import type { ShippingFigures } from './events/kafka-shipping.ts';
import { createPendingBook, type PendingBook } from './events/pending.ts';
import type { Spool, SpoolFigures } from './events/spool.ts';
import type { Log } from './server/http.ts';
import type { Services } from './services.ts';
import type { Storage } from './storage.ts';
import { locateThread } from './thread-file.ts';

export interface EventPath {
  readonly spool: Pick<Spool, 'append'>;
  readonly pending: PendingBook;
  readonly figures: EventFigures;
  /** Once nothing is recorded any more: what is left is counted or shipped first, if that takes no longer than half of `withinMs`. */
  close(withinMs: number): Promise<void>;
}

/** What metrics ask for. */
interface EventFigures {
  readonly spool: () => SpoolFigures & { readonly isSound: boolean };
  readonly consumer: () => ConsumerFigures;
  readonly shipping: () => ShippingFigures;
}

export interface EventPathParts {
  readonly config: Config;
  readonly storage: Pick<Storage, 'dataDir' | 'databaseUrl' | 'databaseName' | 'arrival'>;
  /** null: events are counted here. */
  readonly shipper: Shipper | null;
  readonly log: Log;
}

type Shipper = NonNullable<ReturnType<Services['shipper']>>;

/** Whatever reads the spool has this name, so that one way of events goes on where another stopped. */
const READER = 'events';
/** What is left takes some 200 ms, on a busy machine a second; what is not taken in that time waits for the next start. */
const END_LIMIT_MS = 2_000;
const NOTHING_SHIPPED: ShippingFigures = { isUp: true, shippedEvents: 0 };

/** Rejects with one sentence where the spool can't be opened. */
export async function openEventPath(parts: EventPathParts): Promise<EventPath> {
  const { config, storage, log } = parts;
  const spool = await openSpool({
    // Of this database alone: what was accepted for another one is counted there, once that is named again.
    folder: `${storage.dataDir}/spool/${storage.databaseName}`,
    maxBytes: config.spoolMaxBytes,
    sync: config.spoolSync,
    readers: [READER],
    threadFile: locateThread('./events/lmdb-spool-thread'),
    onTrouble: (trouble) => log.warn({ trouble }, 'the spool: something is wrong'),
  });
  const pending = createPendingBook();
  const { shipper } = parts;
  const way = shipper === null ? countHere(parts, spool, pending) : shipAway(shipper, parts, spool, pending);
  return {
    spool,
    pending,
    figures: {
      spool: () => ({ ...spool.figures(), isSound: spool.isSound }),
      consumer: () => way.consumer(),
      shipping: () => shipper?.shipping ?? NOTHING_SHIPPED,
    },
    async close(withinMs) {
      await way.end(Math.min(END_LIMIT_MS, Math.max(0, withinMs / 2)));
      await spool.close();
    },
  };
}

interface Way {
  consumer(): ConsumerFigures;
  end(withinMs: number): Promise<void>;
}

function countHere({ config, storage, log }: EventPathParts, spool: Spool, pending: PendingBook): Way {
  const consumer = watchConsumer({
    spool,
    reader: READER,
    threadFile: locateThread('./events/lmdb-consumer-thread'),
    onReport(report) {
      tell(report, log);
      if (report.kind === 'found') report.counts.forEach((counts) => pending.add(counts));
      if (report.kind === 'batch') report.counts.forEach((counts) => pending.takeOff(counts));
    },
  });
  const { databaseUrl } = storage;
  const retention = {
    eventDays: config.retentionEventDays,
    seenDays: config.retentionSeenDays,
    deadDays: config.retentionDeadDays,
  };
  // Who started the server hears of its rejection.
  storage.arrival.whenHere.then(
    () => consumer.count({ databaseUrl, retention }),
    () => undefined,
  );
  return { consumer: () => consumer.figures(), end: (withinMs) => consumer.close(withinMs) };
}

function shipAway(
  shipper: Shipper,
  { config, storage }: EventPathParts,
  spool: Spool,
  pending: PendingBook,
): Way {
  shipper.shipEvents({
    connect: () => spool.connect(READER),
    lastSequence: spool.figures().lastSequence,
    topics: { replication: config.kafkaReplication, retentionDays: config.kafkaRetentionDays },
    databaseUrl: storage.databaseUrl,
    onPending({ kind, counts }) {
      counts.forEach((each) => (kind === 'found' ? pending.add(each) : pending.takeOff(each)));
    },
  });
  return { consumer: () => NOTHING_COUNTED, end: (withinMs) => shipper.endShipping(withinMs) };
}

function tell(report: ThreadReport, log: Log): void {
  switch (report.kind) {
    case 'batch': {
      const { batchSize, processed, deduped, dead } = report.outcome;
      log.debug({ batchSize, processed, deduped }, 'batch_processed');
      if (dead > 0)
        log.warn({ dead }, 'events that can not be counted: `npm run deadletters -- list` tells why');
      return;
    }
    case 'stuck':
      return log.warn({ reason: report.reason }, 'events can not be counted for now: they wait in the spool');
    case 'going':
      return log.info({}, 'events are counted again');
    case 'days':
      log.debug({ made: report.made, dropped: report.dropped }, 'days of events');
      if (report.letters > 0)
        log.warn(
          { letters: report.letters },
          'dead letters older than GAVEL_RETENTION_DEAD_DAYS were deleted',
        );
      return;
    case 'trouble':
      return log.warn({ trouble: report.sentence }, 'events: something is wrong');
    case 'found':
      return;
  }
}
