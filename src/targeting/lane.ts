/**
 * One dimension and one operator of a prepared query: the postings of the request's values, and the one function
 * that says which campaigns of a block they let pass. Matching and explaining both call it.
 */
import { BLOCK_CAMPAIGNS, BLOCK_WORDS, NO_BITMAP } from './layout.ts';
import type { IndexSnapshot } from './snapshot-view.ts';

export type Operator = 'include' | 'exclude';

const FIRST_CAPACITY = 16;
const NO_BLOCK = -1;

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

  /** The postings' words of the block at hand: words[at] on, each xor flip. */
  readonly union = new Int32Array(BLOCK_WORDS);
  words: Int32Array = this.union;
  at = 0;
  flip = 0;

  reset(dimension: number, operator: Operator, expected: number): void {
    this.dimension = dimension;
    this.operator = operator;
    this.expected = expected;
    this.flip = operator === 'exclude' ? -1 : 0;
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

/** Lets everything pass: fills a group up. */
export const OPEN_LANE = new Lane();
OPEN_LANE.operator = 'exclude';
OPEN_LANE.flip = -1;

/**
 * Takes the campaigns that one of four lanes does not let pass out of a block's words. Only the words in `mask` (one
 * bit a word) are looked at; returned are those of them that still have a campaign. Four at once, because a pass over
 * the words costs more than a lane in it: 100,000 campaigns that nobody wants take half the time of one by one.
 */
export function narrow(
  snapshot: IndexSnapshot,
  block: number,
  words: Int32Array,
  mask: number,
  a: Lane,
  b: Lane,
  c: Lane,
  d: Lane,
): number {
  openBlock(a, snapshot, block, mask);
  openBlock(b, snapshot, block, mask);
  openBlock(c, snapshot, block, mask);
  openBlock(d, snapshot, block, mask);
  const { words: aWords, at: aAt, flip: aFlip } = a;
  const { words: bWords, at: bAt, flip: bFlip } = b;
  const { words: cWords, at: cAt, flip: cFlip } = c;
  const { words: dWords, at: dAt, flip: dFlip } = d;
  let left = mask;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const word = 31 - Math.clz32(rest & -rest);
    const kept =
      (words[word] ?? 0) &
      ((aWords[aAt + word] ?? 0) ^ aFlip) &
      ((bWords[bAt + word] ?? 0) ^ bFlip) &
      ((cWords[cAt + word] ?? 0) ^ cFlip) &
      ((dWords[dAt + word] ?? 0) ^ dFlip);
    words[word] = kept;
    if (kept === 0) left &= ~(1 << word);
  }
  return left;
}

/** Points the lane at its postings' words of the block, united where it has several; those in `mask` are right. */
function openBlock(lane: Lane, snapshot: IndexSnapshot, block: number, mask: number): void {
  const { bitmaps } = snapshot.sections;
  const stride = snapshot.blockCount * BLOCK_WORDS;
  const base = block * BLOCK_WORDS;
  if (lane.listCount > 0) spreadLists(lane, snapshot, block);
  if (lane.bitmapCount === 0) {
    lane.words = lane.spread;
    lane.at = 0;
  } else if (lane.bitmapCount === 1 && lane.spreadSummary === 0) {
    lane.words = bitmaps;
    lane.at = (lane.bitmaps[0] ?? 0) * stride + base;
  } else {
    lane.words = lane.union;
    lane.at = 0;
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const word = 31 - Math.clz32(rest & -rest);
      let union = lane.spread[word] ?? 0;
      for (let i = 0; i < lane.bitmapCount; i++)
        union |= bitmaps[(lane.bitmaps[i] ?? 0) * stride + base + word] ?? 0;
      lane.union[word] = union;
    }
  }
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
