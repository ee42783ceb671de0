/** `npm start`: from a fresh clone to a serving Gavel. Plain Node; nothing has been installed yet when it runs. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildDist } from './dist.mjs';
import { install } from './install.mjs';
import { refusal, thisPlatform } from './platform.mjs';
import { ROOT, say } from './run.mjs';

const reason = refusal(thisPlatform());
if (reason !== null) {
  console.error(reason);
  process.exit(1);
}
try {
  await install();
  await buildDist({ check: true });
} catch (error) {
  console.error(`gavel: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
say('starting');
process.chdir(ROOT);
// In this very process rather than in a child: signals and the exit code are the server's own, and no death of
// this script can leave it behind.
const main = path.join(ROOT, 'dist/main.js');
process.argv = [process.execPath, main, 'serve', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
