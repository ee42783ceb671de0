/** Random campaigns and queries that meet often enough to disagree: what tests of the index are made of. */
import { DIMENSIONS, type Dimension } from '../campaigns/dimensions.ts';
import type { Ad, AdType, Campaign, Daypart, TargetingRule } from '../campaigns/model.ts';
import type { SeededRandom } from '../campaigns/seeded-random.ts';
import { seededCampaigns } from '../campaigns/seeded.ts';
import { ACCESS_DIMENSION, AD_DIMENSION, NOT_ASKED, QUERY_DIMENSIONS, type Query } from './query.ts';

/** A Friday on which New York's clocks still stand on daylight time, and days about it. */
export const SCENARIO_NOW_MS = Date.UTC(2026, 9, 30, 13, 37, 20);
export const SCENARIO_PRIORS = { ctr: 0.001, cvr: 0.00001 };

const ZONES = ['UTC', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Kiritimati'];
const SIZES = [
  [300, 250],
  [320, 50],
  [728, 90],
] as const;
const AD_VALUES = SIZES.flatMap(([width, height]) => [
  `banner:${width}x${height}`,
  `image:${width}x${height}`,
]);
const DEALS = ['Deal-1', 'deal-1', 'deal-2'];
const HOUR_MS = 3_600_000;
const RARE_VALUES = 40;

const TABLES: Partial<Record<Dimension, readonly string[]>> = {
  deviceType: ['mobile', 'tablet', 'desktop', 'ctv'],
  gender: ['F', 'M', 'O'],
  ageRange: ['18-24', '20-30', '25-34', '35-120', '65+', '18-18'],
  domain: ['example', 'www.news.example', 'news.example', 'a.news.example', 'Shop.example', 'xnews.example'],
  category: ['IAB1', 'IAB1-1', 'IAB1-10', 'IAB2', 'IAB2-3', 'IAB25'],
  size: ['300x250', '320x50', '728x90'],
  format: ['banner', 'video'],
  hourOfWeek: Array.from({ length: 168 }, (_, hour) => String(hour)),
};

/** Campaigns over all dimensions; a share of them paused, ended, not started, for deals only. */
export function randomCampaigns(random: SeededRandom, count: number): Campaign[] {
  const mostRules = random.pick([0, 1, 2, 4, 8]);
  return seededCampaigns({ count, seed: random.integer(2 ** 32) }).map((base): Campaign => ({
    ...base,
    status: random.chance(0.95) ? 'active' : random.pick(['paused', 'ended']),
    bid: { model: random.pick(['cpm', 'cpm', 'cpc', 'cpa']), amountMicros: random.between(1, 30) * 100_000 },
    schedule: {
      startMs: SCENARIO_NOW_MS + (random.chance(0.9) ? -1 : 1) * random.between(0, 200) * HOUR_MS,
      endMs: random.chance(0.8) ? null : SCENARIO_NOW_MS + random.between(-2, 100) * HOUR_MS,
      timezone: random.pick(ZONES),
      dayparts: random.chance(0.2)
        ? Array.from({ length: random.between(1, 2) }, () => randomDaypart(random))
        : [],
    },
    targeting: Array.from({ length: random.between(0, mostRules) }, () => randomRule(random)),
    ads: base.ads.map((ad) => randomAd(random, ad)),
    deals: DEALS.filter(() => random.chance(0.2)),
    dealsOnly: random.chance(0.1),
  }));
}

/** Within a few days of SCENARIO_NOW_MS, never before it: the time goes forward from a compilation. */
export function randomQuery(random: SeededRandom, campaignCount: number): Query {
  const mostValues = random.pick([1, 2, 5]);
  const values = Array.from({ length: QUERY_DIMENSIONS }, (_, dimension) => {
    if (random.chance(0.02)) return NOT_ASKED;
    const name = DIMENSIONS[dimension];
    if (name === undefined || random.chance(0.15)) return [];
    return Array.from({ length: random.between(1, mostValues) }, () => requestValues(random, name)).flat();
  });
  if (random.chance(0.95)) {
    values[AD_DIMENSION] = random.chance(0.6)
      ? ['banner']
      : [random.pick([...AD_VALUES, 'image', 'video', 'banner'])];
    values[ACCESS_DIMENSION] = random.chance(0.7)
      ? ['open']
      : ['open', `deal:${random.pick(DEALS)}`, 'deal:none'];
  }
  return {
    values,
    nowMs: SCENARIO_NOW_MS + random.integer(12) * 7 * HOUR_MS + random.pick([0, 59_999, 1_380_000]),
    minRankMicros: random.chance(0.7) ? 0 : random.between(1, 30) * 100_000,
    fromOrdinal: random.chance(0.7) ? 0 : random.integer(campaignCount + 2),
    includeSpent: random.chance(0.2),
  };
}

function randomRule(random: SeededRandom): TargetingRule {
  const dimension = random.pick(DIMENSIONS);
  // An hour of the week is one of 168: rules of one or two would hardly ever hold.
  const count = dimension === 'hourOfWeek' ? random.between(30, 120) : random.between(1, 5);
  return {
    dimension,
    operator: random.chance(0.6) ? 'include' : 'exclude',
    values: Array.from({ length: count }, () => randomCase(random, ruleValue(random, dimension))),
  };
}

/** Few of the values are common and many are rare, so that some become bitmaps and some lists. */
function ruleValue(random: SeededRandom, dimension: Dimension): string {
  const table = TABLES[dimension];
  return table === undefined ? `Value-${Math.floor(random.next() ** 3 * RARE_VALUES)}` : random.pick(table);
}

/** A value as the parser gives it: lower case, an age for a range, with its parents. */
function requestValues(random: SeededRandom, dimension: Dimension): string[] {
  if (dimension === 'ageRange') return [String(random.between(15, 70))];
  const value = ruleValue(random, dimension)
    .toLowerCase()
    .replace(/^www\./, '');
  if (dimension === 'category') return value.includes('-') ? [value, value.replace(/-.*$/, '')] : [value];
  if (dimension === 'domain') {
    const labels = value.split('.');
    return labels.map((_, first) => labels.slice(first).join('.'));
  }
  return [value];
}

function randomDaypart(random: SeededRandom): Daypart {
  return {
    days: [1, 2, 3, 4, 5, 6, 7].filter(() => random.chance(0.6)),
    fromMinute: random.between(0, 1_439),
    toMinute: random.between(0, 1_440),
  };
}

function randomAd(random: SeededRandom, ad: Ad): Ad {
  const [width, height] = random.pick(SIZES);
  const type: AdType = random.chance(0.9) ? 'banner' : random.pick(['video', 'audio', 'native']);
  const isHtml = random.chance(0.2);
  return {
    ...ad,
    type,
    status: random.chance(0.9) ? 'active' : random.pick(['paused', 'ended']),
    imageUrl: isHtml ? null : ad.imageUrl,
    html: isHtml ? '<a href="{CLICK_URL}">Go</a>' : null,
    width: random.chance(0.95) ? width : null,
    height,
  };
}

function randomCase(random: SeededRandom, value: string): string {
  return random.pick([value, value.toUpperCase(), value.toLowerCase()]);
}
