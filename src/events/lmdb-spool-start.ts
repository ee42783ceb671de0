/** The start of the thread that waits for the spool's disk. */
import type { Worker } from 'node:worker_threads';
import type { StoreOrder } from './lmdb-spool-opening.ts';
import type { SpoolReport } from './lmdb-spool-messages.ts';
import { startThread } from './thread-start.ts';

export interface SpoolOpening extends StoreOrder {
  /** `lmdb-spool-thread`, as built. */
  readonly threadFile: URL;
  /** A sentence: what an operator must know. */
  readonly onTrouble: (sentence: string) => void;
}

/** The thread, and what it found. */
export interface Writer {
  readonly thread: Worker;
  readonly opened: Extract<SpoolReport, { kind: 'opened' }>;
}

export function startWriter({
  folder,
  maxBytes,
  sync,
  readers,
  threadFile,
  onTrouble,
}: SpoolOpening): Promise<Writer> {
  const thread = startThread(threadFile, { folder, maxBytes, sync, readers } satisfies StoreOrder);
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('its thread ended')));
    thread.on('message', (message: SpoolReport) => {
      if (message.kind === 'trouble') onTrouble(message.sentence);
      else if (message.kind === 'unopened') reject(new Error(message.sentence));
      else if (message.kind === 'opened') {
        thread.off('error', reject);
        resolve({ thread, opened: message });
      }
    });
  });
}
