/** The packaged PostgreSQL programs, and the data folder that initdb makes with them. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { copyNative, findPackage, linkLibraries } from './disk-postgres-binaries.ts';
import type { RunAs } from './disk-postgres-binaries.ts';
import { finishFolder, makeUnfinishedFolder, pathFromInside, removeFolder } from './disk-postgres-folder.ts';

/** PostgreSQL can't be started: one sentence for whoever starts the server. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** Nothing of our environment (PGDATA, PGPORT, NODE_OPTIONS …) may reach the programs. */
export const PROGRAM_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } as const;

/** The folder of programs that run here, as this user. Throws an EmbeddedPostgresError where there are none. */
export function findPrograms(dataDir: string, runAs: RunAs): string {
  const found = findPackage();
  if (found === null) {
    throw new EmbeddedPostgresError(
      `there is no embedded PostgreSQL for ${process.platform}-${process.arch}, or it was not installed: ` +
        'set DATABASE_URL to a PostgreSQL server',
    );
  }
  const packaged = join(found.folder, 'native');
  if (linkLibraries(packaged) && tryPrograms(packaged, runAs) === '') return join(packaged, 'bin');
  // Installed where that user can't read (under root's home) or we can't write the links.
  const copy = copyNative(packaged, found.version, dataDir, runAs);
  linkLibraries(copy);
  const failure = tryPrograms(copy, runAs);
  if (failure === '') return join(copy, 'bin');
  throw new EmbeddedPostgresError(
    `the embedded PostgreSQL does not run here (${failure}): set DATABASE_URL to a PostgreSQL server`,
  );
}

/** '' when the server program runs as that user; else why it does not. */
function tryPrograms(nativeFolder: string, runAs: RunAs): string {
  const trial = spawnSync(join(nativeFolder, 'bin', 'postgres'), ['--version'], {
    encoding: 'utf8',
    cwd: '/',
    env: PROGRAM_ENVIRONMENT,
    ...(runAs ?? {}),
  });
  if (trial.error !== undefined) return trial.error.message;
  return trial.status === 0 ? '' : trial.stderr.trim() || `exit code ${String(trial.status)}`;
}

/** initdb works beside the data folder, which so comes into being whole or not at all. */
export async function makeCluster(
  programs: string,
  dataDir: string,
  folder: string,
  runAs: RunAs,
): Promise<void> {
  const unfinished = makeUnfinishedFolder(dataDir, runAs);
  const args = [
    ...['-D', pathFromInside(unfinished), '-U', 'gavel', '--encoding=UTF8'],
    // Sorts and folds alike on every machine.
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    // Only its own user and root enter the socket's folder; the network is shut.
    ...['--auth-local=trust', '--auth-host=reject'],
  ];
  const failure = await runProgram(join(programs, 'initdb'), args, unfinished, runAs);
  if (failure === '') {
    finishFolder(unfinished, folder);
    return;
  }
  removeFolder(unfinished);
  throw new EmbeddedPostgresError(explainFailure(failure, folder));
}

/** What the programs said, as a sentence. */
export function explainFailure(output: string, folder: string): string {
  const said = output.trim();
  if (said.includes('No space left on device')) return `no space is left on the disk of ${folder}: ${said}`;
  const nameless = /could not look up effective user ID (\d+)/.exec(said);
  if (nameless !== null) {
    return (
      `the user ${nameless[1] ?? ''} has no entry in /etc/passwd, which PostgreSQL needs to make its folder: ` +
      'add one, run as another user, or set DATABASE_URL to a PostgreSQL server'
    );
  }
  return `PostgreSQL can't be started in ${folder}: ${said === '' ? 'it ended without a word' : said}`;
}

/** '' or what a failed program wrote to its error output. */
function runProgram(program: string, args: readonly string[], cwd: string, runAs: RunAs): Promise<string> {
  return new Promise((settle, reject) => {
    const child = spawn(program, args, {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: PROGRAM_ENVIRONMENT,
      ...(runAs ?? {}),
    });
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => {
      settle(code === 0 ? '' : output || `exit code ${String(code)}`);
    });
  });
}
