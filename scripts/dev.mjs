/** `npm run dev`: the server from src/ by tsx, started anew at every change. */
import path from 'node:path';
import { install } from './install.mjs';
import { fail, ROOT, run, say } from './run.mjs';

try {
  await install();
} catch (error) {
  fail(error);
}
say('watching src/');
const tsx = path.join(ROOT, 'node_modules/tsx/dist/cli.mjs');
process.exitCode = await run([
  process.execPath,
  tsx,
  'watch',
  'src/main.ts',
  'serve',
  ...process.argv.slice(2),
]);
