/**
 * The compiled index: everything in one SharedArrayBuffer, so that threads share it without a copy. Byte order is
 * the machine's; a snapshot never leaves it.
 *
 *      byte 0  ┌─────────────────────────────────────────────────────────────────────────┐
 *              │ u32 magic 'GAVL' · u32 version · u32 hash of the header · u32 epoch     │
 *              │ u32 usedBytes · u32 sections · f64 compiledAtMs                         │
 *              │ u32 campaigns · u32 ads · u32 listLimit · u32 firstTerm · u32 terms · 0 │
 *     byte 56  │ per section, in the order of SECTIONS: u32 byte offset · u32 elements   │
 *              ├─────────────────────────────────────────────────────────────────────────┤
 *              │ sections, each from a multiple of 64 bytes                              │
 *   usedBytes  ├─────────────────────────────────────────────────────────────────────────┤
 *              │ head room                                                               │
 *              └─────────────────────────────────────────────────────────────────────────┘
 *
 * A bitmap has one bit per campaign, bit 0 the best, in blocks of 1,024 campaigns:
 *
 *     summaries  1 word a block    bit w: word w of the block is not 0
 *     bitmaps   32 words a block   bit c: campaign 1024 · block + 32 · word + c
 *
 * Bitmap number b lies at word b · 32 · blocks of `bitmaps` and at word b · blocks of `summaries`.
 *
 * A term is a value of a dimension. Terms are texts, numbered from firstTerm on; posting 2 · (text − firstTerm)
 * tells who includes it, the one after it who excludes it. A posting of at most listLimit campaigns is a sorted
 * list in `lists`, from its start on; a longer one is a bitmap, and its start is the bitmap's number. The bitmap
 * of an include also holds the campaigns that accept every value of the dimension; a list does not.
 *
 * Texts 1 to `campaigns` are the campaigns' ids, the next are the ads' ids: an ordinal is a text number.
 */
import { QUERY_DIMENSIONS } from './query.ts';

export const HEADER_WORDS = 14;
/** A cache line: a bitmap's blocks do not straddle two more than they must. */
const ALIGN_BYTES = 64;
/** Offsets are u32. */
const MAX_BYTES = 2 ** 32 - ALIGN_BYTES;

export const WORD_BITS = 32;
export const BLOCK_WORDS = 32;
export const BLOCK_CAMPAIGNS = WORD_BITS * BLOCK_WORDS;
/**
 * Hidden behind the dimensions of a query: the hours of the week that a campaign's dayparts touch, so that
 * campaigns out of their hours cost no more than those of another country. The minute is tested afterwards.
 */
export const DAYPART_DIMENSION = QUERY_DIMENSIONS;
export const INDEX_DIMENSIONS = QUERY_DIMENSIONS + 1;
/** In the place of a bitmap's number: there is none. */
export const NO_BITMAP = 0xffff_ffff;
/** Texts that belong to an ad, in this order: title, imageUrl, html, redirectUrl, callToAction. */
export const AD_TEXTS = 5;

