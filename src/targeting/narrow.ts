/**
 * Which campaigns of a block lanes let pass: the one place where the rules of targeting are applied. Matching and
 * explaining both call it.
 */
import { NOT_SIMPLE, type Lane } from './lane.ts';
import { BLOCK_CAMPAIGNS, BLOCK_WORDS } from './layout.ts';
import type { IndexSnapshot } from './snapshot-view.ts';

/** Lanes whose words are asked in one pass. */
const LANES_AT_ONCE = 4;

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
 * Takes the campaigns that one of the first `count` lanes does not let pass out of a block's words. Only the words in `mask` (one
 * bit a word) are looked at; returned are those of them that still have a campaign.
 */
export function narrow(
  lanes: readonly Lane[],
  count: number,
  snapshot: IndexSnapshot,
  block: number,
  words: Int32Array,
  mask: number,
): number {
  let left = mask;
  for (let i = 0; i < count && left !== 0;) {
    const lane = lanes[i];
    if (lane === undefined) break;
    if (lane.simpleStart === NOT_SIMPLE) {
      left = narrowByUnion(lane, snapshot, block, words, left);
      i++;
      continue;
    }
    const run = countSimple(lanes, count, i);
    const b = lanes[i + Math.min(1, run - 1)] ?? lane;
    const c = lanes[i + Math.min(2, run - 1)] ?? lane;
    const d = lanes[i + Math.min(3, run - 1)] ?? lane;
    left = narrowSimply(snapshot, block, words, left, lane, b, c, d);
    i += run;
  }
  return left;
}

/** How many lanes from this simple one on can be asked in one pass. Where they are fewer, the last fills it up. */
function countSimple(lanes: readonly Lane[], count: number, first: number): number {
  const operator = lanes[first]?.operator;
  let run = 1;
  for (; run < LANES_AT_ONCE && first + run < count; run++) {
    const next = lanes[first + run];
    if (next === undefined || next.simpleStart === NOT_SIMPLE || next.operator !== operator) break;
  }
  return run;
}

/**
 * Four simple lanes of one operator in one pass over the words, which costs little more than one: 100,000 campaigns
 * that few want take 38 µs so, and 97 µs lane by lane (scripts/bench-matching.ts).
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
