/** One run at a time starts and stops services: the others wait for it. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { identify, isAlive, type ProcessIdentity } from './process.ts';
import type { Say } from './words.ts';

const POLL_MS = 100;

/** The lock of a run that was killed is taken over. */
export async function withLock<T>(folder: string, say: Say, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'lock');
  await take(file, say);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function take(file: string, say: Say): Promise<void> {
  const own = `${file}.${String(process.pid)}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)));
  let hasSaid = false;
  try {
    while (!linked(own, file)) {
      const holder = read(file);
      if (holder === null) continue;
      if (!isAlive(holder.identity)) {
        removeStale(file, holder.text);
        continue;
      }
      if (!hasSaid)
        say(`waiting for process ${String(holder.identity.pid)}, which is starting or stopping services`);
      hasSaid = true;
      await sleep(POLL_MS);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** A link appears whole or not at all, so nobody ever reads half a lock. */
function linked(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(file: string): { readonly identity: ProcessIdentity; readonly text: string } | null {
  try {
    const text = readFileSync(file, 'utf8');
    return { identity: JSON.parse(text) as ProcessIdentity, text };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Moved away first and looked at again: another who waited may have taken the lock over meanwhile. */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.stale.${String(process.pid)}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readFileSync(aside, 'utf8') !== stale) linked(aside, file);
  rmSync(aside, { force: true });
}
