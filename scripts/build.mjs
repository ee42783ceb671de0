/** `npm run build`: src/ type-checked and compiled into dist/. */
import { buildDist } from './dist.mjs';
import { install } from './install.mjs';
import { fail, say } from './run.mjs';

try {
  await install();
  await buildDist({ check: true });
} catch (error) {
  fail(error);
}
say('dist/ is up to date');
