import { describe, expect, it } from 'vitest';
import { weekStretches } from './daypart.ts';

describe('daypart', () => {
  it('covers its minutes on each of its days', () => {
    expect(weekStretches([{ days: [1, 3], fromMinute: 480, toMinute: 1_200 }])).toEqual([
      { from: 480, to: 1_200 },
      { from: 2 * 1_440 + 480, to: 2 * 1_440 + 1_200 },
    ]);
  });

  it('runs into the next day where it ends before it starts, and from Sunday into Monday', () => {
    expect(weekStretches([{ days: [5, 7], fromMinute: 1_320, toMinute: 120 }])).toEqual([
      { from: 4 * 1_440 + 1_320, to: 5 * 1_440 + 120 },
      { from: 6 * 1_440 + 1_320, to: 10_080 },
      { from: 0, to: 120 },
    ]);
  });

  it('may last a whole day, and is empty where it ends as it starts', () => {
    expect(weekStretches([{ days: [7], fromMinute: 0, toMinute: 1_440 }])).toEqual([
      { from: 8_640, to: 10_080 },
    ]);
    expect(weekStretches([{ days: [7], fromMinute: 60, toMinute: 60 }])).toEqual([]);
  });
});
