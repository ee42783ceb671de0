import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { foldWord, nearestValue, spellingsOf } from './near-miss.ts';

const WORDS = spellingsOf(['ios', 'android', 'windows', 'chromeos'].map((word) => [word, word]));

function nearest(text: string, ...words: readonly string[]): string | null {
  return nearestValue(text, spellingsOf(words.map((word) => [word, word])));
}

describe('a word’s folded form', () => {
  it('has no case, no accents, no blanks and no marks', () => {
    expect(['Côte d’Ivoire', 'America/New_York', 'Mac OS X', 'ÅLAND'].map(foldWord)).toEqual([
      'cotedivoire',
      'americanewyork',
      'macosx',
      'aland',
    ]);
  });
});

describe('the nearest word', () => {
  it.each([
    ['has one letter too few', 'andoid', 'android'],
    ['has one letter too many', 'windowws', 'windows'],
    ['has one letter wrong', 'amdroid', 'android'],
    ['has two neighbours swapped', 'andriod', 'android'],
    ['has two slips in eight letters', 'chrmoees', 'chromeos'],
    ['is spelled in another way', 'Chrome OS', 'chromeos'],
  ])('%s', (_, text, word) => {
    expect(nearestValue(text, WORDS)).toBe(word);
  });

  it.each([
    ['nothing is near', 'beos'],
    ['two slips are too many for seven letters', 'anroyd'],
    ['the word is empty', ''],
    ['the word is all marks', '?!'],
    ['the word is of another script', '안드로이드'],
    ['the word is longer than any name', `android${' '.repeat(80)}`],
  ])('is none where %s', (_, text) => {
    expect(nearestValue(text, WORDS)).toBeNull();
  });

  it('forgives nothing in words of three letters and less', () => {
    expect(nearest('de', 'dk')).toBeNull();
    expect(nearest('ger', 'gar')).toBeNull();
    expect(nearest('iran', 'irak')).toBe('irak');
  });

  it('is none where two are as near, however they stand', () => {
    expect(nearest('irax', 'iran', 'iraq')).toBeNull();
    expect(nearest('irax', 'iraq', 'iran', 'iraz')).toBeNull();
    expect(nearest('iranx', 'iraq', 'iran')).toBe('iran');
    expect(nearest('iranx', 'iran', 'iraq')).toBe('iran');
  });

  it('may have two spellings as near that mean the same', () => {
    const spellings = spellingsOf([
      ['Macao', 'MO'],
      ['Macau', 'MO'],
    ]);
    expect(nearestValue('Macax', spellings)).toBe('MO');
  });

  it('is the first of two that are spelled alike', () => {
    const spellings = spellingsOf([
      ['BST', 'London'],
      ['bst', 'Dhaka'],
    ]);
    expect(nearestValue('Bst', spellings)).toBe('London');
  });

  it('is found from either word, whichever was misspelt', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(nearest(a, b) === null).toBe(nearest(b, a) === null);
      }),
    );
  });

  it('survives any one slip in a word of four letters and more', () => {
    const letters = fc.constantFrom(...'abcdefgh'.split(''));
    const slip = fc.tuple(fc.string({ unit: letters, minLength: 4, maxLength: 20 }), fc.nat(), letters);
    fc.assert(
      fc.property(slip, fc.constantFrom('replace', 'insert', 'swap'), ([word, place, letter], kind) => {
        const at = place % (word.length - 1);
        const [before, one, two, after] = [word.slice(0, at), word[at], word[at + 1], word.slice(at + 2)];
        const slips = {
          replace: before + letter + String(two) + after,
          insert: before + letter + word.slice(at),
          swap: before + String(two) + String(one) + after,
        };
        expect(nearest(slips[kind], word)).toBe(word);
      }),
    );
  });
});
