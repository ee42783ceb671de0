/**
 * The day of a budget: the calendar date in the campaign's own zone. It changes at local midnight, so it has 23,
 * 24 or 25 hours.
 */

export interface LocalDay {
  /** Days from 1970-01-01 to the local date. */
  readonly key: number;
  /** Epoch milliseconds of the next local midnight, exclusive end of this day. */
  readonly endMs: number;
}

const DAY_MS = 86_400_000;
/** Longer than any local day has been since 1970: a bound for the search of the next midnight. */
const LONGEST_DAY_MS = 50 * 3_600_000;

interface ZoneDay extends LocalDay {
  /** The answer holds from here to `endMs`. */
  readonly fromMs: number;
}

interface Zone {
  readonly format: Intl.DateTimeFormat;
  day: ZoneDay | null;
}

const zones = new Map<string, Zone>();

/**
 * The local day at `nowMs` in the IANA zone `timezone`. The last answer per zone is kept: asking Intl takes
 * about 100 µs with the search for midnight, once per zone and day. Throws a RangeError for an unknown zone.
 */
export function localDay(nowMs: number, timezone: string): LocalDay {
  const zone = zoneOf(timezone);
  const known = zone.day;
  if (known !== null && nowMs >= known.fromMs && nowMs < known.endMs) return known;
  const key = dateKey(zone.format, nowMs);
  const day = { key, fromMs: nowMs, endMs: findMidnight(zone.format, key, nowMs) };
  zone.day = day;
  return day;
}

/** Whether `timezone` names a zone that this Node.js knows. */
export function isZone(timezone: string): boolean {
  try {
    zoneOf(timezone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function zoneOf(timezone: string): Zone {
  let zone = zones.get(timezone);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    });
    zone = { format, day: null };
    zones.set(timezone, zone);
  }
  return zone;
}

/** The first millisecond after `fromMs` whose local date is a later one. */
function findMidnight(format: Intl.DateTimeFormat, key: number, fromMs: number): number {
  let before = fromMs;
  let after = fromMs + LONGEST_DAY_MS;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateKey(format, middle) > key) after = middle;
    else before = middle;
  }
  return after;
}

function dateKey(format: Intl.DateTimeFormat, atMs: number): number {
  const part = { year: 0, month: 0, day: 0 };
  for (const { type, value } of format.formatToParts(atMs)) {
    if (type === 'year' || type === 'month' || type === 'day') part[type] = Number(value);
  }
  return Date.UTC(part.year, part.month - 1, part.day) / DAY_MS;
}
