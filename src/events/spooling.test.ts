/** The door before a spool on disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { adEvent } from './fixtures/random-events.ts';
import { MemorySpool } from './fixtures/memory-spool.ts';
import { openSpool } from './lmdb-spool.ts';
import { openSpoolReader } from './lmdb-spool-reader.ts';
import { decodeEvent } from './msgpack-event.ts';
import { createSpoolingEvents } from './spooling.ts';
import type { Spool } from './spool.ts';

const THREAD_FILE = new URL('../../dist/events/lmdb-spool-thread.js', import.meta.url);
/** Room for some thousand events. */
const MAX_BYTES = 1_048_576;

let folder: string;
let spool: Spool;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-spooling-'));
  spool = await openSpool({
    folder: join(folder, 'spool'),
    maxBytes: MAX_BYTES,
    sync: { kind: 'group' },
    readers: ['consumer'],
    threadFile: THREAD_FILE,
    onTrouble: (sentence) => {
      throw new Error(sentence);
    },
  });
});
afterEach(async () => {
  await spool.close();
  rmSync(folder, { recursive: true });
});

it('keeps events in the order in which they came, each as it was told, and counts them by what vouches for them', async () => {
  const counted: string[] = [];
  const door = createSpoolingEvents(spool, (...labels) => counted.push(labels.join(' ')));
  const events = [
    adEvent({ eventId: 'a', type: 'billing', spendNanos: 7, userId: 'u', country: 'US', traceId: 't' }),
    adEvent({ eventId: 'b', type: 'click', known: false, signed: true }),
    adEvent({ eventId: 'c', type: 'click', signed: false }),
    adEvent({ eventId: 'd', type: 'conversion', known: false, signed: false, valueMicros: 5 }),
  ];
  const answers = await Promise.all(events.map((event) => door.record(event)));
  expect(answers).toEqual(['kept', 'kept', 'kept', 'kept']);
  expect(counted).toEqual([
    'billing signed kept',
    'click signed kept',
    'click unsigned kept',
    'conversion unknown kept',
  ]);
  const reader = openSpoolReader(spool.connect('consumer'));
  await reader.settle();
  const records = reader.read(10, MAX_BYTES).map(({ record }) => decodeEvent(record));
  expect(records).toEqual(events.map((event) => ({ event })));
  await reader.close();
});

it('says what a full spool does not keep, and keeps what moves money longest', async () => {
  const door = createSpoolingEvents(spool, () => undefined);
  // More than fits, in few commits.
  await Promise.all(
    Array.from({ length: 8_000 }, (_, n) => door.record(adEvent({ eventId: `e-${String(n)}` }))),
  );
  const answers = new Map<string, string>();
  answers.set('tracking', await door.record(adEvent({ eventId: 'one more' })));
  answers.set('billing', await door.record(adEvent({ eventId: 'b', type: 'billing' })));
  answers.set('charged', await door.record(adEvent({ eventId: 'i', spendNanos: 1 })));
  expect(Object.fromEntries(answers)).toEqual({ tracking: 'not_kept', billing: 'kept', charged: 'kept' });
});

it('tells the spool of each event whether money hangs on it', async () => {
  const memory = new MemorySpool();
  const door = createSpoolingEvents(memory, () => undefined);
  for (const type of ['win', 'billing', 'loss', 'click'] as const)
    await door.record(adEvent({ eventId: type, type }));
  await door.record(adEvent({ eventId: 'charged', type: 'click', spendNanos: 1 }));
  expect(memory.records.map(({ spoolClass }) => spoolClass)).toEqual([
    'money',
    'money',
    'money',
    'tracking',
    'money',
  ]);
});
