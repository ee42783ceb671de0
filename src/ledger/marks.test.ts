import { describe, expect, it } from 'vitest';
import { Reader, Writer } from './bytes.ts';
import { MARKS, MAX_ORDINALS, Marks } from './marks.ts';

/** Around every change of size: a word, an array, a typed array, the last ordinal of all. */
const ORDINALS = [0, 1, 30, 31, 32, 33, 63, 64, 127, 1_022, 1_023, 1_024, 1_025, 5_000, MAX_ORDINALS - 1];

describe('the marks of a lease', () => {
  it('are there for the ordinals that were marked and no others, in any order and after being written', () => {
    for (const order of [ORDINALS, [...ORDINALS].reverse()]) {
      let marks = new Marks();
      const set = new Set<number>();
      for (const ordinal of order) {
        marks.set('posted', ordinal);
        set.add(ordinal);
        const writer = new Writer();
        for (const mark of MARKS) writer.words(marks.words(mark));
        const reader = new Reader(writer.bytes());
        const read = new Marks();
        for (const mark of MARKS) read.load(mark, reader.words());
        marks = read;
        for (const other of ORDINALS) expect(marks.has('posted', other)).toBe(set.has(other));
        expect(marks.has('voided', ordinal)).toBe(false);
      }
      for (const ordinal of order) {
        marks.clear('posted', ordinal);
        set.delete(ordinal);
        for (const other of ORDINALS) expect(marks.has('posted', other)).toBe(set.has(other));
      }
    }
  });

  it('of which none was set can be cleared', () => {
    const marks = new Marks();
    for (const ordinal of ORDINALS) marks.clear('won', ordinal);
    expect(ORDINALS.some((ordinal) => marks.has('won', ordinal))).toBe(false);
  });

  it('of 32 ordinals are a number, which takes no memory of its own', () => {
    const marks = new Marks();
    for (let ordinal = 0; ordinal < 32; ordinal++) marks.set('posted', ordinal);
    expect(marks.posted).toBe(-1);
  });
});
