/** What runs on the Kafka thread (kafka-watch.ts starts it): a client, and nothing that anyone waits for. */
import { parentPort, workerData } from 'node:worker_threads';
import { openKafka } from './kafka-client.ts';
import type { ThreadOrder, ThreadReport } from './kafka-watch.ts';

const { brokers, clientId } = workerData as ThreadOrder;

openKafka({
  brokers,
  clientId,
  onState: (state, reason) => report({ kind: 'state', state, reason }),
  onTrouble: (sentence) => report({ kind: 'trouble', sentence }),
});

function report(message: ThreadReport): void {
  parentPort?.postMessage(message);
}
