/** What `npm run drill -- …` was told. */

export type Order =
  | {
      readonly kind: 'drill';
      readonly seed: number;
      readonly events: number;
      readonly isAlone: boolean;
      /** null: not bounded so. */
      readonly rounds: number | null;
      readonly minutes: number | null;
    }
  | { readonly kind: 'refused'; readonly reason: string };

const EVENTS = 100_000;
const USAGE = 'npm run drill -- [--seed N] [--rounds N | --minutes N] [--events N] [--alone]';
const NUMBERS = ['--seed', '--rounds', '--minutes', '--events'] as const;
/** Seeds are 32 bits, and each round takes the next. */
const MAX_SEED = 2 ** 31;

/** `anySeed`: taken where none is named. */
export function readOrder(words: readonly string[], anySeed: number): Order {
  const values = new Map<string, number>();
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--alone') continue;
    if (!NUMBERS.some((name) => name === word)) return refuse(`${word} is unknown`);
    const value = Number(left.shift());
    const least = word === '--seed' ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least || value > MAX_SEED) {
      return refuse(`${word} takes a whole number from ${String(least)} on`);
    }
    values.set(word, value);
  }
  if (values.has('--rounds') && values.has('--minutes'))
    return refuse('--rounds and --minutes exclude each other');
  const minutes = values.get('--minutes') ?? null;
  return {
    kind: 'drill',
    seed: values.get('--seed') ?? anySeed,
    events: values.get('--events') ?? EVENTS,
    isAlone: words.includes('--alone'),
    minutes,
    rounds: values.get('--rounds') ?? (minutes === null ? 1 : null),
  };
}

function refuse(what: string): Order {
  return { kind: 'refused', reason: `${what}: ${USAGE}` };
}
