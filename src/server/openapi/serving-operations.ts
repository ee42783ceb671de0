/** POST /openrtb2/bid and the simple forms. */
import { OPENRTB_VERSION } from '../uws-bid.ts';
import { DELIVERY_FIELDS, PLACEMENT_FIELDS } from './form-schemas.ts';
import {
  answer,
  errors,
  FOR_BROWSERS,
  jsonAnswer,
  jsonBody,
  NOT_STORED,
  query,
  requiredQuery,
  type Operations,
} from './operation.ts';
import { ref, type Schema } from './schema.ts';

const versioned = {
  'x-openrtb-version': {
    description: 'On every answer.',
    required: true,
    schema: { const: OPENRTB_VERSION },
  },
};
const bodyErrors = errors('INVALID_REQUEST', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
const noAd = answer('No ad.', null, FOR_BROWSERS);
const served = (name: string): Schema => jsonAnswer('An ad.', ref(name), { ...FOR_BROWSERS, ...NOT_STORED });
const delivered = jsonAnswer('The campaigns that apply.', ref('DeliveryAnswer'), FOR_BROWSERS);

export const SERVING: Operations = {
  'POST /openrtb2/bid': {
    operationId: 'bidOpenRtb',
    summary: 'Bid on an OpenRTB request',
    description:
      'Charges nothing by itself: the billing notice does. With `test` 1, or with `ext.explain` 1 and a management ' +
      'key in `Authorization`, nothing is charged at all and a no-bid says why.',
    requestBody: jsonBody('BidRequest'),
    responses: {
      '200': jsonAnswer(
        'Bids, or for `test` and `ext.explain` why there is none.',
        {
          anyOf: [ref('BidResponse'), ref('NoBid')],
        },
        versioned,
      ),
      '204': answer('No bid.', null, versioned),
      ...bodyErrors,
    },
  },
  'POST /bid-request': {
    operationId: 'requestBid',
    summary: 'One ad in the simple form, at the second price',
    description:
      'The full bid is held; the impression posts the price that is answered, and the rest goes back.',
    requestBody: jsonBody('BidRequestForm'),
    responses: { '200': served('BidRequestAnswer'), '204': noAd, ...bodyErrors },
  },
  'POST /bid': {
    operationId: 'bid',
    summary: 'One image ad with a confidence, charged at the answer',
    requestBody: jsonBody('BidForm'),
    responses: { '200': served('BidAnswer'), '204': noAd, ...bodyErrors, ...errors('UNAVAILABLE') },
  },
  'GET /serve': {
    operationId: 'serve',
    summary: 'One image ad, charged at the answer',
    parameters: [
      requiredQuery('userId', PLACEMENT_FIELDS.userId.description as string),
      requiredQuery('placementId', PLACEMENT_FIELDS.placementId.description as string),
      query('countryCode', PLACEMENT_FIELDS.countryCode.description as string),
      query('deviceType', PLACEMENT_FIELDS.deviceType.description as string),
    ],
    responses: { '200': served('ServeAnswer'), '204': noAd, ...errors('INVALID_REQUEST', 'UNAVAILABLE') },
  },
  'POST /v1/delivery': {
    operationId: 'listDelivery',
    summary: 'Every campaign that applies',
    description: 'It lists, and charges nothing.',
    requestBody: jsonBody('DeliveryForm'),
    responses: { '200': delivered, '204': answer('None applies.', null, FOR_BROWSERS), ...bodyErrors },
  },
  'GET /v1/delivery': {
    operationId: 'getDelivery',
    summary: 'Every campaign that applies, asked by a URL',
    parameters: Object.entries(DELIVERY_FIELDS).map(([name, { description }]) =>
      requiredQuery(name, description as string),
    ),
    responses: {
      '200': delivered,
      '204': answer('None applies.', null, FOR_BROWSERS),
      ...errors('INVALID_REQUEST'),
    },
  },
};
