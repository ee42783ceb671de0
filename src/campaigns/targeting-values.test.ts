import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { countryCodes } from './country-names.ts';
import { DIMENSIONS } from './dimensions.ts';
import type { Dimension } from './dimensions.ts';
import { regionCodes } from './iso-regions.ts';
import { LANGUAGE_CODES } from './language-names.ts';
import { readTargeting } from './targeting-validation.ts';
import { contentCategoryIds } from './taxonomies.ts';
import { WireObject } from './wire.ts';
import type { Mistake } from './wire.ts';

function mistakesOf(rule: object): Mistake[] {
  const mistakes: Mistake[] = [];
  readTargeting(new WireObject({ targeting: [rule] }, '', mistakes));
  return mistakes;
}

/** The message for a value; '' where it is accepted. */
function messageFor(dimension: Dimension, value: string): string {
  return mistakesOf({ dimension, values: [value] })[0]?.message ?? '';
}

function suggestionFor(dimension: Dimension, value: string): string | null {
  return /: did you mean "(.*)"\?$/.exec(messageFor(dimension, value))?.[1] ?? null;
}

/** One text in some case. */
function inSomeCase(text: string): fc.Arbitrary<string> {
  return fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((isUpper) =>
      Array.from(text, (letter, i) =>
        isUpper[i] === true ? letter.toUpperCase() : letter.toLowerCase(),
      ).join(''),
    );
}

