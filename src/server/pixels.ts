/** GET /impression and GET /conversion: a transparent GIF, and what it counts. */
import type { ReadToken, TokenSigner } from '../auction/crypto-token.ts';
import type { EventType, Events } from '../events/door.ts';
import type { Ledger, PostStatus } from '../ledger/ledger.ts';
import { costNanos } from '../money.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { eventOf, readToken, reservedBid } from './notices.ts';

export interface PixelEdges {
  readonly signer: TokenSigner;
  readonly ledger: Ledger;
  readonly events: Events;
  readonly clock: () => number;
  /** The campaign of an ad in the index; null: no campaign has it. */
  readonly findCampaign: (adId: string) => string | null;
  readonly count: (type: 'impression' | 'conversion', outcome: PixelOutcome) => void;
}

export type PixelOutcome = PostStatus | 'free' | 'test' | 'forged' | 'unsigned' | 'not_kept';

/** 1×1, transparent, 43 bytes. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const PIXEL: HttpAnswer = {
  status: 200,
  headers: { 'content-type': 'image/gif', 'cache-control': 'no-store' },
  body: GIF,
};

export function pixelRoutes(edges: PixelEdges): readonly Route[] {
  return [pixel(edges, 'impression', postImpression), pixel(edges, 'conversion', postConversion)];
}

/** Money only in the simple form, whose impression posts the price that its answer named. */
function postImpression(ledger: Ledger, token: ReadToken, nowMs: number): PixelOutcome {
  if (!token.impressionPosts || token.model !== 'cpm') return 'free';
  return ledger.post(reservedBid(token), token.eventNanos, nowMs);
}

function postConversion(ledger: Ledger, token: ReadToken, nowMs: number): PixelOutcome {
  if (token.model === 'cpm') return 'free';
  return ledger.postConversion(
    reservedBid(token),
    token.model === 'cpa' ? token.eventNanos : costNanos(0),
    nowMs,
  );
}

function pixel(
  edges: PixelEdges,
  type: EventType & ('impression' | 'conversion'),
  post: (ledger: Ledger, token: ReadToken, nowMs: number) => PixelOutcome,
): Route {
  async function signed(request: HttpRequest, query: URLSearchParams): Promise<HttpAnswer> {
    const token = readToken(edges.signer, query, type);
    if (typeof token === 'string') {
      edges.count(type, 'forged');
      return fail(request, 'UNAUTHORIZED', 't: the token is not one of ours, or was altered');
    }
    if (token.test) {
      edges.count(type, 'test');
      return PIXEL;
    }
    const nowMs = edges.clock();
    const outcome = post(edges.ledger, token, nowMs);
    if (outcome !== 'free') {
      try {
        await edges.ledger.saved();
      } catch {
        edges.count(type, 'not_kept');
        return fail(request, 'UNAVAILABLE', 'the event can not be kept now; send it again');
      }
    }
    if (outcome !== 'repeated') edges.events.record(eventOf(type, token, request, nowMs));
    edges.count(type, outcome);
    return PIXEL;
  }

  function unsigned(request: HttpRequest, adId: string): HttpAnswer {
    const campaignId = edges.findCampaign(adId.toLowerCase());
    edges.events.record({
      type,
      atMs: edges.clock(),
      adId,
      campaignId: campaignId ?? '',
      known: campaignId !== null,
      signed: false,
      traceId: request.traceId,
    });
    edges.count(type, 'unsigned');
    return PIXEL;
  }

  return {
    method: 'GET',
    pattern: `/${type}`,
    name: type,
    browser: true,
    handle: (request) => {
      const query = new URLSearchParams(request.query);
      if (query.has('t')) return signed(request, query);
      const adId = query.get('ad_id') ?? '';
      if (adId === '') return fail(request, 'INVALID_REQUEST', 'ad_id or t: one of them is required');
      return unsigned(request, adId);
    },
  };
}
