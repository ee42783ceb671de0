/** Before the tests: the services that the files to be run need, and none where no file needs one. */
import type { TestProject } from 'vitest/node';

import type { ServiceName } from './services/catalog.ts';
import { projectPlace } from './services/place.ts';
import { identify } from './services/process.ts';
import { ensureServices, releaseServices } from './services/running.ts';
import { servicesOf } from './test-files.mjs';

/** Stops afterwards what nobody else uses. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const names = neededServices(project);
  if (names.length === 0) {
    project.provide('services', {});
    return undefined;
  }
  const place = projectPlace();
  const identity = identify(process.pid);
  if (identity === null) throw new Error('this process is not found among those that run');
  const release = (): Promise<void> => releaseServices(place, identity);
  try {
    const { endpoints } = await ensureServices(place, names, { kind: 'run', identity });
    project.provide('services', endpoints);
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

function neededServices(project: TestProject): readonly ServiceName[] {
  return [...new Set(project.vitest.state.getPaths().flatMap(servicesOf))];
}
