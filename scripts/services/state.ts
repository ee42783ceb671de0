/** What is remembered between runs, in one file of the folder: written whole, at once after each change. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ProcessName, ServiceName } from './catalog.ts';
import type { PortName } from './ports.ts';
import type { ProcessIdentity } from './process.ts';

export interface ServicesState {
  /** The server's management key: made once, as every start must use the same. */
  readonly adminKey: string;
  readonly ports: Readonly<Partial<Record<PortName, number>>>;
  readonly processes: Readonly<Partial<Record<ProcessName, ProcessIdentity>>>;
  /** Started by `docker compose`. */
  readonly containers: readonly ServiceName[];
  /** Asked for by `npm run services`: the end of a test run leaves them. */
  readonly kept: readonly ServiceName[];
  /** Test runs that use what runs. */
  readonly users: readonly ProcessIdentity[];
}

/** Whoever changes it holds the lock (lock.ts). */
export interface Notebook {
  readonly folder: string;
  readonly state: () => ServicesState;
  readonly change: (changes: Partial<ServicesState>) => void;
}

const STATE_FILE = 'state.json';
/** As long as the ones that the server makes itself. */
const ADMIN_KEY_BYTES = 24;
/** It holds the management key. */
const OWNER_ONLY = 0o600;

export function openNotebook(folder: string): Notebook {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, STATE_FILE);
  const state = (): ServicesState => {
    if (!existsSync(file)) return emptyState();
    return JSON.parse(readFileSync(file, 'utf8')) as ServicesState;
  };
  const write = (changed: ServicesState): void => {
    writeFileSync(`${file}.new`, `${JSON.stringify(changed, null, 2)}\n`, { mode: OWNER_ONLY });
    renameSync(`${file}.new`, file);
  };
  if (!existsSync(file)) write(emptyState());
  return { folder, state, change: (changes) => write({ ...state(), ...changes }) };
}

function emptyState(): ServicesState {
  return {
    adminKey: randomBytes(ADMIN_KEY_BYTES).toString('base64url'),
    ports: {},
    processes: {},
    containers: [],
    kept: [],
    users: [],
  };
}
