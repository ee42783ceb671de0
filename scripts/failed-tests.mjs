/** A reporter that keeps what failed in one file: the run's own output has thousands of lines below it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

/** Of each error: what was expected, and where. */
const SHOWN_LINES = 6;

export default class FailedTests {
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
    writeFileSync(process.env.GAVEL_FAILED_TESTS ?? '', [...lines, ...strays].join(''));
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
