/** `npm run consume`, `topics`, `keys`, `campaigns`, `deadletters` and `replay`: brings dist/ up to date and runs the command. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildDist } from './dist.mjs';
import { install } from './install.mjs';
import { fail, ROOT } from './run.mjs';

try {
  await install();
  await buildDist({ check: true });
} catch (error) {
  fail(error);
}
process.chdir(ROOT);
const main = path.join(ROOT, 'dist/main.js');
process.argv = [process.execPath, main, ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
