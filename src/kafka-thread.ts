/**
 * What runs on the Kafka thread (events/kafka-watch.ts starts it): the client, and, once it is told the database, the
 * relay of changes (kafka-relay.ts) for as long as this node leads. Nobody waits for any of it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createOutbox } from './campaigns/postgres-outbox.ts';
import { seekLeadership } from './database/postgres-leader.ts';
import { listenTo } from './database/postgres-listener.ts';
import { openPool } from './database/postgres-pool.ts';
import { openKafka } from './events/kafka-client.ts';
import type { RelayOrder, ThreadOrder, ThreadReport } from './events/kafka-watch.ts';
import { createRelay } from './kafka-relay.ts';

/** What billing and reporting systems read; docs/changes.md tells them how. */
const TOPIC = 'campaigns';
/** The topic's place in the outbox. */
const POSITION = 'kafka:campaigns';
/** An advisory lock that nothing else takes. */
const RELAY_LOCK = 7_238_007;
/** Notified by raise_campaign_version. */
const CHANNEL = 'gavel_campaigns';

const { brokers, clientId, relay } = workerData as ThreadOrder;

const kafka = openKafka({
  brokers,
  clientId,
  onState: (state, reason) => report({ kind: 'state', state, reason }),
  onTrouble: tellTrouble,
});
if (relay === null) parentPort?.once('message', publishChanges);
else publishChanges(relay);

function publishChanges({ databaseUrl, replication }: RelayOrder): void {
  // A broken idle connection shows again at the next query.
  const pool = openPool(databaseUrl, () => undefined);
  const run = createRelay({
    outbox: createOutbox(pool, POSITION),
    kafka,
    topic: TOPIC,
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
