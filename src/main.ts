/** The command line: `serve` (the default), `migrate`. */
import { availableParallelism } from 'node:os';
import { loadEnvFile, readConfig } from './config.ts';
import { migrate } from './database/postgres-migrate.ts';
import { serve } from './serve.ts';
import { createLog } from './server/logs.ts';

const USAGE = 'usage: node dist/main.js [serve | migrate]';

async function main(command: string): Promise<void> {
  loadEnvFile();
  const read = readConfig(process.env, availableParallelism());
  if (!read.ok) {
    leave(read.message);
    return;
  }
  const log = createLog(read.config.logLevel);
  switch (command) {
    case 'serve':
      return serve(read.config, log);
    case 'migrate':
      if (read.config.databaseUrl === null) leave('migrate: DATABASE_URL is not set');
      else log.info({ applied: await migrate(read.config.databaseUrl) }, 'migrated');
      return;
    default:
      leave(USAGE);
  }
}

function leave(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

main(process.argv[2] ?? 'serve').catch((error: unknown) => {
  leave(`gavel: ${error instanceof Error ? error.message : String(error)}`);
  // Threads and children of a start that failed half-way must not keep the process.
  process.exit(1);
});
