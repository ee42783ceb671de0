import { describe, expect, it } from 'vitest';

import { MAX_PRICE_MICROS } from '../money.ts';
import { DIMENSIONS } from './dimensions.ts';
import { validateCampaign } from './validation.ts';
import type { Validation } from './validation.ts';

const NOW_MS = Date.parse('2026-10-01T12:00:00Z');
const ADVERTISER = '6f1d2b3c-4a5e-4f60-8123-9abcdef01234';

const AD = {
  title: 'Spring sale',
  imageUrl: 'https://cdn.brand.example/a.png',
  redirectUrl: 'https://brand.example/',
  width: 300,
  height: 250,
};
const LEAST = {
  name: 'Spring',
  advertiserId: ADVERTISER,
  bid: { model: 'cpm', amount: 2.5 },
  dailyBudget: 500,
  ads: [AD],
};

function validate(input: unknown): Validation {
  let ids = 0;
  return validateCampaign(input, { nowMs: NOW_MS, newId: () => `id-${String(ids++)}` });
}

/** The least campaign with one field replaced; `ad.x` and `bid.x` reach into them. */
function withField(path: string, value: unknown): unknown {
  const [first = '', second = ''] = path.split('.');
  if (first === 'ad') return { ...LEAST, ads: [{ ...AD, [second]: value }] };
  if (second !== '') return { ...LEAST, [first]: { ...LEAST.bid, [second]: value } };
  return { ...LEAST, [first]: value };
}

function rule(dimension: string, ...values: unknown[]): unknown {
  return { ...LEAST, targeting: [{ dimension, operator: 'include', values }] };
}

function schedule(value: object): unknown {
  return { ...LEAST, schedule: value };
}

function mistakesOf(input: unknown): string[] {
  const read = validate(input);
  return read.ok ? [] : read.mistakes.map(({ kind, field }) => `${kind} ${field}`);
}

