/** The thread that counts the spool's events (lmdb-consumer-watch.ts starts it). */
import { parentPort, workerData } from 'node:worker_threads';
import type { ConsumerThreadOrder, FrontOrder, ThreadReport } from './lmdb-consumer-watch.ts';
import { openSpoolReader } from './lmdb-spool-reader.ts';
import { tellFound } from './lmdb-spool-found.ts';
import { startSpoolConsumer, type CountingOrder, type SpoolConsumer } from './postgres-spool-consumer.ts';

const { ticket, lastSequence, counting } = workerData as ConsumerThreadOrder;
const reader = openSpoolReader(ticket);
let consumer: SpoolConsumer | null = null;
let isClosing = false;

parentPort?.on('message', (order: FrontOrder) => {
  if (order.kind === 'close') void close();
  else void allTold.then(() => begin(order.counting));
});
// What is counted is deleted: it must be told of before.
const allTold =
  lastSequence === null
    ? Promise.resolve()
    : tellFound(reader, lastSequence, (counts) => report({ kind: 'found', counts }));
if (counting !== null) begin(counting);

function begin(order: CountingOrder): void {
  if (!isClosing) consumer = startSpoolConsumer(reader, order, lastSequence, report);
}

async function close(): Promise<void> {
  isClosing = true;
  await consumer?.close();
  await reader.close();
  parentPort?.close();
}

function report(message: ThreadReport): void {
  parentPort?.postMessage(message);
}
