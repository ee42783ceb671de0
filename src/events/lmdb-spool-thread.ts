/** The spool's thread: what waits for the disk does so here (lmdb-spool.ts starts it). */
import { parentPort, workerData } from 'node:worker_threads';
import { openStore, type StoreOrder } from './lmdb-spool-opening.ts';
import type { SpoolOrder, SpoolReport } from './lmdb-spool-messages.ts';
import { SpoolWriter } from './lmdb-spool-writer.ts';

const order = workerData as StoreOrder;

try {
  const store = await openStore(order, (sentence) => {
    report({ kind: 'trouble', sentence });
  });
  const writer = new SpoolWriter(store, order, report);
  parentPort?.on('message', (message: SpoolOrder) => {
    if (message.kind === 'append') writer.append(message);
    else if (message.kind === 'connect') writer.connect(message.reader, message.port);
    else void writer.close().then(() => parentPort?.close());
  });
  report({ kind: 'opened', id: store.id, figures: store.figures() });
} catch (error) {
  report({ kind: 'unopened', sentence: error instanceof Error ? error.message : String(error) });
}

function report(message: SpoolReport): void {
  parentPort?.postMessage(message);
}
