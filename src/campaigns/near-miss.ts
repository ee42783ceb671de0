/** The word that a misspelt one was probably meant for. */

/** One slip of the pen is forgiven for so many letters of the longer word: none in two-letter codes. */
const LETTERS_A_SLIP = 4;
const MAX_SLIPS = 3;
/** No name on any list is longer; comparing takes time by the square. */
const MAX_LETTERS = 80;

/** Spellings in the form of `foldWord`, each with the value that it stands for. */
export type Spellings = ReadonlyMap<string, string>;

/** Lower case, and no accents, blanks or marks: `Côte d’Ivoire` is `cotedivoire`. */
export function foldWord(text: string): string {
  return text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** Of two equal spellings the first holds. */
export function spellingsOf(pairs: Iterable<readonly [spelling: string, value: string]>): Spellings {
  const spellings = new Map<string, string>();
  for (const [spelling, value] of pairs) {
    const folded = foldWord(spelling);
    if (folded !== '' && !spellings.has(folded)) spellings.set(folded, value);
  }
  return spellings;
}

/** The value of the same spelling, else of the nearest; null where none is near, or two values are as near. */
export function nearestValue(text: string, spellings: Spellings): string | null {
  if (text.length > MAX_LETTERS) return null;
  const word = foldWord(text);
  const same = spellings.get(word);
  if (same !== undefined) return same;
  let nearest: string | null = null;
  let fewest = MAX_SLIPS + 1;
  for (const [spelling, value] of spellings) {
    const most = Math.floor(Math.max(word.length, spelling.length) / LETTERS_A_SLIP);
    const slips = countSlips(word, spelling, Math.min(most, fewest));
    if (slips < fewest) [nearest, fewest] = [value, slips];
    else if (slips === fewest && value !== nearest) nearest = null;
  }
  return nearest;
}

/**
 * Letters to put in, leave out, replace or swap with their neighbour (the optimal string alignment distance);
 * Infinity above `most`.
 */
function countSlips(a: string, b: string, most: number): number {
  if (most === 0 || Math.abs(a.length - b.length) > most) return Infinity;
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let slips = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) slips = Math.min(slips, (beforeLast[j - 2] ?? 0) + 1);
      row.push(slips);
    }
    [beforeLast, last] = [last, row];
  }
  const slips = last[b.length] ?? Infinity;
  return slips <= most ? slips : Infinity;
}
