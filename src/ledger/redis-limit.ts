/** How long a caller waits. */

/**
 * Resolves once the work is done, or after the limit: the work goes on alone then. The limit begins at the end of this turn
 * of the event loop, where what it waits for is sent; and a busy loop runs its timers before it reads what has come
 * meanwhile, so the limit waits for that.
 */
export async function settleWithin(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDone = false;
  const limit = new Promise<void>((resolve) => {
    setImmediate(() => {
      if (!isDone) timer = setTimeout(() => setImmediate(resolve), limitMs);
    });
  });
  await Promise.race([work, limit]).finally(() => {
    isDone = true;
    clearTimeout(timer);
  });
}
