/** GET /impression and GET /conversion: a transparent GIF, and what it counts. */
import type { ReadToken } from '../auction/crypto-token.ts';
import type { Ledger, PostStatus } from '../ledger/ledger.ts';
import { costNanos } from '../money.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import type { LandingPages } from './landing-pages.ts';
import {
  readToken,
  refuseForged,
  refuseUnkept,
  reservedBid,
  signedEvent,
  unsignedEvent,
  type TrackingEdges,
} from './tracking.ts';

export interface PixelEdges extends TrackingEdges {
  readonly landingPages: Pick<LandingPages, 'findServed'>;
}

type Pixel = 'impression' | 'conversion';

/** 1×1, transparent, 43 bytes. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const PIXEL: HttpAnswer = {
  status: 200,
  headers: { 'content-type': 'image/gif', 'cache-control': 'no-store' },
  body: GIF,
};
const FREE = costNanos(0);
/** Amounts of up to 15 digits are read; more is no amount. */
const MAX_VALUE_USD = 1e15;

export function pixelRoutes(edges: PixelEdges): readonly Route[] {
  return [pixel(edges, 'impression', postImpression), pixel(edges, 'conversion', postConversion)];
}

/** Money only in the simple form, whose impression posts the price that its answer named. */
function postImpression(ledger: Ledger, token: ReadToken, nowMs: number): PostStatus | 'free' {
  if (!token.impressionPosts || token.model !== 'cpm') return 'free';
  return ledger.post(reservedBid(token), token.eventNanos, nowMs);
}

/** It counts only after its click; the first one charges where conversions are what is paid for. */
function postConversion(ledger: Ledger, token: ReadToken, nowMs: number): PostStatus {
  return ledger.postConversion(reservedBid(token), token.model === 'cpa' ? token.eventNanos : FREE, nowMs);
}

function pixel(
  edges: PixelEdges,
  type: Pixel,
  post: (ledger: Ledger, token: ReadToken, nowMs: number) => PostStatus | 'free',
): Route {
  async function signed(request: HttpRequest, query: URLSearchParams): Promise<HttpAnswer> {
    const token = readToken(edges.signer, query, type);
    if (typeof token === 'string') return refuseForged(edges, request, type);
    if (token.test) {
      edges.count(type, 'test');
      return PIXEL;
    }
    const nowMs = edges.clock();
    const outcome = post(edges.ledger, token, nowMs);
    const event = signedEvent(type, token, request, nowMs, { valueUsd: valueOf(query) });
    if (outcome === 'free') edges.events.record(event);
    else {
      const kept = await edges.keeper.keep(type, token, outcome !== 'repeated' && outcome !== 'unclicked');
      if (kept === 'not_kept') return refuseUnkept(edges, request, type);
      if (kept === 'first') edges.events.record(event);
      // A later conversion is statistics: it counts, and vouches for no charge.
      else if (type === 'conversion' && outcome === 'repeated')
        edges.events.record({ ...event, signed: false });
    }
    edges.count(type, outcome);
    return PIXEL;
  }

  function unsigned(request: HttpRequest, adId: string, query: URLSearchParams): HttpAnswer {
    const campaignId = edges.landingPages.findServed(adId.toLowerCase())?.campaignId ?? null;
    edges.events.record(unsignedEvent(type, adId, campaignId, request, edges.clock(), valueOf(query)));
    edges.count(type, 'unsigned');
    return PIXEL;
  }

  return {
    method: 'GET',
    pattern: `/${type}`,
    name: type,
    browser: true,
    counts: true,
    handle: (request) => {
      const query = new URLSearchParams(request.query);
      if (query.has('t')) return signed(request, query);
      const adId = query.get('ad_id') ?? '';
      if (adId === '') return fail(request, 'INVALID_REQUEST', 'ad_id or t: one of them is required');
      return unsigned(request, adId, query);
    },
  };
}

/** `value` in USD; null where it is absent or no amount. */
function valueOf(query: URLSearchParams): number | null {
  const text = query.get('value') ?? '';
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  const value = Number(text);
  return value < MAX_VALUE_USD ? value : null;
}
