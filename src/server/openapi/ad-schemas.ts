/** An ad: as it is sent, patched and answered, from the words and limits of `campaigns/ad-validation.ts`. */
import {
  AD_STATUSES,
  AD_TYPES,
  HTTP_URL,
  MAX_BITRATE_KBPS,
  MAX_CODE,
  MAX_DESCRIPTION_LENGTH,
  MAX_DURATION_SEC,
  MAX_HTML_LENGTH,
  MAX_LIST,
  MAX_MEDIA,
  MAX_RATING,
  MAX_SIDE,
  MAX_URL_LENGTH,
} from '../../campaigns/ad-validation.ts';
import { CATTAX_NUMBERS, FIRST_VENDOR_CATTAX } from '../../campaigns/taxonomies.ts';
import { HOST_NAME, MAX_HOST_LENGTH } from '../../campaigns/value-forms.ts';
import { CATTAX_DEFAULT } from '../../openrtb/codes.ts';
import { patchOf } from './patch.ts';
import {
  form,
  formed,
  integer,
  list,
  nullable,
  number,
  object,
  text,
  uuid,
  word,
  type Schema,
} from './schema.ts';

const code: Schema = { type: 'integer', minimum: 1, maximum: MAX_CODE };
const widthPx = integer(1, MAX_SIDE, 'Pixels.');
const heightPx = integer(1, MAX_SIDE, 'Pixels.');

const mediaFields = {
  url: url('Where the file lies.'),
  mimeType: text('`video/mp4` and the like.'),
  width: nullable(widthPx),
  height: nullable(heightPx),
  bitrateKbps: nullable(integer(1, MAX_BITRATE_KBPS, 'Kilobits per second.')),
};

const fields = {
  type: word(AD_TYPES, 'What the ad is.', 'banner'),
  status: word(
    AD_STATUSES,
    'A paused ad is not served. An ad ends by being taken out of its campaign.',
    'active',
  ),
  title: text('Its name; the title of a native ad.'),
  description: nullable(text('The text of a native ad.', MAX_DESCRIPTION_LENGTH)),
  imageUrl: nullable(url('The image of a banner or a native ad.')),
  html: nullable(
    text(
      'Markup in place of a banner’s image; `{CLICK_URL}` in it becomes the signed click URL.',
      MAX_HTML_LENGTH,
    ),
  ),
  redirectUrl: url(
    'The landing page; `{CONVERSION_TOKEN}` in it becomes the token that makes its conversion count.',
  ),
  width: nullable(widthPx),
  height: nullable(heightPx),
  callToAction: nullable(text('`Install` and the like.')),
  iconUrl: nullable(url('The icon of a native ad.')),
  sponsoredBy: nullable(text('The brand of a native ad.')),
  rating: nullable(number('Stars of a native ad.', { minimum: 0, maximum: MAX_RATING })),
  price: nullable(text('What the advertised thing costs, in words.')),
  adomain: list(formed(HOST_NAME, MAX_HOST_LENGTH, 'A host name.'), MAX_LIST, 'The advertiser’s domains.'),
  categories: list(text('An IAB code.'), MAX_LIST, 'Categories of the ad, in the taxonomy `cattax`.'),
  cattax: {
    type: 'integer',
    anyOf: [{ enum: CATTAX_NUMBERS }, { minimum: FIRST_VENDOR_CATTAX, maximum: MAX_CODE }],
    default: CATTAX_DEFAULT,
    description: 'AdCOM’s number of the category taxonomy; 1 is Content Taxonomy 1.0, vendors’ begin at 500.',
  },
  attributes: list(code, MAX_LIST, 'AdCOM’s creative attributes.'),
  bundle: nullable(text('The app that the ad promotes, compared with `bapp`.')),
  media: list(form(mediaFields, ['url', 'mimeType']), MAX_MEDIA, 'The files of a video or audio ad.'),
  durationSec: nullable(integer(1, MAX_DURATION_SEC, 'How long a video or audio ad runs.')),
  skippableAfterSec: nullable(integer(0, MAX_DURATION_SEC, 'When it may be skipped; null: never.')),
  protocols: list(code, MAX_LIST, 'AdCOM’s video and audio protocols.'),
};

const id = uuid('Names the ad for ever.');

export const AD_SCHEMAS = {
  AdInput: {
    ...form(
      { id: { ...id, description: 'In a PUT or PATCH of a campaign: which of its ads this is.' }, ...fields },
      ['title', 'redirectUrl'],
      'An ad as it is sent. A banner needs a size, and an image or markup; a video or audio ad media and a duration; ' +
        'a native ad the size of its image, if it has one.',
    ),
    allOf: [
      whereType(['banner'], {
        ...required('width', 'height'),
        anyOf: [required('imageUrl'), required('html')],
      }),
      whereType(['video', 'audio'], {
        required: ['media', 'durationSec'],
        properties: { media: { type: 'array', minItems: 1 }, durationSec: { type: 'integer' } },
      }),
      {
        if: {
          required: ['type', 'imageUrl'],
          properties: { type: { const: 'native' }, imageUrl: { type: 'string' } },
        },
        then: required('width', 'height'),
      },
    ],
    example: {
      title: 'Spring sale',
      imageUrl: 'https://cdn.brand.example/spring.png',
      redirectUrl: 'https://www.brand.example/spring',
      width: 300,
      height: 250,
      adomain: ['brand.example'],
      categories: ['IAB22'],
    },
  },
  AdPatch: patchOf(
    fields,
    'A JSON merge patch (RFC 7396): what it does not name stays as it is, null takes it away or back to its default. ' +
      'The ad that comes of it is judged by the rules of `AdInput`.',
  ),
  Ad: object(
    {
      id,
      ...fields,
      media: { ...fields.media, items: object(mediaFields) },
      status: word([...AD_STATUSES, 'ended'], 'Only what is active is served.'),
    },
    [],
    'An ad with every default written out.',
  ),
} satisfies Readonly<Record<string, Schema>>;

function url(description: string): Schema {
  return formed(HTTP_URL, MAX_URL_LENGTH, description);
}

/** There, and not null. */
function required(...names: readonly string[]): Schema {
  const properties = Object.fromEntries(names.map((name) => [name, { not: { type: 'null' } }]));
  return { required: names, properties };
}

/** A banner is also what names no type. */
function whereType(types: readonly string[], then: Schema): Schema {
  const isDefault = types.includes('banner');
  return {
    if: { properties: { type: { enum: types } }, ...(isDefault ? {} : { required: ['type'] }) },
    then,
  };
}
