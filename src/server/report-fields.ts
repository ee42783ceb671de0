/** The fields of what browsers and other servers report: POST /track/{type}, POST /events, POST /click. */
import { parseIsoTime } from '../campaigns/schedule-validation.ts';
import { MAX_EVENT_ID_CHARS, MAX_NAME_CHARS } from '../events/event.ts';
import type { Fields } from './fields.ts';
import { OWN_ID_PREFIX, REPORTED_TYPES, type Report, type ReportedType } from './tracking.ts';

/** Clocks are wrong, and time zones are left out; what is further ahead is no time at all. */
const MAX_AHEAD_MS = 86_400_000;
const MICROS_PER_USD = 1_000_000;
/** A double holds micros up to there exactly: 9 billion USD. */
const MAX_VALUE_USD = Math.floor(Number.MAX_SAFE_INTEGER / MICROS_PER_USD);

/** One event of POST /events: its id and its type are its own. */
export function readPostedEvent(
  fields: Fields,
  nowMs: number,
): { readonly type: ReportedType; readonly report: Report } {
  const eventId = readEventId(fields);
  if (eventId === '' && fields.errors.length === 0) fields.refuse('event_id', 'is required');
  const type = readType(fields);
  return { type, report: { ...readReport(fields, nowMs, 'ad_id'), eventId } };
}

/** The body of POST /track/{type}; its `ad_id` may be left out where a token names it. */
export function readTrackedEvent(fields: Fields, nowMs: number, adId: 'required' | 'optional'): Report {
  const eventId = readEventId(fields);
  const report = readReport(fields, nowMs, adId === 'required' ? 'ad_id' : null);
  return {
    ...report,
    eventId,
    placementId: fields.name('placement_id', MAX_NAME_CHARS) || null,
    valueMicros: readValue(fields),
  };
}

/** ISO 8601, or epoch milliseconds; null where it is absent. */
export function readInstant(fields: Fields, name: string, nowMs: number): number | null {
  const text = fields.text(name);
  if (text === '') return null;
  const atMs = /^\d{1,15}$/.test(text) ? Number(text) : parseIsoTime(text);
  if (atMs === null || atMs < 0) {
    fields.refuse(name, 'must be an ISO 8601 time with Z or an offset, as 2026-11-01T00:00:00Z');
  } else if (atMs > nowMs + MAX_AHEAD_MS) fields.refuse(name, 'must not be more than a day ahead');
  else return atMs;
  return null;
}

/** `value` of a pixel, in USD; null where it is absent or no amount: nobody reads what a pixel answers. */
export function readValueText(text: string): number | null {
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  const value = Number(text);
  return value <= MAX_VALUE_USD ? Math.round(value * MICROS_PER_USD) : null;
}

function readReport(fields: Fields, nowMs: number, requiredAd: 'ad_id' | null): Omit<Report, 'eventId'> {
  const adId =
    requiredAd === null
      ? fields.name('ad_id', MAX_NAME_CHARS)
      : fields.requiredName(requiredAd, MAX_NAME_CHARS);
  // The campaign is the one that has the ad, whatever is said; what is said must be a name all the same.
  fields.name('campaign_id', MAX_NAME_CHARS);
  return {
    adId,
    userId: fields.name('user_id', MAX_NAME_CHARS) || null,
    placementId: null,
    atMs: readInstant(fields, 'ts', nowMs) ?? nowMs,
    valueMicros: null,
  };
}

function readEventId(fields: Fields): string {
  const eventId = fields.name('event_id', MAX_EVENT_ID_CHARS);
  if (eventId.startsWith(OWN_ID_PREFIX)) fields.refuse('event_id', `must not begin with ${OWN_ID_PREFIX}`);
  return eventId;
}

function readType(fields: Fields): ReportedType {
  const text = fields.text('type');
  const type = REPORTED_TYPES.find((candidate) => candidate === text);
  if (type === undefined) fields.refuse('type', `must be one of ${REPORTED_TYPES.join(', ')}`);
  return type ?? 'impression';
}

function readValue(fields: Fields): number | null {
  const value = fields.number('value');
  if (value === null) return null;
  if (value >= 0 && value <= MAX_VALUE_USD) return Math.round(value * MICROS_PER_USD);
  fields.refuse('value', `must be an amount in USD from 0 to ${String(MAX_VALUE_USD)}`);
  return null;
}
