/** POST /track/{type} and POST /events: what browsers and other servers report. */
import type { AdEvent } from '../events/event.ts';
import { fail, messageOf } from './errors.ts';
import { bodyFields, bodyValue, Fields, mistakes, noObject, objectOf } from './fields.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { readPostedEvent, readTrackedEvent } from './report-fields.ts';
import { trackSigned } from './signed-calls.ts';
import {
  campaignOf,
  eventIdOf,
  newEventId,
  recordUnsigned,
  refuseForged,
  refuseUnkept,
  REPORTED_TYPES,
  unsignedEvent,
  type Report,
  type ReportedType,
  type TrackingEdges,
} from './tracking.ts';

/** Of one array: some 250 bytes each fill the body. */
export const MAX_EVENTS = 1_000;

interface Rejected {
  readonly index: number;
  readonly message: string;
}

export function reportRoutes(edges: TrackingEdges): readonly Route[] {
  return [
    {
      method: 'POST',
      pattern: '/track/{type}',
      name: 'track',
      browser: true,
      handle: (request) => {
        const type = REPORTED_TYPES.find((candidate) => candidate === request.params.type);
        const known = REPORTED_TYPES.join(', ');
        if (type === undefined) return fail(request, 'NOT_FOUND', `type: one of ${known} is tracked`);
        return track(edges, request, type);
      },
    },
    {
      method: 'POST',
      pattern: '/events',
      name: 'events',
      browser: true,
      handle: (request) => {
        const value = bodyValue(request.body);
        return Array.isArray(value) ? takeAll(edges, request, value) : takeOne(edges, request);
      },
    },
  ];
}

async function track(edges: TrackingEdges, request: HttpRequest, type: ReportedType): Promise<HttpAnswer> {
  const fields = bodyFields(request.body);
  if (fields === null) return noObject(request);
  const text = fields.text('t');
  const nowMs = edges.clock();
  const report = readTrackedEvent(fields, nowMs, text === '' ? 'required' : 'optional');
  if (fields.errors.length > 0) return mistakes(fields, request);
  if (text === '') {
    const eventId = report.eventId || newEventId();
    const outcome = await recordUnsigned(edges, [
      eventOf(edges, type, { ...report, eventId }, request, nowMs),
    ]);
    return outcome === 'not_kept' ? refuseUnkept(request) : tracked(eventId);
  }
  const token = edges.signer.verify(text, type);
  if (token === null) return refuseForged(edges, request, type);
  const valueMicros = type === 'conversion' ? report.valueMicros : null;
  const outcome = await trackSigned(edges, { type, token, request, nowMs, valueMicros });
  return outcome === 'not_kept' ? refuseUnkept(request) : tracked(eventIdOf(type, token));
}

async function takeOne(edges: TrackingEdges, request: HttpRequest): Promise<HttpAnswer> {
  const fields = bodyFields(request.body);
  if (fields === null)
    return fail(request, 'INVALID_REQUEST', 'body: must be a JSON object or an array of them');
  const nowMs = edges.clock();
  const { type, report } = readPostedEvent(fields, nowMs);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const outcome = await recordUnsigned(edges, [eventOf(edges, type, report, request, nowMs)]);
  return outcome === 'not_kept' ? refuseUnkept(request) : accepted({ event_id: report.eventId });
}

/** The sound ones are kept in their order; when one of them can't be, the whole array comes again. */
async function takeAll(
  edges: TrackingEdges,
  request: HttpRequest,
  values: readonly unknown[],
): Promise<HttpAnswer> {
  if (values.length > MAX_EVENTS) {
    return fail(request, 'INVALID_REQUEST', `body: must hold at most ${String(MAX_EVENTS)} events`);
  }
  const nowMs = edges.clock();
  const events: AdEvent[] = [];
  const rejected: Rejected[] = [];
  for (const [index, value] of values.entries()) {
    const source = objectOf(value);
    const fields = new Fields(source ?? {});
    const { type, report } = readPostedEvent(fields, nowMs);
    if (source === null) rejected.push({ index, message: 'must be a JSON object' });
    else if (fields.errors.length > 0) rejected.push({ index, message: messageOf(fields.errors) });
    else events.push(eventOf(edges, type, report, request, nowMs));
  }
  if ((await recordUnsigned(edges, events)) === 'not_kept') return refuseUnkept(request);
  return accepted({ accepted: events.length, rejected });
}

function eventOf(
  edges: TrackingEdges,
  type: ReportedType,
  report: Report,
  request: HttpRequest,
  nowMs: number,
): AdEvent {
  return unsignedEvent(type, report, campaignOf(edges, report.adId), request, nowMs);
}

function tracked(eventId: string): HttpAnswer {
  return { status: 200, body: JSON.stringify({ status: 'ok', event_id: eventId }) };
}

function accepted(body: object): HttpAnswer {
  return { status: 202, body: JSON.stringify({ status: 'accepted', ...body }) };
}
