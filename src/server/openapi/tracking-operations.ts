/** Notices of exchanges, pixels and clicks. Money moves by the signed token alone. */
import {
  answer,
  errors,
  FOR_BROWSERS,
  header,
  jsonAnswer,
  jsonBody,
  NOT_STORED,
  query,
  requiredQuery,
  type Operation,
  type Operations,
} from './operation.ts';
import { REPORTED_TYPES } from '../tracking.ts';
import { ref, type Schema } from './schema.ts';

const token = (purpose: string): Schema => query('t', `The signed token of the ${purpose}.`);
const requiredToken = requiredQuery('t', 'The signed token of the notice.');
const price = query('price', '`${AUCTION_PRICE}`; without a sound one, at most the bid, nothing is booked.');
const pixel = answer(
  'A transparent GIF of one pixel.',
  { 'image/gif': { schema: {} } },
  { ...FOR_BROWSERS, ...NOT_STORED },
);
const bodyErrors = errors('INVALID_REQUEST', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'UNAVAILABLE');
const unkept = errors('INVALID_REQUEST', 'UNAUTHORIZED', 'UNAVAILABLE');

export const TRACKING: Operations = {
  'GET /impression': {
    operationId: 'trackImpression',
    summary: 'An ad was shown',
    description: 'By `t`, or by `ad_id`, which counts and charges nothing.',
    parameters: [token('impression'), query('ad_id', 'The ad, where there is no token.')],
    responses: { '200': pixel, ...unkept },
  },
  'GET /conversion': {
    operationId: 'trackConversion',
    summary: 'A user did what the ad was for',
    description:
      'With its token it counts only after the click, for 30 days; the first charges, later ones are statistics.',
    parameters: [
      token('conversion'),
      query('ad_id', 'The ad, where there is no token.'),
      query('value', 'What it is worth, in USD.'),
    ],
    responses: { '200': pixel, ...unkept },
  },
  'GET /click': {
    operationId: 'trackClick',
    summary: 'An ad was clicked: on to its landing page',
    description: 'By `t`, also while nothing can be kept; or by `adId`, which counts and charges nothing.',
    parameters: [
      token('click'),
      query('adId', 'The ad, where there is no token.'),
      query('campaignId', 'Not kept: the campaign is the one that has the ad.'),
      query('userId', 'Whom the event names.'),
    ],
    responses: {
      '302': answer('To the landing page.', null, {
        ...FOR_BROWSERS,
        ...NOT_STORED,
        location: header('The landing page.'),
      }),
      ...unkept,
      ...errors('NOT_FOUND'),
    },
  },
  'POST /track/{type}': {
    operationId: 'track',
    summary: 'An impression, a click or a conversion, with its details',
    parameters: [
      {
        name: 'type',
        in: 'path',
        required: true,
        description: 'What it is.',
        schema: { type: 'string', enum: REPORTED_TYPES },
      },
    ],
    requestBody: jsonBody('TrackedEvent'),
    responses: {
      '200': jsonAnswer('It is kept.', ref('TrackedAnswer'), FOR_BROWSERS),
      ...unkept,
      ...errors('NOT_FOUND', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'),
    },
  },
  'POST /events': {
    operationId: 'postEvents',
    summary: 'Events that others have counted, one or many',
    description: 'They count, and charge nothing.',
    requestBody: jsonBody('PostedEvents'),
    responses: { '202': jsonAnswer('They are kept.', ref('PostedAnswer'), FOR_BROWSERS), ...bodyErrors },
  },
  'POST /click': {
    operationId: 'postClick',
    summary: 'An ad was clicked',
    description: 'It counts, and charges nothing. With a timestamp, the same again counts once.',
    requestBody: jsonBody('ClickForm'),
    responses: { '204': answer('It is kept.', null, FOR_BROWSERS), ...bodyErrors },
  },
  'GET /win': notice('noticeWin', 'The exchange says that a bid won', [price]),
  'GET /billing': notice('noticeBilling', 'The exchange bills a bid: its money is posted', [price]),
  'GET /loss': notice('noticeLoss', 'The exchange says that a bid lost: its money goes back', [
    query('reason', '`${AUCTION_LOSS}`'),
  ]),
};

function notice(operationId: string, summary: string, parameters: readonly Schema[]): Operation {
  return {
    operationId,
    summary,
    description: 'The first call counts, the same again changes nothing.',
    parameters: [requiredToken, ...parameters],
    responses: { '204': answer('It is kept.', null, FOR_BROWSERS), ...unkept },
  };
}
