/** Before the tests: dist/ is made from the sources as they are, for the tests that start real servers and workers. */
import { buildDist } from './dist.mjs';

export default async function setup(): Promise<void> {
  await buildDist({ check: false });
}