describe('a value that no list has', () => {
  it('is told by its field, by itself and by what was meant', () => {
    expect(mistakesOf({ dimension: 'country', values: ['US', 'UK', 'XX'] })).toEqual([
      {
        kind: 'rule',
        field: 'targeting[0].values[1]',
        message: '"UK" is no country of ISO 3166-1: did you mean "GB"?',
      },
      {
        kind: 'rule',
        field: 'targeting[0].values[2]',
        message: '"XX" is no country of ISO 3166-1: a country is two letters, as US',
      },
    ]);
  });

  it('is quoted so that its marks stay apart from the sentence’s', () => {
    expect(messageFor('os', 'be"os')).toMatch(/^"be\\"os" is no os: it is one of ios, android, /);
  });

  it.each([
    ['country', 'USA', 'US'],
    ['country', 'deu', 'DE'],
    ['country', 'Germany', 'DE'],
    ['country', 'Germny', 'DE'],
    ['country', 'england', 'GB'],
    ['country', 'Czech Republic', 'CZ'],
    ['country', 'Türkiye', 'TR'],
    ['country', 'Cote d Ivoire', 'CI'],
    ['region', 'US_CA', 'US-CA'],
    ['region', 'us ca', 'US-CA'],
    ['region', 'usca', 'US-CA'],
    ['region', 'USA-NY', 'US-NY'],
    ['region', 'UK-ENG', 'GB-ENG'],
    ['region', 'California', 'US-CA'],
    ['region', 'US-Califronia', 'US-CA'],
    ['region', 'Bayern', 'DE-BY'],
    ['region', 'Pondicherry', 'IN-PY'],
    ['deviceType', 'phone', 'mobile'],
    ['deviceType', 'Connected TV', 'ctv'],
    ['deviceType', 'desktp', 'desktop'],
    ['os', 'Mac OS X', 'macos'],
    ['os', 'iPadOS', 'ios'],
    ['os', 'Windows 11', 'windows'],
    ['os', 'andriod', 'android'],
    ['browser', 'Google Chrome', 'chrome'],
    ['browser', 'crhome', 'chrome'],
    ['language', 'en-US', 'en'],
    ['language', 'pt_BR', 'pt'],
    ['language', 'ger', 'de'],
    ['language', 'German', 'de'],
    ['language', 'iw', 'he'],
    ['language', 'jp', 'ja'],
    ['connectionType', 'Wi-Fi', 'wifi'],
    ['connectionType', 'LTE', '4g'],
    ['domain', 'https://www.news.example/a?b=c', 'www.news.example'],
    ['domain', '*.news.example', 'news.example'],
    ['category', 'IAB2.3', 'IAB2-3'],
    ['category', 'iab_02-03', 'IAB2-3'],
    ['category', 'IAB 26-4', 'IAB26-4'],
    ['category', 'Sports', 'IAB17'],
    ['category', 'Automotiv', 'IAB2'],
    ['ageRange', '24-18', '18-24'],
    ['ageRange', '18–24', '18-24'],
    ['ageRange', '65', '65+'],
    ['gender', 'female', 'F'],
    ['size', '300×250', '300x250'],
    ['size', '300*250', '300x250'],
    ['size', '300 x 250 px', '300x250'],
    ['size', '0300x0250', '300x250'],
    ['format', 'display', 'banner'],
    ['format', 'natve', 'native'],
  ] as const)('of %s, %j, was meant for %j', (dimension, value, meant) => {
    expect(suggestionFor(dimension, value)).toBe(meant);
  });

  it.each([
    ['country', 'XX'],
    ['country', 'EU'],
    ['country', 'ABC'],
    ['country', 'Congo'],
    ['country', 'Irax'],
    ['country', 'ge'.repeat(120)],
    // Half of the world has a CA, and two countries a Limburg.
    ['region', 'CA'],
    ['region', 'Limburg'],
    // A city of its own and a region about it.
    ['region', 'KZ-Almaty'],
    ['region', 'US-ZZ'],
    ['region', 'XX-CA'],
    ['os', 'beos'],
    ['language', 'xx'],
    ['language', 'bh'],
    ['connectionType', '6g'],
    ['domain', 'a b'],
    ['category', 'IAB27'],
    ['category', 'IAB17-45'],
    ['category', 'IAB24-1'],
    ['category', 'IAB2-0'],
    ['category', '0'],
    ['category', '699'],
    ['category', '1481'],
    ['category', 'JLBCU8'],
    ['ageRange', '121+'],
    ['ageRange', '18'.repeat(100)],
    ['size', '300'],
    ['size', '0x250'],
    ['size', '300x250x2'],
    ['hourOfWeek', '168'],
  ] as const)('of %s, %j, was meant for nothing near', (dimension, value) => {
    expect(messageFor(dimension, value)).not.toBe('');
    expect(suggestionFor(dimension, value)).toBeNull();
  });

  it('is never answered with a value that would be refused', () => {
    const listed = [...countryCodes(), ...regionCodes(), ...LANGUAGE_CODES, ...contentCategoryIds()];
    const like = fc
      .tuple(fc.constantFrom(...listed), fc.string({ maxLength: 3 }))
      .map((parts) => parts.join(''));
    const text = fc.oneof(
      fc.string({ minLength: 1, maxLength: 30 }),
      like,
      fc.stringMatching(/^[a-z]{4,9}$/),
    );
    fc.assert(
      fc.property(fc.constantFrom(...DIMENSIONS), text, (dimension, value) => {
        const meant = suggestionFor(dimension, value);
        if (meant !== null) expect(messageFor(dimension, meant)).toBe('');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the lists', () => {
  it('are as long as their standards', () => {
    // 249 countries and Kosovo.
    expect(countryCodes()).toHaveLength(250);
    expect(LANGUAGE_CODES).toHaveLength(183);
    // 1.0: 26 and 366; 2.0: 698 topics and 481 on the content; 17 codes of 2.2, 19 and 11 of 3.0, 700 of 3.1.
    expect(contentCategoryIds()).toHaveLength(392 + 1_179 + 17 + 19 + 11 + 1);
    expect(new Set(regionCodes()).size).toBe(regionCodes().length);
    expect(regionCodes().length).toBeGreaterThan(5_000);
  });

  it('have regions of listed countries alone', () => {
    const countries = new Set(countryCodes());
    expect(regionCodes().filter((code) => !countries.has(code.slice(0, 2)))).toEqual([]);
  });

  it('have names in Intl for every country and every language', () => {
    const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
    const languages = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
    expect(countryCodes().filter((code) => regions.of(code) === undefined)).toEqual([]);
    expect(LANGUAGE_CODES.filter((code) => languages.of(code) === undefined)).toEqual([]);
  });

  it.each([
    ['country', countryCodes()],
    ['region', regionCodes()],
    ['language', LANGUAGE_CODES],
    ['category', contentCategoryIds()],
  ] as const)('accept each of their values of %s, in any case', (dimension, values) => {
    expect(values.filter((value) => messageFor(dimension, value) !== '')).toEqual([]);
    fc.assert(
      fc.property(
        fc.constantFrom(...values).chain(inSomeCase),
        (value) => messageFor(dimension, value) === '',
      ),
    );
  });

  it('keep what requests still say, and ISO has replaced', () => {
    expect(
      ['FR-75', 'FR-75C', 'IN-OR', 'IN-OD', 'NO-30', 'NO-31'].filter((code) => messageFor('region', code)),
    ).toEqual([]);
  });
});

describe('a misspelt word of a rule', () => {
  it.each([
    ['contry', '"contry" is no dimension: did you mean "country"?'],
    ['Country', '"Country" is no dimension: did you mean "country"?'],
    ['device_type', '"device_type" is no dimension: did you mean "deviceType"?'],
    ['lang', '"lang" is no dimension: did you mean "language"?'],
    ['categories', '"categories" is no dimension: did you mean "category"?'],
  ])('is told for the dimension %s', (dimension, message) => {
    expect(mistakesOf({ dimension, values: ['US'] })).toEqual([
      { kind: 'rule', field: 'targeting[0].dimension', message },
    ]);
  });

  it('is told for the operator', () => {
    expect(mistakesOf({ dimension: 'os', operator: 'exlude', values: ['ios'] })).toMatchObject([
      { field: 'targeting[0].operator', message: '"exlude" is no operator: did you mean "exclude"?' },
    ]);
    expect(mistakesOf({ dimension: 'os', operator: 'maybe', values: ['ios'] })).toMatchObject([
      { message: '"maybe" is no operator: it is one of include, exclude' },
    ]);
  });

  it('is told with all dimensions where none is near', () => {
    expect(mistakesOf({ dimension: 'shoeSize', values: ['44'] })[0]?.message).toBe(
      `"shoeSize" is no dimension: it is one of ${DIMENSIONS.join(', ')}`,
    );
  });
});
