/**
 * `npm run services [-- NAME… | all | stop | status]`: installs what is missing, then services/command.ts. What an
 * install says goes to standard error, as standard output is for the shell.
 */
import { spawnSync } from 'node:child_process';
import { ROOT, run } from './run.mjs';

const INSTALL = "const { install } = await import('./scripts/install.mjs'); await install();";
const installed = spawnSync(process.execPath, ['--input-type=module', '--eval', INSTALL], {
  cwd: ROOT,
  stdio: ['ignore', 2, 2],
});
process.exitCode =
  installed.status === 0
    ? await run([
        process.execPath,
        '--import',
        'tsx',
        'scripts/services/command.ts',
        ...process.argv.slice(2),
      ])
    : 1;
