/** A list of the values that a field knows, and the sentence for a value that is not on it. */
import { nearestValue, spellingsOf } from './near-miss.ts';

export interface ValueList {
  readonly accepts: (value: string) => boolean;
  /** What its values are; follows "is no". */
  readonly noun: string;
  /** How a value is written; said where there is no suggestion. */
  readonly hint: string;
  /** What a value that is not accepted was probably meant for; null where that is not clear. */
  readonly suggest: (value: string) => string | null;
}

/** `"UK" is no country of ISO 3166-1: did you mean "GB"?` */
export function refusalOf(value: string, { noun, hint, suggest }: ValueList): string {
  const meant = suggest(value);
  const help = meant === null ? hint : `did you mean ${JSON.stringify(meant)}?`;
  return `${JSON.stringify(value)} is no ${noun}: ${help}`;
}

/** A short list of words, in any case; `aliases`: what others call them. */
export function closedList(
  noun: string,
  words: readonly string[],
  aliases: readonly (readonly [alias: string, word: string])[] = [],
): ValueList {
  const folded = new Set(words.map((word) => word.toLowerCase()));
  return {
    accepts: (value) => folded.has(value.toLowerCase()),
    noun,
    hint: `it is one of ${words.join(', ')}`,
    suggest: (value) =>
      nearestValue(value, spellingsOf([...words.map((word) => [word, word] as const), ...aliases])),
  };
}
