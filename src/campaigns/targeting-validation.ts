/** Targeting rules as a client sends them: which dimensions there are, and which values each one knows. */
import { countryValues } from '../openrtb/country.ts';
import { DIMENSIONS, HOURS_OF_WEEK, parseAgeRange } from './dimensions.ts';
import type { Dimension } from './dimensions.ts';
import type { TargetingRule } from './model.ts';
import type { WireObject } from './wire.ts';

/** As many as a request body (256 KiB) can hold in earnest; each rule is a step of matching. */
const MAX_RULES = 100;
const MAX_VALUES = 10_000;
const OPERATORS = ['include', 'exclude'] as const;
const MAX_CATEGORY_TIER_1 = 26;

interface ValueRule {
  readonly accepts: (value: string) => boolean;
  /** Follows "must be". */
  readonly what: string;
}

const ANY_TEXT: ValueRule = { accepts: () => true, what: 'a text' };

/** Matching ignores case, and so does this. */
const VALUE_RULES: Readonly<Record<Dimension, ValueRule>> = {
  country: { accepts: isCountry, what: 'an ISO 3166-1 alpha-2 code, as US' },
  region: { accepts: isRegion, what: 'an ISO 3166-2 code with its country, as US-CA' },
  city: ANY_TEXT,
  deviceType: oneOf('mobile', 'tablet', 'desktop', 'ctv', 'connected', 'ooh'),
  os: oneOf('ios', 'android', 'windows', 'macos', 'linux', 'chromeos', 'tvos', 'other'),
  browser: oneOf('chrome', 'safari', 'firefox', 'edge', 'samsung', 'opera', 'other'),
  language: { accepts: isLanguage, what: 'an ISO 639-1 code, as en' },
  connectionType: oneOf('ethernet', 'wifi', '2g', '3g', '4g', '5g', 'cellular'),
  app: ANY_TEXT,
  domain: { accepts: isHost, what: 'a host name without scheme and path, as news.example' },
  category: { accepts: isCategory, what: 'an IAB category code, as IAB2 or IAB2-3' },
  segment: ANY_TEXT,
  interest: ANY_TEXT,
  ageRange: { accepts: (value) => parseAgeRange(value) !== null, what: 'an age range, as 18-24 or 65+' },
  gender: oneOf('M', 'F', 'O'),
  placement: ANY_TEXT,
  size: { accepts: (value) => /^[1-9]\d{0,4}x[1-9]\d{0,4}$/i.test(value), what: 'a size, as 300x250' },
  format: oneOf('banner', 'video', 'audio', 'native'),
  hourOfWeek: {
    accepts: (value) => /^(0|[1-9]\d{0,2})$/.test(value) && Number(value) < HOURS_OF_WEEK,
    what: 'an hour from 0 (Monday 00) to 167',
  },
};

export function readTargeting(wire: WireObject): TargetingRule[] {
  return wire.objects('targeting', MAX_RULES).flatMap((rule) => {
    const dimension = readDimension(rule);
    const operator = rule.word('operator', OPERATORS, 'include');
    const values = rule.texts('values', MAX_VALUES);
    if (rule.require('values') && values.length === 0) rule.forbid('values', 'must not be empty');
    if (dimension === null) return [];
    const { accepts, what } = VALUE_RULES[dimension];
    values.forEach((value, i) => {
      if (!accepts(value)) rule.forbid(`values[${i}]`, `must be ${what}`);
    });
    return [{ dimension, operator, values }];
  });
}

/** `a-b.example`, with letters of any script. */
export function isHost(value: string): boolean {
  return value.length <= 253 && /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$/u.test(value);
}

/** A code of Content Taxonomy 1.0, or a later taxonomy's: a number, or six letters and digits. */
export function isCategory(value: string): boolean {
  const match = /^IAB([1-9]\d?)(-[1-9]\d?)?$/i.exec(value);
  if (match !== null) return Number(match[1]) <= MAX_CATEGORY_TIER_1;
  return /^\d{1,4}$/.test(value) || (/^[A-Z0-9]{6}$/i.test(value) && !/^IAB/i.test(value));
}

function readDimension(rule: WireObject): Dimension | null {
  const text = rule.requiredText('dimension');
  const dimension = DIMENSIONS.find((name) => name === text);
  if (dimension === undefined && text !== '') {
    rule.forbid('dimension', `must be one of ${DIMENSIONS.join(', ')}`);
  }
  return dimension ?? null;
}

function oneOf(...words: readonly string[]): ValueRule {
  const folded = new Set(words.map((word) => word.toLowerCase()));
  return { accepts: (value) => folded.has(value.toLowerCase()), what: `one of ${words.join(', ')}` };
}

function isCountry(value: string): boolean {
  return value.length === 2 && countryValues(value)[0] === value.toLowerCase();
}

function isRegion(value: string): boolean {
  return /^[A-Z]{2}-[A-Z0-9]{1,3}$/i.test(value) && isCountry(value.slice(0, 2));
}

function isLanguage(value: string): boolean {
  if (!/^[A-Z]{2}$/i.test(value)) return false;
  return new Intl.DisplayNames('en', { type: 'language', fallback: 'none' }).of(value) !== undefined;
}
