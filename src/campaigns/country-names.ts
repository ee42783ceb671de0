/**
 * Countries as a rule names them: ISO 3166-1 alpha-2, and XK for Kosovo. The codes are those that requests are read
 * by; English names, for suggestions alone, are Intl's.
 */
import { countryValues } from '../openrtb/country.ts';
import { nearestValue, spellingsOf } from './near-miss.ts';
import type { Spellings } from './near-miss.ts';
import type { ValueList } from './value-list.ts';

/** Names and codes that are neither ISO's nor Intl's. */
const ALIASES = [
  ['Great Britain', 'GB'],
  ['Britain', 'GB'],
  ['England', 'GB'],
  ['Scotland', 'GB'],
  ['Wales', 'GB'],
  ['Northern Ireland', 'GB'],
  ['America', 'US'],
  ['United States of America', 'US'],
  ['U.S.', 'US'],
  // The European Union's code.
  ['EL', 'GR'],
  ['UAE', 'AE'],
  ['Holland', 'NL'],
  ['Czech Republic', 'CZ'],
  ['Turkey', 'TR'],
  ['Korea', 'KR'],
  ['Republic of Korea', 'KR'],
  ['Russian Federation', 'RU'],
  ['Viet Nam', 'VN'],
  ['Burma', 'MM'],
  ['Hong Kong', 'HK'],
  ['Macao', 'MO'],
  ['Macau', 'MO'],
  ['Ivory Coast', 'CI'],
  ['Cabo Verde', 'CV'],
  ['East Timor', 'TL'],
  ['Swaziland', 'SZ'],
  ['Macedonia', 'MK'],
  ['Palestine', 'PS'],
  ['Vatican', 'VA'],
  ['DRC', 'CD'],
] as const;

const LETTERS = 'A B C D E F G H I J K L M N O P Q R S T U V W X Y Z'.split(' ');

let spellings: Spellings | null = null;

export const COUNTRIES: ValueList = {
  accepts: isCountry,
  noun: 'country of ISO 3166-1',
  hint: 'a country is two letters, as US',
  suggest: (value) =>
    countryValues(value)[0]?.toUpperCase() ?? nearestValue(value, (spellings ??= countrySpellings())),
};

/** Every alpha-2 code that is accepted, in upper case. */
export function countryCodes(): string[] {
  return LETTERS.flatMap((first) => LETTERS.map((second) => first + second)).filter(isCountry);
}

function isCountry(value: string): boolean {
  return value.length === 2 && countryValues(value)[0] === value.toLowerCase();
}

function countrySpellings(): Spellings {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const named = countryCodes().map((code) => [names.of(code) ?? '', code] as const);
  return spellingsOf([...ALIASES, ...named]);
}
