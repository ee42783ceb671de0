/** Waiting that ends: what a PostgreSQL that hangs was asked for, it may never do. */
import { setTimeout as sleep } from 'node:timers/promises';

/** false: `work` has not settled after `limitMs`. Whether it rejected is for its owner to hear. */
export async function settlesWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const limit = new AbortController();
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, sleep(limitMs, false, { signal: limit.signal })]);
  } finally {
    limit.abort();
  }
}
