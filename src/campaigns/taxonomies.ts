/**
 * Categories by the IAB Tech Lab's taxonomies: their ids alone, from
 * https://github.com/InteractiveAdvertisingBureau/Taxonomies. Each has the number that AdCOM's `cattax` gives it.
 */
import { nearestValue, spellingsOf } from './near-miss.ts';
import type { Spellings } from './near-miss.ts';
import type { ValueList } from './value-list.ts';

interface Taxonomy {
  readonly name: string;
  /** In lower case: codes are compared in any case. */
  readonly ids: ReadonlySet<string>;
}

/** Content Taxonomy 1.0: how many subcategories IAB1 to IAB26 have. */
const SUBCATEGORIES = [
  7, 23, 12, 11, 15, 9, 45, 18, 31, 9, 5, 3, 12, 8, 10, 7, 44, 6, 36, 27, 3, 4, 10, 0, 7, 4,
];

/** Names of Content Taxonomy 1.0's 26 categories, in order, and others by which some of them go. */
const NAMES: readonly (readonly string[])[] = [
  ['Arts & Entertainment', 'Entertainment'],
  ['Automotive', 'Cars'],
  ['Business'],
  ['Careers', 'Jobs'],
  ['Education'],
  ['Family & Parenting'],
  ['Health & Fitness', 'Health'],
  ['Food & Drink', 'Food'],
  ['Hobbies & Interests'],
  ['Home & Garden'],
  ["Law, Gov't & Politics", 'Politics'],
  ['News'],
  ['Personal Finance', 'Finance'],
  ['Society'],
  ['Science'],
  ['Pets'],
  ['Sports'],
  ['Style & Fashion', 'Fashion'],
  ['Technology & Computing', 'Technology'],
  ['Travel'],
  ['Real Estate'],
  ['Shopping'],
  ['Religion & Spirituality', 'Religion'],
  ['Uncategorized'],
  ['Non-Standard Content'],
  ['Illegal Content'],
];

/** Topics, and from 1000 on the channel, type, language and origin of content. */
const CONTENT_2_0 = '1-698 1000-1480';
const SENSITIVE = 'v9i3On Rm3SiT avbNf2 XtODT3 I4GWl6 mm3UXx HxqYV1 j9PaO9 pg0WhF 6i4dB6 8FD8nI Z7rJBM';
const BRAND_RISK = 'MRkz4Q bsr001 bsr002 bsr003 bsr004';
const CONTENT_3_0 =
  '1-44 46 48-49 51-151 153-173 177-181 185-326 331-332 335-336 338-371 376-378 380-381 383 386-643 645-698 ' +
  '80DV8O JLBCU7 8VZQHL SPSHQ5 VKIV56 EZWB7V TIFQA5 A0AH3G KHPC5A KHPC6A 1KXCLD 8YPBBL W3CW2J WQC6HR MQ2XML ' +
  'ZJG29S VWGKS7 II436J VK7KD0 ' +
  SENSITIVE;
/** Content Taxonomy 3.0's descriptive vectors, 3.1's too. */
const VECTORS_3_0 =
  '1000 1002-1014 1017 1019-1024 1026-1030 1215-1219 092QD4 5S2VRK BEZLLC REJJOG 7OCXIZ MJDJZY C2UKBG 3927X6 ' +
  'Y2MK22 O3EQZQ 20L2OV ' +
  BRAND_RISK;

