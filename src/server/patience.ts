/** How long a call waits for what stands behind its answer. */

/** A disk that takes longer hangs (lmdb-spool.ts says so after the same time), and senders come again after a 503. */
const KEEP_LIMIT_MS = 2_000;

/** `hanging` after the limit. The work goes on alone: what it keeps in the end counts, as where the sender had hung up. */
export async function inTime<T>(work: Promise<T>, limitMs = KEEP_LIMIT_MS): Promise<T | 'hanging'> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<'hanging'>((resolve) => (timer = setTimeout(resolve, limitMs, 'hanging')));
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
