/**
 * Campaigns out of a seed, as like real ones as a few tables make them: for the bench, for demo data, for tests. Values
 * are as unevenly spread as in the world: the first of each table is the commonest, the last is rare.
 */
import { costNanos, NANOS_PER_USD } from '../money.ts';
import type { Dimension } from './dimensions.ts';
import type { Ad, Campaign, TargetingRule } from './model.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';

export interface SeededCampaignsOptions {
  readonly count: number;
  readonly seed: number;
  /** Fewest and most rules a campaign. */
  readonly rules?: readonly [number, number];
  /** Values a rule; where it is not given, one to four. */
  readonly valuesPerRule?: number;
}

/** Targeting that campaigns name, and that requests of the same world hold; commonest first. */
export const SEEDED_VALUES = {
  country:
    'US GB DE FR CA AU IN BR MX ES IT NL SE PL JP KR ID PH TH VN TR ZA NG EG AR CL CO PE BE AT CH DK NO FI IE PT GR CZ RO HU'.split(
      ' ',
    ),
  region:
    'US-CA US-NY US-TX US-FL GB-ENG DE-BY US-IL FR-IDF CA-ON DE-NW US-WA AU-NSW US-GA IN-MH BR-SP CA-QC'.split(
      ' ',
    ),
  city: [
    'new york',
    'los angeles',
    'london',
    'chicago',
    'berlin',
    'paris',
    'toronto',
    'sydney',
    'fresno',
    'leeds',
  ],
  deviceType: ['mobile', 'desktop', 'tablet', 'ctv'],
  os: ['android', 'ios', 'windows', 'macos', 'linux', 'chromeos'],
  browser: ['chrome', 'safari', 'edge', 'firefox', 'samsung', 'opera'],
  language: ['en', 'de', 'fr', 'es', 'pt', 'it', 'nl', 'pl', 'ja', 'ko'],
  connectionType: ['wifi', '4g', '5g', 'ethernet', '3g'],
  app: Array.from({ length: 200 }, (_, i) => `com.publisher${i}.app`),
  domain: Array.from({ length: 300 }, (_, i) => `site${i}.example`),
  category: Array.from({ length: 26 }, (_, i) => `IAB${i + 1}`),
  segment: Array.from({ length: 400 }, (_, i) => `segment-${i}`),
  interest: Array.from({ length: 100 }, (_, i) => `interest-${i}`),
  ageRange: ['18-24', '25-34', '35-44', '45-54', '55-64', '65+'],
  gender: ['F', 'M', 'O'],
} as const satisfies Partial<Record<Dimension, readonly string[]>>;

export type SeededDimension = keyof typeof SEEDED_VALUES;

export const SEEDED_SIZES = [
  [300, 250],
  [320, 50],
  [728, 90],
  [160, 600],
  [300, 600],
  [970, 250],
] as const;

/** How often a rule is of a dimension, against the others. */
const RULE_SHARES: Readonly<Record<SeededDimension, number>> = {
  country: 30,
  deviceType: 16,
  os: 16,
  category: 12,
  language: 8,
  region: 6,
  browser: 6,
  connectionType: 5,
  domain: 5,
  app: 5,
  segment: 5,
  interest: 4,
  ageRange: 4,
  gender: 3,
  city: 2,
};

/** Share of the rules behind a campaign's first that say whom it does not want. */
const EXCLUDE_SHARE = 0.3;
const DAYPART_SHARE = 0.05;
const ZONES = ['UTC', 'America/New_York', 'Europe/London', 'America/Los_Angeles', 'Asia/Kolkata'] as const;
const DIMENSION_DRAW = Object.entries(RULE_SHARES).flatMap(([dimension, share]) =>
  Array.from({ length: share }, () => dimension as SeededDimension),
);
const START_MS = Date.UTC(2020, 0, 1);

