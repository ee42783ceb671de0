/** POST /bid-request, POST /bid and GET /serve: their fields, prices and answers. */
import type { Terms } from '../auction/admit.ts';
import type { TokenSigner } from '../auction/crypto-token.ts';
import { bannerMarkup } from '../auction/markup.ts';
import { confidenceOf } from '../auction/confidence.ts';
import { secondPrice } from '../auction/price.ts';
import type { SimpleRequest } from '../auction/simple-request.ts';
import { countryOf, deviceTypeOf } from '../auction/whereabouts.ts';
import type { AuctionCounts, Events, Kept } from '../events/door.ts';
import type { AdEvent } from '../events/event.ts';
import type { Caps } from '../ledger/caps.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { costOfImpression, decimalOfMicros } from '../money.ts';
import type { Nbr } from '../openrtb/codes.ts';
import { bodyFields, mistakes, noObject, queryFields } from './fields.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { inTime } from './patience.ts';
import { readBid, readBidRequest, readPlacement } from './simple-fields.ts';
import type { SimpleAuction, SimpleSale } from './simple-auction.ts';
import { heldBidOf, reservedBidOf, type Sale } from './sale.ts';
import type { Seller } from './selling.ts';
import { eventIdOf, refuseUnkept } from './tracking.ts';

export interface SimpleFormEdges {
  readonly auction: SimpleAuction;
  readonly seller: Seller;
  readonly ledger: Ledger;
  readonly caps: Pick<Caps, 'show' | 'release'>;
  readonly events: Events;
  readonly auctions: AuctionCounts;
  readonly signer: Pick<TokenSigner, 'hashUser'>;
  readonly clock: () => number;
  readonly publicUrl: string;
}

const BID_REQUEST_TERMS: Terms = { cpmOnly: false, imageOnly: false };
/** There is no click URL in its answer, so a click could not be charged, and no place for markup. */
const BID_TERMS: Terms = { cpmOnly: true, imageOnly: true };
const SERVE_TERMS: Terms = { cpmOnly: false, imageOnly: true };

export function simpleFormRoutes(edges: SimpleFormEdges): readonly Route[] {
  return [
    {
      method: 'POST',
      pattern: '/bid-request',
      name: 'bid_request',
      browser: true,
      handle: (request) => answerBidRequest(edges, request),
    },
    {
      method: 'POST',
      pattern: '/bid',
      name: 'bid',
      browser: true,
      handle: (request) => answerBid(edges, request),
    },
    {
      method: 'GET',
      pattern: '/serve',
      name: 'serve',
      browser: true,
      counts: true,
      handle: (request) => answerServe(edges, request),
    },
  ];
}

/** The full bid is held; the impression posts the second price, and the rest goes back. */
async function answerBidRequest(edges: SimpleFormEdges, request: HttpRequest): Promise<HttpAnswer> {
  const fields = bodyFields(request.body);
  if (fields === null) return noObject(request);
  const form = readBidRequest(fields, request);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const nowMs = edges.clock();
  const held = await edges.auction.hold(form, BID_REQUEST_TERMS, nowMs);
  if (typeof held === 'number') return noAd(edges, held, nowMs);
  const { sale, decided } = held;
  const { creative } = sale;
  edges.auctions.countBid(creative.campaignId, creative.text.id, nowMs);
  const price = secondPrice(sale.candidate.priceMicros, held.runnerUpMicros, form.floorMicros);
  const signed = edges.seller.sign(sale, decided, costOfImpression(price));
  const urls = edges.seller.urls(signed);
  return json({
    request_id: form.id,
    campaign_id: creative.campaignId,
    ad_id: creative.text.id,
    price: decimalOfMicros(price),
    currency: 'USD',
    creative: {
      title: creative.text.title,
      image_url: creative.text.imageUrl,
      landing_url: creative.text.redirectUrl,
      html: bannerMarkup(creative.markup, urls.click, urls.impression),
      width: creative.width,
      height: creative.height,
    },
    tracking: {
      impression: urls.impression,
      click: urls.click,
      conversion: `${edges.publicUrl}/conversion?t=${signed.token('conversion')}`,
    },
    win_notice_url: urls.win,
  });
}

