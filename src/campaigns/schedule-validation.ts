/** A schedule as a client sends it. */
import type { Daypart, Schedule } from './model.ts';
import { refusalOf } from './value-list.ts';
import type { WireObject } from './wire.ts';
import { TIME_ZONES } from './zone-names.ts';

export const MAX_ZONE_LENGTH = 64;
export const MAX_DAYPARTS = 50;
export const DAYS_OF_WEEK = 7;
const MINUTES_OF_DAY = 1_440;
export const ISO_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
export const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$|^24:00$/;
/** Years that a timestamp of Postgres, a Date and a client's library all read alike. */
export const FIRST_YEAR = 1970;
export const LAST_YEAR = 9999;
const TIME_HINT = 'must be an ISO 8601 time with Z or an offset, as 2026-11-01T00:00:00Z';

/** Without a start it starts at `defaultStartMs`. */
export function readSchedule(wire: WireObject, defaultStartMs: number): Schedule {
  const schedule = wire.object('schedule');
  const startMs = readTime(schedule, 'start') ?? defaultStartMs;
  const endMs = readTime(schedule, 'end');
  if (endMs !== null && endMs <= startMs) schedule.forbid('end', 'must be after the start');
  const timezone = schedule.optionalText('timezone', MAX_ZONE_LENGTH) ?? 'UTC';
  if (!TIME_ZONES.accepts(timezone)) schedule.forbid('timezone', () => refusalOf(timezone, TIME_ZONES));
  return { startMs, endMs, timezone, dayparts: schedule.objects('dayparts', MAX_DAYPARTS).map(readDaypart) };
}

function readTime(schedule: WireObject, name: string): number | null {
  const text = schedule.optionalText(name);
  if (text === null) return null;
  const timeMs = parseIsoTime(text);
  if (timeMs === null) schedule.forbid(name, TIME_HINT);
  else if (timeMs < Date.UTC(FIRST_YEAR, 0)) schedule.forbid(name, `must not be before ${FIRST_YEAR}`);
  else if (timeMs >= Date.UTC(LAST_YEAR + 1, 0)) schedule.forbid(name, `must not be after ${LAST_YEAR}`);
  return timeMs;
}

/** Epoch milliseconds; null where it is no instant. */
export function parseIsoTime(text: string): number | null {
  const match = ISO_TIME.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // Date.parse takes 30 February for 2 March.
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? null : timeMs;
}

function readDaypart(daypart: WireObject): Daypart {
  const days = [...new Set(daypart.integers('days', DAYS_OF_WEEK, 1, DAYS_OF_WEEK))];
  if (daypart.require('days') && days.length === 0) daypart.forbid('days', 'must not be empty');
  const fromMinute = readMinute(daypart, 'from');
  const toMinute = readMinute(daypart, 'to');
  if (fromMinute === MINUTES_OF_DAY) daypart.forbid('from', 'must be before 24:00');
  if (fromMinute !== null && fromMinute === toMinute) daypart.forbid('to', 'must differ from `from`');
  return { days, fromMinute: fromMinute ?? 0, toMinute: toMinute ?? MINUTES_OF_DAY };
}

function readMinute(daypart: WireObject, name: string): number | null {
  const text = daypart.requiredText(name);
  if (text === '') return null;
  const match = TIME_OF_DAY.exec(text);
  if (match === null) {
    daypart.forbid(name, 'must be a time of day from 00:00 to 24:00');
    return null;
  }
  return match[1] === undefined ? MINUTES_OF_DAY : Number(match[1]) * 60 + Number(match[2]);
}
