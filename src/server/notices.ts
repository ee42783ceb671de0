/**
 * GET /win, /billing, /loss: what the exchange tells of a bid. The first call counts, the same again is 204 and
 * changes nothing. An answer leaves once the ledger has kept what it says. A price that is none, or above the bid,
 * books nothing, and the true one may still come.
 */
import type { ReadToken } from '../auction/crypto-token.ts';
import { costNanos, MAX_COST_NANOS, type CostNanos, type PriceMicros } from '../money.ts';
import { readAuctionPrice, readLossReason } from '../openrtb/macros.ts';
import { fail } from './errors.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { inTime } from './patience.ts';
import {
  countShown,
  eventIdOf,
  heldBid,
  mayRecord,
  readToken,
  refuseForged,
  refuseUnkept,
  reservedBid,
  signedEvent,
  type EventDetails,
  type TrackingEdges,
  type TrackingOutcome,
} from './tracking.ts';

type Notice = 'win' | 'billing' | 'loss';

/** What a notice did; `details` of the event that it is, null where it is none. */
interface Effect {
  readonly outcome: TrackingOutcome;
  readonly details: EventDetails | null;
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
    notice(edges, 'loss', (token, query, nowMs) => {
      const reason = readLossReason(query.get('reason') ?? '');
      return reason === WON ? nothing('not_lost') : lose(edges, token, reason, nowMs);
    }),
  ];
}

async function win(edges: TrackingEdges, token: ReadToken, nowMs: number): Promise<Effect> {
  const status = await edges.ledger.win(reservedBid(token), nowMs);
  if (status === 'away') return nothing('not_kept');
  if (status === 'unknown') return nothing(status);
  const isCounted = status === 'extended' || status === 'already_posted';
  return { outcome: isCounted ? 'counted' : status, details: {} };
}

async function bill(
  edges: TrackingEdges,
  token: ReadToken,
  price: PriceMicros,
  nowMs: number,
): Promise<Effect> {
  const paidNanos = paidToExchange(token, price);
  const spendNanos = costNanos(Math.min(paidNanos, token.reservedNanos));
  const status = await edges.ledger.post(reservedBid(token), spendNanos, nowMs);
  if (status === 'away' || !(await countShown(edges, token, nowMs))) return nothing('not_kept');
  if (status === 'unknown') return nothing(status);
  const mediaCostNanos = token.model === 'cpm' ? 0 : paidNanos;
  const isCounted = status === 'posted' || status === 'late';
  return { outcome: isCounted ? 'counted' : status, details: { spendNanos, mediaCostNanos } };
}

async function lose(
  edges: TrackingEdges,
  token: ReadToken,
  lossReason: number | null,
  nowMs: number,
): Promise<Effect> {
  const status = await edges.ledger.void(reservedBid(token), nowMs);
  if (status === 'away') return nothing('not_kept');
  const held = status === 'voided' ? heldBid(token) : null;
  if (held !== null) edges.caps.release(held, nowMs);
  if (status === 'already_posted') return nothing('repeated');
  if (status === 'unknown') return nothing(status);
  // Too late for the money, which has gone back, and as good as any to learn from.
  return { outcome: status === 'voided' ? 'counted' : status, details: { lossReason } };
}

function nothing(outcome: TrackingOutcome): Effect {
  return { outcome, details: null };
}

function notice(
  edges: TrackingEdges,
  purpose: Notice,
  apply: (token: ReadToken, query: URLSearchParams, nowMs: number) => Effect | Promise<Effect>,
): Route {
  async function handle(request: HttpRequest): Promise<HttpAnswer> {
    const query = new URLSearchParams(request.query);
    const token = readToken(edges.signer, query, purpose);
    if (token === 'missing') return fail(request, 'INVALID_REQUEST', 't: the signed token is required');
    if (token === 'forged') return refuseForged(edges, request, purpose);
    const effect = token.test ? 'test' : await inTime(keepEffect(token, query, request));
    const outcome = effect === 'hanging' ? 'not_kept' : effect;
    edges.count(purpose, outcome);
    return outcome === 'not_kept' ? refuseUnkept(request) : KEPT;
  }

  async function keepEffect(
    token: ReadToken,
    query: URLSearchParams,
    request: HttpRequest,
  ): Promise<TrackingOutcome> {
    const nowMs = edges.clock();
    const { outcome, details } = await apply(token, query, nowMs);
    const isRepeat = outcome === 'repeated';
    // Of a loss after its expiry the ledger does not know whether it came before.
    const mayBeTwin = isRepeat || (purpose === 'loss' && outcome === 'expired');
    if (details === null || (mayBeTwin && !mayRecord(edges, { type: purpose, token, nowMs }))) return outcome;
    const isOwed = edges.keeper.fateOf(eventIdOf(purpose, token)) === 'owed';
    const event = signedEvent(purpose, token, request, nowMs, details);
    const kept = await edges.keeper.keep(event, 'with_ledger');
    if (kept === 'not_kept') return kept;
    return isRepeat && isOwed ? 'counted' : outcome;
  }

  return { method: 'GET', pattern: `/${purpose}`, name: purpose, browser: true, counts: true, handle };
}

/** The exchange's price in the currency of the bid. */
function soundPrice(token: ReadToken, query: URLSearchParams): PriceMicros | 'no_price' | 'above_bid' {
  const price = readAuctionPrice(query.get('price') ?? '');
  if (price === null) return 'no_price';
  return price > token.bidMicros ? 'above_bid' : price;
}

/** The exchange's price as what it charges us, at the rate of the bid, rounded up. */
function paidToExchange(token: ReadToken, price: PriceMicros): CostNanos {
  const nanos = Math.ceil((price / token.currencyRate) * token.multiplier);
  return costNanos(Math.min(nanos, MAX_COST_NANOS));
}
