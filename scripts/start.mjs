/** `npm start`: from a fresh clone to a serving Gavel. Plain Node; nothing has been installed yet when it runs. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildDist } from './dist.mjs';
import { install } from './install.mjs';
import { fail, ROOT, say } from './run.mjs';

/** How often to look whether npm is still there. */
const PARENT_CHECK_MS = 1_000;

try {
  await install();
  await buildDist({ check: true });
} catch (error) {
  fail(error);
}
say('starting');
process.chdir(ROOT);
if (process.env.npm_lifecycle_event !== undefined) stopWithParent();
// In this very process rather than in a child: signals and the exit code are the server's own, and no death of
// this script can leave it behind.
const main = path.join(ROOT, 'dist/main.js');
process.argv = [process.execPath, main, 'serve', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);

/** An npm that was killed hard passes nothing on: without this the server would stay behind, holding its port. */
function stopWithParent() {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, PARENT_CHECK_MS).unref();
}
