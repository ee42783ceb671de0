import { configDefaults, defineConfig } from 'vitest/config';

import { servicesLeftOut, testFilesNeeding } from './scripts/test-files.mjs';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...testFilesNeeding(servicesLeftOut(process.env))],
    globalSetup: ['scripts/fresh-dist.ts', 'scripts/test-services.ts'],
    // Real servers, workers and a Postgres run beside the tests: more forks than two only take turns.
    maxWorkers: 2,
    // No test asserts how long it takes: this only ends what hangs, also on a slow machine under coverage.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts', '**/fixtures/**'],
      reporter: ['text-summary'],
      reportOnFailure: true,
    },
  },
});
