/**
 * Matching: which campaigns accept a query, the best first. Block by block of 1,024 campaigns, the summaries of all
 * lanes first, then the words that are left, the most selective lane first. Whoever has seen enough stops it, so
 * that its cost hardly grows with the number of campaigns.
 */
import { DIMENSION_NUMBER } from '../campaigns/dimensions.ts';
import { Lane, fillExclude, fillInclude } from './lane.ts';
import { BLOCK_CAMPAIGNS, BLOCK_WORDS, DAYPART_DIMENSION, INDEX_DIMENSIONS } from './layout.ts';
import { Moment } from './moment.ts';
import { narrow, summarise } from './narrow.ts';
import { NOT_ASKED, type Query } from './query.ts';
import { IndexSnapshot } from './snapshot-view.ts';
import type { Snapshot } from './snapshot.ts';

const BLOCK_SHIFT = Math.log2(BLOCK_CAMPAIGNS);

/** A lane that more campaigns pass has one in nearly every word, and a summary that says so. */
const SPARSE_SHARE = 1 / 16;

/** Holds the scratch of one query at a time: one per thread, never used from within its own `forEach`. */
export class Matcher {
  readonly #pool: Lane[] = [];
  readonly #lanes: Lane[] = [];
  readonly #words = new Int32Array(BLOCK_WORDS);
  readonly #moment = new Moment();
  readonly #texts: number[] = [];
  #snapshot: IndexSnapshot | null = null;
  #includeSpent = false;
  /** Those of them that are worth a look at their summaries. */
  readonly #sparse: Lane[] = [];
  #first = 0;
  #end = 0;

  /** Looks the query up; `snapshot` is one of `openSnapshot`. Good until the next `prepare`. */
  prepare(snapshot: Snapshot, query: Query): void {
    if (!(snapshot instanceof IndexSnapshot))
      throw new TypeError('match: the snapshot is not one of openSnapshot');
    this.#snapshot = snapshot;
    this.#includeSpent = query.includeSpent;
    this.#first = Math.max(0, query.fromOrdinal);
    this.#end = countAtLeast(snapshot.rankMicros, query.minRankMicros);
    this.#moment.set(snapshot, query.nowMs);
    this.#lanes.length = 0;
    for (let dimension = 0; dimension < INDEX_DIMENSIONS; dimension++) {
      if (query.values[dimension] === NOT_ASKED || !snapshot.isTargeted(dimension)) continue;
      this.#addLanes(snapshot, dimension, this.#textsOf(snapshot, query, dimension));
    }
    this.#lanes.sort(byOrder);
    this.#sparse.length = 0;
    for (const lane of this.#lanes) if (lane.order < SPARSE_SHARE) this.#sparse.push(lane);
  }

  /** Calls `visit` with each campaign that matches, the best first, until it returns false or none is left. */
  forEach(visit: (campaign: number) => boolean): void {
    const snapshot = this.snapshot();
    if (this.#first >= this.#end || this.#lanes[0]?.order === 0) return;
    const lastBlock = (this.#end - 1) >>> BLOCK_SHIFT;
    for (let block = this.#first >>> BLOCK_SHIFT; block <= lastBlock; block++) {
      const opened = this.#openBlock(snapshot, block);
      const mask = opened === 0 ? 0 : narrow(this.#lanes, snapshot, block, this.#words, opened);
      if (mask !== 0 && !this.#visitBlock(snapshot, block, mask, visit)) return;
    }
  }

  /** The snapshot of the prepared query. */
  snapshot(): IndexSnapshot {
    if (this.#snapshot === null) throw new Error('match: no query was prepared');
    return this.#snapshot;
  }

  /** The lanes of the prepared query: what each dimension and operator asks of a campaign. */
  lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /** At the prepared query's time the campaign has started, has not ended and is in one of its dayparts. */
  isRunning(campaign: number): boolean {
    return this.#moment.isRunning(this.snapshot(), campaign);
  }

  #addLanes(snapshot: IndexSnapshot, dimension: number, texts: readonly number[]): void {
    if ((snapshot.sections.dimensionIncluded[dimension] ?? 0) > 0) {
      fillInclude(this.#nextLane(), snapshot, dimension, texts);
    }
    if ((snapshot.sections.dimensionExcluded[dimension] ?? 0) === 0) return;
    const lane = this.#nextLane();
    fillExclude(lane, snapshot, dimension, texts);
    if (lane.bitmapCount + lane.listCount === 0) this.#lanes.pop();
  }

  #nextLane(): Lane {
    const lane = this.#pool[this.#lanes.length] ?? new Lane();
    this.#pool[this.#lanes.length] = lane;
    this.#lanes.push(lane);
    return lane;
  }

  /** The query's values that the snapshot holds, as texts. */
  #textsOf(snapshot: IndexSnapshot, query: Query, dimension: number): readonly number[] {
    if (dimension === DIMENSION_NUMBER.hourOfWeek) return this.#moment.hourOfWeekTexts;
    if (dimension === DAYPART_DIMENSION) return this.#moment.daypartTexts;
    this.#texts.length = 0;
    for (const value of query.values[dimension] ?? []) {
      const text = snapshot.lookup(dimension, value);
      if (text !== 0) this.#texts.push(text);
    }
    return this.#texts;
  }

  /** Fills the block's words with the live campaigns in bounds; returns the words in which any lane finds some. */
  #openBlock(snapshot: IndexSnapshot, block: number): number {
    let mask = -1;
    for (const lane of this.#sparse) mask &= summarise(lane, snapshot, block);
    if (mask === 0) return 0;
    const { live } = snapshot.sections;
    const words = this.#words;
    const base = block * BLOCK_WORDS;
    // A plain read: a bit that another thread turns meanwhile counts from the next request on.
    for (let word = 0; word < BLOCK_WORDS; word++)
      words[word] = this.#includeSpent ? -1 : (live[base + word] ?? 0);
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

  #visitBlock(
    snapshot: IndexSnapshot,
    block: number,
    mask: number,
    visit: (campaign: number) => boolean,
  ): boolean {
    for (let words = mask; words !== 0; words &= words - 1) {
      const word = 31 - Math.clz32(words & -words);
      for (let bits = this.#words[word] ?? 0; bits !== 0; bits &= bits - 1) {
        const campaign = block * BLOCK_CAMPAIGNS + word * 32 + 31 - Math.clz32(bits & -bits);
        if (this.#moment.isRunning(snapshot, campaign) && !visit(campaign)) return false;
      }
    }
    return true;
  }
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

function byOrder(a: Lane, b: Lane): number {
  return a.order - b.order;
}
