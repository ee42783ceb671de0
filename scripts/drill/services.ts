/** A broker and a Postgres of the drill's own, in its folder and on its own ports, to be killed at will. */
import { symlinkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { ServiceName } from '../services/catalog.ts';
import { withLock } from '../services/lock.ts';
import { projectPlace, type Place } from '../services/place.ts';
import { identify, stopProcess, type ProcessIdentity } from '../services/process.ts';
import { ensureServices, releaseServices } from '../services/running.ts';
import { openNotebook } from '../services/state.ts';
import type { Say } from '../services/words.ts';

export interface DrillServices {
  readonly databaseUrl: string;
  readonly brokers: string;
  /** SIGKILL to the broker; it is gone. */
  readonly killBroker: () => Promise<void>;
  readonly startBroker: () => Promise<void>;
  /** SIGSTOP for so long. */
  readonly stopBroker: (forMs: number) => Promise<void>;
  readonly killPostgres: () => Promise<void>;
  readonly startPostgres: () => Promise<void>;
  readonly stopPostgres: (forMs: number) => Promise<void>;
  /** SIGKILL to a process that serves a connection, one at work if there is any. Postgres ends all others, too. */
  readonly killBackend: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const NAMES = ['postgres', 'kafka'] as const satisfies readonly ServiceName[];
/** A start just after a kill may find what the killed one left behind, and is tried again. */
const START_LIMIT_MS = 90_000;
const START_AGAIN_MS = 200;
const ASK_AGAIN_MS = 100;

export async function startServices(folder: string, say: Say): Promise<DrillServices> {
  const project = projectPlace();
  const place: Place = { folder, environment: {}, docker: () => null, say };
  const identity = identify(process.pid);
  if (identity === null) throw new Error('this process is not found among those that run');
  const holder = { kind: 'run', identity } as const;
  mkdirSync(folder, { recursive: true });
  // What is downloaded once serves all; only one at a time may download.
  mkdirSync(join(project.folder, 'cache'), { recursive: true });
  symlinkSync(join(project.folder, 'cache'), join(folder, 'cache'));
  const { endpoints } = await withLock(project.folder, say, () => ensureServices(place, NAMES, holder));
  const { DATABASE_URL: databaseUrl = '', KAFKA_BROKERS: brokers = '' } = endpoints;

  const silent: Place = { ...place, say: () => {} };
  const start = async (name: (typeof NAMES)[number]): Promise<void> => {
    const deadlineMs = Date.now() + START_LIMIT_MS;
    for (;;) {
      try {
        const now = (await ensureServices(silent, [name], holder)).endpoints;
        if ((now.DATABASE_URL ?? databaseUrl) === databaseUrl && (now.KAFKA_BROKERS ?? brokers) === brokers)
          return;
      } catch (error) {
        if (Date.now() > deadlineMs) throw error;
        await delay(START_AGAIN_MS);
        continue;
      }
      throw new Error(`${name} came back on another port, as its own was taken meanwhile: begin anew`);
    }
  };
  const processOf = (name: (typeof NAMES)[number]): ProcessIdentity => {
    const found = openNotebook(folder).state().processes[name];
    if (found === undefined) throw new Error(`${name} does not run`);
    return found;
  };
  return {
    databaseUrl,
    brokers,
    killBroker: () => stopProcess(processOf('kafka'), 'SIGKILL'),
    startBroker: () => start('kafka'),
    stopBroker: (forMs) => freeze([processOf('kafka').pid], forMs),
    async killPostgres() {
      const pids = await postgresPids(databaseUrl);
      await stopProcess(processOf('postgres'), 'SIGKILL');
      for (const pid of pids) signal(pid, 'SIGKILL');
    },
    startPostgres: () => start('postgres'),
    async stopPostgres(forMs) {
      const pids = await postgresPids(databaseUrl);
      await freeze([processOf('postgres').pid, ...pids], forMs);
    },
    async killBackend() {
      const [busiest] = await postgresPids(databaseUrl);
      if (busiest !== undefined) signal(busiest, 'SIGKILL');
    },
    close: () => releaseServices(silent, identity),
  };
}

/** Of all processes but the postmaster and the one that tells: connections first, those at work before. Asks until Postgres answers. */
export async function postgresPids(url: string): Promise<readonly number[]> {
  const deadlineMs = Date.now() + START_LIMIT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()
          ORDER BY backend_type = 'client backend' DESC, datname = current_database() DESC, state <> 'idle' DESC`,
      );
      return rows.map(({ pid }) => pid);
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
    await delay(ASK_AGAIN_MS);
  }
}

/** The first is stopped first, and goes on last. */
export async function freeze(pids: readonly number[], forMs: number): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGSTOP');
  try {
    await delay(forMs);
  } finally {
    for (const pid of [...pids].reverse()) signal(pid, 'SIGCONT');
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
