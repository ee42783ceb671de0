import { expect, test } from 'vitest';
import { readOrder } from './order.ts';

const ANY_SEED = 17;
const ONE_ROUND = {
  kind: 'drill',
  seed: ANY_SEED,
  events: 100_000,
  isAlone: false,
  rounds: 1,
  minutes: null,
};

test('one round with a seed of its own is played where nothing is said', () => {
  expect(readOrder([], ANY_SEED)).toEqual(ONE_ROUND);
});

test('the seed, the events, and rounds or minutes are taken', () => {
  expect(readOrder(['--seed', '0', '--events', '5000', '--rounds', '3', '--alone'], ANY_SEED)).toEqual({
    ...ONE_ROUND,
    ...{ seed: 0, events: 5_000, rounds: 3, isAlone: true },
  });
  expect(readOrder(['--minutes', '90'], ANY_SEED)).toEqual({ ...ONE_ROUND, rounds: null, minutes: 90 });
});

test.each([
  [['--sead', '1'], '--sead is unknown'],
  [['--seed'], '--seed takes a whole number from 0 on'],
  [['--rounds', '0'], '--rounds takes a whole number from 1 on'],
  [['--events', '1.5'], '--events takes a whole number from 1 on'],
  [['--rounds', '1', '--minutes', '1'], '--rounds and --minutes exclude each other'],
])('%j is refused with a sentence', (words, sentence) => {
  const order = readOrder(words, ANY_SEED);
  expect(order).toEqual({ kind: 'refused', reason: expect.stringContaining(sentence) as string });
});
