/** The command line: `serve` (the default), `consume`, `migrate`, `topics`, `keys`, `campaigns`, `deadletters`, `replay`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { CAMPAIGN_USAGE, runCampaignCommand } from './campaign-command.ts';
import { loadEnvFile, readConfig } from './config.ts';
import { runConsumeCommand } from './consume-command.ts';
import { DEAD_LETTER_USAGE, runDeadLetterCommand } from './dead-letter-command.ts';
import { migrate } from './database/postgres-migrate.ts';
import { KEY_USAGE, runKeyCommand } from './key-command.ts';
import { REPLAY_USAGE, runReplayCommand } from './replay-command.ts';
import { serve } from './serve.ts';
import { createLog } from './server/logs.ts';
import { runTopicsCommand } from './topics-command.ts';

const USAGE = `usage: node dist/main.js [serve | consume | migrate | topics | ${KEY_USAGE} | ${CAMPAIGN_USAGE} | ${DEAD_LETTER_USAGE} | ${REPLAY_USAGE}]`;
const OPTIONS = {
  role: { type: 'string' },
  advertiser: { type: 'string' },
  partial: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  from: { type: 'string' },
  check: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

async function main(args: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [command = 'serve', ...rest] = positionals;
  if (values.help) {
    print(`${USAGE}\n`);
    return;
  }
  loadEnvFile();
  const read = readConfig(process.env, availableParallelism(), command === 'serve' ? 'serve' : 'command');
  if (!read.ok) {
    leave(read.message);
    return;
  }
  const { config } = read;
  switch (command) {
    case 'serve':
      return serve(config, createLog(config.logLevel));
    case 'migrate':
      if (config.databaseUrl === null) leave('migrate: DATABASE_URL is not set');
      else createLog(config.logLevel).info({ applied: await migrate(config.databaseUrl) }, 'migrated');
      return;
    case 'consume':
      return runConsumeCommand(config, createLog(config.logLevel));
    case 'topics':
      print(await runTopicsCommand(config));
      return;
    case 'keys':
      print(await runKeyCommand(config, rest, { role: values.role, advertiser: values.advertiser }));
      return;
    case 'campaigns':
      print(await runCampaignCommand(config, rest, { partial: values.partial }));
      return;
    case 'deadletters':
      print(await runDeadLetterCommand(config, rest, { all: values.all }));
      return;
    case 'replay':
      print(await runReplayCommand(config, { from: values.from, check: values.check }, tell));
      return;
    default:
      leave(USAGE);
  }
}

function print(text: string): void {
  process.stdout.write(text);
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function leave(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  leave(`gavel: ${error instanceof Error ? error.message : String(error)}`);
  // Threads and children of a start that failed half-way must not keep the process.
  process.exit(1);
});
