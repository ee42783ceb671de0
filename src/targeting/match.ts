/**
 * Matching: which campaigns accept a query, the best first. Block by block of 1,024 campaigns, the summaries of all
 * lanes first, then the words that are left, the most selective lane first. Whoever has seen enough stops it, so
 * that its cost hardly grows with the number of campaigns.
 */
import { DIMENSION_NUMBER } from '../campaigns/dimensions.ts';
import { Lane, fillExclude, fillInclude } from './lane.ts';
import { BLOCK_CAMPAIGNS, BLOCK_WORDS, DAYPART_DIMENSION, INDEX_DIMENSIONS, WORD_BITS } from './layout.ts';
import { Moment } from './moment.ts';
import { narrow, summarise } from './narrow.ts';
import { NOT_ASKED, type Query } from './query.ts';
import { IndexSnapshot } from './snapshot-view.ts';
import type { Snapshot } from './snapshot.ts';

const BLOCK_SHIFT = Math.log2(BLOCK_CAMPAIGNS);

/** A lane that more campaigns pass has one in nearly every word, and a summary that says so. */
const SPARSE_SHARE = 1 / 16;

/** In the place of a campaign: none is left. */
export const NONE_LEFT = -1;

/** Holds the scratch of one query at a time: one per thread and tier, never used from within its own `forEach`. */
export class Matcher {
  /** Those of the prepared query come first. Kept, like #texts: a list made anew for each query costs 4 µs. */
  readonly #lanes: Lane[] = [];
  #laneCount = 0;
  /** So many of them, in the front, are worth a look at their summaries. */
  #sparseCount = 0;
  readonly #words = new Int32Array(BLOCK_WORDS);
  readonly #moment = new Moment();
  readonly #texts: number[] = [];
  #textCount = 0;
  #snapshot: IndexSnapshot | null = null;
  #hidden: Int32Array | null = null;
  #includeSpent = false;
  #first = 0;
  #end = 0;
  /** How far `next` has come: the block, its words and the bits of the word before them that are still to visit. */
  #block = 0;
  #lastBlock = 0;
  #mask = 0;
  #wordStart = 0;
  #bits = 0;

  /**
   * Looks the query up; `snapshot` is one of `openSnapshot`. Campaigns whose bit is in `hidden` are not visited, nor those
   * before `from`. Good until the next `prepare`.
   */
  prepare(
    snapshot: Snapshot,
    query: Query,
    hidden: Int32Array | null = null,
    from: number = query.fromOrdinal,
  ): void {
    if (!(snapshot instanceof IndexSnapshot))
      throw new TypeError('match: the snapshot is not one of openSnapshot');
    this.#snapshot = snapshot;
    this.#hidden = hidden;
    this.#includeSpent = query.includeSpent;
    this.#first = Math.max(0, from);
    this.#end = countAtLeast(snapshot.rankMicros, query.minRankMicros);
    this.#moment.set(snapshot, query.nowMs);
    this.#laneCount = 0;
    for (let dimension = 0; dimension < INDEX_DIMENSIONS; dimension++) {
      if (query.values[dimension] === NOT_ASKED || !snapshot.isTargeted(dimension)) continue;
      this.#addLanes(snapshot, dimension, this.#textsOf(snapshot, query, dimension));
    }
    this.#sortLanes();
    this.#block = (this.#first >>> BLOCK_SHIFT) - 1;
    // A lane that nobody passes stands first.
    const isHopeless = this.#first >= this.#end || (this.#laneCount > 0 && this.#lanes[0]?.order === 0);
    this.#lastBlock = isHopeless ? this.#block : (this.#end - 1) >>> BLOCK_SHIFT;
    this.#mask = 0;
    this.#bits = 0;
  }

  /** Calls `visit` with each campaign that matches, the best first, until it returns false or none is left. */
  forEach(visit: (campaign: number) => boolean): void {
    for (let campaign = this.next(); campaign !== NONE_LEFT; campaign = this.next()) {
      if (!visit(campaign)) return;
    }
  }

