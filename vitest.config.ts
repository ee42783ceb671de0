import { configDefaults, defineConfig } from 'vitest/config';

import { LongestFirst } from './scripts/longest-first.ts';
import { servicesLeftOut, testFilesNeeding } from './scripts/test-files.mjs';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...testFilesNeeding(servicesLeftOut(process.env))],
    globalSetup: ['scripts/fresh-dist.ts', 'scripts/test-services.ts'],
    // Most of them wait for servers that they start, stop or break: two cores carry three at once, and no more.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // No test asserts how long it takes: this only ends what hangs, also on a slow machine under coverage.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts', '**/fixtures/**'],
      reporter: ['text-summary'],
      reportOnFailure: true,
    },
  },
});
