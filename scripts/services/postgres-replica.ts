/** A streaming replica of our Postgres, copied anew at every start: an old copy may lag behind what is still kept. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Service } from './catalog.ts';
import {
  DATABASE_LOGIN,
  databaseUrl,
  launchPostgres,
  makePrivate,
  POSTGRES,
  postgresFolder,
  runAsPostgres,
  selectOne,
} from './postgres.ts';
import { programPath } from './program.ts';

const BASEBACKUP = { name: 'pg_basebackup', debian: 'postgresql' };

export const postgresReplica: Service = {
  endpoint: 'DATABASE_READ_URL',
  needs: ['postgres'],
  processes: ['postgres-replica'],
  ports: ['postgres-replica'],
  programs: () => [POSTGRES, BASEBACKUP],
  readyWithinMs: 60_000,
  url: (portOf) => databaseUrl(portOf('postgres-replica')),
  probe: selectOne,
  start: async (workshop) => {
    if (workshop.isRunning('postgres-replica')) return;
    const folder = join(postgresFolder(workshop, 'postgres-replica'), 'main');
    rmSync(folder, { recursive: true, force: true });
    makePrivate(folder);
    const source = `host=127.0.0.1 port=${String(workshop.portOf('postgres'))} user=${DATABASE_LOGIN}`;
    await runAsPostgres(
      programPath(BASEBACKUP),
      // -R leaves the settings that make it follow; without the checkpoint it would wait for the next one.
      ['-D', folder, '-R', '--checkpoint=fast', '-d', `${source} password=${DATABASE_LOGIN}`],
      folder,
    );
    await launchPostgres(workshop, 'postgres-replica', folder);
  },
};
