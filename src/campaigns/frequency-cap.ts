/** What a frequency cap may be. */
import type { CapWindow, FrequencyCap } from './model.ts';

export const CAP_WINDOWS = [
  'minute',
  'hour',
  'day',
  'week',
  'lifetime',
] as const satisfies readonly CapWindow[];
export const MAX_CAP_LIMIT = 1_000_000;

/** Of one that stands in the database, where plain SQL can have put anything. */
export function isCap(value: unknown): value is FrequencyCap {
  if (typeof value !== 'object' || value === null) return false;
  const { limit, window }: Readonly<Record<string, unknown>> = { ...value };
  const isLimit = Number.isInteger(limit) && Number(limit) >= 1 && Number(limit) <= MAX_CAP_LIMIT;
  return isLimit && CAP_WINDOWS.some((known) => known === window);
}
