/** Threads that run a file of ours for as long as the process does. */
import { fileURLToPath } from 'node:url';
import { Worker, type Transferable } from 'node:worker_threads';

/** `file` as built; what of `workerData` can't be copied is named in `transferred`. */
export function startThread(
  file: URL,
  workerData: unknown,
  transferred: readonly Transferable[] = [],
): Worker {
  const transferList = [...transferred];
  if (!file.pathname.endsWith('.ts')) return new Worker(file, { workerData, transferList });
  // Under the development server: tsx translates what a thread requires, and not what it begins with.
  const begin = `require('tsx/cjs'); require(${JSON.stringify(fileURLToPath(file))})`;
  return new Worker(begin, { eval: true, workerData, transferList });
}
