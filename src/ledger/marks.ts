/**
 * What has happened to the ordinals of one lease: a bit for each mark and ordinal, which makes every notice
 * idempotent whatever the order. A mark of up to 32 ordinals, as most leases have, is a number; an array of words
 * is there only beyond that.
 */

/** `won`: its reservation lasts longer; `wonLate`: there was nothing left to extend. */
export const MARKS = ['posted', 'voided', 'won', 'wonLate', 'clicked', 'converted'] as const;
export type Mark = (typeof MARKS)[number];

/** Ordinals of a lease. Bounds a plane to 8 KiB; at 10,000 bids/s a campaign opens a lease every 6 s. */
export const MAX_ORDINALS = 65_536;

type Plane = number | Uint32Array;

export class Marks implements Record<Mark, Plane> {
  posted: Plane = 0;
  voided: Plane = 0;
  won: Plane = 0;
  wonLate: Plane = 0;
  clicked: Plane = 0;
  converted: Plane = 0;

  has(mark: Mark, ordinal: number): boolean {
    return ((wordOf(this[mark], ordinal >>> 5) >>> (ordinal & 31)) & 1) === 1;
  }

  set(mark: Mark, ordinal: number): void {
    const at = ordinal >>> 5;
    const plane = planeOf(this[mark], at);
    if (typeof plane === 'number') {
      this[mark] = plane | (1 << (ordinal & 31));
      return;
    }
    plane[at] = (plane[at] ?? 0) | (1 << (ordinal & 31));
    this[mark] = plane;
  }

  clear(mark: Mark, ordinal: number): void {
    const at = ordinal >>> 5;
    const plane = this[mark];
    if (typeof plane !== 'number') plane[at] = (plane[at] ?? 0) & ~(1 << (ordinal & 31));
    else if (at === 0) this[mark] = plane & ~(1 << (ordinal & 31));
  }

  /** The words of one mark's bits, 32 ordinals each, the lowest first. */
  words(mark: Mark): Uint32Array {
    const plane = this[mark];
    if (typeof plane !== 'number') return plane;
    return plane === 0 ? new Uint32Array(0) : Uint32Array.of(plane);
  }

  load(mark: Mark, words: Uint32Array): void {
    if (words.length > 1) this[mark] = words;
    // As a signed number, which needs no memory of its own.
    else this[mark] = (words[0] ?? 0) | 0;
  }
}

function wordOf(plane: Plane, at: number): number {
  if (typeof plane !== 'number') return plane[at] ?? 0;
  return at === 0 ? plane : 0;
}

/** The plane, with room for that word. */
function planeOf(plane: Plane, at: number): Plane {
  if (typeof plane === 'number' ? at === 0 : at < plane.length) return plane;
  const grown = new Uint32Array(2 ** Math.ceil(Math.log2(at + 1)));
  if (typeof plane === 'number') grown[0] = plane;
  else grown.set(plane);
  return grown;
}
