/** Dayparts as stretches of the local week, which is how a moment is tested against them. */
import { MINUTES_OF_DAY, MINUTES_OF_WEEK } from './zone.ts';
import type { Daypart } from './model.ts';

/** Local minutes of the week (Monday 00:00 is 0): `from` inclusive, `to` exclusive, from < to <= 10,080. */
export interface WeekStretch {
  readonly from: number;
  readonly to: number;
}

/**
 * The stretches that `dayparts` cover; they may overlap. A daypart whose `from` is after its `to` runs into the
 * next day, from Sunday into Monday; one whose `from` is its `to` covers nothing.
 */
export function weekStretches(dayparts: readonly Daypart[]): WeekStretch[] {
  const stretches: WeekStretch[] = [];
  for (const { days, fromMinute, toMinute } of dayparts) {
    if (fromMinute === toMinute) continue;
    const length = toMinute - fromMinute + (fromMinute > toMinute ? MINUTES_OF_DAY : 0);
    for (const day of days) {
      const from = (day - 1) * MINUTES_OF_DAY + fromMinute;
      const to = from + length;
      stretches.push({ from, to: Math.min(to, MINUTES_OF_WEEK) });
      if (to > MINUTES_OF_WEEK) stretches.push({ from: 0, to: to - MINUTES_OF_WEEK });
    }
  }
  return stretches;
}
