/** One dimension and one operator of a prepared query: the postings of the request's values. */
import { BLOCK_WORDS, NO_BITMAP } from './layout.ts';
import type { IndexSnapshot } from './snapshot-view.ts';

export type Operator = 'include' | 'exclude';

const FIRST_CAPACITY = 16;
const NO_BLOCK = -1;
export const NOT_SIMPLE = -1;
/** A lane that so few campaigns pass comes first, however much work it is. */
const SELECTIVE_SHARE = 1 / 8;

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
 * The lane's include for the request's values, given as the first `textCount` texts of the dimension's space. A campaign passes that
 * includes one of them, or that has no include for the dimension.
 */
export function fillInclude(
  lane: Lane,
  snapshot: IndexSnapshot,
  dimension: number,
  texts: readonly number[],
  textCount: number,
): void {
  const { campaignCount, sections } = snapshot;
  const open = campaignCount - (sections.dimensionIncluded[dimension] ?? 0);
  lane.reset(dimension, 'include', open);
  for (let i = 0; i < textCount; i++) {
    addPosting(lane, snapshot, 2 * ((texts[i] ?? 0) - snapshot.facts.firstTerm), 1);
  }
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
  textCount: number,
): void {
  lane.reset(dimension, 'exclude', snapshot.campaignCount);
  for (let i = 0; i < textCount; i++) {
    addPosting(lane, snapshot, 2 * ((texts[i] ?? 0) - snapshot.facts.firstTerm) + 1, -1);
  }
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

function doubled(values: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(2 * values.length);
  grown.set(values);
  return grown;
}
