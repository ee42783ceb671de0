/**
 * One dimension and one operator of a prepared query: the postings of the request's values, and the one function
 * that says which campaigns of a block they let pass. Matching and explaining both call it.
 */
import { BLOCK_CAMPAIGNS, BLOCK_WORDS, NO_BITMAP } from './layout.ts';
import type { IndexSnapshot } from './snapshot-view.ts';

export type Operator = 'include' | 'exclude';

const FIRST_CAPACITY = 16;
const NO_BLOCK = -1;
const NOT_SIMPLE = -1;
/** A lane that so few campaigns pass comes first, however much work it is. */
const SELECTIVE_SHARE = 1 / 8;
/** Lanes whose words are asked in one pass. */
const LANES_AT_ONCE = 4;

export class Lane {
  dimension = 0;
  operator: Operator = 'include';
  /** Campaigns that are expected to pass: the fewer, the earlier the lane is asked. An estimate: postings overlap. */
  expected = 0;

  bitmapCount = 0;
  bitmaps = new Uint32Array(FIRST_CAPACITY);
  listCount = 0;
  listStarts = new Uint32Array(FIRST_CAPACITY);
  listEnds = new Uint32Array(FIRST_CAPACITY);
  cursors = new Uint32Array(FIRST_CAPACITY);

  /** Lists are spread over a block's words when the block is reached. */
  readonly spread = new Int32Array(BLOCK_WORDS);
  spreadSummary = 0;
  spreadBlock = NO_BLOCK;
  /** The least campaign that a list still has behind the block. */
  nextListed = 0;

  /** One bitmap and no list: its first word in the index's bitmaps. NOT_SIMPLE: more than that. */
  simpleStart = NOT_SIMPLE;
  /** Lanes are asked in ascending order: what takes out most at the least cost first. */
  order = 0;

  reset(dimension: number, operator: Operator, expected: number): void {
    this.dimension = dimension;
    this.operator = operator;
    this.expected = expected;
    this.bitmapCount = 0;
    this.listCount = 0;
    this.spread.fill(0);
    this.spreadSummary = 0;
    this.spreadBlock = NO_BLOCK;
    this.nextListed = 0;
  }

  addBitmap(bitmap: number): void {
    if (this.bitmapCount === this.bitmaps.length) this.bitmaps = doubled(this.bitmaps);
    this.bitmaps[this.bitmapCount++] = bitmap;
  }

  addList(start: number, end: number): void {
    if (this.listCount === this.cursors.length) {
      this.listStarts = doubled(this.listStarts);
      this.listEnds = doubled(this.listEnds);
      this.cursors = doubled(this.cursors);
    }
    this.listStarts[this.listCount] = start;
    this.listEnds[this.listCount] = end;
    this.cursors[this.listCount++] = start;
  }
}

/**
 * The lane's include for the request's values, given as the texts of the dimension's space. A campaign passes that
 * includes one of them, or that has no include for the dimension.
 */
export function fillInclude(
  lane: Lane,
  snapshot: IndexSnapshot,
  dimension: number,
  texts: readonly number[],
): void {
  const { campaignCount, sections } = snapshot;
  const open = campaignCount - (sections.dimensionIncluded[dimension] ?? 0);
  lane.reset(dimension, 'include', open);
  for (const text of texts) addPosting(lane, snapshot, 2 * (text - snapshot.facts.firstTerm), 1);
  const any = sections.dimensionAny[dimension] ?? NO_BITMAP;
  // The bitmap of an include holds those that accept everything, too.
  if (lane.bitmapCount === 0 && any !== NO_BITMAP) lane.addBitmap(any);
  finish(lane, snapshot);
}

/** The lane's exclude: a campaign passes that excludes none of the request's values. */
export function fillExclude(
  lane: Lane,
  snapshot: IndexSnapshot,
  dimension: number,
  texts: readonly number[],
): void {
  lane.reset(dimension, 'exclude', snapshot.campaignCount);
  for (const text of texts) addPosting(lane, snapshot, 2 * (text - snapshot.facts.firstTerm) + 1, -1);
  // Postings that overlap take the same campaigns twice: only an include may say that nothing passes.
  lane.expected = Math.max(1, lane.expected);
  finish(lane, snapshot);
}

