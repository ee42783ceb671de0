/** Programs that are missing: installed by apt where we may; else one sentence says what to do. */
import type { EndpointName } from '../../src/fixtures/service-endpoints.ts';
import { findProgram, runProgram, type Program } from './program.ts';
import { inWords, withHeartbeat, type Say } from './words.ts';

export interface Missing {
  readonly program: Program;
  /** What spares one the program. */
  readonly instead: EndpointName;
}

export async function installMissing(missing: readonly Missing[], say: Say): Promise<void> {
  if (missing.length === 0) return;
  const apt = findProgram('apt-get');
  const isRoot = process.getuid?.() === 0;
  if (apt === null || !isRoot) throw new Error(sentenceOf(missing, apt !== null));
  const packages = packagesOf(missing);
  await withHeartbeat(say, `installing ${inWords(packages)}`, async () => {
    await runApt(apt, ['update'], packages);
    await runApt(apt, ['install', '-y', '--no-install-recommends', ...packages], packages);
  });
}

/** What to install, or what to set instead. */
export function sentenceOf(missing: readonly Missing[], hasApt: boolean): string {
  const programs = inWords([...new Set(missing.map(({ program }) => program.name))]);
  const isOrAre = new Set(missing.map(({ program }) => program.name)).size === 1 ? 'is' : 'are';
  const variables = inWords([...new Set(missing.map(({ instead }) => instead))]);
  const install = hasApt
    ? `run as root \`apt-get install ${packagesOf(missing).join(' ')}\``
    : 'install what is missing';
  return `${programs} ${isOrAre} not installed here: ${install}, or set ${variables} to what runs elsewhere.`;
}

function packagesOf(missing: readonly Missing[]): string[] {
  return [...new Set(missing.map(({ program }) => program.debian))];
}

function runApt(apt: string, args: readonly string[], packages: readonly string[]): Promise<void> {
  // Another apt may be at work: waited for rather than failed over.
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return runProgram(apt, [...options, ...args], { env }).catch((error: unknown) => {
    throw new Error(`apt-get can't install ${inWords(packages)}: ${(error as Error).message}`);
  });
}
