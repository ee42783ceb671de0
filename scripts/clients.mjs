/** `npm run clients`: clients/gavel.d.ts, the types of the HTTP contract for clients in TypeScript. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { clientTypes, CLIENT_TYPES } from './client-declarations.mjs';
import { buildDist } from './dist.mjs';
import { loadComposer } from './docs-page.mjs';
import { install } from './install.mjs';
import { fail, ROOT, say } from './run.mjs';

try {
  await install();
  await buildDist({ check: true });
  const composeDocument = await loadComposer(path.join(ROOT, 'dist'));
  writeFileSync(CLIENT_TYPES, await clientTypes(composeDocument('/')));
} catch (error) {
  fail(error);
}
say(`${path.relative(ROOT, CLIENT_TYPES)} is up to date`);
