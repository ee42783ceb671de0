/** Whatever validation accepts must be what a request is looked up by: else a rule would hold for nobody. */
import { describe, expect, it } from 'vitest';

import { countryCodes } from '../campaigns/country-names.ts';
import { DIMENSION_NUMBER } from '../campaigns/dimensions.ts';
import type { Dimension } from '../campaigns/dimensions.ts';
import { regionCodes } from '../campaigns/iso-regions.ts';
import { LANGUAGE_CODES } from '../campaigns/language-names.ts';
import type { Campaign } from '../campaigns/model.ts';
import { seededCampaigns } from '../campaigns/seeded.ts';
import { contentCategoryIds } from '../campaigns/taxonomies.ts';
import { readAttributes } from '../openrtb/attributes.ts';
import { compileIndex } from './compile.ts';
import { Matcher } from './match.ts';
import { ACCESS_DIMENSION, AD_DIMENSION, NOT_ASKED, QUERY_DIMENSIONS } from './query.ts';
import { SCENARIO_NOW_MS, SCENARIO_PRIORS } from './scenario.ts';
import { openSnapshot } from './snapshot-view.ts';

interface Said {
  readonly site?: object;
  readonly device?: object;
}

/** A value as the list has it, and as a request says it. */
type Listed = readonly [value: string, said: Said];

const LISTS: readonly (readonly [Dimension, readonly Listed[]])[] = [
  ['country', countryCodes().map((country) => [country, { device: { geo: { country } } }])],
  [
    'region',
    regionCodes().map((code) => {
      const [country, region] = code.split('-');
      return [code, { device: { geo: { country, region } } }];
    }),
  ],
  ['language', LANGUAGE_CODES.map((language) => [language, { device: { language: `${language}-Latn` } }])],
  ['category', contentCategoryIds().map((id) => [id, { site: { cat: [id.toUpperCase()] } }])],
];

/** One campaign a value, which includes it alone; the values of those that a request meets. */
function meetings(dimension: Dimension, listed: readonly Listed[]): (said: Said) => string[] {
  const campaigns = seededCampaigns({ count: listed.length, seed: 1 }).map((base, i): Campaign => {
    const value = listed[i]?.[0] ?? '';
    return {
      ...base,
      name: value,
      schedule: { ...base.schedule, timezone: 'UTC', dayparts: [] },
      targeting: [{ dimension, operator: 'include', values: [value] }],
    };
  });
  const valueById = new Map(campaigns.map(({ id, name }) => [id, name]));
  const options = { nowMs: SCENARIO_NOW_MS, epoch: 1, priors: SCENARIO_PRIORS };
  const snapshot = openSnapshot(compileIndex(campaigns, options).buffer);
  const matcher = new Matcher();
  return ({ site = null, device = null }) => {
    const attributes = readAttributes(
      site && { ...site },
      null,
      device && { ...device },
      null,
      SCENARIO_NOW_MS,
    );
    const values = Array.from({ length: QUERY_DIMENSIONS }, () => NOT_ASKED);
    values[DIMENSION_NUMBER[dimension]] = attributes[DIMENSION_NUMBER[dimension]] ?? [];
    values[AD_DIMENSION] = ['banner'];
    values[ACCESS_DIMENSION] = ['open'];
    const met: string[] = [];
    const query = { values, nowMs: SCENARIO_NOW_MS, minRankMicros: 0, fromOrdinal: 0, includeSpent: true };
    matcher.prepare(snapshot, query);
    matcher.forEach((ordinal) => {
      met.push(valueById.get(snapshot.campaignText(ordinal).id) ?? '');
      return true;
    });
    return met.sort();
  };
}

describe('a rule of one listed value', () => {
  it.each(LISTS)('of %s is met by the request that says it, and by no other', (dimension, listed) => {
    const meet = meetings(dimension, listed);
    const wrong = listed.filter(([value, said]) => {
      const parent = /^(iab\d+)-/.exec(value)?.[1];
      return meet(said).join() !== (parent === undefined ? [value] : [parent, value]).join();
    });
    expect(wrong.map(([value]) => value)).toEqual([]);
  });

  it('of a language is met by the code that ISO has replaced, whichever the two say', () => {
    const meet = meetings('language', [
      ['he', {}],
      ['iw', {}],
      ['id', {}],
    ]);
    for (const language of ['he', 'iw', 'iw-IL', 'HE'])
      expect(meet({ device: { language } })).toEqual(['he', 'iw']);
    expect(meet({ device: { language: 'in_ID' } })).toEqual(['id']);
  });
});