/** Words are Int32: bit operations give signed numbers, and so nothing is converted in the loops. */
export const SECTIONS = {
  /** UTF-16. The first section: its place is known before any size is, so that texts are written but once. */
  textUnits: Uint16Array,
  live: Int32Array,
  summaries: Int32Array,
  bitmaps: Int32Array,
  lists: Uint32Array,
  postingStart: Uint32Array,
  postingCount: Uint32Array,
  /** Per dimension: campaigns with an include rule, with an exclude rule; bitmap of those without an include. */
  dimensionIncluded: Uint32Array,
  dimensionExcluded: Uint32Array,
  dimensionAny: Uint32Array,

  rankMicros: Float64Array,
  amountMicros: Float64Array,
  startMs: Float64Array,
  /** Infinity: no end. */
  endMs: Float64Array,
  dailyBudgetNanos: Float64Array,
  lifetimeBudgetNanos: Float64Array,
  bidModel: Uint8Array,
  campaignFlags: Uint8Array,
  seat: Uint32Array,
  zone: Uint16Array,
  zoneTexts: Uint32Array,
  dealStart: Uint32Array,
  dealIds: Uint32Array,
  /** Stretches of the local week: from · 2^16 + to, in minutes from Monday 00:00. None: at all times. */
  stretchStart: Uint32Array,
  stretches: Uint32Array,
  /** Frequency caps: limit · 2^3 + the window (caps.ts). */
  capStart: Uint32Array,
  caps: Uint32Array,
  adStart: Uint32Array,

  adCampaign: Uint32Array,
  adType: Uint8Array,
  adFlags: Uint8Array,
  adWidth: Uint16Array,
  adHeight: Uint16Array,
  adBannerType: Uint8Array,
  adMime: Uint32Array,
  adCattax: Uint16Array,
  adBundle: Uint32Array,
  adTexts: Uint32Array,
  adDomainStart: Uint32Array,
  adDomainIds: Uint32Array,
  adCategoryStart: Uint32Array,
  adCategoryIds: Uint32Array,
  adAttributeStart: Uint32Array,
  adAttributeIds: Uint32Array,
  /** As the ad has them: adomain, categories. */
  adomainStart: Uint32Array,
  adomainTexts: Uint32Array,
  rawCategoryStart: Uint32Array,
  rawCategoryTexts: Uint32Array,

  /** Name space of each text; PLAIN_SPACE where it is not looked up. */
  textSpace: Uint8Array,
  /** Text t: textUnits[textStart[t]] … textUnits[textStart[t + 1] - 1]. Text 0 stands for none. */
  textStart: Uint32Array,
  /** Text numbers by hash of space and text, open addressing, 0 is free: of dimensions' values, of all else. */
  termSlots: Uint32Array,
  nameSlots: Uint32Array,
} as const;

/** A term of hourOfWeek and of the dayparts: an hour of the local week in the zone of that number. */
export function hourTerm(zone: number, hour: number | string): string {
  return `${zone}:${hour}`;
}

export type SectionName = keyof typeof SECTIONS;
export type Sections = { readonly [K in SectionName]: View<(typeof SECTIONS)[K]> };

type View<Constructor> = Constructor extends Float64ArrayConstructor
  ? Float64Array
  : Constructor extends Uint32ArrayConstructor
    ? Uint32Array
    : Constructor extends Int32ArrayConstructor
      ? Int32Array
      : Constructor extends Uint16ArrayConstructor
        ? Uint16Array
        : Uint8Array;

export const SECTION_NAMES = Object.keys(SECTIONS) as SectionName[];
export const HEADER_BYTES = (HEADER_WORDS + 2 * SECTION_NAMES.length) * 4;

/** Where the first section starts, whatever is in it. */
export const FIRST_SECTION_BYTE = Math.ceil(HEADER_BYTES / ALIGN_BYTES) * ALIGN_BYTES;

export interface Placement {
  /** Byte offset and number of elements, by place in SECTION_NAMES. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  readonly usedBytes: number;
}

/** Where sections of these numbers of elements lie. Throws where they would not fit into 4 GiB. */
export function placeSections(lengths: Readonly<Record<SectionName, number>>): Placement {
  let end = FIRST_SECTION_BYTE;
  const offsets: number[] = [];
  for (const name of SECTION_NAMES) {
    end = Math.ceil(end / ALIGN_BYTES) * ALIGN_BYTES;
    offsets.push(end);
    end += lengths[name] * SECTIONS[name].BYTES_PER_ELEMENT;
  }
  if (end > MAX_BYTES)
    throw new Error(`index: ${end} bytes are more than the ${MAX_BYTES} that it can address`);
  return { offsets, lengths: SECTION_NAMES.map((name) => lengths[name]), usedBytes: end };
}

/** Views of the sections, whatever they hold. */
export function viewSections(buffer: SharedArrayBuffer, placement: Placement): Sections {
  const views = SECTION_NAMES.map((name, i) => {
    const View: ViewConstructor = SECTIONS[name];
    return [name, new View(buffer, placement.offsets[i], placement.lengths[i])] as const;
  });
  return Object.fromEntries(views) as unknown as Sections;
}

type ViewConstructor = new (
  buffer: SharedArrayBuffer,
  offset?: number,
  length?: number,
) => Sections[SectionName];
