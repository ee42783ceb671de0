import { describe, expect, it } from 'vitest';

import { slotOf, tagOf } from './redis-slot.ts';

describe('the slot of a key', () => {
  it('is the one that the specification of Redis Cluster names', () => {
    // CRC16 of "123456789" is 0x31C3.
    expect(slotOf('123456789')).toBe(0x31c3);
    expect(slotOf('')).toBe(0);
  });

  it.each([
    ['user:{42}:caps', '42'],
    ['{a}{b}', 'a'],
    ['x{{a}}', '{a'],
    ['{}x', '{}x'],
    ['{x', '{x'],
    ['x}', 'x}'],
    ['}{a}', 'a'],
  ])('%s is that of %s', (key, tag) => {
    expect(tagOf(key)).toBe(tag);
    expect(slotOf(key)).toBe(slotOf(tag));
  });
});
