/** The spool's thread: what waits for the disk does so here (lmdb-spool.ts starts it). */
import { parentPort, workerData } from 'node:worker_threads';
import { openStore, type StoreOrder } from './lmdb-spool-opening.ts';
import type { SpoolOrder, SpoolReport } from './lmdb-spool-messages.ts';
import { SpoolWriter } from './lmdb-spool-writer.ts';

const order = workerData as StoreOrder;

void begin().catch((error: unknown) => {
  report({ kind: 'unopened', sentence: error instanceof Error ? error.message : String(error) });
});

async function begin(): Promise<void> {
  const store = await openStore(order, (sentence) => {
    report({ kind: 'trouble', sentence });
  });
  const writer = new SpoolWriter(store, order, report);
  parentPort?.on('message', (message: SpoolOrder) => {
    if (message.kind === 'append') writer.append(message);
    else if (message.kind === 'connect') writer.connect(message.reader, message.port);
    else void writer.close().then(() => parentPort?.close());
  });
  report({ kind: 'opened', id: store.id, isSound: writer.isSound, figures: store.figures() });
}

function report(message: SpoolReport): void {
  parentPort?.postMessage(message);
}
