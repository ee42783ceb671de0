import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { spoolFolder } from './fixtures/spool-folder.ts';
import type { SpoolReport } from './lmdb-spool-messages.ts';
import { openStore, type StoreOrder } from './lmdb-spool-opening.ts';
import { SpoolWriter } from './lmdb-spool-writer.ts';
import { Group } from './spool-group.ts';

/** Each becomes a chunk: more than two commits may delete. */
const GROUPS = 600;

test('a writer that is closed with much to be deleted yet touches its files no more', async () => {
  const reports: SpoolReport['kind'][] = [];
  const order: StoreOrder = {
    folder: spoolFolder(),
    maxBytes: 64 * 1_048_576,
    sync: { kind: 'group' },
    readers: ['a'],
  };
  const store = await openStore(order, () => undefined);
  const writer = new SpoolWriter(store, order, ({ kind }) => void reports.push(kind));
  for (let nth = 0; nth < GROUPS; nth++) {
    const group = new Group(32);
    group.add(Buffer.from('event'));
    writer.append({ kind: 'append', bytes: group.bytes, count: group.count, atMs: 0 });
  }
  const { port1, port2 } = new MessageChannel();
  writer.connect('a', port1);
  port2.postMessage({ kind: 'acknowledge', sequence: GROUPS });
  await once(port2, 'message');
  expect(store.figures().liveRecords).toBeGreaterThan(0);
  await writer.close();
  await new Promise(setImmediate);
  expect(reports).not.toContain('sound');
});
