/** What was counted, for holders of a management key. */
import { BUCKET_UNITS } from '../../analytics/span.ts';
import { MAX_NAME_CHARS } from '../../events/event.ts';
import { MAX_BUCKETS, MAX_DAYS } from '../analytics.ts';
import type { ErrorCode } from '../errors.ts';
import { errors, jsonAnswer, NOT_STORED, pathUuid, query, type Operations } from './operation.ts';
import { ref, word, type Schema } from './schema.ts';

const REFUSALS: readonly ErrorCode[] = [
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'NOT_FOUND',
  'UNPROCESSABLE',
  'UNAVAILABLE',
];
const day = (name: string, description: string): Schema =>
  query(name, description, { type: 'string', format: 'date' });
const instant = (name: string, description: string): Schema =>
  query(name, description, {
    anyOf: [
      { type: 'string', format: 'date-time' },
      { type: 'string', format: 'date' },
    ],
  });

export const ANALYTICS: Operations = {
  'GET /analytics/campaign/{id}': {
    operationId: 'reportCampaign',
    summary: 'What a campaign got and spent, day by day',
    description: `Days of UTC, both ends included, at most ${MAX_DAYS}.`,
    isKeyed: true,
    parameters: [
      pathUuid('id', 'The campaign.'),
      day('startDate', 'The first day; without it the range has 30.'),
      day('endDate', 'The last day; without it: today.'),
    ],
    responses: {
      '200': jsonAnswer('Its totals.', ref('CampaignReport'), NOT_STORED),
      ...errors(...REFUSALS),
    },
  },
  'GET /analytics/ad/{adId}': {
    operationId: 'reportAd',
    summary: 'What was counted of an ad, bucket by bucket',
    description:
      `From the bucket of \`start\` to that of \`end\`, at most ${MAX_BUCKETS}. Sums by minute and hour go back as far as ` +
      'events are kept, sums by day further.',
    isKeyed: true,
    parameters: [
      {
        name: 'adId',
        in: 'path',
        required: true,
        description: 'The ad, or any id that was reported.',
        schema: { type: 'string', minLength: 1, maxLength: MAX_NAME_CHARS },
      },
      query('bucket', 'How long a bucket is.', word(BUCKET_UNITS, 'A minute, an hour or a day.', 'hour')),
      instant('start', 'Without it: 60 minutes, 24 hours or 30 days up to the end.'),
      instant('end', 'Without it: now.'),
    ],
    responses: { '200': jsonAnswer('Its totals.', ref('AdReport'), NOT_STORED), ...errors(...REFUSALS) },
  },
};
