/**
 * A Go that is new enough for toxiproxy. From 1.21 on, Go fetches a newer one itself where a module asks for it;
 * Debian 12's is 1.19, and is made to fetch the same module, whose hash the checksum database holds.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { runProgram } from './program.ts';

/** At least what toxiproxy's go.mod says. */
const TOOLCHAIN = 'go1.23.12';
/** 1.21 */
const FETCHES_BY_ITSELF = 21;
const EXECUTABLE = 0o755;

export interface Go {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The given go, or the one that it fetched into the environment's GOPATH. */
export async function findRecentGo(go: string, env: NodeJS.ProcessEnv & { GOPATH: string }): Promise<Go> {
  const [version = '', system = '', processor = ''] = ask(go, env);
  if (minorOf(version) >= FETCHES_BY_ITSELF) return { program: go, env };
  const module = `golang.org/toolchain@v0.0.1-${TOOLCHAIN}.${system}-${processor}`;
  await runProgram(go, ['mod', 'download', '-modcacherw', module], { env, cwd: env.GOPATH });
  const folder = join(env.GOPATH, 'pkg', 'mod', module);
  // A module's files are none of them executable.
  const programs = ['bin', join('pkg', 'tool', `${system}_${processor}`)];
  for (const file of programs.flatMap((path) => filesOf(join(folder, path)))) chmodSync(file, EXECUTABLE);
  return { program: join(folder, 'bin', 'go'), env: { ...env, GOROOT: folder } };
}

/** Of go1.19.8: 19; of what says no version, as a development version does, the newest. */
export function minorOf(version: string): number {
  const minor = /^go1\.(\d+)/.exec(version)?.[1];
  return minor === undefined ? Infinity : Number(minor);
}

function ask(go: string, env: NodeJS.ProcessEnv): string[] {
  return spawnSync(go, ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { env, encoding: 'utf8' }).stdout.split('\n');
}

function filesOf(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}