/** Active campaigns without an end and without caps, each with a banner ad or more, at 0.5 to 10 USD CPM. */
export function seededCampaigns(options: SeededCampaignsOptions): Campaign[] {
  const random = seededRandom(options.seed);
  return Array.from({ length: options.count }, (_, i) => seededCampaign(random, i, options));
}

/** A value of the dimension, the commonest of its table most often. */
export function seededValue(random: SeededRandom, dimension: SeededDimension): string {
  const values: readonly string[] = SEEDED_VALUES[dimension];
  // The cube of an even draw: in a table of 40 the first value comes at 29 %, the last at 0.8 %.
  return values[Math.floor(random.next() ** 3 * values.length)] ?? '';
}

function seededCampaign(
  random: SeededRandom,
  number: number,
  { rules: [fewest, most] = [3, 8], valuesPerRule }: SeededCampaignsOptions,
): Campaign {
  const advertiserId = random.uuid();
  const isWorkday = random.chance(DAYPART_SHARE);
  return {
    id: random.uuid(),
    name: `Campaign ${number}`,
    advertiserId,
    seat: advertiserId,
    status: 'active',
    bid: { model: 'cpm', amountMicros: random.between(50, 1_000) * 10_000 },
    dailyBudgetNanos: costNanos(random.between(500, 5_000) * NANOS_PER_USD),
    lifetimeBudgetNanos: null,
    pacing: 'asap',
    budgetMode: 'strict',
    schedule: {
      startMs: START_MS,
      endMs: null,
      timezone: random.pick(ZONES),
      dayparts: isWorkday ? [{ days: [1, 2, 3, 4, 5], fromMinute: 8 * 60, toMinute: 20 * 60 }] : [],
    },
    frequencyCaps: [],
    targeting: seededRules(random, random.between(fewest, most), valuesPerRule),
    ads: seededAds(random, number),
    deals: [],
    dealsOnly: false,
    currency: 'USD',
    version: 1,
    createdAtMs: START_MS,
    updatedAtMs: START_MS,
  };
}

/** One rule a dimension; as many as asked, or as there are dimensions. The first says whom the campaign wants. */
function seededRules(
  random: SeededRandom,
  count: number,
  valuesPerRule: number | undefined,
): TargetingRule[] {
  const rules = new Map<Dimension, TargetingRule>();
  while (rules.size < Math.min(count, Object.keys(RULE_SHARES).length)) {
    const dimension = random.pick(DIMENSION_DRAW);
    if (rules.has(dimension)) continue;
    const wanted = Math.min(valuesPerRule ?? random.between(1, 4), SEEDED_VALUES[dimension].length);
    const values = new Set<string>();
    while (values.size < wanted) values.add(seededValue(random, dimension));
    const operator = rules.size > 0 && random.chance(EXCLUDE_SHARE) ? 'exclude' : 'include';
    rules.set(dimension, { dimension, operator, values: [...values] });
  }
  return [...rules.values()];
}

/** One to three, each of another size. */
function seededAds(random: SeededRandom, number: number): Ad[] {
  const first = random.integer(SEEDED_SIZES.length);
  return Array.from({ length: random.between(1, 3) }, (_, i) => {
    const [width, height] = SEEDED_SIZES[(first + i) % SEEDED_SIZES.length] ?? SEEDED_SIZES[0];
    return {
      id: random.uuid(),
      type: 'banner',
      status: 'active',
      title: `Offer ${number}`,
      description: null,
      imageUrl: `https://cdn.brand${number}.example/${width}x${height}/${i}.png`,
      html: null,
      redirectUrl: `https://www.brand${number}.example/landing?c=${i}`,
      width,
      height,
      callToAction: 'Learn more',
      iconUrl: null,
      sponsoredBy: null,
      rating: null,
      price: null,
      adomain: [`brand${number}.example`],
      categories: [`IAB${random.between(1, 22)}`],
      cattax: 1,
      attributes: [],
      bundle: null,
      media: [],
      durationSec: null,
      skippableAfterSec: null,
      protocols: [],
    };
  });
}
