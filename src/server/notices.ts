/**
 * GET /win, /billing, /loss: what the exchange tells of a bid. The first call counts, the same again is 204 and
 * changes nothing. An answer leaves once the ledger has kept what it says. A price that is none, or above the bid,
 * books nothing, and the true one may still come.
 */
import type { ReadToken } from '../auction/crypto-token.ts';
import { costNanos, type CostNanos, type PriceMicros } from '../money.ts';
import { readAuctionPrice, readLossReason } from '../openrtb/macros.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import {
  readToken,
  refuseForged,
  refuseUnkept,
  reservedBid,
  signedEvent,
  type TrackingEdges,
  type TrackingOutcome,
} from './tracking.ts';

type Notice = 'win' | 'billing' | 'loss';

/** What a notice did: `isFirst` where it was the first of its kind for the bid. */
interface Effect {
  readonly outcome: TrackingOutcome;
  readonly isFirst: boolean;
}

const KEPT: HttpAnswer = { status: 204 };
/** OpenRTB's loss reason 0: the bid won. A loss notice that says so is none. */
const WON = 0;

export function noticeRoutes(edges: TrackingEdges): readonly Route[] {
  return [
    notice(edges, 'win', (token, query, nowMs) => {
      const price = soundPrice(token, query);
      return typeof price === 'string' ? nothing(price) : win(edges, token, nowMs);
    }),
    notice(edges, 'billing', (token, query, nowMs) => {
      const price = soundPrice(token, query);
      return typeof price === 'string' ? nothing(price) : bill(edges, token, price, nowMs);
    }),
    notice(edges, 'loss', (token, query, nowMs) =>
      lossReasonOf(query) === WON ? nothing('not_lost') : lose(edges, token, nowMs),
    ),
  ];
}

function win(edges: TrackingEdges, token: ReadToken, nowMs: number): Effect {
  const status = edges.ledger.win(reservedBid(token), nowMs);
  if (status === 'extended' || status === 'already_posted') return { outcome: 'counted', isFirst: true };
  return { outcome: status, isFirst: status === 'expired' };
}

function bill(edges: TrackingEdges, token: ReadToken, price: PriceMicros, nowMs: number): Effect {
  const status = edges.ledger.post(reservedBid(token), billedNanos(token, price), nowMs);
  const isFirst = status === 'posted' || status === 'late';
  return { outcome: isFirst ? 'counted' : status, isFirst };
}

function lose(edges: TrackingEdges, token: ReadToken, nowMs: number): Effect {
  const status = edges.ledger.void(reservedBid(token), nowMs);
  if (status === 'already_posted') return nothing('repeated');
  return { outcome: status === 'voided' ? 'counted' : status, isFirst: status === 'voided' };
}

function nothing(outcome: TrackingOutcome): Effect {
  return { outcome, isFirst: false };
}

function notice(
  edges: TrackingEdges,
  purpose: Notice,
  apply: (token: ReadToken, query: URLSearchParams, nowMs: number) => Effect,
): Route {
  async function handle(request: HttpRequest): Promise<HttpAnswer> {
    const query = new URLSearchParams(request.query);
    const token = readToken(edges.signer, query, purpose);
    if (token === 'missing') return fail(request, 'INVALID_REQUEST', 't: the signed token is required');
    if (token === 'forged') return refuseForged(edges, request, purpose);
    if (token.test) {
      edges.count(purpose, 'test');
      return KEPT;
    }
    const nowMs = edges.clock();
    const { outcome, isFirst } = apply(token, query, nowMs);
    const kept = await edges.keeper.keep(purpose, token, isFirst);
    if (kept === 'not_kept') return refuseUnkept(edges, request, purpose);
    if (kept === 'first') {
      edges.events.record(signedEvent(purpose, token, request, nowMs, { lossReason: lossReasonOf(query) }));
    }
    edges.count(purpose, kept === 'first' && outcome === 'repeated' ? 'counted' : outcome);
    return KEPT;
  }
  return { method: 'GET', pattern: `/${purpose}`, name: purpose, browser: true, counts: true, handle };
}

/** The exchange's price in the currency of the bid. */
function soundPrice(token: ReadToken, query: URLSearchParams): PriceMicros | 'no_price' | 'above_bid' {
  const price = readAuctionPrice(query.get('price') ?? '');
  if (price === null) return 'no_price';
  return price > token.bidMicros ? 'above_bid' : price;
}

function lossReasonOf(query: URLSearchParams): number | null {
  return readLossReason(query.get('reason') ?? '');
}

/** The exchange's price as what it costs us, at the rate of the bid, rounded up. */
function billedNanos(token: ReadToken, price: PriceMicros): CostNanos {
  const nanos = Math.ceil((price / token.currencyRate) * token.multiplier);
  return costNanos(Math.min(nanos, token.reservedNanos));
}
