/**
 * Formatting, lint, tests and self-test of native-bench/, as built for its tests: the optimised build takes a minute, and
 * what is checked here does not need it.
 */
import path from 'node:path';
import { findNativeBenchProblem } from './native-bench.mjs';
import { fail, ROOT, run, say } from './run.mjs';

const MANIFEST = ['--manifest-path', path.join(ROOT, 'native-bench/Cargo.toml')];

const problem = findNativeBenchProblem();
if (problem === null) {
  for (const command of [
    ['cargo', 'fmt', '--all', ...MANIFEST, '--check'],
    ['cargo', 'clippy', ...MANIFEST, '--locked', '--all-targets', '--quiet', '--', '--deny', 'warnings'],
    ['cargo', 'test', ...MANIFEST, '--locked', '--quiet'],
    ['cargo', 'run', ...MANIFEST, '--locked', '--quiet', '--package', 'load', '--', 'self-test'],
  ]) {
    await succeed(command);
  }
} else if (process.env.CI === 'true') {
  fail(problem);
} else {
  say(`left out: ${problem}`);
}

/** @param {readonly string[]} command */
async function succeed(command) {
  const code = await run(command);
  if (code !== 0) fail(`${command.join(' ')} failed (exit code ${code})`);
}
