/** A reporter that keeps what failed in one file: the run's own output has thousands of lines below it. */
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

/** Of each error: what was expected, and where. */
const SHOWN_LINES = 6;
/** The program in which vitest runs a file. */
const TEST_PROCESS = /vitest.dist.workers.forks/;

export default class FailedTests {
  /** Vitest itself says only that a process ended, and not how. @type {string[]} */
  #deaths = [];

  onInit() {
    subscribe('child_process', (message) => {
      const { process: child } = /** @type {{ process: import('node:child_process').ChildProcess }} */ (
        message
      );
      child.once('exit', (code, signal) => {
        if (child.killed || !child.spawnargs.some((arg) => TEST_PROCESS.test(arg))) return;
        const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
        this.#deaths.push(`FAILED a test process ended ${how} at ${new Date().toISOString()}\n`);
      });
    });
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly import('vitest').SerializedError[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    const lines = modules.flatMap((module) => {
      const file = path.relative(ROOT, module.moduleId);
      const tests = [...module.children.allTests('failed')];
      const isEnded = ['passed', 'failed', 'skipped'].includes(module.state());
      return [
        // The process that ran it died: the error itself stands with the strays, and names no file.
        ...(isEnded ? [] : [`FAILED ${file}: did not end\n`]),
        ...module.errors().map((error) => describe(file, error)),
        ...tests.flatMap((test) =>
          (test.result().errors ?? []).map((error) => describe(`${file}: ${test.fullName}`, error)),
        ),
      ];
    });
    const strays = unhandled.flatMap((error) =>
      [error, ...causes(error)].map((one) => describe('outside of any test', one)),
    );
    writeFileSync(process.env.GAVEL_FAILED_TESTS ?? '', [...lines, ...this.#deaths, ...strays].join(''));
  }
}

/**
 * @param {{ cause?: unknown }} error
 * @returns {import('vitest').SerializedError[]}
 */
function causes({ cause }) {
  if (typeof cause !== 'object' || cause === null || !('message' in cause)) return [];
  const error = /** @type {import('vitest').SerializedError} */ (cause);
  return [error, ...causes(error)];
}

/**
 * @param {string} where
 * @param {{ message: string, stack?: string }} error
 */
function describe(where, { message, stack = '' }) {
  const shown = `${message}\n${stack.replace(/^(?!\s+at ).*\n?/gm, '')}`.split('\n').slice(0, SHOWN_LINES);
  return `FAILED ${where}\n${shown.map((line) => `    ${line}\n`).join('')}`;
}
