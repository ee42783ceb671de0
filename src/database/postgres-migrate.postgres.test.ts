import { spawn, type ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openProxy } from '../fixtures/toxiproxy.ts';
import { migrate, MigrationError } from './postgres-migrate.ts';
import { openPool } from './postgres-pool.ts';
import type { Pool } from './postgres-pool.ts';
import { openScratchServer, throughProxy, untilWaiting } from './fixtures/postgres-scratch.ts';
import { loadSecrets } from './postgres-secrets.ts';

const server = openScratchServer();
const FILES = readdirSync('migrations');
let url: string;
let folder: string;

afterAll(() => server.close());

beforeEach(async () => {
  url = await server.createDatabase();
  // Characters that mean something in a file pattern.
  folder = join(mkdtempSync(join(tmpdir(), 'gavel-migrations-')), 'a [copy] {of} (them)');
  cpSync('migrations', folder, { recursive: true });
});

afterEach(() => {
  rmSync(dirname(folder), { recursive: true, force: true });
});

async function withPool<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool(url, () => {});
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

describe('migrations', () => {
  it('run once when several processes start at the same moment', async () => {
    const runs = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    const names = FILES.map((file) => file.replace(/^0*(\d+)\.do\.(.*)\.sql$/, '$1 $2'));
    expect(runs.flat().sort()).toEqual(names.sort());
    expect(await migrate(url)).toEqual([]);
  });

  it('run from a folder whose path has pattern characters', async () => {
    expect(await migrate(url, folder)).toContain('1 campaigns');
  });

  it('are refused when a file was edited after it ran', async () => {
    await migrate(url, folder);
    appendFileSync(join(folder, '001.do.campaigns.sql'), '\n-- one more line\n');
    await expect(migrate(url, folder)).rejects.toThrow(
      new MigrationError('migration 1 was edited after it ran: add a new one instead'),
    );
  });

  it('are refused when the database has been migrated by a newer program', async () => {
    writeFileSync(join(folder, '900.do.later.sql'), 'CREATE TABLE later (id integer)');
    await migrate(url, folder);
    await expect(migrate(url)).rejects.toThrow(/at migration 900, this program knows \d+/);
  });

  it('leave the database as it was when one of them fails', async () => {
    writeFileSync(join(folder, '900.do.wrong.sql'), 'CREATE TABLE half (id integer); SELECT nonsense;');
    await expect(migrate(url, folder)).rejects.toThrow('nonsense');
    rmSync(join(folder, '900.do.wrong.sql'));
    expect(await migrate(url, folder)).toContain('1 campaigns');
  });

  it('say so when the database does not answer', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    await expect(migrate(`postgres://gavel@127.0.0.1:${String(port)}/gavel`)).rejects.toThrow(
      new MigrationError("can't connect to PostgreSQL: timeout expired (DATABASE_URL says where it is)"),
    );
    silent.close();
    await expect(migrate(`postgres://gavel@localhost:${String(port)}/gavel`)).rejects.toThrow(
      /^can't connect to PostgreSQL: .*ECONNREFUSED/,
    );
  });

  it('take a file with other line ends for the same file', async () => {
    await migrate(url, folder);
    const file = join(folder, '002.do.secrets.sql');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('\n', '\r\n'));
    expect(await migrate(url, folder)).toEqual([]);
  });
});

