/**
 * The fields of POST /bid-request, POST /bid, GET /serve and /v1/delivery as one SimpleRequest; mistakes gather in
 * `fields`.
 */
import { EMPTY_SIMPLE_REQUEST, type SimpleRequest } from '../auction/simple-request.ts';
import { MAX_NAME_CHARS } from '../events/event.ts';
import type { Size } from '../openrtb/request.ts';
import type { Fields } from './fields.ts';
import type { HttpRequest } from './http.ts';

/** `300x250`: both sides above 0. */
export const AD_SIZE = /^0{0,4}([1-9]\d{0,4})[xX]0{0,4}([1-9]\d{0,4})$/;

/** POST /bid-request. */
export function readBidRequest(fields: Fields, request: HttpRequest): SimpleRequest {
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

/** POST /bid. */
export function readBid(fields: Fields, request: HttpRequest): SimpleRequest {
  const user = fields.object('userAttributes');
  return {
    ...readPlacement(fields, request),
    age: user.number('age'),
    gender: user.text('gender'),
    interests: [
      ...user.texts('interests'),
      ...user.texts('purchaseHistory').map((thing) => `bought:${thing}`),
    ],
  };
}

/** GET /serve, and what POST /bid shares with it. */
export function readPlacement(fields: Fields, request: HttpRequest): SimpleRequest {
  return {
    ...EMPTY_SIMPLE_REQUEST,
    ...clientOf(request),
    id: request.requestId,
    userId: fields.requiredText('userId'),
    placementId: fields.requiredName('placementId', MAX_NAME_CHARS),
    country: fields.text('countryCode'),
    deviceType: fields.text('deviceType'),
  };
}

/** /v1/delivery. It is for no user, so nothing is asked of the client's address. */
export function readDelivery(fields: Fields, request: HttpRequest): SimpleRequest {
  return {
    ...EMPTY_SIMPLE_REQUEST,
    app: fields.requiredText('app'),
    os: fields.requiredText('os'),
    country: fields.requiredText('country'),
    userAgent: request.header('user-agent'),
    acceptLanguage: request.header('accept-language'),
  };
}

function clientOf(request: HttpRequest): Pick<SimpleRequest, 'userAgent' | 'acceptLanguage' | 'address'> {
  return {
    userAgent: request.header('user-agent'),
    acceptLanguage: request.header('accept-language'),
    address: request.clientAddress(),
  };
}

/** `"300x250"` or `{"width":300,"height":250}`. */
function readSize(fields: Fields): Size | null {
  if (fields.isObject('ad_size')) {
    const errorsBefore = fields.errors.length;
    const size = fields.object('ad_size');
    const width = size.number('width');
    const height = size.number('height');
    if (isSide(width) && isSide(height)) return { width, height };
    if (fields.errors.length === errorsBefore)
      fields.refuse('ad_size', 'must have a width and a height in whole pixels');
    return null;
  }
  const errorsBefore = fields.errors.length;
  const match = AD_SIZE.exec(fields.requiredText('ad_size'));
  const width = Number(match?.[1] ?? 0);
  const height = Number(match?.[2] ?? 0);
  if (isSide(width) && isSide(height)) return { width, height };
  if (fields.errors.length === errorsBefore) fields.refuse('ad_size', 'must be a size like 300x250');
  return null;
}

function isSide(pixels: number | null): pixels is number {
  return pixels !== null && Number.isInteger(pixels) && pixels > 0;
}
