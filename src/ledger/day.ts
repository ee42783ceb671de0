/**
 * The day of a budget: the calendar date in the campaign's own zone. It changes at local midnight, so it has 23,
 * 24 or 25 hours.
 */

/** From one local midnight to another, epoch milliseconds; the end is exclusive. */
export interface LocalSpan {
  readonly startMs: number;
  readonly endMs: number;
}

export interface LocalDay extends LocalSpan {
  /** Days from 1970-01-01 to the local date. */
  readonly key: number;
}

const DAY_MS = 86_400_000;
/** Longer than any local day has been since 1970: a bound for the search of midnights. */
const LONGEST_DAY_MS = 50 * 3_600_000;
const WEEK_DAYS = 7;
/** The search for Mondays: a week, and as much as any zone's clocks were ever set in one. */
const LONGEST_WEEK_MS = WEEK_DAYS * DAY_MS + LONGEST_DAY_MS;
/** 1970-01-01 was a Thursday: three days after Monday. */
const FIRST_WEEKDAY = 3;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  day: LocalDay | null;
  week: LocalSpan | null;
}

const zones = new Map<string, Zone>();

/**
 * The local day at `nowMs` in the IANA zone `timezone`. The last answer per zone is kept: asking Intl takes
 * about 200 µs with the search for both midnights, once per zone and day. Throws a RangeError for an unknown zone.
 */
export function localDay(nowMs: number, timezone: string): LocalDay {
  const zone = zoneOf(timezone);
  if (zone.day !== null && isWithin(zone.day, nowMs)) return zone.day;
  const key = dateKey(zone.format, nowMs);
  zone.day = {
    key,
    startMs: findMidnight(zone.format, key, nowMs - LONGEST_DAY_MS, nowMs),
    endMs: findMidnight(zone.format, key + 1, nowMs, nowMs + LONGEST_DAY_MS),
  };
  return zone.day;
}

/** The local week at `nowMs`, from Monday. The last answer per zone is kept. Throws as `localDay` does. */
export function localWeek(nowMs: number, timezone: string): LocalSpan {
  const zone = zoneOf(timezone);
  if (zone.week !== null && isWithin(zone.week, nowMs)) return zone.week;
  const { key } = localDay(nowMs, timezone);
  const monday = key - ((((key + FIRST_WEEKDAY) % WEEK_DAYS) + WEEK_DAYS) % WEEK_DAYS);
  zone.week = {
    startMs: findMidnight(zone.format, monday, nowMs - LONGEST_WEEK_MS, nowMs),
    endMs: findMidnight(zone.format, monday + WEEK_DAYS, nowMs, nowMs + LONGEST_WEEK_MS),
  };
  return zone.week;
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
    zone = { format, day: null, week: null };
    zones.set(timezone, zone);
  }
  return zone;
}

function isWithin({ startMs, endMs }: LocalSpan, nowMs: number): boolean {
  return nowMs >= startMs && nowMs < endMs;
}

/** The first millisecond after `fromMs`, at the latest `toMs`, whose local date is the day `key` or a later one. */
function findMidnight(format: Intl.DateTimeFormat, key: number, fromMs: number, toMs: number): number {
  let before = fromMs;
  let after = toMs;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateKey(format, middle) >= key) after = middle;
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
