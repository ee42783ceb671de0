/** A disk that is full, for real, and files that are damaged. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openTestReader, openTestSpool, readAll, spoolFolder } from './fixtures/spool-folder.ts';
import { openDatabase, readState, writeState } from './lmdb-spool-file.ts';
import type { Spool } from './spool.ts';

/** Ends a child that hangs, before the test does. */
const CHILD_LIMIT_MS = 150_000;
const FILLER = new URL('fixtures/spool-on-full-disk.ts', import.meta.url).pathname;

test.each(['group', '20'])(
  'a full disk fails what comes, keeps what is there, and is written again once the spool is drained (sync %s)',
  async (sync) => {
    // The kernel refuses to let a file grow beyond 9,000 KiB, as it refuses on a full disk, but to any user.
    const command = `ulimit -f 9000; exec "$0" --import tsx "$@"`;
    const args = ['-c', command, process.execPath, FILLER, spoolFolder(), sync];
    const { stdout } = await promisify(execFile)('bash', args, {
      timeout: CHILD_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    const seen = JSON.parse(stdout) as { kept: number; troubles: string[] };
    expect(seen.kept).toBeGreaterThan(500);
    expect(seen).toMatchObject({
      read: seen.kept,
      isSoundWhenFull: false,
      isSoundAgain: true,
      after: { outcome: 'kept', sequence: seen.kept + 1 },
      failedRecords: 1,
      liveRecords: 1,
    });
    expect(seen.troubles).toEqual([
      expect.stringMatching(/^The spool .* can't be written \(.*\): make room on its disk/),
      expect.stringMatching(/^The spool .* is written again\.$/),
    ]);
  },
);

describe('a spool that can not be read', () => {
  const sentence =
    /^The spool .* (is damaged|is none of version).* it was moved to .*, and a new one was begun\./;

  async function fill(folder: string): Promise<Spool> {
    const spool = await openTestSpool(folder);
    await Promise.all(Array.from({ length: 200 }, () => spool.append(Buffer.alloc(1_000), 'money')));
    return spool;
  }

  test.each<[string, (file: string) => void]>([
    ['is cut off behind its head', (file) => fs.truncateSync(file, 3 * 4_096)],
    ['is cut off within its head', (file) => fs.truncateSync(file, 5_000)],
    ['is no LMDB file', (file) => fs.writeFileSync(file, Buffer.alloc(50_000, 'nonsense'))],
  ])('because it %s is moved aside as it is, and a new one is begun', async (_, damage) => {
    const folder = spoolFolder();
    const before = await fill(folder);
    await before.close();
    const file = join(folder, 'data.mdb');
    damage(file);
    const damaged = fs.readFileSync(file);
    const troubles: string[] = [];
    const after = await openTestSpool(folder, {}, troubles);
    expect(troubles).toEqual([expect.stringMatching(sentence)]);
    expect(after.id).not.toBe(before.id);
    expect(await after.append(Buffer.from('new'), 'money')).toEqual({ outcome: 'kept', sequence: 1 });
    await after.close();
    const [aside = ''] = fs.readdirSync(dirname(folder)).filter((name) => name.includes('aside'));
    expect(fs.readFileSync(join(dirname(folder), aside, 'data.mdb')).subarray(0, 3_000)).toEqual(
      damaged.subarray(0, 3_000),
    );
  });

  test('because it is of another version is whole again when that version finds it in its place', async () => {
    const folder = spoolFolder();
    const before = await fill(folder);
    await before.close();
    await changeVersion(folder, 99);
    const troubles: string[] = [];
    await (await openTestSpool(folder, {}, troubles)).close();
    expect(troubles).toEqual([expect.stringContaining('is none of version 1')]);
    const [aside = ''] = fs.readdirSync(dirname(folder)).filter((name) => name.includes('aside'));
    fs.rmSync(folder, { recursive: true });
    fs.renameSync(join(dirname(folder), aside), folder);
    await changeVersion(folder, 1);
    const again = await openTestSpool(folder);
    expect(again.id).toBe(before.id);
    const reader = openTestReader(again);
    expect(await readAll(reader)).toHaveLength(200);
    await reader.close();
    await again.close();
  });

  test('because its folder can not be made stops the start with a sentence', async () => {
    const folder = spoolFolder();
    fs.writeFileSync(folder, 'a file');
    await expect(openTestSpool(folder)).rejects.toThrow(/EEXIST/);
  });

  async function changeVersion(folder: string, version: number): Promise<void> {
    const database = openDatabase(folder, 1_000_000);
    const state = readState(database);
    if (state === null) throw new Error('the spool has no state');
    database.transactionSync(() => {
      writeState(database, { ...state, version });
    });
    await database.close();
  }
});

test('a tail that a power cut tore is kept up to its last whole group, and counting goes on there', async () => {
  const folder = spoolFolder();
  const spool = await openTestSpool(folder, { sync: { kind: 'every', ms: 600_000 } });
  for (const text of ['one', 'two', 'three']) await spool.append(Buffer.from(text), 'money');
  const tail = fs.readFileSync(join(folder, 'tail'));
  await spool.close();
  // As the disk stood before anything was committed, and without the end of what was written last.
  const torn = spoolFolder();
  await (await openTestSpool(torn)).close();
  fs.writeFileSync(join(torn, 'tail'), tail.subarray(0, tail.length - 1));
  const again = await openTestSpool(torn);
  expect(again.figures()).toMatchObject({ lastSequence: 2, liveRecords: 2 });
  const reader = openTestReader(again);
  await reader.wait(1);
  expect((await readAll(reader)).map(({ record }) => Buffer.from(record).toString())).toEqual(['one', 'two']);
  expect((await again.append(Buffer.from('next'), 'money')).sequence).toBe(3);
  await again.close();
});
