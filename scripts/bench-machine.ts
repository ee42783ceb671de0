/** What figures are of: the machine, its Node, the commit. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly node: string;
  readonly commit: string;
}

export function describeMachine(): Machine {
  const commit = git(['rev-parse', '--short', 'HEAD']);
  const isChanged = git(['status', '--porcelain', 'src']) !== '';
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: isChanged ? `${commit} with changes` : commit,
  };
}

export function inWords({ cpu, cores, memoryGib, node, commit }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGib} GiB, Node ${node}, commit ${commit}`;
}

/** '' where this is no git checkout. */
function git(args: readonly string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
