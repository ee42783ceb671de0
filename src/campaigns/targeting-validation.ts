/** Targeting rules as a client sends them: which dimensions there are, and which values each one knows. */
import { COUNTRIES } from './country-names.ts';
import { DIMENSIONS } from './dimensions.ts';
import type { Dimension } from './dimensions.ts';
import { ISO_REGIONS } from './iso-regions.ts';
import { LANGUAGES } from './language-names.ts';
import type { TargetingRule } from './model.ts';
import {
  BROWSERS,
  CONNECTION_TYPES,
  DEVICE_TYPES,
  FORMATS,
  GENDERS,
  OPERATING_SYSTEMS,
} from './named-values.ts';
import { CONTENT_CATEGORIES } from './taxonomies.ts';
import { AGE_RANGES, ANY_TEXT, HOST_NAMES, HOURS, SIZES } from './value-forms.ts';
import { closedList, refusalOf } from './value-list.ts';
import type { ValueList } from './value-list.ts';
import type { WireObject } from './wire.ts';

/** As many as a request body (256 KiB) can hold in earnest; each rule is a step of matching. */
export const MAX_RULES = 100;
export const MAX_VALUES = 10_000;
export const OPERATORS = ['include', 'exclude'] as const;

const DIMENSION_NAMES = closedList('dimension', DIMENSIONS, [
  ['countries', 'country'],
  ['state', 'region'],
  ['cities', 'city'],
  ['device', 'deviceType'],
  ['platform', 'os'],
  ['operating system', 'os'],
  ['lang', 'language'],
  ['connection', 'connectionType'],
  ['bundle', 'app'],
  ['site', 'domain'],
  ['categories', 'category'],
  ['iab', 'category'],
  ['cat', 'category'],
  ['audience', 'segment'],
  ['keyword', 'interest'],
  ['age', 'ageRange'],
  ['sex', 'gender'],
  ['tagid', 'placement'],
  ['dayparting', 'hourOfWeek'],
]);

/** Matching ignores case, and so do these. */
export const DIMENSION_VALUES: Readonly<Record<Dimension, ValueList>> = {
  country: COUNTRIES,
  region: ISO_REGIONS,
  city: ANY_TEXT,
  deviceType: DEVICE_TYPES,
  os: OPERATING_SYSTEMS,
  browser: BROWSERS,
  language: LANGUAGES,
  connectionType: CONNECTION_TYPES,
  app: ANY_TEXT,
  domain: HOST_NAMES,
  category: CONTENT_CATEGORIES,
  segment: ANY_TEXT,
  interest: ANY_TEXT,
  ageRange: AGE_RANGES,
  gender: GENDERS,
  placement: ANY_TEXT,
  size: SIZES,
  format: FORMATS,
  hourOfWeek: HOURS,
};

export function readTargeting(wire: WireObject): TargetingRule[] {
  return wire.objects('targeting', MAX_RULES).flatMap((rule) => {
    const dimension = readDimension(rule);
    const operator = rule.word('operator', OPERATORS, 'include');
    const values =
      dimension === null
        ? rule.texts('values', MAX_VALUES)
        : rule.listed('values', DIMENSION_VALUES[dimension], MAX_VALUES);
    if (rule.require('values') && values.length === 0) rule.forbid('values', 'must not be empty');
    return dimension === null ? [] : [{ dimension, operator, values }];
  });
}

function readDimension(rule: WireObject): Dimension | null {
  const text = rule.requiredText('dimension');
  const dimension = DIMENSIONS.find((name) => name === text);
  if (dimension === undefined && text !== '') {
    rule.forbid('dimension', () => refusalOf(text, DIMENSION_NAMES));
  }
  return dimension ?? null;
}
