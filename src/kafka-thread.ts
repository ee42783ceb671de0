/**
 * What runs on the Kafka thread (events/kafka-watch.ts starts it): the client; once it is told, the shipping of the
 * spool (events/kafka-ship.ts), and the relay of changes (kafka-relay.ts) for as long as this node leads. Nobody waits
 * for any of it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createOutbox } from './campaigns/postgres-outbox.ts';
import { seekLeadership } from './database/postgres-leader.ts';
import { listenTo } from './database/postgres-listener.ts';
import { openPool } from './database/postgres-pool.ts';
import { openKafka } from './events/kafka-client.ts';
import { prefixNames } from './events/kafka-prefix.ts';
import { shipSpool, type Shipping } from './events/kafka-ship.ts';
import type { PendingChange, ShipOrder } from './events/kafka-shipping.ts';
import type { FrontOrder, RelayOrder, ThreadOrder, ThreadReport } from './events/kafka-watch.ts';
import { openSpoolReader } from './events/lmdb-spool-reader.ts';
import { sumByAd, type AdCounts } from './events/pending.ts';
import { readOffsets } from './events/postgres-offsets.ts';
import { createShippedBook, type ShippedBook } from './events/shipped.ts';
import { tellFound } from './events/lmdb-spool-found.ts';
import { CHANGES_TOPIC, EVENT_TOPICS } from './events/topics.ts';
import { createRelay } from './kafka-relay.ts';

/** The topic's place in the outbox. */
const POSITION = 'kafka:campaigns';
/** An advisory lock that nothing else takes. */
const RELAY_LOCK = 7_238_007;
/** One small query, while something that was shipped is not counted yet. */
const ASK_EVERY_MS = 250;
/** Notified by raise_campaign_version. */
const CHANNEL = 'gavel_campaigns';

const { brokers, prefix, clientId } = workerData as ThreadOrder;
let shipping: Shipping | null = null;

const client = openKafka({
  brokers,
  clientId: prefix + clientId,
  onState: (state, reason) => report({ kind: 'state', state, reason }),
  onTrouble: tellTrouble,
});
const kafka = prefixNames(client, prefix);
parentPort?.on('message', (order: FrontOrder) => {
  if (order.kind === 'relay') publishChanges(order.relay);
  else if (order.kind === 'ship') void ship(order.ship);
  else void endShipping();
});

async function ship({ ticket, topics, databaseUrl, lastSequence }: ShipOrder): Promise<void> {
  const reader = openSpoolReader(ticket);
  const shipped = createShippedBook();
  const tellPending = (change: PendingChange): void => report({ kind: 'pending', change });
  if (lastSequence !== null) {
    await tellFound(reader, lastSequence, (counts) => tellPending({ kind: 'found', counts }));
  }
  shipping = shipSpool({
    reader,
    kafka,
    topics,
    onShipped: (events) => report({ kind: 'shipped', events }),
    onSent(topic, parts) {
      for (const { partition, nextOffset, messages } of parts) {
        const counts = sumByAd(messages.map(({ value }) => value));
        shipped.add({ topic, partition, nextOffset, counts });
      }
    },
    onStuck: (reason) => report({ kind: 'shipping', state: 'stuck', reason }),
    onGoing: () => report({ kind: 'shipping', state: 'going', reason: '' }),
  });
  void settleShipped(shipped, databaseUrl, (counts) => tellPending({ kind: 'committed', counts }));
}

/** Whatever consumer counts what was shipped, it notes in Postgres how far it has come. */
async function settleShipped(
  shipped: ShippedBook,
  databaseUrl: string,
  onCommitted: (counts: readonly AdCounts[]) => void,
): Promise<void> {
  const pool = openPool(databaseUrl, () => undefined);
  for (;;) {
    await pause(ASK_EVERY_MS);
    // While Postgres is away nothing is committed.
    const offsets = shipped.isEmpty ? [] : await readOffsets(pool, EVENT_TOPICS).catch(() => []);
    for (const { source, partition, nextOffset } of offsets) {
      const counts = shipped.settle(source, partition, nextOffset);
      if (counts.length > 0) onCommitted(counts);
    }
  }
}

async function endShipping(): Promise<void> {
  await shipping?.close();
  report({ kind: 'shipping', state: 'ended', reason: '' });
}

function publishChanges({ databaseUrl, replication }: RelayOrder): void {
  // A broken idle connection shows again at the next query.
  const pool = openPool(databaseUrl, () => undefined);
  const run = createRelay({
    outbox: createOutbox(pool, POSITION),
    kafka: client,
    topic: prefix + CHANGES_TOPIC,
    replication,
    listen: (onNotice) => listenTo(CHANNEL, databaseUrl, onNotice),
    onState: (state, reason) => report({ kind: 'relay', state, reason }),
    onPublished: (changes) => report({ kind: 'published', changes }),
    onBacklog: (changes) => report({ kind: 'backlog', changes }),
    onTrouble: tellTrouble,
  });
  seekLeadership({
    databaseUrl,
    lock: RELAY_LOCK,
    onLead: run,
    onTrouble: (sentence) => tellTrouble(`changes are not published from here: ${sentence}`),
  });
}

function tellTrouble(sentence: string): void {
  report({ kind: 'trouble', sentence });
}

function report(message: ThreadReport): void {
  parentPort?.postMessage(message);
}
