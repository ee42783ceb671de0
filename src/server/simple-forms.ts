/** POST /bid-request, POST /bid and GET /serve: their fields, prices and answers. */
import type { Terms } from '../auction/admit.ts';
import { bannerMarkup } from '../auction/markup.ts';
import { confidenceOf } from '../auction/confidence.ts';
import { secondPrice } from '../auction/price.ts';
import { EMPTY_SIMPLE_REQUEST, type SimpleRequest } from '../auction/simple-request.ts';
import type { AdEvent, Events } from '../events/door.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { costOfImpression, decimalOfMicros } from '../money.ts';
import type { Size } from '../openrtb/request.ts';
import { fail } from './errors.ts';
import { bodyFields, mistakes, noObject, queryFields, type Fields } from './fields.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import type { SimpleAuction, SimpleSale } from './simple-auction.ts';
import type { Sale, Seller } from './selling.ts';

export interface SimpleFormEdges {
  readonly auction: SimpleAuction;
  readonly seller: Seller;
  readonly ledger: Ledger;
  readonly events: Events;
  readonly clock: () => number;
  readonly publicUrl: string;
}

const BID_REQUEST_TERMS: Terms = { cpmOnly: false, imageOnly: false };
/** There is no click URL in its answer, so a click could not be charged, and no place for markup. */
const BID_TERMS: Terms = { cpmOnly: true, imageOnly: true };
const SERVE_TERMS: Terms = { cpmOnly: false, imageOnly: true };
const NO_AD: HttpAnswer = { status: 204 };

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
      handle: (request) => answerServe(edges, request),
    },
  ];
}

