import { expect, test } from 'vitest';
import { compare, findSilence } from './judge.ts';
import type { Expectation, Fate } from './record.ts';

const AD = 'ad-1';

function expected(key: string, fate: Fate): readonly [string, Expectation] {
  return [key, { key, type: 'click', adId: AD, spendNanos: 5, fate }];
}

function row(of: Partial<Parameters<typeof compare>[0][number]>): Parameters<typeof compare>[0][number] {
  return { event_id: 'x', trace_id: '', event_type: 'click', ad_id: AD, spend_nanos: '5', ...of };
}

const SENT = new Map([
  expected('answered', 'answered'),
  expected('open', 'open'),
  expected('trace', 'answered'),
]);
const SOUND = [row({ event_id: 'answered' }), row({ trace_id: 'trace' })];

test('an answered event is a row once, known by its id or the trace of its call; an open one may be none', () => {
  expect(compare(SOUND, SENT)).toEqual({ wrongs: [], openRows: 0 });
  expect(compare([...SOUND, row({ event_id: 'open' })], SENT)).toEqual({ wrongs: [], openRows: 1 });
});

test.each([
  ['is lost', SOUND.slice(1), 'answered: click, answered, and no row'],
  ['counts twice', [...SOUND, ...SOUND.slice(1)], 'trace: click, 2 rows, and answered'],
  [
    'counts twice though nobody heard of it',
    [...SOUND, ...['open', 'open'].map((id) => row({ event_id: id }))],
    'open: click, 2 rows, not even answered',
  ],
  ['comes from nowhere', [...SOUND, row({ event_id: 'y' })], 'y: a row of an event that nobody sent'],
  [
    'is of another type',
    [row({ event_id: 'answered', event_type: 'win' }), ...SOUND.slice(1)],
    'answered (answered): win in place of click',
  ],
  [
    'costs something else',
    [row({ event_id: 'answered', spend_nanos: '6' }), ...SOUND.slice(1)],
    'answered (answered): spend of 6 nanos in place of 5',
  ],
])('one that %s is named', (_, rows, wrong) => {
  expect(compare(rows, SENT).wrongs).toEqual([wrong]);
});

test('a round in which hardly anything is answered proves nothing', () => {
  const sent = (open: number): ReadonlyMap<string, Expectation> =>
    new Map(
      Array.from({ length: 10 }, (_, number) =>
        expected(String(number), number < open ? 'open' : 'answered'),
      ),
    );
  expect(findSilence(sent(1))).toEqual([]);
  expect(findSilence(sent(2))).toEqual(['only 8 of 10 events were answered']);
  expect(findSilence(new Map())).toEqual(['only 0 of 0 events were answered']);
});
