/** GET /impression and GET /conversion: a transparent GIF, and what it counts. */
import { MAX_NAME_CHARS } from '../events/event.ts';
import { fail } from './errors.ts';
import { mistakes, queryFields } from './fields.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { readValueText } from './report-fields.ts';
import { isMoneyImpression, trackSigned } from './signed-calls.ts';
import {
  campaignOf,
  newEventId,
  readToken,
  recordUnsigned,
  refuseForged,
  refuseUnkept,
  unsignedEvent,
  type TrackingEdges,
} from './tracking.ts';

type Pixel = 'impression' | 'conversion';

/** 1×1, transparent, 43 bytes. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const PIXEL: HttpAnswer = {
  status: 200,
  headers: { 'content-type': 'image/gif', 'cache-control': 'no-store' },
  body: GIF,
};

export function pixelRoutes(edges: TrackingEdges): readonly Route[] {
  return [pixel(edges, 'impression'), pixel(edges, 'conversion')];
}

function pixel(edges: TrackingEdges, type: Pixel): Route {
  async function signed(request: HttpRequest, query: URLSearchParams): Promise<HttpAnswer> {
    const token = readToken(edges.signer, query, type);
    if (typeof token === 'string') return refuseForged(edges, request, type);
    const valueMicros = type === 'conversion' ? readValueText(query.get('value') ?? '') : null;
    const outcome = await trackSigned(edges, { type, token, request, nowMs: edges.clock(), valueMicros });
    const isShown = outcome !== 'not_kept' || (type === 'impression' && !isMoneyImpression(token));
    return isShown ? PIXEL : refuseUnkept(request);
  }

  async function unsigned(request: HttpRequest, query: URLSearchParams): Promise<HttpAnswer> {
    const fields = queryFields(request.query);
    const adId = fields.name('ad_id', MAX_NAME_CHARS);
    if (fields.errors.length > 0) return mistakes(fields, request);
    if (adId === '') return fail(request, 'INVALID_REQUEST', 'ad_id or t: one of them is required');
    const nowMs = edges.clock();
    const report = {
      eventId: newEventId(),
      adId,
      userId: null,
      placementId: null,
      atMs: nowMs,
      valueMicros: readValueText(query.get('value') ?? ''),
    };
    const event = unsignedEvent(type, report, campaignOf(edges, adId), request, nowMs);
    const outcome = await recordUnsigned(edges, [event]);
    return outcome === 'not_kept' && type === 'conversion' ? refuseUnkept(request) : PIXEL;
  }

  return {
    method: 'GET',
    pattern: `/${type}`,
    name: type,
    browser: true,
    counts: true,
    handle: (request) => {
      const query = new URLSearchParams(request.query);
      return query.has('t') ? signed(request, query) : unsigned(request, query);
    },
  };
}