describe('a campaign from the wire', () => {
  it('gets the defaults for all that it leaves out', () => {
    expect(validate(LEAST)).toEqual({
      ok: true,
      campaign: {
        id: 'id-0',
        name: 'Spring',
        advertiserId: ADVERTISER,
        seat: ADVERTISER,
        status: 'active',
        bid: { model: 'cpm', amountMicros: 2_500_000 },
        dailyBudgetNanos: 500_000_000_000,
        lifetimeBudgetNanos: null,
        pacing: 'even',
        budgetMode: 'strict',
        schedule: { startMs: NOW_MS, endMs: null, timezone: 'UTC', dayparts: [] },
        frequencyCaps: [],
        targeting: [],
        ads: [
          {
            ...AD,
            id: 'id-1',
            type: 'banner',
            status: 'active',
            description: null,
            html: null,
            callToAction: null,
            iconUrl: null,
            sponsoredBy: null,
            rating: null,
            price: null,
            adomain: [],
            categories: [],
            cattax: 1,
            attributes: [],
            bundle: null,
            media: [],
            durationSec: null,
            skippableAfterSec: null,
            protocols: [],
          },
        ],
        deals: [],
        dealsOnly: false,
        currency: 'USD',
        version: 1,
        createdAtMs: NOW_MS,
        updatedAtMs: NOW_MS,
      },
    });
  });

  it('is read whole', () => {
    const read = validate({
      ...LEAST,
      seat: 'seat-1',
      status: 'paused',
      bid: { model: 'cpc', amount: '0.30' },
      dailyBudget: '500.000000001',
      lifetimeBudget: 10000,
      pacing: 'asap',
      budgetMode: 'expected',
      schedule: {
        start: '2026-11-01T00:00:00Z',
        end: '2026-12-01T00:00:00+01:00',
        timezone: 'America/New_York',
        dayparts: [
          { days: [1, 2, 3, 4, 5], from: '08:00', to: '20:00' },
          { days: [6], from: '22:30', to: '24:00' },
        ],
      },
      frequencyCaps: [{ limit: 3, window: 'day' }],
      targeting: [
        { dimension: 'country', operator: 'include', values: ['US', 'CA'] },
        { dimension: 'os', operator: 'exclude', values: ['ios'] },
        { dimension: 'hourOfWeek', values: [0, 167] },
      ],
      deals: ['deal-7'],
      dealsOnly: true,
      currency: 'USD',
      unknown: { is: 'ignored' },
    });
    expect(read).toMatchObject({
      ok: true,
      campaign: {
        seat: 'seat-1',
        status: 'paused',
        bid: { model: 'cpc', amountMicros: 300_000 },
        dailyBudgetNanos: 500_000_000_001,
        lifetimeBudgetNanos: 10_000_000_000_000,
        pacing: 'asap',
        budgetMode: 'expected',
        schedule: {
          startMs: Date.parse('2026-11-01T00:00:00Z'),
          endMs: Date.parse('2026-11-30T23:00:00Z'),
          timezone: 'America/New_York',
          dayparts: [
            { days: [1, 2, 3, 4, 5], fromMinute: 480, toMinute: 1200 },
            { days: [6], fromMinute: 1350, toMinute: 1440 },
          ],
        },
        frequencyCaps: [{ limit: 3, window: 'day' }],
        targeting: [
          { dimension: 'country', operator: 'include', values: ['US', 'CA'] },
          { dimension: 'os', operator: 'exclude', values: ['ios'] },
          { dimension: 'hourOfWeek', operator: 'include', values: ['0', '167'] },
        ],
        deals: ['deal-7'],
        dealsOnly: true,
      },
    });
  });

  it('keeps its money to the last digit', () => {
    expect(validate(withField('bid.amount', 0.1 + 0.2))).toMatchObject({
      campaign: { bid: { amountMicros: 300_000 } },
    });
    expect(validate(withField('dailyBudget', 4_194_303.999999999))).toMatchObject({
      campaign: { dailyBudgetNanos: 4_194_303_999_999_999 },
    });
  });

  it('may bid as much as a token can hold', () => {
    expect(validate(withField('bid.amount', 281_474_976.710655))).toMatchObject({
      campaign: { bid: { amountMicros: MAX_PRICE_MICROS } },
    });
  });

  it('is told all of its mistakes at once, each under its field', () => {
    const wrong = {
      ...LEAST,
      bid: { model: 'cpm', amount: -1 },
      dailyBudget: 0,
      schedule: { timezone: 'Mars/Base' },
      ads: [{ ...AD, imageUrl: 'ftp://x', width: 'wide' }],
    };
    expect(mistakesOf(wrong)).toEqual([
      'rule bid.amount',
      'rule dailyBudget',
      'rule schedule.timezone',
      'rule ads[0].imageUrl',
      'type ads[0].width',
    ]);
    expect(validate(wrong)).toMatchObject({ ok: false, kind: 'type' });
  });

  it.each(['name', 'advertiserId', 'bid', 'dailyBudget', 'ads'])(
    'is refused as malformed without %s',
    (field) => {
      expect(mistakesOf(withField(field, undefined))).toEqual([`type ${field}`]);
      expect(mistakesOf(withField(field, null))).toEqual([`type ${field}`]);
    },
  );

  it.each([
    ['name', ['Spring']],
    ['name', true],
    ['advertiserId', {}],
    ['bid', 2.5],
    ['bid.amount', 'much'],
    ['bid.amount', undefined],
    ['bid.model', undefined],
    ['dailyBudget', '1,000'],
    ['dailyBudget', [1]],
    ['dealsOnly', 'yes'],
    ['deals', 'deal-7'],
    ['targeting', {}],
    ['schedule', 'always'],
    ['ads', AD],
  ])('is refused as malformed where %s is %j', (field, value) => {
    expect(mistakesOf(withField(field, value))).toEqual([`type ${field}`]);
  });

  it.each([
    ['dailyBudget', 0],
    ['dailyBudget', -5],
    ['dailyBudget', 9_007_199.26],
    ['dailyBudget', 1e-10],
    ['dailyBudget', 2 ** 53],
    ['dailyBudget', 9_007_199.254_740_993],
    ['lifetimeBudget', 0],
    ['lifetimeBudget', -0.01],
    ['lifetimeBudget', 1e-10],
    ['lifetimeBudget', 2 ** 53],
    ['bid.amount', 0],
    ['bid.amount', 2.000_000_1],
    ['bid.amount', -1],
    ['bid.amount', 0.0000001],
    ['bid.amount', 1e300],
    ['bid.amount', 281_474_976.710656],
    ['bid.model', 'cpx'],
    ['status', 'sleeping'],
    ['pacing', 'slow'],
    ['budgetMode', 'loose'],
    ['currency', 'EUR'],
    ['advertiserId', 'brand'],
    ['name', '   '],
    ['name', 'n'.repeat(256)],
    ['name', 'a\0b'],
    ['name', 'half \ud83d'],
    ['ads', []],
  ])('is refused by rule where %s is %j', (field, value) => {
    expect(mistakesOf(withField(field, value))).toEqual([`rule ${field}`]);
  });

  it.each([
    ['imageUrl', 'ftp://cdn.example/a.png'],
    ['imageUrl', 'javascript:alert(1)'],
    ['imageUrl', 'https://'],
    ['imageUrl', 'https://cdn.example/a b.png'],
    ['imageUrl', 'https://cdn.example/"onload="x'],
    ['redirectUrl', 'brand.example'],
    ['redirectUrl', `https://brand.example/${'x'.repeat(2_048)}`],
    ['iconUrl', 'data:image/png;base64,'],
    ['width', 0],
    ['width', 1.5],
    ['width', undefined],
    ['height', -250],
    ['height', 100_000],
    ['imageUrl', undefined],
    ['type', 'popup'],
    ['rating', 6],
    ['cattax', 0],
    ['cattax', 10],
  ])('is refused by rule where an ad’s %s is %j', (field, value) => {
    expect(mistakesOf(withField(`ad.${field}`, value))).toEqual([`rule ads[0].${field}`]);
  });

  it.each([
    ['adomain', 'https://brand.example'],
    ['categories', 'IAB99'],
    ['attributes', -1],
  ])('names the place in an ad’s %s that %j may not take', (field, value) => {
    const sound = { adomain: 'brand.example', categories: 'IAB2', attributes: 1 }[field];
    expect(mistakesOf(withField(`ad.${field}`, [sound, value]))).toEqual([`rule ads[0].${field}[1]`]);
  });

  it('has categories of the taxonomy that its cattax names, of Content Taxonomy 1.0 without one', () => {
    const withCategories = (categories: string[], cattax?: number): unknown => ({
      ...LEAST,
      ads: [{ ...AD, categories, cattax }],
    });
    expect(mistakesOf(withCategories(['483', 'JLBCU7'], 9))).toEqual([]);
    expect(mistakesOf(withCategories(['1582'], 8))).toEqual([]);
    expect(mistakesOf(withCategories(['our-own'], 500))).toEqual([]);
    expect(mistakesOf(withCategories(['IAB2', '483']))).toEqual(['rule ads[0].categories[1]']);
    expect(mistakesOf(withCategories(['IAB2'], 9))).toEqual(['rule ads[0].categories[0]']);
  });

  it.each([
    ['status', 'actve', '"actve" is no status: did you mean "active"?'],
    ['pacing', 'ASAP', '"ASAP" is no pacing: did you mean "asap"?'],
    ['pacing', 'slow', '"slow" is no pacing: it is one of even, asap'],
    ['budgetMode', 'strct', '"strct" is no budgetMode: did you mean "strict"?'],
    ['bid.model', 'cpx', '"cpx" is no model: it is one of cpm, cpc, cpa'],
    ['ad.type', 'Banner', '"Banner" is no type: did you mean "banner"?'],
    [
      'ad.adomain',
      ['https://brand.example/'],
      '"https://brand.example/" is no host name: did you mean "brand.example"?',
    ],
    [
      'schedule',
      { timezone: 'New York' },
      '"New York" is no IANA time zone: did you mean "America/New_York"?',
    ],
  ])('is told what was meant where %s is %j', (field, value, message) => {
    const read = validate(withField(field, value));
    expect(read.ok ? [] : read.mistakes.map((mistake) => mistake.message)).toEqual([message]);
  });

  it('may have html in place of an image, and macros in its URLs', () => {
    const ad = {
      ...AD,
      imageUrl: null,
      html: '<a href="{CLICK_URL}">x</a>',
      redirectUrl: 'https://b.example/?t={CONVERSION_TOKEN}',
    };
    expect(validate({ ...LEAST, ads: [ad] })).toMatchObject({
      ok: true,
      campaign: { ads: [{ html: ad.html, imageUrl: null, redirectUrl: ad.redirectUrl }] },
    });
  });

  it('must give a video its media and duration', () => {
    const video = { title: 'Film', type: 'video', redirectUrl: 'https://brand.example/' };
    expect(mistakesOf({ ...LEAST, ads: [video] })).toEqual(['rule ads[0].media', 'rule ads[0].durationSec']);
    const media = [
      { url: 'https://cdn.example/a.mp4', mimeType: 'video/mp4', width: 640, height: 360, bitrateKbps: 900 },
    ];
    expect(mistakesOf({ ...LEAST, ads: [{ ...video, media, durationSec: 15, protocols: [2, 3] }] })).toEqual(
      [],
    );
  });

  it.each([
    [{ start: '2026-11-02T00:00:00Z', end: '2026-11-01T00:00:00Z' }, 'schedule.end'],
    [{ start: '2026-11-02T00:00:00Z', end: '2026-11-02T00:00:00Z' }, 'schedule.end'],
    [{ end: '2026-09-01T00:00:00Z' }, 'schedule.end'],
    [{ end: '9999-12-31T23:59:59-00:01' }, 'schedule.end'],
    [{ start: '2026-11-02' }, 'schedule.start'],
    [{ start: '2026-02-30T00:00:00Z' }, 'schedule.start'],
    [{ start: '2026-11-02T25:00:00Z' }, 'schedule.start'],
    [{ timezone: 'Mars/Base' }, 'schedule.timezone'],
    [{ timezone: '+01:00' }, 'schedule.timezone'],
    [{ timezone: 'PST' }, 'schedule.timezone'],
    [{ dayparts: [{ days: [], from: '08:00', to: '20:00' }] }, 'schedule.dayparts[0].days'],
    [{ dayparts: [{ days: [0], from: '08:00', to: '20:00' }] }, 'schedule.dayparts[0].days[0]'],
    [{ dayparts: [{ days: [8], from: '08:00', to: '20:00' }] }, 'schedule.dayparts[0].days[0]'],
    [{ dayparts: [{ days: [1], from: '8', to: '20:00' }] }, 'schedule.dayparts[0].from'],
    [{ dayparts: [{ days: [1], from: '24:00', to: '20:00' }] }, 'schedule.dayparts[0].from'],
    [{ dayparts: [{ days: [1], from: '08:00', to: '24:01' }] }, 'schedule.dayparts[0].to'],
    [{ dayparts: [{ days: [1], from: '08:00', to: '08:00' }] }, 'schedule.dayparts[0].to'],
  ])('is refused by rule for the schedule %j', (value, field) => {
    expect(mistakesOf(schedule(value))).toEqual([`rule ${field}`]);
  });

  it('may have a daypart that wraps midnight', () => {
    expect(mistakesOf(schedule({ dayparts: [{ days: [5], from: '22:00', to: '04:00' }] }))).toEqual([]);
  });

  it.each([
    [{ limit: 0, window: 'day' }, 'rule frequencyCaps[0].limit'],
    [{ limit: 2.5, window: 'day' }, 'rule frequencyCaps[0].limit'],
    [{ limit: -1, window: 'day' }, 'rule frequencyCaps[0].limit'],
    [{ limit: 1_000_001, window: 'day' }, 'rule frequencyCaps[0].limit'],
    [{ limit: 'three', window: 'day' }, 'type frequencyCaps[0].limit'],
    [{ limit: 3, window: 'fortnight' }, 'rule frequencyCaps[0].window'],
    [{ window: 'day' }, 'type frequencyCaps[0].limit'],
    [{ limit: 3 }, 'type frequencyCaps[0].window'],
  ])('is refused for the frequency cap %j', (cap, mistake) => {
    expect(mistakesOf({ ...LEAST, frequencyCaps: [cap] })).toEqual([mistake]);
  });
});

