import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepJournals } from './journal-keeping.ts';
import { REAL_DISK } from './ledger/disk-append-file.ts';
import type { Log } from './server/http.ts';

const logged: string[] = [];
const tell = (_fields: object, message: string): void => void logged.push(message);
const LOG: Log = { debug: tell, info: tell, warn: tell, error: tell, fatal: tell };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-journals-'));
  logged.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('are kept until one of them hangs, and again when the disk answers; the log says both once', async () => {
  const answers: (() => void)[] = [];
  const sync = (): Promise<void> => new Promise((resolve) => answers.push(resolve));
  const journals = keepJournals(folder, LOG);
  journals.open('caps');
  const ledger = journals.open('ledger', { disk: { ...REAL_DISK, sync, hangMs: 20 } });
  ledger.append(Buffer.from('a lease'));
  const saved = ledger.saved();
  expect(journals.isKeeping).toBe(true);
  await expect.poll(() => journals.isKeeping).toBe(false);
  journals.look();
  journals.look();
  expect(logged).toEqual([expect.stringContaining('the disk hangs with a journal')]);
  answers[0]?.();
  await saved;
  expect(journals.isKeeping).toBe(true);
  journals.look();
  expect(logged.slice(1)).toEqual([expect.stringContaining('again')]);
});

it('are not kept while the disk refuses one of them', async () => {
  const write = (): number => {
    throw new Error('ENOSPC: no space left on device');
  };
  const disk = { ...REAL_DISK };
  const journals = keepJournals(folder, LOG);
  const caps = journals.open('caps', { disk });
  disk.write = write;
  caps.append(Buffer.from('a showing'));
  await expect(caps.saved()).rejects.toThrow('ENOSPC');
  expect(journals.isKeeping).toBe(false);
  journals.look();
  expect(logged).toEqual([expect.stringContaining('the disk takes no journal')]);
  disk.write = (...given) => REAL_DISK.write(...given);
  await caps.saved();
  expect(journals.isKeeping).toBe(true);
});