/** Simple includes first, the most selective of them before the others; then those of several postings; excludes last. */
function finish(lane: Lane, snapshot: IndexSnapshot): void {
  const isSimple = lane.bitmapCount === 1 && lane.listCount === 0;
  const share = lane.expected / snapshot.campaignCount;
  lane.simpleStart = isSimple ? (lane.bitmaps[0] ?? 0) * snapshot.blockCount * BLOCK_WORDS : NOT_SIMPLE;
  lane.order = share + (isSimple || share < SELECTIVE_SHARE ? 0 : 1) + (lane.operator === 'exclude' ? 2 : 0);
}

function addPosting(lane: Lane, { facts, sections }: IndexSnapshot, posting: number, sign: 1 | -1): void {
  const count = sections.postingCount[posting] ?? 0;
  if (count === 0) return;
  const start = sections.postingStart[posting] ?? 0;
  if (count > facts.listLimit) lane.addBitmap(start);
  else lane.addList(start, start + count);
  lane.expected += sign * count;
}

/** Words of a block in which a campaign may pass: one bit a word. Never too few: of an exclude it tells nothing. */
export function summarise(lane: Lane, snapshot: IndexSnapshot, block: number): number {
  if (lane.operator === 'exclude') return -1;
  const { summaries } = snapshot.sections;
  if (lane.listCount > 0) spreadLists(lane, snapshot, block);
  let summary = lane.spreadSummary;
  for (let i = 0; i < lane.bitmapCount; i++) {
    summary |= summaries[(lane.bitmaps[i] ?? 0) * snapshot.blockCount + block] ?? 0;
  }
  return summary;
}

/**
 * Takes the campaigns that one of the lanes does not let pass out of a block's words. Only the words in `mask` (one
 * bit a word) are looked at; returned are those of them that still have a campaign.
 */
export function narrow(
  lanes: readonly Lane[],
  snapshot: IndexSnapshot,
  block: number,
  words: Int32Array,
  mask: number,
): number {
  let left = mask;
  for (let i = 0; i < lanes.length && left !== 0;) {
    const lane = lanes[i];
    if (lane === undefined) break;
    if (lane.simpleStart === NOT_SIMPLE) {
      left = narrowByUnion(lane, snapshot, block, words, left);
      i++;
      continue;
    }
    const run = countSimple(lanes, i);
    const b = lanes[i + Math.min(1, run - 1)] ?? lane;
    const c = lanes[i + Math.min(2, run - 1)] ?? lane;
    const d = lanes[i + Math.min(3, run - 1)] ?? lane;
    left = narrowSimply(snapshot, block, words, left, lane, b, c, d);
    i += run;
  }
  return left;
}

/** How many lanes from this simple one on can be asked in one pass. Where they are fewer, the last fills it up. */
function countSimple(lanes: readonly Lane[], first: number): number {
  const operator = lanes[first]?.operator;
  let run = 1;
  for (; run < LANES_AT_ONCE; run++) {
    const next = lanes[first + run];
    if (next === undefined || next.simpleStart === NOT_SIMPLE || next.operator !== operator) break;
  }
  return run;
}

/**
 * Four simple lanes of one operator in one pass over the words: it costs little more than one, and 100,000 campaigns
 * that nobody wants take half the time.
 */
