/** A spool whose disk does not answer for minutes. */
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openTestReader, openTestSpool, readAll, spoolFolder } from './fixtures/spool-folder.ts';

const THREAD = new URL('fixtures/hanging-spool-thread.ts', import.meta.url);
const MEBIBYTE = 1_048_576;

test('behind a disk that hangs nothing waits: what is under way is answered when it goes on, all else fails', async () => {
  const troubles: string[] = [];
  const folder = spoolFolder();
  const spool = await openTestSpool(folder, { threadFile: THREAD }, troubles);
  const reader = openTestReader(spool);
  expect(await spool.append(Buffer.from('one'), 'money')).toEqual({ outcome: 'kept', sequence: 1 });
  const underWay = spool.append(Buffer.from('hang'), 'money');
  await new Promise(setImmediate);
  const behind = spool.append(Buffer.from('behind'), 'money');
  expect(await behind).toEqual({ outcome: 'failed', sequence: 0 });
  expect([spool.isSound, spool.figures().failedRecords]).toEqual([false, 1]);
  expect(await spool.append(Buffer.from('refused'), 'money')).toEqual({ outcome: 'failed', sequence: 0 });
  rmSync(`${folder}.hang`);
  expect(await underWay).toEqual({ outcome: 'kept', sequence: 2 });
  expect(spool.isSound).toBe(true);
  expect(await spool.append(Buffer.from('two'), 'money')).toEqual({ outcome: 'kept', sequence: 3 });
  expect((await readAll(reader)).map(({ record }) => Buffer.from(record).toString())).toEqual([
    'one',
    'hang',
    'two',
  ]);
  expect(troubles).toEqual([
    `The disk of the spool ${folder} does not answer. Until it does nothing is kept in it.`,
    `The disk of the spool ${folder} answers again.`,
  ]);
  await spool.close();
});

test('what waits in memory for a slow disk is bounded, and money is the last to be dropped', async () => {
  const folder = spoolFolder();
  const spool = await openTestSpool(folder, { maxBytes: 1_000 * MEBIBYTE });
  const record = Buffer.alloc(MEBIBYTE);
  const tracking = Array.from({ length: 70 }, () => spool.append(record, 'tracking'));
  const money = Array.from({ length: 10 }, () => spool.append(record, 'money'));
  const outcomes = await Promise.all([...tracking, ...money]);
  const keptOf = (all: typeof outcomes): number => all.filter(({ outcome }) => outcome === 'kept').length;
  expect([keptOf(outcomes.slice(0, 70)), keptOf(outcomes.slice(70))]).toEqual([57, 6]);
  expect(spool.figures().droppedByClass).toEqual({ tracking: 13, money: 4, bids: 0 });
  await spool.close();
});