const CONTENT_1_0: Taxonomy = { name: 'Content Taxonomy 1.0', ids: idsOfContent1() };
const LATER_CONTENT = [
  [2, taxonomy('Content Taxonomy 2.0', CONTENT_2_0)],
  [5, taxonomy('Content Taxonomy 2.1', CONTENT_2_0)],
  [6, taxonomy('Content Taxonomy 2.2', `${CONTENT_2_0} ${SENSITIVE} ${BRAND_RISK}`)],
  [7, taxonomy('Content Taxonomy 3.0', `${CONTENT_3_0} ${VECTORS_3_0}`)],
  [9, taxonomy('Content Taxonomy 3.1', `${CONTENT_3_0} ${VECTORS_3_0} 700`)],
] as const;
const BY_CATTAX: ReadonlyMap<number, Taxonomy> = new Map([
  [1, CONTENT_1_0],
  ...LATER_CONTENT,
  [3, taxonomy('Ad Product Taxonomy 1.0', '1-863')],
  [8, taxonomy('Ad Product Taxonomy 2.0', '1000-1582')],
]);
/** Its list is of audiences: what an ad may say by it is not ours to judge, but for its numbers. */
const AUDIENCE_CATTAX = 4;
/** From here on vendors number taxonomies of their own. */
export const FIRST_VENDOR_CATTAX = 500;
/** Those of AdCOM's list. */
export const CATTAX_NUMBERS: readonly number[] = [...BY_CATTAX.keys(), AUDIENCE_CATTAX].sort((a, b) => a - b);

let spellings: Spellings | null = null;

/** What a request's page or app may say of itself: any of the content taxonomies. */
export const CONTENT_CATEGORIES: ValueList = {
  accepts: (value) =>
    [CONTENT_1_0, ...LATER_CONTENT.map(([, later]) => later)].some(({ ids }) => ids.has(value.toLowerCase())),
  noun: 'category of Content Taxonomy 1.0 to 3.1',
  hint: 'a category is written as IAB2, IAB2-3, 483 or JLBCU7',
  suggest: suggestContent1,
};

export function isCattax(cattax: number): boolean {
  return CATTAX_NUMBERS.includes(cattax) || cattax >= FIRST_VENDOR_CATTAX;
}

/** What an ad may say of itself under this `cattax`. */
export function adCategories(cattax: number): ValueList {
  const known = BY_CATTAX.get(cattax);
  const isContent1 = known === CONTENT_1_0;
  return {
    accepts: (value) =>
      known?.ids.has(value.toLowerCase()) ?? (cattax !== AUDIENCE_CATTAX || /^\d{1,4}$/.test(value)),
    noun: `category of ${known?.name ?? 'Audience Taxonomy 1.1'} (cattax ${cattax})`,
    hint: isContent1
      ? 'it is written as IAB2 or IAB2-3; cattax names another taxonomy'
      : 'cattax names the taxonomy',
    suggest: isContent1 ? suggestContent1 : () => null,
  };
}

/** Every id, in the IAB's own case but for letters, which are lower. */
export function contentCategoryIds(): string[] {
  return [
    ...new Set([CONTENT_1_0, ...LATER_CONTENT.map(([, later]) => later)].flatMap(({ ids }) => [...ids])),
  ];
}

/** `IAB 2.3`, `iab02_3`, `Sports`, `Automotiv`. */
function suggestContent1(value: string): string | null {
  const match = /^iab\W?_?0*(\d{1,2})(?:[\W_]{1,3}0*(\d{1,2}))?$/i.exec(value.trim());
  if (match === null) return nearestValue(value, (spellings ??= spellingsOf(NAMES.flatMap(namedSpellings))));
  const code = `IAB${match[1] ?? ''}${match[2] === undefined ? '' : `-${match[2]}`}`;
  return CONTENT_1_0.ids.has(code.toLowerCase()) ? code : null;
}

function namedSpellings(names: readonly string[], i: number): (readonly [string, string])[] {
  return names.map((name) => [name, `IAB${i + 1}`] as const);
}

function idsOfContent1(): ReadonlySet<string> {
  return new Set(
    SUBCATEGORIES.flatMap((count, i) => [
      `iab${i + 1}`,
      ...Array.from({ length: count }, (_, child) => `iab${i + 1}-${child + 1}`),
    ]),
  );
}

function taxonomy(name: string, ids: string): Taxonomy {
  return { name, ids: new Set(ids.split(' ').flatMap(idsOfRange)) };
}

/** `7`, `1-44`, `v9i3On`. */
function idsOfRange(range: string): string[] {
  const match = /^(\d+)-(\d+)$/.exec(range);
  if (match === null) return [range.toLowerCase()];
  const first = Number(match[1]);
  return Array.from({ length: Number(match[2]) - first + 1 }, (_, i) => String(first + i));
}
