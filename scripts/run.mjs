/** What the scripts share: the project's folder, a line to the terminal, an end, a child process. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** @type {readonly NodeJS.Signals[]} */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** @param {string} line */
export function say(line) {
  process.stdout.write(`gavel: ${line}\n`);
}

/**
 * Ends the process over what an install or a build ran into.
 *
 * @param {unknown} error
 * @returns {never}
 */
export function fail(error) {
  console.error(`gavel: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

/**
 * Runs a command in the project's folder on this terminal. Signals reach it, so that nothing is left behind.
 *
 * @param {readonly string[]} command
 * @param {NodeJS.ProcessEnv} [environment]
 * @param {((output: Buffer) => void) | null} [onOutput] gets what would else go to the terminal
 * @returns {Promise<number>} its exit code; 128 and more where a signal ended it
 */
export function run(command, environment = process.env, onOutput = null) {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const output = onOutput === null ? 'inherit' : 'pipe';
    const child = spawn(file, args, { cwd: ROOT, env: environment, stdio: ['inherit', output, output] });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', onOutput ?? (() => {}));
    /** @param {NodeJS.Signals} signal */
    const pass = (signal) => {
      child.kill(signal);
    };
    for (const signal of PASSED_ON) process.on(signal, pass);
    const finish = () => {
      for (const signal of PASSED_ON) process.off(signal, pass);
    };
    child.once('error', (error) => {
      finish();
      reject(error);
    });
    // All of its output has come by then.
    child.once('close', (code, signal) => {
      finish();
      resolve(code ?? (signal === null ? 1 : 128 + constants.signals[signal]));
    });
  });
}
