/** Who includes and who excludes each term: gathered campaign by campaign, then written as lists and bitmaps. */
import { Column } from './column.ts';
import type { Dictionary } from './dictionary.ts';
import type { Operator } from './lane.ts';
import {
  BLOCK_CAMPAIGNS,
  BLOCK_WORDS,
  INDEX_DIMENSIONS,
  NO_BITMAP,
  WORD_BITS,
  type Sections,
} from './layout.ts';

/**
 * A posting of at most so many campaigns for each block of 1,024, begun or full, is a list: there its bytes equal
 * those of a quarter of the bitmap, which has whole blocks however few campaigns there are.
 */
const LISTED_PER_BLOCK = 8;
/** Places made for each campaign: 20 values, its ads and its access. */
const EXPECTED_POSTINGS = 28;

type PostingSections = Pick<
  Sections,
  | 'live'
  | 'summaries'
  | 'bitmaps'
  | 'lists'
  | 'postingStart'
  | 'postingCount'
  | 'dimensionIncluded'
  | 'dimensionExcluded'
  | 'dimensionAny'
>;

/** Terms are interned in one go: the first one's number is `firstTerm`. So are a campaign's, the campaigns in any order. */
export class PostingsDraft {
  readonly firstTerm: number;
  readonly listLimit: number;
  readonly #dictionary: Dictionary;
  readonly #campaignCount: number;
  /** One row for each campaign that a posting holds. */
  readonly #postings: Column;
  readonly #campaigns: Column;
  #counts = new Uint32Array();
  /** By posting: the last campaign that it holds, and 1; so a value that a campaign names twice counts once. */
  readonly #lastCampaign = new Column();
  readonly #included = perDimension();
  readonly #excluded = perDimension();

  constructor(dictionary: Dictionary, campaignCount: number) {
    this.#dictionary = dictionary;
    this.#campaignCount = campaignCount;
    this.#postings = new Column(campaignCount * EXPECTED_POSTINGS);
    this.#campaigns = new Column(campaignCount * EXPECTED_POSTINGS);
    this.firstTerm = dictionary.nextNumber;
    this.listLimit = LISTED_PER_BLOCK * Math.ceil(campaignCount / BLOCK_CAMPAIGNS);
  }

