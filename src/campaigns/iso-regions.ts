/** Regions as a rule names them: ISO 3166-2, the country before the dash. */
import { iso31662 } from 'iso-3166';

import { countryValues } from '../openrtb/country.ts';
import { foldWord, nearestValue } from './near-miss.ts';
import type { Spellings } from './near-miss.ts';
import type { ValueList } from './value-list.ts';

/**
 * What iso-3166 4.4.0 has not: Norway's counties since 2024, and codes that ISO has replaced while databases of
 * addresses, and so requests, still say them (Paris, states and territories of India).
 */
const MORE_REGIONS = [
  ['NO-31', 'Østfold'],
  ['NO-32', 'Akershus'],
  ['NO-33', 'Buskerud'],
  ['NO-39', 'Vestfold'],
  ['NO-40', 'Telemark'],
  ['NO-55', 'Troms'],
  ['NO-56', 'Finnmark'],
  ['FR-75', ''],
  ['IN-CT', ''],
  ['IN-DD', ''],
  ['IN-DN', ''],
  ['IN-OR', ''],
  ['IN-TG', ''],
  ['IN-UT', ''],
] as const;

const REGIONS: readonly (readonly [code: string, name: string])[] = [
  ...iso31662.map(({ code, name }) => [code, name] as const),
  ...MORE_REGIONS,
];
/** In lower case, as codes are compared: what folds to a letter by its upper case alone would be met by no request. */
const CODES: ReadonlySet<string> = new Set(REGIONS.map(([code]) => code.toLowerCase()));

/** Made for the first value that needs it: most rules name regions as they are listed. */
let codeByName: Spellings | null = null;

export const ISO_REGIONS: ValueList = {
  accepts: (value) => CODES.has(value.toLowerCase()),
  noun: 'region of ISO 3166-2',
  hint: 'a region is written with its country, as US-CA',
  suggest: (value) => suggestCode(value) ?? suggestOfCountry(value) ?? suggestByName(value),
};

export function regionCodes(): string[] {
  return REGIONS.map(([code]) => code);
}

/** `US_CA`, `usca`, `USA-CA`, `UK-ENG`. */
function suggestCode(value: string): string | null {
  const candidates = [value, splitCountry(value).join('')].map((text) => {
    const letters = text.replace(/[^a-z0-9]/gi, '');
    return `${letters.slice(0, 2)}-${letters.slice(2)}`.toUpperCase();
  });
  return candidates.find(ISO_REGIONS.accepts) ?? null;
}

/** `US-California`, `US-Califronia`. */
function suggestOfCountry(value: string): string | null {
  const [country, name] = splitCountry(value);
  const code = country === '' ? '' : nearestValue(name, regionNames(country));
  return code === '' ? null : code;
}

/** `California`; null where regions of several countries, or several of one, have the name. */
function suggestByName(value: string): string | null {
  codeByName ??= regionNames('');
  const code = codeByName.get(foldWord(value)) ?? '';
  return code === '' ? null : code;
}

function splitCountry(value: string): readonly [country: string, region: string] {
  const match = /^([a-z]{2,3})[-_:/, ]+(.+)$/i.exec(value);
  const country = countryValues(match?.[1] ?? '')[0]?.toUpperCase() ?? '';
  return country === '' ? ['', ''] : [country, match?.[2] ?? ''];
}

/**
 * Codes by name of the regions whose code begins so; '' for a name of several. ISO writes names of several languages
 * into one: `Haute-Sangha / Mambéré-Kadéï`, `Puducherry (Pondicherry)`.
 */
function regionNames(prefix: string): Spellings {
  const codes = new Map<string, string>();
  for (const [code, names] of REGIONS) {
    if (!code.startsWith(prefix)) continue;
    for (const name of names.split(/[/()]/).map(foldWord)) {
      if (name !== '') codes.set(name, (codes.get(name) ?? code) === code ? code : '');
    }
  }
  return codes;
}
