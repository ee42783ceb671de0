/** Programs of the system that services need: found, and run to their end. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Program {
  readonly name: string;
  /** Debian's package that has it. */
  readonly debian: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** What it reads from standard input. */
  readonly input?: string;
}

/** Debian keeps Postgres' programs out of the PATH, in a folder for each version. */
const DEBIAN_POSTGRES = '/usr/lib/postgresql';

/** Of what a failed program said, the end says why. */
const LAST_WORDS_CHARACTERS = 2_000;

/** null where it is not installed. */
export function findProgram(name: string): string | null {
  const folders = [...debianPostgres(), ...(process.env.PATH ?? '').split(delimiter)];
  const found = folders.filter((folder) => folder !== '').map((folder) => join(folder, name));
  return found.find(isExecutable) ?? null;
}

/** Of a program that was found or installed before. */
export function programPath(program: Program): string {
  const found = findProgram(program.name);
  if (found === null) throw new Error(`${program.name} was not installed`);
  return found;
}

/** Runs it to its end; rejects with its last words where it fails. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { input = '', ...rest } = options;
    const child = spawn(program, args, { ...rest, stdio: 'pipe' });
    child.stdin.on('error', () => {}).end(input);
    let output = '';
    const keep = (text: string): void => {
      output = (output + text).slice(-LAST_WORDS_CHARACTERS);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(output.trim() || `it ended with ${signal ?? `exit code ${String(code)}`}`));
    });
  });
}

/** The newest first. */
function debianPostgres(): string[] {
  if (!existsSync(DEBIAN_POSTGRES)) return [];
  const versions = readdirSync(DEBIAN_POSTGRES).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(DEBIAN_POSTGRES, version, 'bin'));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
