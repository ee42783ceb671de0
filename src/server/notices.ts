/**
 * GET /win, /billing, /loss: what the exchange tells of a bid. The first call counts, the same again is 204 and
 * changes nothing. An answer leaves once the ledger has kept what it says.
 */
import type { Purpose, ReadToken, TokenSigner } from '../auction/crypto-token.ts';
import type { AdEvent, Events } from '../events/door.ts';
import type { Ledger, ReservedBid } from '../ledger/ledger.ts';
import { costNanos, type CostNanos, type PriceMicros } from '../money.ts';
import { readAuctionPrice } from '../openrtb/macros.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';

export interface NoticeEdges {
  readonly signer: TokenSigner;
  readonly ledger: Ledger;
  readonly events: Events;
  readonly clock: () => number;
  /** A notice, by what came of it. */
  readonly count: (purpose: 'win' | 'billing' | 'loss', outcome: NoticeOutcome) => void;
}

export const NOTICE_OUTCOMES = [
  'counted',
  'repeated',
  'test',
  'forged',
  'no_price',
  'above_bid',
  'expired',
  'unknown',
  'not_kept',
] as const;
export type NoticeOutcome = (typeof NOTICE_OUTCOMES)[number];

const KEPT: HttpAnswer = { status: 204 };

export function noticeRoutes(edges: NoticeEdges): readonly Route[] {
  const { ledger } = edges;
  return [
    notice(edges, 'win', (token, _query, nowMs) => {
      const status = ledger.win(reservedBid(token), nowMs);
      return status === 'extended' || status === 'already_posted' ? 'counted' : status;
    }),
    notice(edges, 'billing', (token, query, nowMs) => {
      const price = readAuctionPrice(query.get('price') ?? '');
      if (price === null) return 'no_price';
      if (price > Math.ceil(token.priceMicros * token.currencyRate)) return 'above_bid';
      const status = ledger.post(reservedBid(token), billedNanos(token, price), nowMs);
      return status === 'posted' || status === 'late'
        ? 'counted'
        : status === 'unknown'
          ? 'unknown'
          : 'repeated';
    }),
    notice(edges, 'loss', (token, _query, nowMs) => {
      const status = ledger.void(reservedBid(token), nowMs);
      return status === 'voided' ? 'counted' : status === 'already_posted' ? 'repeated' : status;
    }),
  ];
}

export function reservedBid(token: ReadToken): ReservedBid {
  const { campaignId, lease, ordinal, reservedNanos, expirySec } = token;
  return { campaignId, lease, ordinal, reservedNanos, expirySec };
}

export function eventOf(
  type: AdEvent['type'],
  token: ReadToken,
  request: HttpRequest,
  nowMs: number,
): AdEvent {
  const { adId, campaignId } = token;
  return { type, atMs: nowMs, adId, campaignId, known: true, signed: true, traceId: request.traceId };
}

function notice(
  edges: NoticeEdges,
  purpose: 'win' | 'billing' | 'loss',
  apply: (token: ReadToken, query: URLSearchParams, nowMs: number) => NoticeOutcome,
): Route {
  async function handle(request: HttpRequest): Promise<HttpAnswer> {
    const query = new URLSearchParams(request.query);
    const token = readToken(edges.signer, query, purpose);
    if (token === 'missing') return fail(request, 'INVALID_REQUEST', 't: the signed token is required');
    if (token === 'forged') {
      edges.count(purpose, 'forged');
      return fail(request, 'UNAUTHORIZED', 't: the token is not one of ours, or was altered');
    }
    if (token.test) {
      edges.count(purpose, 'test');
      return KEPT;
    }
    const nowMs = edges.clock();
    const outcome = apply(token, query, nowMs);
    try {
      await edges.ledger.saved();
    } catch {
      edges.count(purpose, 'not_kept');
      return fail(request, 'UNAVAILABLE', 'the notice can not be kept now; send it again');
    }
    if (outcome === 'counted') edges.events.record(eventOf(purpose, token, request, nowMs));
    edges.count(purpose, outcome);
    return KEPT;
  }
  return { method: 'GET', pattern: `/${purpose}`, name: purpose, browser: true, handle };
}

export function readToken(
  signer: TokenSigner,
  query: URLSearchParams,
  purpose: Purpose,
): ReadToken | 'missing' | 'forged' {
  const text = query.get('t') ?? '';
  if (text === '') return 'missing';
  return signer.verify(text, purpose) ?? 'forged';
}

/** The exchange's price in the bid's currency as what it costs us, at the rate of the bid, rounded up. */
function billedNanos(token: ReadToken, price: PriceMicros): CostNanos {
  const nanos = Math.ceil((price / token.currencyRate) * token.multiplier);
  return costNanos(Math.min(nanos, token.reservedNanos));
}
