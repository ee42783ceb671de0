/** GET /click: the redirect to the landing page, which no outage may stop. */
import type { ReadToken } from '../auction/crypto-token.ts';
import type { PostStatus } from '../ledger/ledger.ts';
import { costNanos } from '../money.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import type { LandingPages } from './landing-pages.ts';
import {
  readToken,
  refuseForged,
  reservedBid,
  signedEvent,
  unsignedEvent,
  type TrackingEdges,
} from './tracking.ts';

export interface ClickEdges extends TrackingEdges {
  readonly landingPages: LandingPages;
}

/** In an ad's landing page: the token that makes its conversion count. */
const CONVERSION_TOKEN_MACRO = '{CONVERSION_TOKEN}';
const FREE = costNanos(0);

export function clickRoutes(edges: ClickEdges): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: '/click',
      name: 'click',
      browser: true,
      counts: true,
      handle: (request) => {
        const query = new URLSearchParams(request.query);
        return query.has('t') ? signedClick(edges, request, query) : namedClick(edges, request, query);
      },
    },
  ];
}

async function signedClick(
  edges: ClickEdges,
  request: HttpRequest,
  query: URLSearchParams,
): Promise<HttpAnswer> {
  const token = readToken(edges.signer, query, 'click');
  if (typeof token === 'string') return refuseForged(edges, request, 'click');
  await countClick(edges, request, token);
  const page = await edges.landingPages.find(token.adId);
  if (page === 'unknown')
    return fail(request, 'NOT_FOUND', 't: no campaign has the ad of this token any more');
  if (page === 'unavailable')
    return fail(request, 'UNAVAILABLE', 'the landing page can not be looked up now');
  const conversion = edges.signer.reissue(query.get('t') ?? '', 'conversion');
  return redirect(page.url.replaceAll(CONVERSION_TOKEN_MACRO, conversion));
}

/** Only a click that is charged waits for the disk, and one that can't be kept is redirected all the same. */
async function countClick(edges: ClickEdges, request: HttpRequest, token: ReadToken): Promise<void> {
  if (token.test) {
    edges.count('click', 'test');
    return;
  }
  const nowMs = edges.clock();
  const amountNanos = token.model === 'cpc' ? token.eventNanos : FREE;
  const status = edges.ledger.postClick(reservedBid(token), amountNanos, nowMs);
  const isFirst = isFirstClick(status);
  const kept =
    token.model === 'cpc' ? await edges.keeper.keep('click', token, isFirst) : isFirst ? 'first' : 'again';
  if (kept === 'first') edges.events.record(signedEvent('click', token, request, nowMs));
  edges.count(
    'click',
    kept === 'not_kept' ? kept : status === 'posted' && amountNanos === 0 ? 'free' : status,
  );
}

/** A click on a bid that the ledger has forgotten is one all the same. */
function isFirstClick(status: PostStatus): boolean {
  return status !== 'repeated';
}

async function namedClick(
  edges: ClickEdges,
  request: HttpRequest,
  query: URLSearchParams,
): Promise<HttpAnswer> {
  const adId = query.get('adId') ?? '';
  if (adId === '') return fail(request, 'INVALID_REQUEST', 'adId or t: one of them is required');
  const page = await edges.landingPages.find(adId.toLowerCase());
  if (page === 'unknown') return fail(request, 'NOT_FOUND', 'adId: no campaign has this ad');
  if (page === 'unavailable')
    return fail(request, 'UNAVAILABLE', 'the landing page can not be looked up now');
  edges.events.record(unsignedEvent('click', adId, page.campaignId, request, edges.clock()));
  edges.count('click', 'unsigned');
  return redirect(page.url.replaceAll(CONVERSION_TOKEN_MACRO, ''));
}

function redirect(url: string): HttpAnswer {
  return { status: 302, headers: { location: url, 'cache-control': 'no-store' } };
}
