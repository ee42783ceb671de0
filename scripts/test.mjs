/** `npm test`: installs, then runs every check, tells how each went, and fails when one did. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { install } from './install.mjs';
import { fail, run, say } from './run.mjs';
import { servicesLeftOut, testFilesNeeding } from './test-files.mjs';

/** Where failed-tests.mjs keeps them. */
const FINDINGS = path.join(mkdtempSync(path.join(tmpdir(), 'gavel-failed-')), 'tests.txt');

/** @typedef {{ readonly title: string, readonly command: readonly string[] }} Check */

/** Beside each other, as most of them work on one core alone: the long one first. @type {readonly Check[]} */
const STATIC_CHECKS = [
  { title: 'load generator (native-bench)', command: ['scripts/native-bench-check.mjs'] },
  { title: 'lint', command: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'] },
  { title: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit'] },
  { title: 'formatting', command: ['node_modules/prettier/bin/prettier.cjs', '--check', '.'] },
  { title: 'build', command: ['scripts/build.mjs'] },
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
  { title: 'licences of what ships', command: ['scripts/licences.mjs'] },
];
/** Alone, as they need the machine. @type {Check} */
const TESTS = {
  title: 'unit and end-to-end tests',
  command: [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--coverage',
    '--reporter=default',
    '--reporter=./scripts/failed-tests.mjs',
  ],
};
const AT_ONCE = 2;

/** @type {readonly string[]} */
let leftOut = [];
try {
  leftOut = servicesLeftOut(process.env);
  await install();
} catch (error) {
  fail(error);
}

/** @type {{ readonly title: string, readonly code: number, readonly seconds: string }[]} */
const results = [];
const waiting = STATIC_CHECKS.values();
await Promise.all(Array.from({ length: AT_ONCE }, checkAll));
say(`── ${TESTS.title}`);
say(await take(TESTS, null));

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
process.stdout.write(`\n${failedTests()}`);
rmSync(path.dirname(FINDINGS), { recursive: true, force: true });
const failed = results.filter(({ code }) => code !== 0).length;
process.stdout.write(`\nchecks: ${results.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** As long as any waits. What each says stands together, when it has ended. */
async function checkAll() {
  for (const next of waiting) {
    /** @type {Buffer[]} */
    const output = [];
    const outcome = await take(next, (part) => output.push(part));
    say(`── ${next.title}`);
    process.stdout.write(Buffer.concat(output));
    say(outcome);
  }
}

/**
 * @param {Check} check
 * @param {((output: Buffer) => void) | null} onOutput
 */
async function take({ title, command }, onOutput) {
  const startedAt = Date.now();
  const environment = { ...process.env, GAVEL_FAILED_TESTS: FINDINGS };
  const code = await run([process.execPath, ...command], environment, onOutput);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  results.push({ title, code, seconds });
  return `${code === 0 ? 'passed' : 'FAILED'}: ${title}, ${seconds} s\n`;
}

/** What failed, once more behind everything else: above it stand thousands of lines. */
function failedTests() {
  return existsSync(FINDINGS) ? readFileSync(FINDINGS, 'utf8') : '';
}
