/** The values under which each campaign is found: its rules', its ads', its deals' and its dayparts'. */
import { DIMENSION_NUMBER, DIMENSIONS, compiledValues } from '../campaigns/dimensions.ts';
import { weekStretches } from '../campaigns/daypart.ts';
import type { Ad, Campaign, TargetingRule } from '../campaigns/model.ts';
import type { Dictionary } from './dictionary.ts';
import { DAYPART_DIMENSION, hourTerm } from './layout.ts';
import { PostingsDraft } from './postings.ts';
import { ACCESS_DIMENSION, AD_DIMENSION } from './query.ts';
import type { RankedCampaign } from './rank.ts';
import { AD_TYPE_NUMBER } from './snapshot.ts';

const HOUR_MINUTES = 60;
/** Digits of a key, beyond any size that an ad has; the last one stands for none. */
const MAX_PIXELS = 2 ** 20;
const NO_PIXELS = MAX_PIXELS - 1;

export function collectTerms(
  ranked: readonly RankedCampaign[],
  zones: ReadonlyMap<string, number>,
  dictionary: Dictionary,
): PostingsDraft {
  const postings = new PostingsDraft(dictionary, ranked.length);
  const ruleTerms = new RuleTerms(dictionary);
  const adTerms = new AdTerms(dictionary);
  const include = (campaign: number, dimension: number, values: Iterable<string>): void => {
    const terms = Array.from(values, (value) => dictionary.intern(dimension, value));
    postings.include(campaign, dimension, terms);
  };
  for (const [ordinal, { campaign }] of ranked.entries()) {
    const zone = zones.get(campaign.schedule.timezone) ?? 0;
    for (const rule of campaign.targeting) {
      const dimension = DIMENSION_NUMBER[rule.dimension];
      const terms = ruleTerms.of(rule, zone);
      if (rule.operator === 'include') postings.include(ordinal, dimension, terms);
      else postings.exclude(ordinal, dimension, terms);
    }
    for (const ad of campaign.ads) {
      if (ad.status === 'active') postings.include(ordinal, AD_DIMENSION, adTerms.of(ad));
    }
    include(ordinal, ACCESS_DIMENSION, accessValues(campaign));
    if (campaign.schedule.dayparts.length > 0)
      include(ordinal, DAYPART_DIMENSION, daypartValues(campaign, zone));
  }
  return postings;
}

/** The terms of rules; each value is folded once and remembered, since campaigns share most of them. */
class RuleTerms {
  readonly #dictionary: Dictionary;
  readonly #known = DIMENSIONS.map(() => new Map<string, readonly number[]>());

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  of({ dimension, values }: TargetingRule, zone: number): number[] {
    const number = DIMENSION_NUMBER[dimension];
    const known = this.#known[number] ?? new Map<string, readonly number[]>();
    const terms: number[] = [];
    for (const value of values) {
      const key = dimension === 'hourOfWeek' ? hourTerm(zone, value.trim()) : value;
      let found = known.get(key);
      if (found === undefined) {
        found = compiledValues(dimension, key).map((text) => this.#dictionary.intern(number, text));
        known.set(key, found);
      }
      for (const term of found) terms.push(term);
    }
    return terms;
  }
}

/** The terms of ads; those of one type and size are put together once. */
class AdTerms {
  readonly #dictionary: Dictionary;
  readonly #known = new Map<number, readonly number[]>();

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  of(ad: Ad): readonly number[] {
    const { type, imageUrl, width, height } = ad;
    const kind = AD_TYPE_NUMBER[type] * 2 + (imageUrl === null ? 0 : 1);
    const key = (kind * MAX_PIXELS + (width ?? NO_PIXELS)) * MAX_PIXELS + (height ?? NO_PIXELS);
    let terms = this.#known.get(key);
    if (terms === undefined) {
      terms = adValues(ad).map((value) => this.#dictionary.intern(AD_DIMENSION, value));
      this.#known.set(key, terms);
    }
    return terms;
  }
}

/** Its type, its type with its size, and for a banner with an image the same under `image`. */
function adValues({ type, imageUrl, width, height }: Ad): string[] {
  const names = type === 'banner' && imageUrl !== null ? [type, 'image'] : [type];
  if (width === null || height === null) return names;
  return names.flatMap((name) => [name, `${name}:${width}x${height}`]);
}

function accessValues({ deals, dealsOnly }: Campaign): string[] {
  const values = deals.map((deal) => `deal:${deal}`);
  return dealsOnly ? values : ['open', ...values];
}

function daypartValues({ schedule }: Campaign, zone: number): Set<string> {
  const values = new Set<string>();
  for (const { from, to } of weekStretches(schedule.dayparts)) {
    for (let hour = Math.floor(from / HOUR_MINUTES); hour * HOUR_MINUTES < to; hour++) {
      values.add(hourTerm(zone, hour));
    }
  }
  return values;
}
