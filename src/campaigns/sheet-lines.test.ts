/** What is written as a sheet and read again is the same campaign. */
import { describe, expect, it } from 'vitest';
import { testAd, testCampaign } from '../auction/fixtures/market.ts';
import { costNanos } from '../money.ts';
import { checkRows } from './campaign-rows.ts';
import { DIMENSIONS } from './dimensions.ts';
import { writeCampaign } from './document.ts';
import type { Ad, AdMedia, Campaign, Daypart } from './model.ts';
import { seededCampaigns } from './seeded.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';
import { SHEET_COLUMNS } from './sheet-columns.ts';
import { SHEET_HEADER, writeSheetLines } from './sheet-lines.ts';
import { readSheet } from './sheet-rows.ts';

const CAMPAIGNS = 300;
const ODD_TEXTS = [
  '=SUM(A1:A9)',
  "'=1+1",
  "''@x",
  "it's",
  '-20 %',
  '+49 30',
  '@home',
  'a "quoted" word',
  '"',
  'a,b;c\td',
  'line\nbreak',
  'line\r\nbreak',
  'Crème brûlée',
  '日本',
  'a|b',
  '7,5',
  'true',
  '007',
];

function sheetOf(campaigns: readonly Campaign[]): string {
  const lines = campaigns.flatMap((campaign) => {
    const sheet = writeSheetLines(campaign);
    if (sheet.kind === 'unfit') throw new Error(sheet.columns.join());
    return sheet.lines;
  });
  return [SHEET_HEADER, ...lines].map((line) => `${line}\n`).join('');
}

function read(text: string): readonly Campaign[] {
  const context = { nowMs: 0, newId: () => 'new' };
  const { campaigns, faults } = checkRows(readSheet(text), context, () => undefined);
  expect(faults).toEqual([]);
  return campaigns;
}

/** What a file carries: rules of one dimension and operator are one, and the server gives ids, version and times. */
function carried(campaign: Campaign): object {
  const { id: _, version: __, createdAt: ___, updatedAt: ____, ...document } = writeCampaign(campaign);
  const targeting = DIMENSIONS.flatMap((dimension) =>
    ['include', 'exclude'].map((operator) => ({
      dimension,
      operator,
      values: campaign.targeting
        .filter((rule) => rule.dimension === dimension && rule.operator === operator)
        .flatMap(({ values }) => values),
    })),
  ).filter(({ values }) => values.length > 0);
  return { ...document, targeting, ads: campaign.ads.map(({ id: ____id, ...ad }) => ad) };
}

function oddCampaign(random: SeededRandom, base: Campaign): Campaign {
  const maybe = <T>(value: T): T | null => (random.chance(0.5) ? value : null);
  return {
    ...base,
    name: random.pick(ODD_TEXTS),
    seat: random.chance(0.5) ? base.seat : random.pick(ODD_TEXTS),
    status: random.pick(['active', 'paused', 'ended']),
    bid: { model: random.pick(['cpm', 'cpc', 'cpa']), amountMicros: random.between(1, 90_000_000) },
    dailyBudgetNanos: costNanos(random.pick([1, 12_345_678_901, 9_000_000_000_000_000])),
    lifetimeBudgetNanos: maybe(costNanos(random.between(1, 1_000_000_000))),
    pacing: random.pick(['even', 'asap']),
    budgetMode: random.pick(['strict', 'expected']),
    schedule: {
      startMs: random.between(0, 2_000_000_000) * 1_000 + random.pick([0, 0, 7]),
      endMs: maybe(4_000_000_000_000),
      timezone: base.schedule.timezone,
      dayparts: Array.from({ length: random.integer(3) }, () => oddDaypart(random)),
    },
    frequencyCaps: random.chance(0.3)
      ? [
          { limit: random.between(1, 9), window: 'day' },
          { limit: 1_000_000, window: 'lifetime' },
        ]
      : [],
    targeting: random.chance(0.3) ? [...base.targeting, ...base.targeting.slice(0, 1)] : base.targeting,
    deals: random.chance(0.3) ? ['deal-1', '=2', 'a,b', '3'] : [],
    dealsOnly: random.chance(0.3),
    ads: base.ads.map((ad) => oddAd(random, ad)),
  };
}

