/** A spool whose thread dies, or whose disk refuses all writes. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openTestReader, openTestSpool, readAll, spoolFolder } from './fixtures/spool-folder.ts';

const SOON = { timeout: 20_000, interval: 20 };
/** Ends a child that hangs, before the test does. */
const CHILD_LIMIT_MS = 50_000;
const REFUSED = new URL('fixtures/spool-on-refusing-disk.ts', import.meta.url).pathname;

test('a thread that dies fails what is under way and is replaced: what was kept is there, and readers come again', async () => {
  const troubles: string[] = [];
  const threadFile = new URL('fixtures/dying-spool-thread.ts', import.meta.url);
  const spool = await openTestSpool(spoolFolder(), { threadFile }, troubles);
  const before = openTestReader(spool);
  const { id } = spool;
  expect(await spool.append(Buffer.from('one'), 'money')).toEqual({ outcome: 'kept', sequence: 1 });
  const waiting = before.wait(1);
  const failed = spool.append(Buffer.from('die'), 'money');
  await expect(waiting).rejects.toThrow('the spool was closed');
  expect(await failed).toEqual({ outcome: 'failed', sequence: 0 });
  expect(spool.isSound).toBe(false);
  const after = openTestReader(spool);
  await expect.poll(() => spool.isSound, SOON).toBe(true);
  expect(spool.id).toBe(id);
  expect(await spool.append(Buffer.from('two'), 'money')).toEqual({ outcome: 'kept', sequence: 2 });
  await after.wait(1);
  expect((await readAll(after)).map(({ record }) => Buffer.from(record).toString())).toEqual(['one', 'two']);
  await after.acknowledge(2);
  expect(troubles).toEqual([`The spool's thread failed, and is started again: it ended`]);
  await spool.close();
});

test('a disk that refuses every write fails each append, and lmdb, which such an error may kill, never sees it', async () => {
  const folder = spoolFolder();
  const spool = await openTestSpool(folder);
  await Promise.all(Array.from({ length: 500 }, () => spool.append(Buffer.alloc(1_000), 'money')));
  await spool.close();
  expect(statSync(join(folder, 'data.mdb')).size).toBeGreaterThan(1_048_576);
  const { stdout, stderr } = await promisify(execFile)(
    'bash',
    ['-c', 'ulimit -f 1; exec "$0" --import tsx "$@"', process.execPath, REFUSED, folder],
    { timeout: CHILD_LIMIT_MS, killSignal: 'SIGKILL', env: { ...process.env, TSX_DISABLE_CACHE: '1' } },
  );
  // lmdb itself would tell of its failed writes there.
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ outcomes: ['failed'], isSound: false });
});
