/** The simple forms and their answers. What they ask for is read by `simple-fields.ts`; a test holds the two together. */
import { MAX_NAME_CHARS } from '../../events/event.ts';
import { UNSAYABLE } from './campaign-schemas.ts';
import { AD_SIZE } from '../simple-fields.ts';
import { anyList, anyText, form, number, object, uuid, type Schema } from './schema.ts';

const sidePx: Schema = { type: 'integer', minimum: 1, description: 'Pixels.' };
const country = anyText('ISO 3166-1 alpha-2; without it, by the client’s address.');
const deviceType = anyText('A value of the dimension `deviceType`.');
const userId = neededText('Whom frequency caps count for; kept only as a salted hash.');
const placementId = neededText(`A value of the dimension \`placement\`; ${UNSAYABLE.characters}.`, {
  maxLength: MAX_NAME_CHARS,
});
const httpUrl = anyText('A URL.');
const priceCpm = number('USD for 1,000 impressions.', { minimum: 0 });
const texts = (description: string): Schema => anyList({ type: 'string' }, description);

export const PLACEMENT_FIELDS = { userId, placementId, countryCode: country, deviceType };
export const DELIVERY_FIELDS = {
  app: neededText('The app’s bundle.'),
  os: neededText('A value of the dimension `os`.'),
  country: neededText('ISO 3166-1 alpha-2.'),
};

export const FORM_SCHEMAS = {
  BidRequestForm: {
    ...form(
      {
        request_id: anyText('Comes back in the answer; without it, the `x-request-id`.'),
        user_id: userId,
        site: form(
          {
            domain: neededText('The site’s host.'),
            page: { description: 'Not read.' },
            categories: texts('IAB codes.'),
          },
          ['domain'],
        ),
        ad_size: {
          oneOf: [{ type: 'string', pattern: AD_SIZE.source }, object({ width: sidePx, height: sidePx })],
          description: '`"300x250"`, or width and height.',
        },
        floor_price: number('USD CPM, below which nothing is sold.', { minimum: 0, default: 0 }),
        geo: form({ country, region: anyText('ISO 3166-2.'), city: anyText('A city.') }, []),
        device: form({ type: deviceType, os: anyText('A value of the dimension `os`.') }, []),
        segments: texts('Audiences that the user is of.'),
      },
      ['user_id', 'site', 'ad_size'],
    ),
    example: {
      request_id: 'r1',
      user_id: 'u1',
      site: { domain: 'news.example', page: 'https://news.example/a', categories: ['IAB12'] },
      ad_size: '300x250',
      floor_price: 0.5,
      geo: { country: 'US', region: 'CA', city: 'Fresno' },
      device: { type: 'mobile', os: 'android' },
      segments: ['auto-intender'],
    },
  },
  BidRequestAnswer: object({
    request_id: anyText('That of the request.'),
    campaign_id: uuid('The campaign.'),
    ad_id: uuid('The ad.'),
    price: { ...priceCpm, description: 'USD CPM: the runner-up’s bid and one cent, at least the floor.' },
    currency: { const: 'USD' },
    creative: object({
      title: anyText('The ad’s title.'),
      image_url: { type: ['string', 'null'], description: 'null: the ad is markup.' },
      landing_url: httpUrl,
      html: anyText('Ready markup, with its click and impression URLs.'),
      width: sidePx,
      height: sidePx,
    }),
    tracking: object({ impression: httpUrl, click: httpUrl, conversion: httpUrl }, [], 'Signed URLs.'),
    win_notice_url: httpUrl,
  }),
  BidForm: {
    ...form(
      {
        ...PLACEMENT_FIELDS,
        userAttributes: form(
          {
            age: number('Years.'),
            gender: anyText('M, F or O.'),
            interests: texts('Values of the dimension `interest`.'),
            purchaseHistory: texts('Each is the interest `bought:<it>`.'),
          },
          [],
        ),
      },
      ['userId', 'placementId'],
    ),
    example: {
      userId: 'u1',
      placementId: 'top',
      countryCode: 'US',
      deviceType: 'mobile',
      userAttributes: { age: 34, interests: ['cars'], purchaseHistory: ['tyres'] },
    },
  },
  BidAnswer: object({
    campaignId: uuid('The campaign.'),
    adId: uuid('The ad.'),
    bidPrice: priceCpm,
    adContent: object({ title: anyText('The ad’s title.'), imageUrl: httpUrl, redirectUrl: httpUrl }),
    confidence: number('The chance that this ad was the best choice, from its margin over the runner-up.', {
      minimum: 0,
      maximum: 1,
    }),
  }),
  ServeAnswer: object({
    adId: uuid('The ad.'),
    campaignId: uuid('The campaign.'),
    title: anyText('The ad’s title.'),
    imageUrl: httpUrl,
    redirectUrl: httpUrl,
    clickTrackingUrl: { ...httpUrl, description: 'Counts the click, then leads to the landing page.' },
    bidPrice: priceCpm,
    impressionId: anyText('Unique for ever.'),
  }),
  DeliveryForm: {
    ...form(DELIVERY_FIELDS, Object.keys(DELIVERY_FIELDS)),
    example: { app: 'com.example.game', os: 'android', country: 'US' },
  },
  DeliveryAnswer: {
    type: 'array',
    minItems: 1,
    description: 'Every campaign that applies, the best first.',
    items: object({
      cid: uuid('The campaign.'),
      img: httpUrl,
      cta: anyText('The ad’s call to action, or its title.'),
    }),
  },
} satisfies Readonly<Record<string, Schema>>;

/** Not blank. */
function neededText(description: string, bounds: Schema = {}): Schema {
  return { ...anyText(description), minLength: 1, pattern: '\\S', ...bounds };
}