describe('targeting from the wire', () => {
  const SOUND: Readonly<Record<(typeof DIMENSIONS)[number], readonly unknown[]>> = {
    country: ['US', 'gb'],
    region: ['US-CA', 'de-by', 'FR-75'],
    city: ['Fresno'],
    deviceType: ['mobile', 'CTV'],
    os: ['ios', 'Android'],
    browser: ['chrome'],
    language: ['en', 'DE'],
    connectionType: ['wifi', '5G'],
    app: ['com.example.app', 123456789],
    domain: ['news.example', 'www.news.example'],
    category: ['IAB2', 'iab2-3', 'IAB26', '483', 'JLBCU7'],
    segment: ['auto-intender'],
    interest: ['bought:shoes'],
    ageRange: ['18-24', '65+'],
    gender: ['M', 'f'],
    placement: ['placement-001'],
    size: ['300x250', '970X250'],
    format: ['banner', 'native'],
    hourOfWeek: [0, '167'],
  };

  it.each(DIMENSIONS)('takes the values of %s', (dimension) => {
    expect(mistakesOf(rule(dimension, ...SOUND[dimension]))).toEqual([]);
  });

  it.each([
    ['country', 'USA'],
    ['country', 'XX'],
    ['country', 'UK'],
    ['region', 'CA'],
    ['region', 'XX-CA'],
    ['region', 'US-ZZ'],
    ['deviceType', 'phone'],
    ['os', 'beos'],
    ['browser', 'lynx'],
    ['language', 'eng'],
    ['language', 'iw'],
    ['language', 'xx'],
    ['connectionType', '6g'],
    ['domain', 'https://news.example'],
    ['domain', 'news.example/a'],
    ['category', 'IAB27'],
    ['category', 'IAB1-8'],
    ['category', '9999'],
    ['category', 'all sports'],
    ['ageRange', '24-18'],
    ['ageRange', 'young'],
    ['gender', 'X'],
    ['size', '300'],
    ['size', '0x250'],
    ['format', 'popup'],
    ['hourOfWeek', 168],
    ['hourOfWeek', -1],
    ['segment', ' '],
    ['segment', ''],
    ['segment', 's'.repeat(256)],
  ])('refuses for %s the value %j by its place', (dimension, value) => {
    const sound = SOUND[dimension as (typeof DIMENSIONS)[number]][0];
    expect(mistakesOf(rule(dimension, sound, value))).toEqual(['rule targeting[0].values[1]']);
  });

  it.each([
    [{ dimension: 'shoeSize', operator: 'include', values: ['44'] }, 'rule targeting[0].dimension'],
    [{ dimension: 'os', operator: 'maybe', values: ['ios'] }, 'rule targeting[0].operator'],
    [{ dimension: 'os', operator: 'include', values: [] }, 'rule targeting[0].values'],
    [{ dimension: 'os', operator: 'include' }, 'type targeting[0].values'],
    [{ dimension: 'os', operator: 'include', values: 'ios' }, 'type targeting[0].values'],
    [{ dimension: 'os', operator: 'include', values: [{}] }, 'type targeting[0].values[0]'],
    [{ operator: 'include', values: ['ios'] }, 'type targeting[0].dimension'],
    ['os', 'type targeting[0]'],
  ])('refuses the rule %j', (wrong, mistake) => {
    expect(mistakesOf({ ...LEAST, targeting: [wrong] })).toEqual([mistake]);
  });

  it('lists no more than a hundred mistakes', () => {
    expect(mistakesOf(rule('os', ...Array.from({ length: 5_000 }, () => 'beos')))).toHaveLength(100);
  });

  it.each([null, 'campaign', 7, [], undefined])('refuses %j for a campaign', (input) => {
    expect(validate(input)).toMatchObject({ ok: false, kind: 'type' });
  });
});
