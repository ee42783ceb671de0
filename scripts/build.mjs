/** `npm run build`: src/ type-checked and compiled into dist/. */
import { buildDist } from './dist.mjs';
import { install } from './install.mjs';
import { say } from './run.mjs';

try {
  await install();
  await buildDist({ check: true });
  say('dist/ is up to date');
} catch (error) {
  console.error(`gavel: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
