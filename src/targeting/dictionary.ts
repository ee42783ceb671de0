/**
 * The index's texts: UTF-16 code units side by side, each text with a number, 1 and up, found again by a hash table
 * with open addressing over name space and text. It is built in the form in which the buffer holds it, so that each text
 * is read once, and no million of keys is left to the garbage collector.
 */
import { Column } from './column.ts';
import type { Sections } from './layout.ts';

/** Space of texts that are only read, never looked up. */
export const PLAIN_SPACE = 255;

/**
 * Below are the dimensions. Their values have a table of their own, small enough to stay in the caches: a request looks
 * up two dozen of them, among a million names.
 */
const FIRST_NAME_SPACE = 32;
const FEWEST_SLOTS = 1_024;
/** At most half of the slots are taken, so that a miss ends after a probe or two. */
const SLOTS_PER_TEXT = 2;

type TextSections = Pick<Sections, 'textSpace' | 'textStart' | 'textUnits' | 'termSlots' | 'nameSlots'>;

/** What a dictionary is expected to hold: it grows beyond that, but growing is copying. */
export interface ExpectedTexts {
  readonly texts: number;
  /** Where the units are written: as many as are expected. */
  readonly units: Uint16Array;
}

export class Dictionary {
  #units: Uint16Array;
  readonly #starts: Column;
  readonly #spaces: Column;
  readonly #hashes: Column;
  readonly #terms = new Slots(0);
  readonly #names: Slots;

  constructor({ texts, units }: ExpectedTexts) {
    this.#units = units;
    this.#starts = new Column(texts + 1);
    this.#spaces = new Column(texts);
    this.#hashes = new Column(texts);
    this.#names = new Slots(texts);
    // Text 0 stands for none: nothing long.
    this.#push(PLAIN_SPACE, 0, 0);
    this.#starts.set(0, 0);
  }

  /** The number that the next new text gets. */
  get nextNumber(): number {
    return this.#spaces.length;
  }

  /** The text's number, the same for the same text of one space. */
  intern(space: number, text: string): number {
    const hash = this.#writeUnits(space, text);
    const table = space < FIRST_NAME_SPACE ? this.#terms : this.#names;
    const { slots } = table;
    const last = slots.length - 1;
    let slot = hash & last;
    for (let number; (number = slots[slot] ?? 0) !== 0; slot = (slot + 1) & last) {
      if (this.#hashes.at(number) === hash && this.#isLastWritten(number, space, text.length)) return number;
    }
    const number = this.#push(space, hash, text.length);
    slots[slot] = number;
    table.taken++;
    if (table.taken * SLOTS_PER_TEXT > slots.length) table.grow(this.#hashes);
    return number;
  }

  /** A number of its own for a text that is not looked up and hardly comes twice. */
  append(text: string): number {
    this.#writeUnits(PLAIN_SPACE, text);
    return this.#push(PLAIN_SPACE, 0, text.length);
  }

  spaceOf(number: number): number {
    return this.#spaces.at(number);
  }

  lengths(): Record<keyof TextSections, number> {
    const texts = this.nextNumber;
    return {
      textSpace: texts,
      textStart: texts + 1,
      textUnits: this.#end(),
      termSlots: this.#terms.slots.length,
      nameSlots: this.#names.slots.length,
    };
  }

  write({ textSpace, textStart, textUnits, termSlots, nameSlots }: TextSections): void {
    textSpace.set(this.#spaces.values());
    textStart.set(this.#starts.values());
    // They may have been written there in the first place.
    const isInPlace =
      this.#units.buffer === textUnits.buffer && this.#units.byteOffset === textUnits.byteOffset;
    if (!isInPlace) textUnits.set(this.#units.subarray(0, this.#end()));
    termSlots.set(this.#terms.slots);
    nameSlots.set(this.#names.slots);
  }

  #end(): number {
    return this.#starts.at(this.nextNumber);
  }

  #push(space: number, hash: number, length: number): number {
    const number = this.nextNumber;
    this.#spaces.push(space);
    this.#hashes.push(hash);
    this.#starts.set(number + 1, this.#starts.at(number) + length);
    return number;
  }

  /** Writes the text behind the last one, where the next write takes its place unless it is pushed. */
  #writeUnits(space: number, text: string): number {
    const end = this.#end();
    if (end + text.length > this.#units.length) {
      const grown = new Uint16Array(2 * (end + text.length));
      grown.set(this.#units);
      this.#units = grown;
    }
    const units = this.#units;
    let hash = FIRST_HASH ^ space;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      units[end + i] = unit;
      hash = Math.imul(hash ^ unit, HASH_PRIME);
    }
    return stirred(hash);
  }

  #isLastWritten(number: number, space: number, length: number): boolean {
    const start = this.#starts.at(number);
    if (this.#spaces.at(number) !== space || this.#starts.at(number + 1) - start !== length) return false;
    const end = this.#end();
    for (let i = 0; i < length; i++) if (this.#units[start + i] !== this.#units[end + i]) return false;
    return true;
  }
}

/** One hash table: text numbers by hash. */
class Slots {
  slots: Uint32Array;
  taken = 0;

  constructor(expected: number) {
    this.slots = new Uint32Array(2 ** Math.ceil(Math.log2(expected * SLOTS_PER_TEXT + FEWEST_SLOTS)));
  }

  grow(hashes: Column): void {
    const slots = new Uint32Array(2 * this.slots.length);
    const last = slots.length - 1;
    for (const number of this.slots) {
      if (number === 0) continue;
      let slot = hashes.at(number) & last;
      while (slots[slot] !== 0) slot = (slot + 1) & last;
      slots[slot] = number;
    }
    this.slots = slots;
  }
}

/** The number of a text in the buffer; 0 where it is not there. Exact, case included. */
export function findText(sections: TextSections, space: number, text: string): number {
  const { termSlots, nameSlots, textSpace } = sections;
  const slots = space < FIRST_NAME_SPACE ? termSlots : nameSlots;
  let hash = FIRST_HASH ^ space;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), HASH_PRIME);
  const last = slots.length - 1;
  for (let slot = stirred(hash) & last; ; slot = (slot + 1) & last) {
    const number = slots[slot] ?? 0;
    if (number === 0) return 0;
    if (textSpace[number] === space && equalsText(sections, number, text)) return number;
  }
}

function equalsText({ textStart, textUnits }: TextSections, number: number, text: string): boolean {
  const start = textStart[number] ?? 0;
  if ((textStart[number + 1] ?? 0) - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (textUnits[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** FNV-1a, stirred at the end because the table takes its low bits. */
const FIRST_HASH = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

function stirred(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
