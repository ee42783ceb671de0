/** GET /click: the redirect to the landing page, which no outage may stop. POST /click: the click alone. */
import { createHash } from 'node:crypto';
import { MAX_NAME_CHARS } from '../events/event.ts';
import { fail } from './errors.ts';
import { bodyFields, mistakes, noObject, queryFields, type Fields } from './fields.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { inTime } from './patience.ts';
import { readInstant } from './report-fields.ts';
import { trackSigned } from './signed-calls.ts';
import {
  campaignOf,
  newEventId,
  OWN_ID_PREFIX,
  readToken,
  recordUnsigned,
  refuseForged,
  refuseUnkept,
  unsignedEvent,
  type Report,
  type TrackingEdges,
} from './tracking.ts';

type Names = Readonly<Record<'adId' | 'campaignId' | 'userId', string>>;

/** A disk that hangs is no reason to keep a person waiting. */
const REDIRECT_LIMIT_MS = 1_000;
/** In an ad's landing page: the token that makes its conversion count. */
const CONVERSION_TOKEN_MACRO = '{CONVERSION_TOKEN}';

export function clickRoutes(edges: TrackingEdges): readonly Route[] {
  const shared = { pattern: '/click', name: 'click', browser: true, counts: true } as const;
  return [
    {
      ...shared,
      method: 'GET',
      handle: (request) => {
        const query = new URLSearchParams(request.query);
        return query.has('t') ? signedClick(edges, request, query) : namedClick(edges, request);
      },
    },
    { ...shared, method: 'POST', handle: (request) => postedClick(edges, request) },
  ];
}

async function signedClick(
  edges: TrackingEdges,
  request: HttpRequest,
  query: URLSearchParams,
): Promise<HttpAnswer> {
  const token = readToken(edges.signer, query, 'click');
  if (typeof token === 'string') return refuseForged(edges, request, 'click');
  const nowMs = edges.clock();
  const tracked = trackSigned(edges, { type: 'click', token, request, nowMs, valueMicros: null });
  await inTime(tracked, REDIRECT_LIMIT_MS);
  const page = await edges.landingPages.find(token.adId);
  if (page === 'unknown')
    return fail(request, 'NOT_FOUND', 't: no campaign has the ad of this token any more');
  if (page === 'unavailable')
    return fail(request, 'UNAVAILABLE', 'the landing page can not be looked up now');
  const conversion = edges.signer.reissue(query.get('t') ?? '', 'conversion');
  return redirect(page.url.replaceAll(CONVERSION_TOKEN_MACRO, conversion));
}

async function namedClick(edges: TrackingEdges, request: HttpRequest): Promise<HttpAnswer> {
  const fields = queryFields(request.query);
  const names = readNames(fields, 'optional');
  if (fields.errors.length > 0) return mistakes(fields, request);
  if (names.adId === '') return fail(request, 'INVALID_REQUEST', 'adId or t: one of them is required');
  const page = await edges.landingPages.find(names.adId.toLowerCase());
  const nowMs = edges.clock();
  const campaignId = typeof page === 'string' ? null : page.campaignId;
  const report = reportOf(names, newEventId(), nowMs);
  const outcome = await recordUnsigned(edges, [unsignedEvent('click', report, campaignId, request, nowMs)]);
  if (outcome === 'not_kept') return refuseUnkept(request);
  if (page === 'unknown') return fail(request, 'NOT_FOUND', 'adId: no campaign has this ad');
  if (page === 'unavailable')
    return fail(request, 'UNAVAILABLE', 'the landing page can not be looked up now');
  return redirect(page.url.replaceAll(CONVERSION_TOKEN_MACRO, ''));
}

async function postedClick(edges: TrackingEdges, request: HttpRequest): Promise<HttpAnswer> {
  const fields = bodyFields(request.body);
  if (fields === null) return noObject(request);
  const nowMs = edges.clock();
  const names = readNames(fields, 'required');
  const atMs = readInstant(fields, 'timestamp', nowMs);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const report = reportOf(names, atMs === null ? newEventId() : clickIdOf(names, atMs), atMs ?? nowMs);
  const event = unsignedEvent('click', report, campaignOf(edges, names.adId), request, nowMs);
  const outcome = await recordUnsigned(edges, [event]);
  return outcome === 'not_kept' ? refuseUnkept(request) : { status: 204 };
}

function readNames(fields: Fields, need: 'required' | 'optional'): Names {
  const read = (name: keyof Names): string =>
    need === 'required' ? fields.requiredName(name, MAX_NAME_CHARS) : fields.name(name, MAX_NAME_CHARS);
  return { adId: read('adId'), campaignId: read('campaignId'), userId: read('userId') };
}

/** The same four fields are the same click. */
function clickIdOf({ adId, campaignId, userId }: Names, atMs: number): string {
  const identity = JSON.stringify([adId, campaignId, userId, atMs]);
  return `${OWN_ID_PREFIX}click:${createHash('sha256').update(identity).digest('hex')}`;
}

function reportOf({ adId, userId }: Names, eventId: string, atMs: number): Report {
  return { eventId, adId, userId: userId || null, placementId: null, atMs, valueMicros: null };
}

function redirect(url: string): HttpAnswer {
  return { status: 302, headers: { location: url, 'cache-control': 'no-store' } };
}
