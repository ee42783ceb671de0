/** What a replay counts anew, and what stays as it was counted. */
import type { EventRecord } from './event.ts';
import { DAY_MS, countedMs, startOf } from './tally.ts';

/** The line between the two, the same for the whole of a replay. */
export interface Cut {
  /** The start of a minute. */
  readonly fromMs: number;
  /** When the replay began. */
  readonly nowMs: number;
  /** Events of today and of so many days before count in their own minute. */
  readonly keptDays: number;
}

/**
 * Events of ads by when they came, bids and no-bids by their minute, as their sums are all that is left of them. What
 * counted, when it was told, for a day that is no longer kept stays in the sums that are kept for good.
 */
export function isRecounted(event: EventRecord, toldAtMs: number, { fromMs, nowMs, keptDays }: Cut): boolean {
  const minuteMs = countedMs(event, toldAtMs, keptDays);
  if (event.type === 'auction') return minuteMs >= fromMs;
  return event.receivedAtMs >= fromMs && minuteMs >= firstKeptMs({ nowMs, keptDays });
}

export function firstKeptMs({ nowMs, keptDays }: Pick<Cut, 'nowMs' | 'keptDays'>): number {
  return startOf(nowMs, DAY_MS) - keptDays * DAY_MS;
}
