/** One process has a data folder, whatever those before it left there. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataFolder } from './disk-data-folder.ts';

/** No process has this number: Linux counts to 2^22. */
const STALE = '99999999 1';
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gavel-lock-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const lockOf = (folder: string): string => join(folder, 'gavel.pid');

/** Both go through the folders side by side; each answers with those that it got. */
async function race(folders: readonly string[]): Promise<number[][]> {
  const gate = new Int32Array(new SharedArrayBuffer(4 * folders.length));
  const program = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { lockDataFolder } = await import(workerData.module);
    const { gate, folders } = workerData;
    const taken = [];
    for (const [round, folder] of folders.entries()) {
      Atomics.add(gate, round, 1);
      while (Atomics.load(gate, round) < 2);
      try {
        lockDataFolder(folder);
        taken.push(round);
      } catch (error) {
        if (!/in use by process/.test(error.message)) throw error;
      }
    }
    parentPort.postMessage(taken);`;
  const module = new URL('../dist/disk-data-folder.js', import.meta.url).href;
  return Promise.all(
    [1, 2].map(
      () =>
        new Promise<number[]>((resolve, reject) => {
          const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
            workerData: { module, gate, folders },
          });
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
}

test('a folder whose owner is gone goes to exactly one of two that start at the same moment', async () => {
  const folders = Array.from({ length: 500 }, (_, round) => join(dir, String(round)));
  for (const folder of folders) {
    mkdirSync(folder);
    writeFileSync(lockOf(folder), STALE);
  }
  const taken = (await race(folders)).flat().sort((a, b) => a - b);
  expect(taken).toEqual(folders.map((_, round) => round));
  expect(folders.flatMap((folder) => readdirSync(folder).filter((name) => name !== 'gavel.pid'))).toEqual([]);
});

test('a lock that is being written is not taken for one that was left behind', () => {
  writeFileSync(lockOf(dir), '');
  // The mark comes while the folder is being locked, which waits for it.
  spawn('sh', ['-c', `sleep 0.1; printf ${String(process.ppid)} > gavel.pid`], { cwd: dir });
  expect(() => lockDataFolder(dir)).toThrow(`in use by process ${String(process.ppid)}`);
});

test('a lock that was left empty by a process that was killed is taken', () => {
  writeFileSync(lockOf(dir), '');
  const folder = lockDataFolder(dir);
  expect(readFileSync(lockOf(dir), 'utf8')).toMatch(/^\d+ \d*$/);
  folder.release();
  expect(readdirSync(dir)).toEqual([]);
});
