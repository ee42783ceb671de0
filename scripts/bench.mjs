/**
 * `npm run bench [-- NAME [what it takes …]]`: installs and builds what is missing, then measures: scripts/bench-NAME.ts,
 * the table of the bid path where no name is given.
 */
import { buildDist } from './dist.mjs';
import { install } from './install.mjs';
import { fail, run } from './run.mjs';

const NAMES = ['table', 'spread', 'changes', 'starts', 'import', 'events', 'ledger', 'pacing', 'expected'];

try {
  const [name = 'table', ...words] = process.argv.slice(2);
  if (!NAMES.includes(name)) throw new Error(`there is no bench ${name}: choose one of ${NAMES.join(', ')}`);
  await install();
  await buildDist({ check: false });
  const program = `scripts/bench-${name}.ts`;
  process.exitCode = await run([process.execPath, '--import', 'tsx', program, ...words]);
} catch (error) {
  fail(error);
}
