/** `npm run bench`: installs and builds what is missing, then measures (bench-table.ts). */
import { buildDist } from './dist.mjs';
import { install } from './install.mjs';
import { fail, run } from './run.mjs';

try {
  await install();
  await buildDist({ check: false });
} catch (error) {
  fail(error);
}
process.exitCode = await run([process.execPath, '--import', 'tsx', 'scripts/bench-table.ts']);
