/**
 * The schemas say what the readers read: random documents, sound ones and spoiled ones, are accepted by both or by
 * neither, but for the rules that the document itself names as beyond it.
 */
import type { ErrorObject } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AD_TYPES } from '../../campaigns/ad-validation.ts';
import type { Dimension } from '../../campaigns/dimensions.ts';
import { CAP_WINDOWS } from '../../campaigns/frequency-cap.ts';
import { BUDGET_MODES, MODELS, PACINGS, STATUSES, validateCampaign } from '../../campaigns/validation.ts';
import type { Fields } from '../fields.ts';
import { bodyFields } from '../fields.ts';
import type { HttpRequest } from '../http.ts';
import { readBid, readBidRequest, readDelivery } from '../simple-fields.ts';
import { LENIENT, UNSAYABLE } from './campaign-schemas.ts';
import { composeDocument } from './document.ts';
import { createJudge } from './fixtures/judge.ts';

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const RUNS = 2_000;
const NOW_MS = Date.UTC(2026, 10, 1);
const document = composeDocument('https://ads.example');
const { judge } = createJudge(document);

/** By name, the mistakes that are each rule's. */
const MISTAKES: Readonly<Record<Exclude<keyof typeof UNSAYABLE, 'ad'>, RegExp>> = {
  end: /^must be after the start$/,
  daypart: /^must differ from `from`$/,
  zone: /is no IANA time zone/,
  day: /^must be an ISO 8601 time/,
  year: /^must not be (before|after) \d{4}$/,
  url: /^must be an http or https URL$/,
  value: /^".*" is no (?!.*cattax)/s,
  category: /^".*" is no .*cattax/s,
  decimals: /^must have at most [69] decimals$/,
  length: /^must have at most \d+ characters$/,
  characters: /^must not hold broken characters$/,
};

/** What a field is spoiled with. */
const spoilt = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    '',
    ' ',
    'x',
    '0',
    '1',
    '-1',
    '2.5',
    true,
    false,
    0,
    1,
    -1,
    0.5,
    1e-7,
    7,
    8,
    24,
    1e6,
    1e9,
    1e300,
    [],
    {},
    [''],
    [null],
    [1],
    ['x'],
    [[]],
    [{}],
    'US',
    ' US ',
    '24:00',
    '08:00',
    '8:00',
    '25:00',
    'Europe/Berlin',
    'UTC',
    'Mars/Base',
    '2026-11-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-11-01',
    '2026-11-01t00:00z',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59.999Z',
    '2026-11-01 00:00:00Z',
    'https://x.example/a',
    'http://x',
    'https://',
    'https:///a',
    'ftp://x.example',
    'HTTPS://x.example/{CLICK_URL}',
    'https://x.example/a b',
    'https://[',
    'x.example',
    '-',
    'a..b',
    'cpa',
    'cpm',
    'video',
    'banner',
    'native',
    'audio',
    'active',
    'paused',
    'ended',
    'even',
    'asap',
    'EUR',
    'USD',
    'IAB2',
    'IAB99',
    3,
    10,
    499,
    500,
    65_535,
    65_536,
    'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
    'C9BF9E57-1685-4C89-BAFB-FF5AF830BE8A',
    'c9bf9e57',
    'a\u0000b',
    '\ud800',
    '300x250',
    281_474_976.710655,
    281_474_976.710656,
    9_007_199.254740991,
    9_007_199.254741,
  ),
  fc
    .constantFrom(64, 65, 255, 256, 2_000, 2_001, 2_048, 2_049, 65_536, 65_537)
    .map((length) => 'x'.repeat(length)),
  fc
    .constantFrom(1, 7, 8, 10, 11, 20, 21, 50, 51, 100, 101, 1_000, 1_001)
    .chain((length) =>
      fc.constantFrom<unknown>(1, 'x', {}).map((item) => Array.from({ length }, () => item)),
    ),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.webUrl(),
);

