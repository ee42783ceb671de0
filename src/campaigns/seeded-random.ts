/**
 * A small random source that gives the same numbers for the same seed everywhere: mulberry32, 32 bits of state.
 * For tests, benches and demo data; never for anything secret.
 */

export interface SeededRandom {
  /** 0 <= x < 1. */
  next(): number;
  /** An integer, 0 <= x < below. */
  integer(below: number): number;
  /** An integer, from <= x <= to. */
  between(from: number, to: number): number;
  chance(probability: number): boolean;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** A UUID (version 4 in form) in lower case. */
  uuid(): string;
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  function integer(below: number): number {
    return Math.floor(next() * below);
  }

  function pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('pick: the list is empty');
    return list[integer(list.length)] as T;
  }

  function hex(digits: number): string {
    return integer(16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  }

  return {
    next,
    integer,
    pick,
    between: (from, to) => from + integer(to - from + 1),
    chance: (probability) => next() < probability,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(8)}${hex(4)}`,
  };
}