function narrowSimply(
  { sections: { bitmaps } }: IndexSnapshot,
  block: number,
  words: Int32Array,
  mask: number,
  a: Lane,
  b: Lane,
  c: Lane,
  d: Lane,
): number {
  const base = block * BLOCK_WORDS;
  const aStart = a.simpleStart + base;
  const bStart = b.simpleStart + base;
  const cStart = c.simpleStart + base;
  const dStart = d.simpleStart + base;
  let left = 0;
  if (a.operator === 'include' && mask === -1) {
    for (let word = 0; word < BLOCK_WORDS; word++) {
      const both = (bitmaps[aStart + word] ?? 0) & (bitmaps[bStart + word] ?? 0);
      const all = both & (bitmaps[cStart + word] ?? 0) & (bitmaps[dStart + word] ?? 0);
      const kept = (words[word] ?? 0) & all;
      words[word] = kept;
      left |= isNotZero(kept) << word;
    }
  } else if (a.operator === 'include') {
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const word = 31 - Math.clz32(rest & -rest);
      const both = (bitmaps[aStart + word] ?? 0) & (bitmaps[bStart + word] ?? 0);
      const all = both & (bitmaps[cStart + word] ?? 0) & (bitmaps[dStart + word] ?? 0);
      const kept = (words[word] ?? 0) & all;
      words[word] = kept;
      left |= isNotZero(kept) << word;
    }
  } else {
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const word = 31 - Math.clz32(rest & -rest);
      const either = (bitmaps[aStart + word] ?? 0) | (bitmaps[bStart + word] ?? 0);
      const any = either | (bitmaps[cStart + word] ?? 0) | (bitmaps[dStart + word] ?? 0);
      const kept = (words[word] ?? 0) & ~any;
      words[word] = kept;
      left |= isNotZero(kept) << word;
    }
  }
  return left;
}

/** 1 or 0, without a branch: whether a word is empty is hard to guess, and a wrong guess costs more than the word. */
function isNotZero(word: number): number {
  return (word | (0 - word)) >>> 31;
}

/** A lane of several postings, or of lists. */
function narrowByUnion(
  lane: Lane,
  snapshot: IndexSnapshot,
  block: number,
  words: Int32Array,
  mask: number,
): number {
  const { bitmaps } = snapshot.sections;
  const stride = snapshot.blockCount * BLOCK_WORDS;
  const base = block * BLOCK_WORDS;
  const flip = lane.operator === 'exclude' ? -1 : 0;
  const { bitmaps: numbers, bitmapCount, spread } = lane;
  if (lane.listCount > 0) spreadLists(lane, snapshot, block);
  let left = mask;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const word = 31 - Math.clz32(rest & -rest);
    let union = spread[word] ?? 0;
    for (let i = 0; i < bitmapCount; i++) union |= bitmaps[(numbers[i] ?? 0) * stride + base + word] ?? 0;
    const kept = (words[word] ?? 0) & (union ^ flip);
    words[word] = kept;
    if (kept === 0) left ^= rest & -rest;
  }
  return left;
}

/** Blocks are mostly asked for in ascending order; a step back starts the lists anew. */
function spreadLists(lane: Lane, snapshot: IndexSnapshot, block: number): void {
  if (block === lane.spreadBlock) return;
  if (block < lane.spreadBlock) {
    lane.cursors.set(lane.listStarts);
    lane.nextListed = 0;
  }
  lane.spreadBlock = block;
  if (lane.spreadSummary !== 0) {
    lane.spread.fill(0);
    lane.spreadSummary = 0;
  }
  const end = (block + 1) * BLOCK_CAMPAIGNS;
  if (lane.nextListed >= end) return;
  const { lists } = snapshot.sections;
  let next = Infinity;
  for (let i = 0; i < lane.listCount; i++) {
    const listEnd = lane.listEnds[i] ?? 0;
    let cursor = lane.cursors[i] ?? 0;
    while (cursor < listEnd && (lists[cursor] ?? 0) < block * BLOCK_CAMPAIGNS) cursor++;
    for (; cursor < listEnd && (lists[cursor] ?? 0) < end; cursor++) {
      const campaign = lists[cursor] ?? 0;
      const word = (campaign >>> 5) & (BLOCK_WORDS - 1);
      lane.spread[word] = (lane.spread[word] ?? 0) | (1 << (campaign & 31));
      lane.spreadSummary |= 1 << word;
    }
    lane.cursors[i] = cursor;
    if (cursor < listEnd) next = Math.min(next, lists[cursor] ?? 0);
  }
  lane.nextListed = next;
}

function doubled(values: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(2 * values.length);
  grown.set(values);
  return grown;
}
