/** A server alone: its embedded Postgres, and its own thread that counts. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { killOccupants, occupants, recordedPostmaster } from '../../src/database/disk-postgres-folder.ts';
import { findRunningPostgres } from '../../src/database/postgres-embedded.ts';
import type { Fault, FaultKind } from './fault.ts';
import { freeze, postgresPids, signal } from './services.ts';
import { startServer, type DrillServer } from './server.ts';
import { LEAST_STILL_MS, MOST_AWAY_MS, MOST_STILL_MS, type Stage } from './stage.ts';

const KINDS = [
  'server killed',
  'Postgres killed',
  'Postgres stopped',
  'a process of Postgres killed',
] as const satisfies readonly FaultKind[];
const LOOK_MS = 50;

export async function openAloneStage(folder: string): Promise<Stage> {
  const unasked: string[] = [];
  const server = await startServer(folder, {}, (sentence) => void unasked.push(sentence));
  const cluster = join(folder, 'data', 'postgres');
  return {
    server,
    ads: await server.createAds(),
    databaseUrl: () => urlOf(server),
    // Twice as many, as there are few.
    kinds: [...KINDS, ...KINDS],
    inflict: (fault) => inflict(fault, server, cluster),
    isDrained: async () => (await server.metric('gavel_spool_live_records')) === 0,
    takeUnasked: () => unasked.splice(0),
    keepLogs: server.keepLogs,
    async close() {
      await server.close();
      killOccupants(cluster);
    },
  };
}

/** Once one runs: the last may just be started anew. */
async function urlOf({ dataDir }: DrillServer): Promise<string> {
  for (;;) {
    const url = findRunningPostgres(join(dataDir, 'data'));
    if (url !== null) return url;
    await delay(LOOK_MS);
  }
}

async function inflict({ kind, random }: Fault, server: DrillServer, cluster: string): Promise<string> {
  const awayMs = random.integer(MOST_AWAY_MS);
  const stillMs = random.between(LEAST_STILL_MS, MOST_STILL_MS);
  // What is killed belongs to a server that runs, as far as that can be had: it may be killed meanwhile.
  await server.url();
  switch (kind) {
    case 'server killed':
      await server.kill(awayMs);
      return `${kind}, away for ${String(awayMs)} ms`;
    case 'Postgres killed':
      signal(await postmasterOf(cluster), 'SIGKILL');
      return kind;
    case 'Postgres stopped':
      await postmasterOf(cluster);
      await freeze(occupants(cluster).pids, stillMs);
      return `${kind} for ${String(stillMs)} ms`;
    case 'a process of Postgres killed': {
      const [busiest] = await postgresPids(await urlOf(server));
      if (busiest !== undefined) signal(busiest, 'SIGKILL');
      return kind;
    }
    default:
      throw new Error(`a server alone has no ${kind}`);
  }
}

/** The same of its process. */
async function postmasterOf(cluster: string): Promise<number> {
  for (;;) {
    const postmaster = recordedPostmaster(cluster);
    if (occupants(cluster).pids.includes(postmaster)) return postmaster;
    await delay(LOOK_MS);
  }
}
