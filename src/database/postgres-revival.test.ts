import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { killOccupants, occupants } from './disk-postgres-folder.ts';
import { killPostmaster } from './fixtures/killed-postmaster.ts';
import { keepPostgresRunning, type KeptPostgres } from './postgres-revival.ts';
import { SILENT } from './fixtures/silent-log.ts';

let root: string;
let folder: string;
let kept: KeptPostgres | null;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gavel-revival-'));
  kept = null;
});
afterEach(async () => {
  await kept?.stop();
  if (existsSync(folder)) killOccupants(folder);
  rmSync(root, { recursive: true, force: true });
});

async function keep(dataDir = root): Promise<KeptPostgres> {
  folder = join(dataDir, 'postgres');
  kept = await keepPostgresRunning(dataDir, SILENT);
  return kept;
}

function pids(): readonly number[] {
  return occupants(folder).pids;
}

function isWatchdog(pid: number): boolean {
  return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('postgres-watchdog');
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query('SELECT 1')).rowCount === 1;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL that is kept running', () => {
  it('comes back under its URL after it was killed with -9, also where its socket is in a folder of its own', async () => {
    const { url } = await keep(join(root, 'long'.repeat(30)));
    killPostmaster(folder);
    while (await answers(url)) await sleep(20);
    while (!(await answers(url))) await sleep(50);
    await kept?.stop();
    expect(pids()).toEqual([]);
    expect(existsSync(new URL(url).searchParams.get('host') ?? '')).toBe(false);
  });

  it('ends for good when it is stopped while it comes back', async () => {
    const { stop } = await keep();
    const before = pids();
    killPostmaster(folder);
    while (pids().every((pid) => before.includes(pid))) await sleep(10);
    await stop();
    expect(pids()).toEqual([]);
  });

  it('does not come back when it is stopped after it ended by itself', async () => {
    const { stop } = await keep();
    killPostmaster(folder);
    while (pids().length > 0) await sleep(10);
    await stop();
    // Later than it would have been started again.
    await sleep(1_500);
    expect(pids()).toEqual([]);
  });

  it.each(['all of it', 'all but its watchdog'])('ends although it hangs: %s', async (part) => {
    const { stop } = await keep();
    for (const pid of pids()) if (part === 'all of it' || !isWatchdog(pid)) process.kill(pid, 'SIGSTOP');
    await stop();
    expect(pids()).toEqual([]);
  });
});
