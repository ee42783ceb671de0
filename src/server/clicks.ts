/** GET /click: the redirect to the landing page, which no outage may stop. */
import type { TokenSigner } from '../auction/crypto-token.ts';
import type { AdEvent, Events } from '../events/door.ts';
import type { Ledger, PostStatus } from '../ledger/ledger.ts';
import { costNanos } from '../money.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { eventOf, readToken, reservedBid } from './notices.ts';

export interface ClickEdges {
  readonly signer: TokenSigner;
  readonly ledger: Ledger;
  readonly events: Events;
  readonly clock: () => number;
  /** The ad's landing page: from the index, else from where campaigns are kept; null: no campaign has the ad. */
  readonly findLandingPage: (adId: string) => Promise<LandingPage | null>;
  readonly count: (outcome: ClickOutcome) => void;
}

export interface LandingPage {
  readonly campaignId: string;
  readonly url: string;
}

/** What became of a signed click; its names are the ledger's, and `free` where nothing is charged for one. */
export type ClickOutcome = PostStatus | 'free' | 'test' | 'forged' | 'unsigned' | 'not_kept';

/** In an ad's landing page: the token that makes its conversion count. */
const CONVERSION_TOKEN_MACRO = '{CONVERSION_TOKEN}';

const ZERO = costNanos(0);

export function clickRoutes(edges: ClickEdges): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: '/click',
      name: 'click',
      browser: true,
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
  if (typeof token === 'string') {
    edges.count('forged');
    return fail(request, 'UNAUTHORIZED', 't: the token is not one of ours, or was altered');
  }
  const page = await edges.findLandingPage(token.adId);
  if (page === null) return fail(request, 'NOT_FOUND', 't: the ad of this token is gone');
  if (token.test) edges.count('test');
  else {
    const nowMs = edges.clock();
    const outcome = charge(edges.ledger, token, nowMs);
    const kept = await edges.ledger.saved().then(
      () => true,
      () => false,
    );
    edges.count(kept ? outcome : 'not_kept');
    if (outcome !== 'repeated') edges.events.record(eventOf('click', token, request, nowMs));
  }
  const conversion = edges.signer.reissue(query.get('t') ?? '', 'conversion');
  return redirect(page.url.replaceAll(CONVERSION_TOKEN_MACRO, conversion));
}

/** cpc is charged here; for cpa the ledger keeps that the click came. */
function charge(ledger: Ledger, token: Parameters<typeof reservedBid>[0], nowMs: number): ClickOutcome {
  if (token.model === 'cpm') return 'free';
  return ledger.postClick(reservedBid(token), token.model === 'cpc' ? token.eventNanos : ZERO, nowMs);
}

async function namedClick(
  edges: ClickEdges,
  request: HttpRequest,
  query: URLSearchParams,
): Promise<HttpAnswer> {
  const adId = query.get('adId') ?? '';
  if (adId === '') return fail(request, 'INVALID_REQUEST', 'adId or t: one of them is required');
  const page = await edges.findLandingPage(adId.toLowerCase());
  if (page === null) return fail(request, 'NOT_FOUND', 'adId: no campaign has this ad');
  const event: AdEvent = {
    type: 'click',
    atMs: edges.clock(),
    adId,
    campaignId: page.campaignId,
    known: true,
    signed: false,
    traceId: request.traceId,
  };
  edges.events.record(event);
  edges.count('unsigned');
  return redirect(page.url.replaceAll(CONVERSION_TOKEN_MACRO, ''));
}

function redirect(url: string): HttpAnswer {
  return { status: 302, headers: { location: url, 'cache-control': 'no-store' } };
}
