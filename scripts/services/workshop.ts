/** What a service is given to start itself natively: a folder, its ports, and a way to launch its processes. */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ProcessName, Service } from './catalog.ts';
import type { PortOf } from './ports.ts';
import { isAlive, startDetached, type Launch } from './process.ts';
import type { Notebook } from './state.ts';
import type { Say } from './words.ts';

export interface Workshop {
  readonly portOf: PortOf;
  readonly say: Say;
  /** A folder of that name for data, which survives a stop. */
  readonly dataFolder: (name: string) => string;
  /** A folder of that name that holds what was downloaded; made once, whole or not at all. */
  readonly cached: (name: string, make: (unfinished: string) => Promise<void>) => Promise<string>;
  readonly isRunning: (name: ProcessName) => boolean;
  readonly launch: (name: ProcessName, launch: Omit<Launch, 'logFile'>) => Promise<void>;
}

const POLL_MS = 50;
const LAST_LINES = 20;

export function openWorkshop(notebook: Notebook, portOf: PortOf, say: Say): Workshop {
  const { folder } = notebook;
  return {
    portOf,
    say,
    dataFolder: (name) => {
      const path = join(folder, 'data', name);
      mkdirSync(path, { recursive: true });
      return path;
    },
    cached: (name, make) => makeWhole(cacheFolder(folder, name), make),
    isRunning: (name) => isRunning(notebook, name),
    launch: async (name, launch) => {
      const logFile = logFileOf(folder, name);
      mkdirSync(dirname(logFile), { recursive: true });
      const identity = await startDetached({ ...launch, logFile });
      notebook.change({ processes: { ...notebook.state().processes, [name]: identity } });
    },
  };
}

export function isCached(notebook: Notebook, name: string): boolean {
  return existsSync(cacheFolder(notebook.folder, name));
}

export function isRunning(notebook: Notebook, name: ProcessName): boolean {
  const identity = notebook.state().processes[name];
  return identity !== undefined && isAlive(identity);
}

/** Resolves once the service answers a real request; rejects with the end of its log where it does not. */
export async function awaitReady(service: Service, notebook: Notebook, portOf: PortOf): Promise<void> {
  const url = service.url(portOf);
  const deadlineMs = Date.now() + service.readyWithinMs;
  const deadOne = (): ProcessName | undefined => service.processes.find((name) => !isRunning(notebook, name));
  let reason = '';
  while (Date.now() < deadlineMs && deadOne() === undefined) {
    try {
      await service.probe(url);
      return;
    } catch (error) {
      reason = (error as Error).message;
    }
    await sleep(POLL_MS);
  }
  const dead = deadOne();
  const name = dead ?? service.processes[0] ?? 'postgres';
  throw new Error(
    (dead === undefined
      ? `${name} runs but does not answer (${reason}): run \`npm run services -- stop\` and start it again`
      : `${name} ended while it started`) + `; its last words:\n${lastWords(notebook.folder, name)}`,
  );
}

/** Made beside its place first, so that a run that is killed leaves nothing half made there. */
export async function makeWhole(
  folder: string,
  make: (unfinished: string) => Promise<void>,
): Promise<string> {
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  try {
    await make(unfinished);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  renameSync(unfinished, folder);
  return folder;
}

function cacheFolder(folder: string, name: string): string {
  return join(folder, 'cache', name);
}

function logFileOf(folder: string, name: ProcessName): string {
  return join(folder, 'log', `${name}.log`);
}

function lastWords(folder: string, name: ProcessName): string {
  const file = logFileOf(folder, name);
  const text = existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : '';
  return text === '' ? '(none)' : text.split('\n').slice(-LAST_LINES).join('\n');
}
