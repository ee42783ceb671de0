import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { clusterName, occupants, recordedPostmaster } from './disk-postgres-folder.ts';
import { killPostmaster } from './fixtures/killed-postmaster.ts';
import { startEmbeddedPostgres } from './postgres-embedded.ts';
import type { EmbeddedPostgres } from './postgres-embedded.ts';
import { SILENT } from './fixtures/silent-log.ts';

let dataDir: string;
let folder: string;
let running: EmbeddedPostgres[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gavel-embedded-'));
  folder = join(dataDir, 'postgres');
  running = [];
});

afterEach(async () => {
  for (const server of running) await server.stop();
  await everyoneGone();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(
  onExit: (reason: string) => void = () => {},
  patienceMs = 15_000,
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, onExit, log: SILENT, patienceMs });
  running.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<object>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function everyoneGone(): Promise<void> {
  while (existsSync(folder) && occupants(folder).pids.length > 0) await sleep(20);
}

/** A server process of its own, that keeps PostgreSQL until it is killed. */
async function startOwner(): Promise<{ pid: number; url: string; ended: Promise<void> }> {
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./postgres-embedded.ts', import.meta.url).href)};
    const log = { debug() {}, info() {}, warn() {} };
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, onExit() {}, log });
    console.log(server.url);`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = new Promise<void>((settle) => owner.once('exit', () => settle()));
  const url = await new Promise<string>((settle, reject) => {
    owner.stdout.once('data', (text: Buffer) => settle(text.toString().trim()));
    void ended.then(() => reject(new Error('the owner ended before it had started PostgreSQL')));
  });
  return { pid: owner.pid ?? 0, url, ended };
}

describe('embedded PostgreSQL', () => {
  it('makes its folder on first use and keeps what was committed over a restart', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS number');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'SELECT number FROM kept')).toEqual([{ number: 7 }]);
    expect(readdirSync(dataDir)).toEqual(['postgres']);
  });

  it('listens on no port and syncs its commits', async () => {
    const { url } = await start();
    const settings = `SELECT current_setting('listen_addresses') AS listen, current_setting('fsync') AS fsync`;
    expect(await query(url, settings)).toEqual([{ listen: '', fsync: 'on' }]);
  });

  it('leaves no process behind when its owner is killed with -9', async () => {
    const owner = await startOwner();
    await query(owner.url, 'CREATE TABLE kept AS SELECT 7 AS number');
    expect(occupants(folder).pids.length).toBeGreaterThan(1);
    process.kill(owner.pid, 'SIGKILL');
    await everyoneGone();
    const next = await start();
    expect(await query(next.url, 'SELECT number FROM kept')).toEqual([{ number: 7 }]);
  });

  it('does not end before its owner when the whole process group is told to', async () => {
    const owner = await startOwner();
    const keepsRunning = await query(owner.url, 'SELECT 1 AS one');
    const watchdog = watchdogOf(folder);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(watchdog, signal);
    expect(await query(owner.url, 'SELECT 1 AS one')).toEqual(keepsRunning);
    // The owner itself dies of it, and then PostgreSQL goes.
    process.kill(-owner.pid, 'SIGINT');
    await owner.ended;
    await everyoneGone();
  });

  it('starts again after its postmaster was killed with -9, and tells that it ended', async () => {
    const told = listen();
    const first = await start(told.hear);
    await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS number');
    killPostmaster(folder);
    await told.heard;
    const next = await start();
    expect(await query(next.url, 'SELECT number FROM kept')).toEqual([{ number: 7 }]);
  });

  it('ends, and tells so, when its watchdog is killed with -9', async () => {
    const told = listen();
    await start(told.hear);
    process.kill(watchdogOf(folder), 'SIGKILL');
    expect(await told.heard).toContain('database system is shut down');
  });

  it('leaves no process behind that hangs when its owner is killed with -9', async () => {
    const owner = await startOwner();
    const watchdog = watchdogOf(folder);
    for (const pid of occupants(folder).pids) if (pid !== watchdog) process.kill(pid, 'SIGSTOP');
    process.kill(owner.pid, 'SIGKILL');
    await owner.ended;
    expect(await query((await start()).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('ends a postmaster whose owner and watchdog were both killed with -9', async () => {
    const owner = await startOwner();
    const orphan = recordedPostmaster(folder);
    process.kill(watchdogOf(folder), 'SIGSTOP');
    process.kill(owner.pid, 'SIGKILL');
    await owner.ended;
    process.kill(watchdogOf(folder), 'SIGKILL');
    const next = await start();
    expect(recordedPostmaster(folder)).not.toBe(orphan);
    expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses a folder in which another server keeps running', async () => {
    await start();
    await expect(start(() => {}, 300)).rejects.toThrow(/is in use by another PostgreSQL \(process \d+\)/);
  });

  it('waits for the PostgreSQL of an earlier process to end', async () => {
    const first = await start();
    const second = start();
    await sleep(200);
    await first.stop();
    expect(await query((await second).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('gives a new folder to one of two that start at the same moment', async () => {
    const outcomes = await Promise.allSettled([start(() => {}, 2_000), start(() => {}, 2_000)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('starts although the process id in its lock file is that of another program by now', async () => {
    const first = await start();
    await first.stop();
    const other = spawn('sleep', ['100'], process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {});
    try {
      writeFileSync(join(folder, 'postmaster.pid'), `${String(other.pid)}\n${folder}\n1\n5432\n\n\n`);
      const next = await start();
      expect(recordedPostmaster(folder)).not.toBe(other.pid);
      expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      other.kill();
    }
  });

  it('says which version wrote a folder that it cannot read', async () => {
    const first = await start();
    await first.stop();
    writeFileSync(join(folder, 'PG_VERSION'), '15\n');
    await expect(start()).rejects.toThrow(/was written by PostgreSQL 15, the embedded one is 18/);
    writeFileSync(join(folder, 'PG_VERSION'), '18\n');
  });

  it('works in a folder whose path is too long for a socket', async () => {
    dataDir = join(dataDir, 'long'.repeat(30));
    folder = join(dataDir, 'postgres');
    const server = await start();
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const socketFolder = new URL(server.url).searchParams.get('host') ?? '';
    await server.stop();
    expect(existsSync(socketFolder)).toBe(false);
    dataDir = join(dataDir, '..');
  });

  it('says what the server said when it cannot start', async () => {
    const first = await start();
    await first.stop();
    writeFileSync(join(folder, 'postgresql.conf'), 'no_such_setting = 1\n');
    await expect(start()).rejects.toThrow(/can't be started in .*no_such_setting/s);
  });
});

function listen(): { readonly hear: (reason: string) => void; readonly heard: Promise<string> } {
  let hear: (reason: string) => void = () => {};
  const heard = new Promise<string>((settle) => (hear = settle));
  return { hear: (reason) => hear(reason), heard };
}

function watchdogOf(ofFolder: string): number {
  const name = clusterName(ofFolder);
  const found = occupants(ofFolder).pids.find((pid) => {
    const commandLine = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
    return commandLine.includes('postgres-watchdog') && commandLine.includes(name);
  });
  if (found === undefined) throw new Error(`no watchdog of ${ofFolder}`);
  return found;
}
