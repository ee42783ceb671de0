import { describe, expect, it } from 'vitest';
import { mergePatch } from './merge-patch.ts';

/** Appendix A of RFC 7396. */
const EXAMPLES: readonly (readonly [target: unknown, patch: unknown, merged: unknown])[] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

describe('a merge patch', () => {
  it.each(EXAMPLES)('makes of %j by %j %j', (target, patch, merged) => {
    const before = JSON.stringify(target);
    expect(JSON.parse(JSON.stringify(mergePatch(target, patch)))).toEqual(merged);
    expect(JSON.stringify(target)).toBe(before);
  });

  it('reaches no prototype, and has no depth at which it fails', () => {
    const patch: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    );
    mergePatch({}, patch);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const depth = 40_000;
    const deep: unknown = JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
    expect(mergePatch({ kept: 1 }, deep)).toHaveProperty('kept', 1);
  });
});
