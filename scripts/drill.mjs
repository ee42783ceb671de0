/** `npm run drill [-- --seed N …]`: installs and builds what is missing, then scripts/drill/command.ts. */
import { buildDist } from './dist.mjs';
import { install } from './install.mjs';
import { fail, run } from './run.mjs';

try {
  await install();
  await buildDist({ check: false });
  const program = ['--import', 'tsx', 'scripts/drill/command.ts'];
  process.exitCode = await run([process.execPath, ...program, ...process.argv.slice(2)]);
} catch (error) {
  fail(error);
}