  /** The campaign has a rule for the dimension: an include restricts it, even to no value at all. */
  addRule(campaign: number, dimension: number, operator: Operator): void {
    const campaigns = (operator === 'include' ? this.#included : this.#excluded)[dimension];
    if (campaigns === undefined) throw new Error(`postings: no dimension ${dimension}`);
    // Two rules of one dimension and operator are one: their values are united.
    if (campaigns.length === 0 || campaigns.at(campaigns.length - 1) !== campaign) campaigns.push(campaign);
  }

  addTerm(campaign: number, operator: Operator, term: number): void {
    const posting = 2 * (term - this.firstTerm) + (operator === 'include' ? 0 : 1);
    if (this.#lastCampaign.at(posting) === campaign + 1) return;
    this.#lastCampaign.set(posting, campaign + 1);
    this.#postings.push(posting);
    this.#campaigns.push(campaign);
  }

  get termCount(): number {
    return Math.ceil(this.#lastCampaign.length / 2);
  }

  /** Counts what was added: nothing is added afterwards. */
  lengths(): Record<keyof PostingSections, number> {
    const blocks = Math.ceil(this.#campaignCount / BLOCK_CAMPAIGNS);
    const postings = 2 * this.termCount;
    let lists = 0;
    let bitmaps = 0;
    for (let dimension = 0; dimension < INDEX_DIMENSIONS; dimension++) if (this.#hasAny(dimension)) bitmaps++;
    this.#counts = new Uint32Array(postings);
    for (const posting of this.#postings.values()) this.#counts[posting] = (this.#counts[posting] ?? 0) + 1;
    for (const count of this.#counts) {
      if (count > this.listLimit) bitmaps++;
      else lists += count;
    }
    return {
      live: blocks * BLOCK_WORDS,
      summaries: bitmaps * blocks,
      bitmaps: bitmaps * blocks * BLOCK_WORDS,
      lists,
      postingStart: postings,
      postingCount: postings,
      dimensionIncluded: INDEX_DIMENSIONS,
      dimensionExcluded: INDEX_DIMENSIONS,
      dimensionAny: INDEX_DIMENSIONS,
    };
  }

  write(sections: PostingSections): void {
    const { live, bitmaps, postingStart, postingCount, lists } = sections;
    for (let word = 0; word < live.length; word++) live[word] = filledWord(word, this.#campaignCount);
    const words = live.length;
    const anyBitmaps = this.#writeAny(sections, words);
    this.#placePostings(sections, words, anyBitmaps);
    const filled = new Uint32Array(postingCount.length);
    const postings = this.#postings.values();
    const campaigns = this.#campaigns.values();
    for (let row = 0; row < postings.length; row++) {
      const posting = postings[row] ?? 0;
      const campaign = campaigns[row] ?? 0;
      const start = postingStart[posting] ?? 0;
      if ((postingCount[posting] ?? 0) > this.listLimit) setBit(bitmaps, start * words, campaign);
      else lists[start + (filled[posting] ?? 0)] = campaign;
      filled[posting] = (filled[posting] ?? 0) + 1;
    }
    for (let posting = 0; posting < postingCount.length; posting++) {
      const count = postingCount[posting] ?? 0;
      const start = postingStart[posting] ?? 0;
      if (count > 1 && count <= this.listLimit) lists.subarray(start, start + count).sort();
    }
    writeSummaries(sections);
  }

  /** Some campaigns restrict the dimension, and others do not. */
  #hasAny(dimension: number): boolean {
    const included = this.#included[dimension]?.length ?? 0;
    return included > 0 && included < this.#campaignCount;
  }

  /** Writes the bitmaps of those that accept all of a dimension; returns how many. */
  #writeAny(sections: PostingSections, words: number): number {
    let bitmap = 0;
    for (let dimension = 0; dimension < INDEX_DIMENSIONS; dimension++) {
      const included = this.#included[dimension]?.values() ?? new Uint32Array();
      sections.dimensionIncluded[dimension] = included.length;
      sections.dimensionExcluded[dimension] = this.#excluded[dimension]?.length ?? 0;
      sections.dimensionAny[dimension] = NO_BITMAP;
      if (!this.#hasAny(dimension)) continue;
      sections.dimensionAny[dimension] = bitmap;
      const start = bitmap * words;
      sections.bitmaps.set(sections.live, start);
      for (const campaign of included) clearBit(sections.bitmaps, start, campaign);
      bitmap++;
    }
    return bitmap;
  }

  /** Gives each posting its count and its start; an include's bitmap begins as a copy of its dimension's `any`. */
  #placePostings(sections: PostingSections, words: number, anyBitmaps: number): void {
    const { bitmaps, postingStart, postingCount, dimensionAny } = sections;
    let bitmap = anyBitmaps;
    let listEnd = 0;
    for (let posting = 0; posting < postingCount.length; posting++) {
      const count = this.#counts[posting] ?? 0;
      postingCount[posting] = count;
      if (count <= this.listLimit) {
        postingStart[posting] = listEnd;
        listEnd += count;
        continue;
      }
      const start = bitmap * words;
      const dimension = this.#dictionary.spaceOf(this.firstTerm + (posting >>> 1));
      const any = posting % 2 === 0 ? (dimensionAny[dimension] ?? NO_BITMAP) : NO_BITMAP;
      if (any === NO_BITMAP) bitmaps.fill(0, start, start + words);
      else bitmaps.copyWithin(start, any * words, (any + 1) * words);
      postingStart[posting] = bitmap++;
    }
  }
}

function perDimension(): readonly Column[] {
  return Array.from({ length: INDEX_DIMENSIONS }, () => new Column());
}

/** Word `word` of a bitmap whose first `bits` bits are set. */
function filledWord(word: number, bits: number): number {
  const set = Math.min(WORD_BITS, Math.max(0, bits - word * WORD_BITS));
  return set === 0 ? 0 : -1 >>> (WORD_BITS - set);
}

function setBit(bitmaps: Int32Array, start: number, campaign: number): void {
  const word = start + (campaign >>> 5);
  bitmaps[word] = (bitmaps[word] ?? 0) | (1 << (campaign & 31));
}

function clearBit(bitmaps: Int32Array, start: number, campaign: number): void {
  const word = start + (campaign >>> 5);
  bitmaps[word] = (bitmaps[word] ?? 0) & ~(1 << (campaign & 31));
}

function writeSummaries({ bitmaps, summaries }: PostingSections): void {
  for (let block = 0; block < summaries.length; block++) {
    let summary = 0;
    for (let word = 0; word < BLOCK_WORDS; word++) {
      if (bitmaps[block * BLOCK_WORDS + word] !== 0) summary |= 1 << word;
    }
    summaries[block] = summary;
  }
}
