import { expect, it } from 'vitest';
import { judgeEntry, type ChangeEntry } from './change-entry.ts';

const CHANGES = { version: 11, mark: null, count: 0, changed: new Map<string, number>(), campaigns: [] };
const ENTRY: ChangeEntry = { number: 11, from: 8, chain: 'a', changes: CHANGES };

function verdict(version: number, chain: string | null, entry: Partial<ChangeEntry> = {}): string {
  return judgeEntry({ ...ENTRY, ...entry }, version, chain).kind;
}

it('an entry leads on from the change before it, and from each change that is in it', () => {
  expect([8, 9, 10].map((version) => verdict(version, 'a'))).toEqual(['next', 'next', 'next']);
  expect(judgeEntry(ENTRY, 8, 'a')).toEqual({ kind: 'next', changes: CHANGES, campaigns: [] });
});

it('an entry whose last change is held already is known', () => {
  expect([verdict(11, 'a'), verdict(12, 'a'), verdict(12, null)]).toEqual(['known', 'known', 'known']);
});

it('an entry behind a gap does not lead on, nor one that begins a chain or holds nothing', () => {
  expect(verdict(7, 'a')).toBe('missed');
  expect(verdict(8, 'a', { from: null, changes: null })).toBe('missed');
  expect(verdict(8, 'a', { changes: null })).toBe('missed');
  expect(verdict(8, 'a', { changes: { ...CHANGES, count: 99, campaigns: null } })).toBe('missed');
});

it('an entry of another chain never leads on, also where its number is known', () => {
  expect([8, 11, 12].map((version) => verdict(version, 'b'))).toEqual(['missed', 'missed', 'missed']);
});

it('one that begins another chain before what is held tells that the database was set back', () => {
  const beginning = { from: null, changes: null };
  expect([10, 11, 12].map((version) => verdict(version, 'b', beginning))).toEqual([
    'missed',
    'missed',
    'set-back',
  ]);
});

it('to whoever has read none yet, an entry of any chain leads on', () => {
  expect(verdict(8, null)).toBe('next');
});

it('where nothing that is held is trusted, no entry leads on', () => {
  expect([verdict(-1, null), verdict(-1, 'a', { from: 0 })]).toEqual(['missed', 'missed']);
});