  /** The next campaign that matches, the best first; NONE_LEFT: none is left. */
  next(): number {
    const snapshot = this.snapshot();
    for (;;) {
      while (this.#bits === 0) {
        if (this.#mask === 0 && !this.#openNext(snapshot)) return NONE_LEFT;
        const word = 31 - Math.clz32(this.#mask & -this.#mask);
        this.#mask &= this.#mask - 1;
        this.#bits = this.#words[word] ?? 0;
        this.#wordStart = this.#block * BLOCK_CAMPAIGNS + word * WORD_BITS;
      }
      const bits = this.#bits;
      this.#bits = bits & (bits - 1);
      const campaign = this.#wordStart + 31 - Math.clz32(bits & -bits);
      if (this.#moment.isRunning(snapshot, campaign)) return campaign;
    }
  }

  /** The snapshot of the prepared query. */
  snapshot(): IndexSnapshot {
    if (this.#snapshot === null) throw new Error('match: no query was prepared');
    return this.#snapshot;
  }

  /** The lanes of the prepared query: what each dimension and operator asks of a campaign. */
  lanes(): readonly Lane[] {
    return this.#lanes.slice(0, this.#laneCount);
  }

  /** At the prepared query's time the campaign has started, has not ended and is in one of its dayparts. */
  isRunning(campaign: number): boolean {
    return this.#moment.isRunning(this.snapshot(), campaign);
  }

  #addLanes(snapshot: IndexSnapshot, dimension: number, texts: readonly number[]): void {
    if ((snapshot.sections.dimensionIncluded[dimension] ?? 0) > 0) {
      fillInclude(this.#nextLane(), snapshot, dimension, texts, this.#textCount);
    }
    if ((snapshot.sections.dimensionExcluded[dimension] ?? 0) === 0) return;
    const lane = this.#nextLane();
    fillExclude(lane, snapshot, dimension, texts, this.#textCount);
    if (lane.bitmapCount + lane.listCount === 0) this.#laneCount--;
  }

  #nextLane(): Lane {
    const lane = (this.#lanes[this.#laneCount] ??= new Lane());
    this.#laneCount++;
    return lane;
  }

  /** In place: there are some two dozen, and most stand right. */
  #sortLanes(): void {
    const lanes = this.#lanes;
    this.#sparseCount = 0;
    for (let i = 0; i < this.#laneCount; i++) {
      const lane = lanes[i];
      if (lane === undefined) break;
      if (lane.order < SPARSE_SHARE) this.#sparseCount++;
      let at = i;
      for (let before = lanes[at - 1]; before !== undefined && before.order > lane.order;) {
        lanes[at--] = before;
        before = lanes[at - 1];
      }
      lanes[at] = lane;
    }
  }

  /** The query's values that the snapshot holds, as texts: #textCount of them. */
  #textsOf(snapshot: IndexSnapshot, query: Query, dimension: number): readonly number[] {
    if (dimension === DIMENSION_NUMBER.hourOfWeek) return this.#counted(this.#moment.hourOfWeekTexts);
    if (dimension === DAYPART_DIMENSION) return this.#counted(this.#moment.daypartTexts);
    this.#textCount = 0;
    const values = query.values[dimension] ?? [];
    for (let i = 0; i < values.length; i++) {
      const text = snapshot.lookup(dimension, values[i] ?? '');
      if (text !== 0) this.#texts[this.#textCount++] = text;
    }
    return this.#texts;
  }

  #counted(texts: readonly number[]): readonly number[] {
    this.#textCount = texts.length;
    return texts;
  }

  /** Goes on to the next block in which a campaign passes all lanes; false: there is none. */
  #openNext(snapshot: IndexSnapshot): boolean {
    while (this.#block < this.#lastBlock) {
      const block = ++this.#block;
      const opened = this.#openBlock(snapshot, block);
      if (opened === 0) continue;
      this.#mask = narrow(this.#lanes, this.#laneCount, snapshot, block, this.#words, opened);
      if (this.#mask !== 0) return true;
    }
    return false;
  }

  /** Fills the block's words with the live campaigns in bounds; returns the words in which any lane finds some. */
  #openBlock(snapshot: IndexSnapshot, block: number): number {
    let mask = -1;
    for (let i = 0; i < this.#sparseCount; i++) {
      const lane = this.#lanes[i];
      if (lane !== undefined) mask &= summarise(lane, snapshot, block);
    }
    if (mask === 0) return 0;
    const { live } = snapshot.sections;
    const words = this.#words;
    const base = block * BLOCK_WORDS;
    // A plain read: a bit that another thread turns meanwhile counts from the next request on.
    for (let word = 0; word < BLOCK_WORDS; word++)
      words[word] = this.#includeSpent ? -1 : (live[base + word] ?? 0);
    if (this.#hidden !== null) takeOut(words, this.#hidden, base);
    const first = this.#first - block * BLOCK_CAMPAIGNS;
    if (first > 0) {
      mask &= -1 << (first >>> 5);
      words[first >>> 5] = (words[first >>> 5] ?? 0) & (-1 << (first & 31));
    }
    const last = this.#end - 1 - block * BLOCK_CAMPAIGNS;
    if (last < BLOCK_CAMPAIGNS) {
      mask &= -1 >>> (31 - (last >>> 5));
      words[last >>> 5] = (words[last >>> 5] ?? 0) & (-1 >>> (31 - (last & 31)));
    }
    return mask;
  }
}

function takeOut(words: Int32Array, hidden: Int32Array, base: number): void {
  for (let word = 0; word < BLOCK_WORDS; word++)
    words[word] = (words[word] ?? 0) & ~(hidden[base + word] ?? 0);
}

/** How many campaigns, from the best on, have at least this rank price. */
function countAtLeast(rankMicros: Float64Array, minRankMicros: number): number {
  let from = 0;
  let to = rankMicros.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((rankMicros[middle] ?? 0) >= minRankMicros) from = middle + 1;
    else to = middle;
  }
  return from;
}
