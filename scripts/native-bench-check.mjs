/** Formatting, lint, tests and self-test of native-bench/. */
import path from 'node:path';
import { buildNativeBench, findNativeBenchProblem } from './native-bench.mjs';
import { fail, ROOT, run, say } from './run.mjs';

const MANIFEST = ['--manifest-path', path.join(ROOT, 'native-bench/Cargo.toml')];

const problem = findNativeBenchProblem();
if (problem === null) {
  for (const command of [
    ['cargo', 'fmt', ...MANIFEST, '--check'],
    ['cargo', 'clippy', ...MANIFEST, '--locked', '--all-targets', '--quiet', '--', '--deny', 'warnings'],
    ['cargo', 'test', ...MANIFEST, '--locked', '--quiet'],
  ]) {
    await succeed(command);
  }
  const { load } = await buildNativeBench();
  await succeed([load, 'self-test']);
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