const ad = fc.record(
  {
    type: fc.constantFrom(...AD_TYPES),
    status: fc.constantFrom('active', 'paused'),
    title: fc.constant('Ad'),
    description: fc.constant('d'),
    imageUrl: fc.constant('https://cdn.example/a.png'),
    html: fc.constant('<b>x</b>'),
    redirectUrl: fc.constant('https://www.example/'),
    width: fc.constantFrom(1, 300, 10_000),
    height: fc.constant(250),
    callToAction: fc.constant('Go'),
    iconUrl: fc.constant('https://cdn.example/i.png'),
    sponsoredBy: fc.constant('Brand'),
    rating: fc.constantFrom(0, 4.5, 5),
    price: fc.constant('5 USD'),
    adomain: fc.constant(['brand.example']),
    categories: fc.constant(['IAB2']),
    cattax: fc.constant(1),
    attributes: fc.constant([1, 2]),
    bundle: fc.constant('com.x'),
    media: fc.constant([
      { url: 'https://cdn.example/a.mp4', mimeType: 'video/mp4', width: 1, height: 1, bitrateKbps: 9 },
    ]),
    durationSec: fc.constant(30),
    skippableAfterSec: fc.constant(0),
    protocols: fc.constant([2]),
  },
  { requiredKeys: ['title', 'redirectUrl', 'width', 'height', 'imageUrl', 'media', 'durationSec'] },
);
const campaign = fc.record(
  {
    name: fc.constant('Spring'),
    advertiserId: fc.constant('c9bf9e57-1685-4c89-bafb-ff5af830be8a'),
    seat: fc.constant('s'),
    status: fc.constantFrom(...STATUSES),
    bid: fc.record({ model: fc.constantFrom(...MODELS), amount: fc.constantFrom(0.000001, 2.5, 2.8e8) }),
    dailyBudget: fc.constantFrom(0.000000001, 500),
    lifetimeBudget: fc.constantFrom(null, 10_000),
    pacing: fc.constantFrom(...PACINGS),
    budgetMode: fc.constantFrom(...BUDGET_MODES),
    schedule: fc.record(
      {
        start: fc.constant('2026-11-01T00:00:00Z'),
        end: fc.constantFrom(null, '2026-12-01T00:00:00+02:00'),
        timezone: fc.constant('America/New_York'),
        dayparts: fc.array(
          fc.record({
            days: fc.constant([1, 7]),
            from: fc.constant('08:00'),
            to: fc.constantFrom('24:00', '20:00', '02:00'),
          }),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: [] },
    ),
    frequencyCaps: fc.array(
      fc.record({ limit: fc.constantFrom(1, 3), window: fc.constantFrom(...CAP_WINDOWS) }),
      { maxLength: 2 },
    ),
    targeting: fc.array(
      fc.record({
        dimension: fc.constantFrom<Dimension>('city', 'app', 'segment', 'placement', 'interest'),
        operator: fc.constantFrom('include', 'exclude'),
        values: fc.constantFrom(['US'], ['ios'], ['300x250']),
      }),
      { maxLength: 2 },
    ),
    ads: fc.array(ad, { minLength: 1, maxLength: 2 }),
    deals: fc.constant(['d1']),
    dealsOnly: fc.boolean(),
    currency: fc.constant('USD'),
    unknown: fc.anything(),
  },
  { requiredKeys: ['name', 'advertiserId', 'bid', 'dailyBudget', 'ads'] },
);

/** A document with up to two of its places spoiled, wherever they are. */
function withSpoiltPlaces(sound: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const spoil = fc.record({ at: fc.nat(), put: spoilt });
  return fc.tuple(sound, fc.array(spoil, { maxLength: 2 })).map(([value, spoils]) => {
    const copy = structuredClone(value);
    for (const { at, put } of spoils) {
      const places = placesOf(copy);
      const [holder, name] = places[at % places.length] ?? [{}, ''];
      if (put === undefined) Reflect.deleteProperty(holder, name);
      else Reflect.set(holder, name, put);
    }
    // As it is sent.
    return JSON.parse(JSON.stringify(copy)) as unknown;
  });
}

function placesOf(value: unknown): (readonly [object, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [[value, name] as const, ...placesOf(member)]);
}

/** Which leniency an error of the schema falls under; null: none, and whoever reads should have refused it too. */
function leniencyOf({ keyword, data, params }: ErrorObject): keyof typeof LENIENT | 'follows' | null {
  if (data === null || data === '') return 'absent';
  if (keyword === 'type') {
    const wanted = [(params as { type: string | string[] }).type].flat();
    if (typeof data === 'number' && wanted.includes('string')) return 'number';
    if (typeof data === 'string' && (wanted.includes('number') || wanted.includes('integer')))
      return 'number';
  }
  if (typeof data === 'string' && data.trim() !== data) return 'blanks';
  // Told beside the error that it follows from.
  if (['if', 'anyOf', 'oneOf', 'not'].includes(keyword)) return 'follows';
  return null;
}

function shown(errors: readonly ErrorObject[]): string {
  return errors
    .map(
      ({ instancePath, keyword, data, message }) =>
        `${instancePath} ${keyword} ${JSON.stringify(data)}: ${message ?? ''}`,
    )
    .join('\n');
}

describe('a campaign', () => {
  it(`is accepted by its schema and by validation alike (seed ${String(SEED)})`, () => {
    const met = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(withSpoiltPlaces(campaign), (input) => {
        const errors = judge('/components/schemas/CampaignInput', input);
        const read = validateCampaign(input, {
          nowMs: NOW_MS,
          newId: () => 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
        });
        met[read.ok ? 'accepted' : 'refused']++;
        if (read.ok) {
          const unexplained = errors.filter((error) => leniencyOf(error) === null);
          expect(shown(unexplained)).toBe('');
          if (errors.length > 0) expect(errors.some((error) => leniencyOf(error) !== 'follows')).toBe(true);
          return;
        }
        if (errors.length > 0) return;
        const beyond = read.mistakes.filter(({ message }) =>
          Object.values(MISTAKES).some((rule) => rule.test(message)),
        );
        expect(beyond).toEqual(read.mistakes);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    expect(Math.min(met.accepted, met.refused)).toBeGreaterThan(RUNS / 10);
  });

  it('has every rule that its schema can not say in its description', () => {
    const description = JSON.stringify(document.components.schemas.CampaignInput?.description);
    for (const rule of [...Object.values(UNSAYABLE), ...Object.values(LENIENT)])
      expect(description).toContain(rule);
  });
});

const REQUEST: HttpRequest = {
  method: 'POST',
  path: '/',
  query: '',
  requestId: 'r',
  traceId: '',
  header: () => '',
  clientAddress: () => '',
  body: Buffer.alloc(0),
  params: {},
};
const FORMS: readonly { name: string; read: (fields: Fields, request: HttpRequest) => unknown }[] = [
  { name: 'BidRequestForm', read: readBidRequest },
  { name: 'BidForm', read: readBid },
  { name: 'DeliveryForm', read: readDelivery },
];

describe('a simple form', () => {
  it.each(FORMS)(
    `$name is accepted by its schema and by its reader alike (seed ${String(SEED)})`,
    ({ name, read }) => {
      const met = { accepted: 0, refused: 0 };
      const { example } = document.components.schemas[name] ?? {};
      fc.assert(
        fc.property(withSpoiltPlaces(fc.constant(example)), (input) => {
          const errors = judge(`/components/schemas/${name}`, input);
          const fields = bodyFields(Buffer.from(JSON.stringify(input)));
          if (fields === null) throw new Error('a form is an object');
          read(fields, REQUEST);
          const isAccepted = fields.errors.length === 0;
          met[isAccepted ? 'accepted' : 'refused']++;
          if (isAccepted)
            expect(shown(errors.filter((error) => leniencyOf(error) === null && !isLoneText(error)))).toBe(
              '',
            );
          else if (errors.length === 0) {
            const beyond = fields.errors.filter(({ message }) =>
              [MISTAKES.length, MISTAKES.characters].some((rule) => rule.test(message)),
            );
            expect(beyond).toEqual(fields.errors);
          }
        }),
        { seed: SEED, numRuns: RUNS },
      );
      expect(Math.min(met.accepted, met.refused)).toBeGreaterThan(RUNS / 10);
    },
  );
});

/** One text alone is a list of one. */
function isLoneText({ keyword, params, data }: ErrorObject): boolean {
  return keyword === 'type' && params.type === 'array' && typeof data === 'string';
}
