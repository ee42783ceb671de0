/** What browsers and other servers report of an ad: as `report-fields.ts` and `clicks.ts` read it, and its answers. */
import { MAX_EVENT_ID_CHARS, MAX_NAME_CHARS } from '../../events/event.ts';
import { MAX_EVENTS } from '../reports.ts';
import { REPORTED_TYPES } from '../tracking.ts';
import { anyList, form, integer, number, object, ref, word, type Schema } from './schema.ts';

const name = (description: string): Schema => ({ type: 'string', maxLength: MAX_NAME_CHARS, description });
const needed = (description: string): Schema => ({ ...name(description), minLength: 1 });
const eventId: Schema = {
  type: 'string',
  maxLength: MAX_EVENT_ID_CHARS,
  description: 'Unique over all types; the same again counts once.',
};
const moment: Schema = {
  type: ['string', 'integer'],
  description:
    'When: ISO 8601 with Z or an offset, or epoch milliseconds; at most a day ahead. Without it: now.',
};
const named = {
  ad_id: needed('The ad.'),
  campaign_id: name('Not read: the campaign is that of the ad.'),
  user_id: name('Whose it was.'),
  ts: moment,
};

export const REPORT_SCHEMAS = {
  TrackedEvent: {
    ...form(
      {
        event_id: eventId,
        ...named,
        placement_id: name('Where it was.'),
        value: number('What a conversion is worth, in USD.', { minimum: 0 }),
        t: {
          type: 'string',
          description: 'The signed token, which also names the ad: only with it money moves.',
        },
      },
      [],
    ),
    anyOf: [{ required: ['ad_id'] }, { required: ['t'] }],
    example: { event_id: 'e1', ad_id: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a', user_id: 'u1' },
  },
  TrackedAnswer: object({
    status: { const: 'ok' },
    event_id: { type: 'string', description: 'Its own, or a new one.' },
  }),
  PostedEvent: form(
    { event_id: { ...eventId, minLength: 1 }, type: word(REPORTED_TYPES, 'What it is.'), ...named },
    ['event_id', 'type', 'ad_id'],
  ),
  PostedEvents: {
    anyOf: [ref('PostedEvent'), { type: 'array', items: ref('PostedEvent'), maxItems: MAX_EVENTS }],
    description: 'One event, or an array, of which the sound ones are taken.',
    example: { event_id: 'e2', type: 'impression', ad_id: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a' },
  },
  PostedAnswer: {
    anyOf: [
      object({ status: { const: 'accepted' }, event_id: { type: 'string' } }),
      object({
        status: { const: 'accepted' },
        accepted: integer(0, MAX_EVENTS, 'How many were taken.'),
        rejected: anyList(
          object({ index: integer(0, MAX_EVENTS, 'Its place in the array.'), message: { type: 'string' } }),
          'Why others were not.',
        ),
      }),
    ],
  },
  ClickForm: {
    ...form(
      {
        adId: needed('The ad.'),
        campaignId: needed('Its campaign.'),
        userId: needed('Who clicked.'),
        timestamp: moment,
      },
      ['adId', 'campaignId', 'userId'],
    ),
    example: {
      adId: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
      campaignId: '7f0c3f0e-53a4-4b0e-9a57-1f0f6f3c2b11',
      userId: 'u1',
      timestamp: '2026-11-01T00:00:00Z',
    },
  },
} satisfies Readonly<Record<string, Schema>>;
