/**
 * Block and allow lists. Each value of a long list is kept once, since every candidate is held against them. A
 * list that is longer even so is never cut: a cut block list would let through what it blocks, and a cut allow
 * list would refuse what it allows. Such a request (a 400), or such an imp (spoiled), gets no bid instead.
 */
import { NO_TEXTS, readIntegers, readTexts, readTextsAs } from './dirt.ts';

/**
 * Different domains, categories, seats, apps or MIME types in one list. The longest real lists (badv) have some
 * thousands; a body of 256 KiB could hold 40,000, and each costs a look-up.
 */
export const MAX_NAMES = 10_000;
/**
 * Different numbers in one list: banner types, creative attributes, API frameworks, GPP sections. AdCOM and GPP
 * have less than thirty of each, and exchanges add some of their own from 500 on. Each ad is held against all.
 */
export const MAX_CODES = 500;

/** Lists up to this length stay as they are: a Set would cost more than the doubles that they may have. */
const SHORT_LIST = 16;

/** The texts of a list, each through `normalise` where one is given. */
export function readNames(value: unknown, normalise?: (text: string) => string): readonly string[] {
  if (value === undefined) return NO_TEXTS;
  return once(normalise === undefined ? readTexts(value) : readTextsAs(value, normalise));
}

export function readCodes(value: unknown): readonly number[] {
  return once(readIntegers(value));
}

/** `<path>: <what is wrong>` where a list has more than `max` entries; '' where it has not. */
export function lengthProblem(path: string, list: readonly unknown[], max: number): string {
  return list.length > max ? `${path}: has more than ${max} entries` : '';
}

function once<Value>(values: readonly Value[]): readonly Value[] {
  return values.length <= SHORT_LIST ? values : [...new Set(values)];
}
