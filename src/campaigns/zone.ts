/**
 * Local time in an IANA time zone, cheap enough for every request: Intl is asked once per zone and quarter hour,
 * since no zone of our days changes its offset, or the hour on its clocks, inside a quarter hour of UTC.
 */

export const MINUTES_OF_DAY = 1_440;
export const MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY;
export const QUARTER_HOUR_MS = 15 * 60_000;

const MINUTE_MS = 60_000;
const DAY_MS = MINUTES_OF_DAY * MINUTE_MS;
/** 1970-01-01 was a Thursday: three days after Monday. */
const FIRST_WEEKDAY = 3;
/** Quarter hours remembered per zone: those of the longest day that any has had, which budgets are paced over, and some more. */
const MAX_QUARTERS = 256;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly offsetByQuarter: Map<number, number>;
}

const zones = new Map<string, Zone>();

/** Local minute of the week, 0 (Monday 00:00) to 10,079. Throws a RangeError where Intl does not know the zone. */
export function localMinuteOfWeek(epochMs: number, timeZone: string): number {
  return minuteOfWeek(epochMs + utcOffsetMs(epochMs, timeZone));
}

/** The same from a local time: epoch milliseconds with the zone's offset added. */
export function minuteOfWeek(localMs: number): number {
  const day = Math.floor(localMs / DAY_MS);
  const weekday = (((day + FIRST_WEEKDAY) % 7) + 7) % 7;
  return weekday * MINUTES_OF_DAY + Math.floor((localMs - day * DAY_MS) / MINUTE_MS);
}

/** What local clocks are ahead of UTC at that moment. Throws a RangeError where Intl does not know the zone. */
export function utcOffsetMs(epochMs: number, timeZone: string): number {
  let zone = zones.get(timeZone);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    zone = { format, offsetByQuarter: new Map() };
    zones.set(timeZone, zone);
  }
  const quarter = Math.floor(epochMs / QUARTER_HOUR_MS);
  const known = zone.offsetByQuarter.get(quarter);
  if (known !== undefined) return known;
  const offsetMs = readOffsetMs(zone.format, epochMs);
  if (zone.offsetByQuarter.size >= MAX_QUARTERS) zone.offsetByQuarter.clear();
  zone.offsetByQuarter.set(quarter, offsetMs);
  return offsetMs;
}

function readOffsetMs(format: Intl.DateTimeFormat, epochMs: number): number {
  const name = format.formatToParts(epochMs).find((part) => part.type === 'timeZoneName')?.value ?? '';
  // `GMT` alone is UTC; `GMT-04:00`, `GMT+05:45`; with seconds for local mean times of the past.
  const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name);
  if (match === null) throw new Error(`zone: Intl named an offset '${name}' that can't be read`);
  const seconds = Number(match[2] ?? 0) * 3_600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return (match[1] === '-' ? -seconds : seconds) * 1_000;
}