async function answerBid(edges: SimpleFormEdges, request: HttpRequest): Promise<HttpAnswer> {
  const fields = bodyFields(request.body);
  if (fields === null) return noObject(request);
  const form = readBid(fields, request);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const nowMs = edges.clock();
  const held = await edges.auction.hold(form, BID_TERMS, nowMs);
  if (typeof held === 'number') return noAd(edges, held, nowMs);
  const { campaignId, text } = held.sale.creative;
  edges.auctions.countBid(campaignId, text.id, nowMs);
  const charge = chargeOf(edges, form, held, request, nowMs);
  // A click on this answer comes without a token, and would be missed.
  const unrated = { ...charge, event: { ...charge.event, rated: false } };
  return chargedAnswer(edges, request, unrated, {
    campaignId,
    adId: text.id,
    bidPrice: decimalOfMicros(held.sale.candidate.priceMicros),
    adContent: { title: text.title, imageUrl: text.imageUrl, redirectUrl: text.redirectUrl },
    confidence: confidenceOf(held.sale.candidate.priceMicros, held.runnerUpMicros),
  });
}

async function answerServe(edges: SimpleFormEdges, request: HttpRequest): Promise<HttpAnswer> {
  const fields = queryFields(request.query);
  const form = readPlacement(fields, request);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const nowMs = edges.clock();
  const held = await edges.auction.hold(form, SERVE_TERMS, nowMs);
  if (typeof held === 'number') return noAd(edges, held, nowMs);
  const { creative } = held.sale;
  edges.auctions.countBid(creative.campaignId, creative.text.id, nowMs);
  const signed = edges.seller.sign(held.sale, held.decided, null);
  const charge = chargeOf(edges, form, held, request, nowMs);
  return chargedAnswer(edges, request, charge, {
    adId: creative.text.id,
    campaignId: creative.campaignId,
    title: creative.text.title,
    imageUrl: creative.text.imageUrl,
    redirectUrl: creative.text.redirectUrl,
    clickTrackingUrl: edges.seller.urls(signed).click,
    bidPrice: decimalOfMicros(held.sale.candidate.priceMicros),
    impressionId: charge.event.eventId,
  });
}

function noAd({ auctions }: SimpleFormEdges, nbr: Nbr, nowMs: number): HttpAnswer {
  auctions.countNoBid(nbr, nowMs);
  return { status: 204 };
}

/**
 * Keeps the event, then posts the whole bid, and answers once both are kept: what can't be kept is neither served nor
 * charged. In this order, because a reservation goes back without fail, and a post only until the journal has it.
 */
async function chargedAnswer(
  edges: SimpleFormEdges,
  request: HttpRequest,
  charge: Charge,
  body: Readonly<Record<string, unknown>>,
): Promise<HttpAnswer> {
  return (await inTime(keepCharge(edges, charge))) === 'kept' ? json(body) : refuseUnkept(request);
}

async function keepCharge(edges: SimpleFormEdges, charge: Charge): Promise<Kept> {
  const kept = await postCharge(edges, charge);
  const held = heldBidOf(charge.sale, charge.event.userId ?? '');
  if (held !== null && kept === 'kept') await edges.caps.show(held, edges.clock());
  else if (held !== null) edges.caps.release(held, edges.clock());
  return kept;
}

async function postCharge(
  { events, ledger, clock }: SimpleFormEdges,
  { sale, event }: Charge,
): Promise<Kept> {
  const bid = reservedBidOf(sale);
  if ((await events.record(event)) === 'not_kept') {
    ledger.release(bid, clock());
    return 'not_kept';
  }
  if ((await ledger.post(bid, sale.reservedNanos, clock())) === 'away') return 'not_kept';
  try {
    await ledger.saved();
    return 'kept';
  } catch {
    await ledger.retract(bid, clock());
    return 'not_kept';
  }
}

interface Charge {
  readonly sale: Sale;
  /** The impression that the answer is. */
  readonly event: AdEvent;
}

function chargeOf(
  edges: SimpleFormEdges,
  form: SimpleRequest,
  { sale, decided }: SimpleSale,
  request: HttpRequest,
  nowMs: number,
): Charge {
  const { creative, reservation, candidate, reservedNanos, issuedMs } = sale;
  const { campaignId } = creative;
  const event: AdEvent = {
    type: 'impression',
    eventId: eventIdOf('impression', { campaignId, ...reservation, issuedMs }),
    atMs: nowMs,
    receivedAtMs: nowMs,
    adId: creative.text.id,
    campaignId,
    known: true,
    signed: true,
    rated: true,
    userId: edges.signer.hashUser(decided.userId) || null,
    placementId: form.placementId,
    country: countryOf(decided.whereabouts),
    deviceType: deviceTypeOf(decided.whereabouts),
    bidMicros: candidate.priceMicros,
    spendNanos: reservedNanos,
    mediaCostNanos: 0,
    lossReason: null,
    valueMicros: null,
    traceId: request.traceId,
  };
  return { sale, event };
}

function json(body: Readonly<Record<string, unknown>>): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
