/**
 * The index's texts. While an index is compiled each (space, text) gets a number, 1 and up; in the buffer they are
 * UTF-16 code units side by side, found again by a hash table with open addressing.
 */
import type { Sections } from './layout.ts';

/** Space of texts that are only read, never looked up. */
export const PLAIN_SPACE = 255;
const SPACES = 256;
/** Slots per looked-up text: at most half of them are taken, so that a miss ends after a probe or two. */
const SLOTS_PER_TEXT = 2;

type TextSections = Pick<Sections, 'textSpace' | 'textStart' | 'textUnits' | 'slots'>;

export class Dictionary {
  readonly #numbers: Map<string, number>[] = Array.from({ length: SPACES }, () => new Map<string, number>());
  readonly #texts: string[] = [''];
  readonly #spaces: number[] = [PLAIN_SPACE];
  #units = 0;
  #lookedUp = 0;

  /** The number that the next new text gets. */
  get nextNumber(): number {
    return this.#texts.length;
  }

  /** The text's number, the same for the same text of one space. */
  intern(space: number, text: string): number {
    const numbers = this.#numbers[space];
    if (numbers === undefined) throw new Error(`dictionary: no space ${space}`);
    let number = numbers.get(text);
    if (number === undefined) {
      number = this.#texts.length;
      numbers.set(text, number);
      this.#texts.push(text);
      this.#spaces.push(space);
      this.#units += text.length;
      if (space !== PLAIN_SPACE) this.#lookedUp++;
    }
    return number;
  }

  spaceOf(number: number): number {
    return this.#spaces[number] ?? PLAIN_SPACE;
  }

  lengths(): Record<keyof TextSections, number> {
    let slots = 1;
    while (slots < this.#lookedUp * SLOTS_PER_TEXT) slots *= 2;
    const texts = this.#texts.length;
    return { textSpace: texts, textStart: texts + 1, textUnits: this.#units, slots };
  }

  write({ textSpace, textStart, textUnits, slots }: TextSections): void {
    slots.fill(0);
    let unit = 0;
    for (const [number, text] of this.#texts.entries()) {
      const space = this.spaceOf(number);
      textSpace[number] = space;
      textStart[number] = unit;
      for (let i = 0; i < text.length; i++) textUnits[unit++] = text.charCodeAt(i);
      if (space !== PLAIN_SPACE) takeSlot(slots, hashText(space, text), number);
    }
    textStart[this.#texts.length] = unit;
  }
}

/** The number of a text in the buffer; 0 where it is not there. Exact, case included. */
export function findText(sections: TextSections, space: number, text: string): number {
  const { slots, textSpace } = sections;
  const last = slots.length - 1;
  for (let slot = hashText(space, text) & last; ; slot = (slot + 1) & last) {
    const number = slots[slot] ?? 0;
    if (number === 0) return 0;
    if (textSpace[number] === space && equalsText(sections, number, text)) return number;
  }
}

function takeSlot(slots: Uint32Array, hash: number, number: number): void {
  const last = slots.length - 1;
  let slot = hash & last;
  while (slots[slot] !== 0) slot = (slot + 1) & last;
  slots[slot] = number;
}

function equalsText({ textStart, textUnits }: TextSections, number: number, text: string): boolean {
  const start = textStart[number] ?? 0;
  if ((textStart[number + 1] ?? 0) - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (textUnits[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** FNV-1a over the code units, stirred at the end because the table takes its low bits. */
function hashText(space: number, text: string): number {
  let hash = 0x811c9dc5 ^ space;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
