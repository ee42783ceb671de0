/** Programs that are missing: installed by apt where we may; else one sentence says what to do. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { EndpointName } from '../../src/fixtures/service-endpoints.ts';
import { findProgram, runProgram, type Program } from './program.ts';
import { inWords, withHeartbeat, type Say } from './words.ts';

/** Another apt that is at work takes minutes, as at the first start of a machine. */
const LOCK_LIMIT_MS = 300_000;
const TRY_AGAIN_MS = 1_000;
/** What Maven and Go fetch comes by TLS; nothing asks for these on Go's behalf. */
const CERTIFICATES = 'ca-certificates';

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
    await runApt(apt, ['install', '-y', '--no-install-recommends', CERTIFICATES, ...packages], packages);
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

/** Waits while another apt holds a lock. apt's own option for that waits for the lock of dpkg alone. */
export async function runApt(
  apt: string,
  args: readonly string[],
  packages: readonly string[],
): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const deadlineMs = Date.now() + LOCK_LIMIT_MS;
  for (;;) {
    try {
      await runProgram(apt, ['-q', ...args], { env });
      return;
    } catch (error) {
      const { message } = error as Error;
      if (!message.includes('Could not get lock') || Date.now() > deadlineMs)
        throw new Error(`apt-get can't install ${inWords(packages)}: ${message}`);
    }
    await sleep(TRY_AGAIN_MS);
  }
}
