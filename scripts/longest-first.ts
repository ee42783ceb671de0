/**
 * The order in which test files begin, so that no long one is left for the end: those that start servers, then those that
 * need services, then the others; among their like the larger ones first, or those that took longest the last time.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { servicesOf } from './test-files.mjs';

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => weight(b.moduleId) - weight(a.moduleId));
  }
}

function weight(file: string): number {
  const hasServer = file.endsWith('.e2e.test.ts');
  const hasServices = servicesOf(file).length > 0;
  return Number(hasServer) * 2 + Number(hasServices);
}
