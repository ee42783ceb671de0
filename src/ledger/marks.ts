/**
 * What has happened to the ordinals of one lease: a bit for each mark and ordinal, which makes every notice
 * idempotent whatever the order.
 *
 * Of a lease with 40 ordinals that notices have met in three ways: 890 bytes with typed arrays, 460 so.
 */

/** `won`: its reservation lasts longer; `wonLate`: there was nothing left to extend. */
export const MARKS = ['posted', 'voided', 'won', 'wonLate', 'clicked', 'converted'] as const;
export type Mark = (typeof MARKS)[number];

/** Ordinals of a lease. Bounds a plane to 8 KiB; at 10,000 bids/s a campaign opens a lease every 6 s. */
export const MAX_ORDINALS = 65_536;

/** 32 ordinals a word: a number while one word does, as for most leases; and a typed array costs 190 bytes. */
type Plane = number | number[] | Int32Array;
/** Up to here an array of numbers is smaller than a typed one. */
const SMALL_WORDS = 32;

export class Marks implements Record<Mark, Plane> {
  posted: Plane = 0;
  voided: Plane = 0;
  won: Plane = 0;
  wonLate: Plane = 0;
  clicked: Plane = 0;
  converted: Plane = 0;

  has(mark: Mark, ordinal: number): boolean {
    const plane = this[mark];
    const at = ordinal >>> 5;
    const word = typeof plane !== 'number' ? (plane[at] ?? 0) : at === 0 ? plane : 0;
    return ((word >>> (ordinal & 31)) & 1) === 1;
  }

  set(mark: Mark, ordinal: number): void {
    const at = ordinal >>> 5;
    const bit = 1 << (ordinal & 31);
    const plane = this[mark];
    if (typeof plane === 'number' && at === 0) this[mark] = plane | bit;
    else {
      const words = wordsOf(plane, at);
      words[at] = (words[at] ?? 0) | bit;
      this[mark] = words;
    }
  }

  clear(mark: Mark, ordinal: number): void {
    const at = ordinal >>> 5;
    const bit = 1 << (ordinal & 31);
    const plane = this[mark];
    if (typeof plane !== 'number') plane[at] = (plane[at] ?? 0) & ~bit;
    else if (at === 0) this[mark] = plane & ~bit;
  }

  /** The words of one mark's bits, 32 ordinals each, the lowest first. */
  words(mark: Mark): ArrayLike<number> {
    const plane = this[mark];
    if (typeof plane !== 'number') return plane;
    return plane === 0 ? [] : [plane];
  }

  load(mark: Mark, words: Uint32Array): void {
    if (words.length <= 1) this[mark] = (words[0] ?? 0) | 0;
    else this[mark] = words.length <= SMALL_WORDS ? [...Int32Array.from(words)] : Int32Array.from(words);
  }
}

/** The plane, with room for that word. */
function wordsOf(plane: Plane, at: number): number[] | Int32Array {
  const words = typeof plane === 'number' ? [plane] : plane;
  if (at < words.length) return words;
  const length = 2 ** Math.ceil(Math.log2(at + 1));
  const grown = length <= SMALL_WORDS ? new Array<number>(length).fill(0) : new Int32Array(length);
  for (let word = 0; word < words.length; word++) grown[word] = words[word] ?? 0;
  return grown;
}
