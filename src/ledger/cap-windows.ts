/**
 * The fixed windows of frequency caps: minute and hour in UTC, day and week (from Monday) in the campaign's zone,
 * lifetime. A window is named by the second in which it began.
 */
import type { CapWindow } from '../campaigns/model.ts';
import type { CapAsk, CapLimit, CapTerms } from './caps.ts';
import { isZone, localDay, localWeek, type LocalSpan } from './day.ts';

/** In records a window is its place here: new ones go to the end. */
const CAP_WINDOWS = ['minute', 'hour', 'day', 'week', 'lifetime'] as const satisfies readonly CapWindow[];

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A clock that is behind another by less does not find a window forgotten that is not over for it yet. */
const SKEW_SEC = 60;
/** A campaign without an end forgets users whom it met that long ago. */
const LIFETIME_KEPT_MS = 400 * 24 * HOUR_MS;
/** Of terms whose zone nobody knows; they bear no bid anyway. */
const FALLBACK_ZONE = 'UTC';

/** An ask, and when it is the same. */
interface KnownAsk extends LocalSpan {
  readonly ask: CapAsk;
}

/** The same for all users, and worked out once a minute at most. */
const knownAsks = new WeakMap<CapTerms, KnownAsk>();

/** A campaign's caps as they stand at that moment. */
export function askOf(terms: CapTerms, nowMs: number): CapAsk {
  const known = knownAsks.get(terms);
  if (known !== undefined && nowMs >= known.startMs && nowMs < known.endMs) return known.ask;
  const slot = slotOf(nowMs, MINUTE_MS);
  const ask = workOut(terms, nowMs);
  // No window begins in the middle of a minute.
  knownAsks.set(terms, { ...slot, ask });
  return ask;
}

function workOut({ key, timezone, endMs, caps }: CapTerms, nowMs: number): CapAsk {
  const zone = isZone(timezone) ? timezone : FALLBACK_ZONE;
  const limits: CapLimit[] = [];
  let untilMs = 0;
  for (const { window, limit } of caps) {
    const span = spanOf(window, zone, nowMs, endMs);
    untilMs = Math.max(untilMs, span.endMs);
    limits.push({
      window: CAP_WINDOWS.indexOf(window),
      startSec: Math.floor(span.startMs / 1000),
      limit,
    });
  }
  return { key, untilSec: Math.ceil(untilMs / 1000) + SKEW_SEC, limits };
}

function spanOf(window: CapWindow, zone: string, nowMs: number, endMs: number): LocalSpan {
  switch (window) {
    case 'minute':
      return slotOf(nowMs, MINUTE_MS);
    case 'hour':
      return slotOf(nowMs, HOUR_MS);
    case 'day':
      return localDay(nowMs, zone);
    case 'week':
      return localWeek(nowMs, zone);
    case 'lifetime':
      return { startMs: 0, endMs: Math.min(Math.max(endMs, nowMs), nowMs + LIFETIME_KEPT_MS) };
  }
}

function slotOf(nowMs: number, lengthMs: number): LocalSpan {
  const startMs = nowMs - (nowMs % lengthMs);
  return { startMs, endMs: startMs + lengthMs };
}
