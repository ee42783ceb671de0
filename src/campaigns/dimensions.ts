/**
 * The 19 dimensions that a campaign can target, in one fixed order: a dimension's place in the list is its
 * number in the compiled index and in a request's attributes.
 */
import { presentLanguage } from '../openrtb/language.ts';

export const DIMENSIONS = [
  'country',
  'region',
  'city',
  'deviceType',
  'os',
  'browser',
  'language',
  'connectionType',
  'app',
  'domain',
  'category',
  'segment',
  'interest',
  'ageRange',
  'gender',
  'placement',
  'size',
  'format',
  'hourOfWeek',
] as const;

export type Dimension = (typeof DIMENSIONS)[number];

/** Dimension name to its number. */
export const DIMENSION_NUMBER: Readonly<Record<Dimension, number>> = Object.fromEntries(
  DIMENSIONS.map((dimension, number) => [dimension, number]),
) as Record<Dimension, number>;

/** The oldest age that an age range can name. */
const MAX_AGE = 120;
export const HOURS_OF_WEEK = 168;

/** `18-24`, inclusive, or `65+`; null when it is neither, or the wrong way round. */
export function parseAgeRange(value: string): { readonly from: number; readonly to: number } | null {
  const match = /^(\d{1,3})(?:-(\d{1,3})|\+)$/.exec(value);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = match[2] === undefined ? MAX_AGE : Number(match[2]);
  return from <= to && to <= MAX_AGE ? { from, to } : null;
}

/**
 * The values under which a request is looked up, for one value that a targeting rule names: lower case, an
 * age range as each of its ages, a host without `www.`, a language under its present code.
 */
export function compiledValues(dimension: Dimension, value: string): string[] {
  const folded = value.trim().toLowerCase();
  if (dimension === 'ageRange') {
    const range = parseAgeRange(folded);
    if (range === null) return [];
    return Array.from({ length: range.to - range.from + 1 }, (_, i) => String(range.from + i));
  }
  if (dimension === 'domain') return [folded.replace(/^www\./, '')];
  if (dimension === 'language') return [presentLanguage(folded)];
  return [folded];
}