describe('migrations of several processes', () => {
  it('run once, and all of the processes end well', async () => {
    await withPool(async (pool) => {
      // One waits for this in its second migration, the other one for the first.
      const inTheWay = await createSecretsTable(pool);
      const first = startMigrating(url);
      const second = startMigrating(url);
      await untilWaiting(pool, 2);
      await inTheWay.takeBack();
      expect([await first.exitCode, await second.exitCode]).toEqual([0, 0]);
    });
    expect(await versionsRun()).toEqual(FILES.map((_, i) => i + 1));
  });

  it('are run by another one after one was killed in the middle', async () => {
    await withPool(async (pool) => {
      const inTheWay = await createSecretsTable(pool);
      const killed = startMigrating(url);
      await untilWaiting(pool, 1);
      killed.child.kill('SIGKILL');
      expect(await killed.exitCode).toBeNull();
      const successor = startMigrating(url);
      await inTheWay.takeBack();
      expect(await successor.exitCode).toBe(0);
    });
    expect(await versionsRun()).toEqual(FILES.map((_, i) => i + 1));
  });

  it('say so when their connection is cut in the middle, and leave the database as it was', async () => {
    await withPool(async (pool) => {
      const { hostname, port } = new URL(url);
      const proxy = await openProxy({ host: hostname, port: Number(port) });
      const inTheWay = await createSecretsTable(pool);
      const outcome = migrate(throughProxy(url, proxy)).catch(String);
      await untilWaiting(pool, 1);
      await proxy.close();
      expect(await outcome).toMatch(
        /^MigrationError: the connection to PostgreSQL broke during the migrations \(.+\): start again, since they run whole or not at all$/,
      );
      await inTheWay.takeBack();
      expect(await migrate(url)).toHaveLength(FILES.length);
    });
  });
});

/** Each as often as it ran. */
async function versionsRun(): Promise<readonly number[]> {
  const { rows } = await withPool((pool) =>
    pool.query<{ version: number }>(
      'SELECT version FROM schema_migrations WHERE version > 0 ORDER BY version',
    ),
  );
  return rows.map(({ version }) => version);
}

interface Migrating {
  readonly child: ChildProcess;
  readonly exitCode: Promise<number | null>;
}

/** `migrate` of the command line, in a process of its own. */
function startMigrating(databaseUrl: string): Migrating {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), 'src/main.ts', 'migrate'], {
    env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl },
    stdio: 'ignore',
  });
  return { child, exitCode: once(child, 'exit').then(([code]) => code as number | null) };
}

/** The second migration makes this table too, and waits until it is known whether ours stays. */
async function createSecretsTable(pool: Pool): Promise<{ takeBack(): Promise<void> }> {
  const client = await pool.connect();
  await client.query('BEGIN; CREATE TABLE secrets (id integer)');
  return {
    async takeBack() {
      await client.query('ROLLBACK');
      client.release();
    },
  };
}

describe('secrets', () => {
  it('are made once and the same for nodes that start at the same moment', async () => {
    await migrate(url);
    const [first, ...others] = await withPool((pool) =>
      Promise.all([loadSecrets(pool), loadSecrets(pool), loadSecrets(pool), loadSecrets(pool)]),
    );
    expect(first.signingKeys).toMatchObject([{ number: 1 }]);
    expect(first.signingKeys[0]?.key).toHaveLength(64);
    expect(first.userSalt).toHaveLength(32);
    for (const other of others) expect(other).toEqual(first);
  });

  it('list the newest signing key first', async () => {
    await migrate(url);
    const { signingKeys } = await withPool(async (pool) => {
      await loadSecrets(pool);
      await pool.query(`INSERT INTO secrets VALUES ('signing_key', 2, $1)`, [Buffer.alloc(64, 2)]);
      return loadSecrets(pool);
    });
    expect(signingKeys.map(({ number }) => number)).toEqual([2, 1]);
  });
});

describe('the pool', () => {
  it('reads a bigint as a number, up to the largest that a number holds exactly', async () => {
    const { rows } = await withPool((pool) => pool.query('SELECT 9007199254740991::bigint AS most'));
    expect(rows).toEqual([{ most: Number.MAX_SAFE_INTEGER }]);
  });

  it('refuses to read a bigint that a number would round', async () => {
    await withPool(async (pool) => {
      await expect(pool.query('SELECT 9007199254740993::bigint')).rejects.toThrow('not a safe integer');
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    });
  });
});