function oddDaypart(random: SeededRandom): Daypart {
  const days = random.pick([[1], [1, 2, 3, 4, 5], [6, 7], [7, 1], [1, 3, 5], [5, 6, 7]]);
  return {
    days,
    ...random.pick([
      { fromMinute: 0, toMinute: 1_440 },
      { fromMinute: 1_320, toMinute: 90 },
      { fromMinute: 75, toMinute: 600 },
    ]),
  };
}

function oddAd(random: SeededRandom, ad: Ad): Ad {
  const isVideo = random.chance(0.2);
  const media: AdMedia = {
    url: 'https://cdn.brand.example/a,b;c.mp4',
    mimeType: 'video/mp4',
    ...random.pick([
      { width: 640, height: 360 },
      { width: null, height: null },
    ]),
    bitrateKbps: random.pick([null, 800]),
  };
  return {
    ...ad,
    type: isVideo ? 'video' : 'banner',
    status: random.pick(['active', 'paused']),
    title: random.pick(ODD_TEXTS),
    description: random.pick([null, ...ODD_TEXTS]),
    html: random.pick([null, '<a href="{CLICK_URL}">Go,\n"now"; go</a>', '=x']),
    callToAction: random.pick([null, ...ODD_TEXTS]),
    rating: random.pick([null, 0, 4.5]),
    price: random.pick([null, '9,99 €', '=9']),
    adomain: random.pick([[], ['brand.example'], ['a.example', 'b.example']]),
    attributes: random.pick([[], [1], [1, 16]]),
    media: isVideo ? [media, media].slice(random.integer(2)) : [],
    durationSec: isVideo ? random.between(1, 60) : null,
    skippableAfterSec: isVideo ? random.pick([null, 0, 5]) : null,
    protocols: isVideo ? [2, 3] : [],
  };
}

describe('a sheet of campaigns', () => {
  it('is read as the campaigns that it was written from', () => {
    const seed = Date.now() % 2 ** 32;
    const random = seededRandom(seed);
    const campaigns = seededCampaigns({ count: CAMPAIGNS, seed }).map((base) => oddCampaign(random, base));
    expect(read(sheetOf(campaigns)).map(carried), `seed ${seed}`).toEqual(campaigns.map(carried));
  });

  it('has a column for every field of a campaign and of an ad that a client can set', () => {
    const serverSet = new Set(['version', 'createdAt', 'updatedAt', 'ads']);
    const fields = Object.keys(writeCampaign(testCampaign(1))).filter((name) => !serverSet.has(name));
    const adFields = Object.keys(testAd(1)).filter((name) => name !== 'id');
    const columns = (isOfAd: boolean) =>
      new Set(SHEET_COLUMNS.filter((column) => column.isOfAd === isOfAd).map(({ path }) => path[0]));
    expect([columns(false), columns(true)]).toEqual([new Set(fields), new Set(adFields)]);
  });

  it('keeps apart campaigns that differ in their id alone', () => {
    const twins = [testCampaign(1, { ads: [testAd(1)] }), testCampaign(2, { ads: [testAd(2)] })];
    const same = twins.map((twin) => ({ ...twin, name: 'Twin', ads: [testAd(1), testAd(2)] }));
    expect(read(sheetOf(same)).map(({ name, ads }) => [name, ads.length])).toEqual([
      ['Twin', 2],
      ['Twin', 2],
    ]);
  });

  it('names the columns that can not hold what a campaign has there', () => {
    const medium = {
      url: 'https://x.example/a',
      mimeType: 'video/mp4',
      width: 1,
      height: 1,
      bitrateKbps: null,
    };
    const campaign = testCampaign(1, {
      deals: ['a|b'],
      targeting: [{ dimension: 'city', operator: 'exclude', values: ['Rome', 'x|y'] }],
      ads: [
        testAd(1, { media: [{ ...medium, height: null }] }),
        testAd(2, { media: [{ ...medium, mimeType: 'video/mp4; codecs=avc1' }] }),
      ],
    });
    expect(writeSheetLines(campaign)).toEqual({
      kind: 'unfit',
      columns: ['deals', 'targeting.city.exclude', 'ad.media'],
    });
  });
});
