/** `npm test`: installs, then runs every check, tells how each went, and fails when one did. */
import { install } from './install.mjs';
import { fail, run, say } from './run.mjs';
import { servicesLeftOut, testFilesNeeding } from './test-files.mjs';

/** @type {readonly { title: string, command: readonly string[] }[]} */
const CHECKS = [
  { title: 'licences of what ships', command: ['scripts/licences.mjs'] },
  { title: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit'] },
  { title: 'lint', command: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'] },
  { title: 'formatting', command: ['node_modules/prettier/bin/prettier.cjs', '--check', '.'] },
  {
    title: 'architecture',
    command: [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      'src',
      '--config',
      '.dependency-cruiser.cjs',
    ],
  },
  { title: 'dead code', command: ['node_modules/knip/bin/knip.js', '--no-progress'] },
  { title: 'build', command: ['scripts/build.mjs'] },
  { title: 'load generator (native-bench)', command: ['scripts/native-bench-check.mjs'] },
  { title: 'unit and end-to-end tests', command: ['node_modules/vitest/vitest.mjs', 'run', '--coverage'] },
];

/** @type {readonly string[]} */
let leftOut = [];
try {
  leftOut = servicesLeftOut(process.env);
  await install();
} catch (error) {
  fail(error);
}

const results = [];
for (const { title, command } of CHECKS) {
  say(`── ${title}`);
  const startedAt = Date.now();
  const code = await run([process.execPath, ...command]);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  say(`${code === 0 ? 'passed' : 'FAILED'}: ${title}, ${seconds} s\n`);
  results.push({ title, code, seconds });
}

say('summary');
for (const { title, code, seconds } of results) {
  process.stdout.write(`  ${code === 0 ? 'passed' : 'FAILED'}  ${seconds.padStart(6)} s  ${title}\n`);
}
if (leftOut.length > 0) {
  const files = testFilesNeeding(leftOut);
  process.stdout.write(
    `\nleft out, as GAVEL_TEST_WITHOUT names ${leftOut.join(', ')}: ${files.length} test files\n`,
  );
  for (const file of files) process.stdout.write(`  ${file}\n`);
}
const failed = results.filter(({ code }) => code !== 0).length;
process.stdout.write(`\nchecks: ${results.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
