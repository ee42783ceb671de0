import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { withLock } from './lock.ts';

const LOCK = fileURLToPath(new URL('lock.ts', import.meta.url));
/** Takes the lock, says so, and holds it for ever. */
const HOLDER = `
  import { withLock } from ${JSON.stringify(LOCK)};
  await withLock(process.argv[1], () => {}, () => {
    process.stdout.write('held');
    return new Promise(() => setInterval(() => {}, 1e9));
  });`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the lock', () => {
  test('is waited for with a word, and taken over from a run that was killed', async () => {
    const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', HOLDER, folder]);
    await once(holder.stdout, 'data');
    const said: string[] = [];
    const waiting = withLock(
      folder,
      (line) => said.push(line),
      () => Promise.resolve('mine'),
    );
    await expect
      .poll(() => said)
      .toEqual([`waiting for process ${String(holder.pid)}, which is starting or stopping services`]);
    holder.kill('SIGKILL');
    expect(await waiting).toBe('mine');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('left by a process whose number another one has by now is taken over', async () => {
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, startedAt: 'before' }));
    expect(
      await withLock(
        folder,
        () => {},
        () => Promise.resolve('mine'),
      ),
    ).toBe('mine');
  });

  test('is given back by work that fails', async () => {
    const failing = withLock(
      folder,
      () => {},
      () => Promise.reject(new Error('no')),
    );
    await expect(failing).rejects.toThrow('no');
    expect(readdirSync(folder)).toEqual([]);
  });
});
