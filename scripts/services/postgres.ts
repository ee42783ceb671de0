/** Postgres: one server with a password, durable as in production. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import pg from 'pg';

import type { Service } from './catalog.ts';
import { PROGRAM_ENVIRONMENT, type RunAs } from './process.ts';
import { programPath, runProgram } from './program.ts';
import { makeWhole, type Workshop } from './workshop.ts';

export const POSTGRES = { name: 'postgres', debian: 'postgresql' };
const INITDB = { name: 'initdb', debian: 'postgresql' };

/** User, password and database. It listens on this machine alone, and holds nothing but trials. */
export const DATABASE_LOGIN = 'gavel';
/** Several servers and test files at once, each with a pool. */
export const MAX_CONNECTIONS = 200;
const PROBE_LIMIT_MS = 2_000;
/** Postgres refuses to run as root: then its own user of the Debian package, else nobody. */
const NOBODY = { uid: 65534, gid: 65534 };
const PRIVATE = 0o700;
const DATA = 'data';

export const postgres: Service = {
  endpoint: 'DATABASE_URL',
  needs: [],
  processes: ['postgres'],
  ports: ['postgres'],
  programs: () => [POSTGRES, INITDB],
  readyWithinMs: 60_000,
  url: (portOf) => databaseUrl(portOf('postgres')),
  probe: selectOne,
  start: async (workshop) => {
    if (workshop.isRunning('postgres')) return;
    const folder = await makeWhole(join(postgresFolder(workshop, 'postgres'), 'main'), initialise);
    await launchPostgres(workshop, 'postgres', join(folder, DATA));
  },
};

/**
 * Its folder for data. Where root's project lies in a place that Postgres' user may not walk to, as root's home is,
 * it is among the system's own.
 */
export function postgresFolder(workshop: Workshop, name: 'postgres' | 'postgres-replica'): string {
  const folder = workshop.dataFolder(name);
  const user = chooseUser();
  if (user === null || spawnSync('test', ['-x', folder], user).status === 0) return folder;
  const place = createHash('sha256').update(dirname(folder)).digest('hex').slice(0, 12);
  const elsewhere = join('/var/lib', `gavel-services-${place}`, name);
  mkdirSync(elsewhere, { recursive: true });
  return elsewhere;
}

export async function launchPostgres(
  workshop: Workshop,
  name: 'postgres' | 'postgres-replica',
  folder: string,
): Promise<void> {
  await workshop.launch(name, {
    program: programPath(POSTGRES),
    args: [
      ...['-D', folder, '-p', String(workshop.portOf(name))],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      ...['-c', `max_connections=${String(MAX_CONNECTIONS)}`],
    ],
    cwd: folder,
    runAs: chooseUser(),
  });
}

export function databaseUrl(port: number): string {
  return `postgres://${DATABASE_LOGIN}:${DATABASE_LOGIN}@127.0.0.1:${String(port)}/${DATABASE_LOGIN}`;
}

/** null: as ourselves. */
function chooseUser(): RunAs {
  if (process.getuid?.() !== 0) return null;
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith('postgres:'));
  if (entry === undefined) return NOBODY;
  const [, , uid, gid] = entry.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** As that user, in that folder. */
export async function runAsPostgres(
  program: string,
  args: readonly string[],
  cwd: string,
  more: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const env = { ...PROGRAM_ENVIRONMENT, ...more.env };
  await runProgram(program, args, { cwd, env, input: more.input ?? '', ...(chooseUser() ?? {}) });
}

/** An empty folder that only the server's user enters. */
export function makePrivate(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, PRIVATE);
  const user = chooseUser();
  if (user !== null) chownSync(folder, user.uid, user.gid);
}

async function initialise(unfinished: string): Promise<void> {
  makePrivate(unfinished);
  const data = join(unfinished, DATA);
  makePrivate(data);
  const password = join(unfinished, 'password');
  writeFileSync(password, DATABASE_LOGIN, { mode: 0o644 });
  await runAsPostgres(
    programPath(INITDB),
    [
      ...['-D', data, '-U', DATABASE_LOGIN, `--pwfile=${password}`],
      ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8'],
    ],
    data,
  );
  await runAsPostgres(programPath(POSTGRES), ['--single', '-D', data, 'postgres'], data, {
    input: `CREATE DATABASE ${DATABASE_LOGIN}\n`,
  });
}

export async function selectOne(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: PROBE_LIMIT_MS,
    query_timeout: PROBE_LIMIT_MS,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}
