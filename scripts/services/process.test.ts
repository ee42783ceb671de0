import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { identify, isAlive, startDetached, stopProcess, type ProcessIdentity } from './process.ts';

const FOR_LONG = 'setInterval(() => {}, 1e9); process.stdout.write("started");';
const DEAF = `process.on('SIGTERM', () => {}); ${FOR_LONG}`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-process-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(code: string): Promise<ProcessIdentity> {
  const logFile = join(folder, 'log');
  return startDetached({ program: process.execPath, args: ['-e', code], cwd: folder, logFile });
}

describe('a process that was started', () => {
  test('is known until it is stopped', async () => {
    const identity = await start(FOR_LONG);
    expect(isAlive(identity)).toBe(true);
    await stopProcess(identity, 'SIGTERM');
    expect(isAlive(identity)).toBe(false);
    expect(identify(identity.pid)).toBeNull();
  });

  test('is stopped where it is frozen', async () => {
    const identity = await start(FOR_LONG);
    process.kill(identity.pid, 'SIGSTOP');
    await stopProcess(identity, 'SIGTERM');
    expect(isAlive(identity)).toBe(false);
  });

  test('is killed where it does not listen', async () => {
    const identity = await start(DEAF);
    await expect.poll(() => readFileSync(join(folder, 'log'), 'utf8')).toBe('started');
    await stopProcess(identity, 'SIGTERM', 200);
    expect(isAlive(identity)).toBe(false);
  });

  test('is not mistaken for another one that has its number by now', async () => {
    const other = await start(FOR_LONG);
    const gone = { pid: other.pid, startedAt: 'before' };
    expect(isAlive(gone)).toBe(false);
    await stopProcess(gone, 'SIGKILL');
    expect(isAlive(other)).toBe(true);
    await stopProcess(other, 'SIGKILL');
  });

  test('that is not there is told by its program', async () => {
    const launch = { program: '/nowhere/redis-server', args: [], cwd: folder, logFile: join(folder, 'log') };
    await expect(startDetached(launch)).rejects.toThrow("/nowhere/redis-server can't be started");
  });
});