/** The full bid is held; the impression posts the second price, and the rest goes back. */
function answerBidRequest(edges: SimpleFormEdges, request: HttpRequest): HttpAnswer {
  const fields = bodyFields(request.body);
  if (fields === null) return noObject(request);
  const form = readBidRequest(fields, request);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const nowMs = edges.clock();
  const held = edges.auction.hold(form, BID_REQUEST_TERMS, nowMs);
  if (held === null) return NO_AD;
  const { sale, decided } = held;
  const { creative } = sale;
  const price = secondPrice(sale.candidate.priceMicros, held.runnerUpMicros, form.floorMicros);
  const signed = edges.seller.sign(sale, decided, nowMs, costOfImpression(price));
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

function answerBid(edges: SimpleFormEdges, request: HttpRequest): HttpAnswer | Promise<HttpAnswer> {
  const fields = bodyFields(request.body);
  if (fields === null) return noObject(request);
  const form = readBid(fields, request);
  if (fields.errors.length > 0) return mistakes(fields, request);
  const nowMs = edges.clock();
  const held = edges.auction.hold(form, BID_TERMS, nowMs);
  if (held === null) return NO_AD;
  const { text } = held.sale.creative;
  return chargedAnswer(edges, request, held, nowMs, {
    campaignId: held.sale.creative.campaignId,
    adId: text.id,
    bidPrice: decimalOfMicros(held.sale.candidate.priceMicros),
    adContent: { title: text.title, imageUrl: text.imageUrl, redirectUrl: text.redirectUrl },
    confidence: confidenceOf(held.sale.candidate.priceMicros, held.runnerUpMicros),
  });
}

function answerServe(edges: SimpleFormEdges, request: HttpRequest): HttpAnswer | Promise<HttpAnswer> {
  const fields = queryFields(request.query);
  const form: SimpleRequest = {
    ...readPlacement(fields, request),
    country: fields.text('countryCode'),
    deviceType: fields.text('deviceType'),
  };
  if (fields.errors.length > 0) return mistakes(fields, request);
  const nowMs = edges.clock();
  const held = edges.auction.hold(form, SERVE_TERMS, nowMs);
  if (held === null) return NO_AD;
  const { creative } = held.sale;
  const signed = edges.seller.sign(held.sale, held.decided, nowMs, null);
  return chargedAnswer(edges, request, held, nowMs, {
    adId: creative.text.id,
    campaignId: creative.campaignId,
    title: creative.text.title,
    imageUrl: creative.text.imageUrl,
    redirectUrl: creative.text.redirectUrl,
    clickTrackingUrl: edges.seller.urls(signed).click,
    bidPrice: decimalOfMicros(held.sale.candidate.priceMicros),
    impressionId: impressionIdOf(held.sale),
  });
}

/** Posts the whole bid now; the answer leaves once that is kept, else nothing was served. */
async function chargedAnswer(
  edges: SimpleFormEdges,
  request: HttpRequest,
  { sale }: SimpleSale,
  nowMs: number,
  body: Readonly<Record<string, unknown>>,
): Promise<HttpAnswer> {
  const { creative, reservation, reservedNanos, expirySec } = sale;
  const { campaignId } = creative;
  edges.ledger.post({ campaignId, ...reservation, reservedNanos, expirySec }, reservedNanos, nowMs);
  try {
    await edges.ledger.saved();
  } catch {
    return fail(request, 'UNAVAILABLE', 'the charge can not be kept now');
  }
  const event: AdEvent = {
    type: 'impression',
    atMs: nowMs,
    adId: creative.text.id,
    campaignId,
    known: true,
    signed: true,
    traceId: request.traceId,
  };
  edges.events.record(event);
  return json(body);
}

function readBidRequest(fields: Fields, request: HttpRequest): SimpleRequest {
  const site = fields.object('site');
  const geo = fields.object('geo');
  const device = fields.object('device');
  return {
    ...EMPTY_SIMPLE_REQUEST,
    ...clientOf(request),
    id: fields.text('request_id') || request.requestId,
    userId: fields.requiredText('user_id'),
    domain: site.requiredText('domain'),
    categories: site.texts('categories'),
    size: readSize(fields),
    floorMicros: fields.price('floor_price'),
    country: geo.text('country'),
    region: geo.text('region'),
    city: geo.text('city'),
    deviceType: device.text('type'),
    os: device.text('os'),
    segments: fields.texts('segments'),
  };
}

function readBid(fields: Fields, request: HttpRequest): SimpleRequest {
  const user = fields.object('userAttributes');
  return {
    ...readPlacement(fields, request),
    country: fields.text('countryCode'),
    deviceType: fields.text('deviceType'),
    age: user.number('age'),
    gender: user.text('gender'),
    interests: [
      ...user.texts('interests'),
      ...user.texts('purchaseHistory').map((thing) => `bought:${thing}`),
    ],
  };
}

function readPlacement(fields: Fields, request: HttpRequest): SimpleRequest {
  return {
    ...EMPTY_SIMPLE_REQUEST,
    ...clientOf(request),
    id: request.requestId,
    userId: fields.requiredText('userId'),
    placementId: fields.requiredText('placementId'),
  };
}

function clientOf(request: HttpRequest): Pick<SimpleRequest, 'userAgent' | 'acceptLanguage'> {
  return { userAgent: request.header('user-agent'), acceptLanguage: request.header('accept-language') };
}

/** `"300x250"` or `{"width":300,"height":250}`. */
function readSize(fields: Fields): Size | null {
  if (fields.isObject('ad_size')) {
    const size = fields.object('ad_size');
    const width = size.number('width');
    const height = size.number('height');
    if (isSide(width) && isSide(height)) return { width, height };
    if (fields.errors.length === 0)
      fields.refuse('ad_size', 'must have a width and a height in whole pixels');
    return null;
  }
  const errorsBefore = fields.errors.length;
  const match = /^(\d{1,5})x(\d{1,5})$/i.exec(fields.requiredText('ad_size'));
  const width = Number(match?.[1] ?? 0);
  const height = Number(match?.[2] ?? 0);
  if (isSide(width) && isSide(height)) return { width, height };
  if (fields.errors.length === errorsBefore) fields.refuse('ad_size', 'must be a size like 300x250');
  return null;
}

function isSide(pixels: number | null): pixels is number {
  return pixels !== null && Number.isInteger(pixels) && pixels > 0;
}

/** Unique for ever, as its lease and ordinal are. */
function impressionIdOf({ reservation }: Sale): string {
  return `imp-${reservation.lease.toString(36)}-${reservation.ordinal.toString(36)}`;
}

function json(body: Readonly<Record<string, unknown>>): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
