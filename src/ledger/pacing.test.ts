/** The line of a day by the wall clock that Intl prints, walked second by second, and the rule that leads back to it. */
import { describe, expect, it } from 'vitest';
import { weekStretches } from '../campaigns/daypart.ts';
import type { Daypart } from '../campaigns/model.ts';
import { seededRandom, type SeededRandom } from '../campaigns/seeded-random.ts';
import { costNanos } from '../money.ts';
import { localDay } from './day.ts';
import type { ActiveTime, BudgetTerms } from './ledger.ts';
import { Curve, Pace } from './pacing.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const CAMPAIGNS_A_DAY = 4;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const ALL_DAY: ActiveTime = { startMs: 0, endMs: Infinity, stretches: [] };

/** Common days, and days on which clocks change, at midnight and by half an hour too. */
const DAYS = [
  ['UTC', Date.UTC(2026, 5, 1, 12)],
  ['America/New_York', Date.UTC(2026, 2, 8, 12)],
  ['America/New_York', Date.UTC(2026, 10, 1, 12)],
  ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 20)],
  ['Asia/Kathmandu', Date.UTC(2026, 5, 1, 12)],
  ['America/Havana', Date.UTC(2026, 2, 8, 12)],
  ['Africa/Cairo', Date.UTC(2026, 3, 24, 12)],
  ['Pacific/Chatham', Date.UTC(2026, 8, 26, 20)],
] as const;

function termsOf(timezone: string, evenOver: ActiveTime, budget = 864_000_000): BudgetTerms {
  return {
    campaignId: 'c',
    termsVersion: 1,
    model: 'cpm',
    budgetMode: 'strict',
    dailyBudgetNanos: costNanos(budget),
    lifetimeBudgetNanos: null,
    timezone,
    evenOver,
    unitNanos: costNanos(100),
  };
}

function curveOf(timezone: string, atMs: number, evenOver = ALL_DAY, budget?: number): Curve {
  return new Curve(termsOf(timezone, evenOver, budget), evenOver, timezone, localDay(atMs, timezone));
}

interface Campaign {
  readonly startMs: number;
  readonly endMs: number;
  readonly dayparts: readonly Daypart[];
}

function randomCampaign(random: SeededRandom, dayMs: number): Campaign {
  const startMs = random.chance(0.5) ? 0 : dayMs + random.between(-DAY_MS, DAY_MS / 2);
  const dayparts = Array.from({ length: random.integer(4) }, () => ({
    days: WEEKDAYS.map((_, at) => at + 1).filter(() => random.chance(0.7)),
    fromMinute: random.integer(1_440),
    toMinute: random.chance(0.3) ? 1_440 : random.integer(1_440),
  }));
  return { startMs, endMs: random.chance(0.5) ? Infinity : startMs + random.between(1, DAY_MS), dayparts };
}

/** By the clock on the wall: its weekday and minute. */
function isMeant(dayparts: readonly Daypart[], weekday: number, minute: number): boolean {
  if (dayparts.length === 0) return true;
  return dayparts.some(({ days, fromMinute, toMinute }) => {
    if (fromMinute < toMinute) return days.includes(weekday) && minute >= fromMinute && minute < toMinute;
    if (fromMinute === toMinute) return false;
    const yesterday = weekday === 1 ? 7 : weekday - 1;
    return (
      (days.includes(weekday) && minute >= fromMinute) || (days.includes(yesterday) && minute < toMinute)
    );
  });
}

/** Whether each second of the day is active. */
function activeSeconds(timezone: string, { startMs, endMs, dayparts }: Campaign, dayMs: number): boolean[] {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const day = localDay(dayMs, timezone);
  const seconds: boolean[] = [];
  for (let minuteMs = day.startMs; minuteMs < day.endMs; minuteMs += MINUTE_MS) {
    const [weekday = '', time = ''] = clock.format(minuteMs).split(' ');
    const [hour = 0, minute = 0] = time.split(':').map(Number);
    const isOn = isMeant(dayparts, WEEKDAYS.indexOf(weekday.slice(0, 3)) + 1, hour * 60 + minute);
    for (let atMs = minuteMs; atMs < minuteMs + MINUTE_MS; atMs += SECOND_MS)
      seconds.push(isOn && atMs >= startMs && atMs < endMs);
  }
  return seconds;
}

describe('the line of a day', () => {
  it.each(DAYS)('is the share of its active seconds that are over: %s', (timezone, dayMs) => {
    const random = seededRandom(SEED);
    for (let made = 0; made < CAMPAIGNS_A_DAY; made++) {
      const campaign = randomCampaign(random, dayMs);
      const { startMs, endMs, dayparts } = campaign;
      const evenOver = { startMs, endMs, stretches: weekStretches(dayparts) };
      const curve = curveOf(timezone, dayMs, evenOver);
      const seconds = activeSeconds(timezone, campaign, dayMs);
      const all = seconds.filter((isOn) => isOn).length;
      const told = `seed ${String(SEED)}: ${JSON.stringify({ ...campaign, all })}`;
      let over = 0;
      let farthest = 0;
      for (const [second, isOn] of seconds.entries()) {
        const line = curve.lineAt(curve.day.startMs + second * SECOND_MS);
        const share = all === 0 ? 0 : over / all;
        farthest = Math.max(farthest, Math.abs(line - share * 864_000_000) / 864_000_000);
        if (isOn) over++;
      }
      // Starts and ends are in the middle of seconds.
      expect(farthest, told).toBeLessThanOrEqual(all === 0 ? 1 : 3 / all);
      if (all > 0) expect(curve.limitAt(curve.day.endMs), told).toBe(864_000_000);
    }
  });

  it('has as many hours as its day', () => {
    for (const [atMs, hours] of [
      [Date.UTC(2026, 2, 8, 12), 23],
      [Date.UTC(2026, 2, 9, 12), 24],
      [Date.UTC(2026, 10, 1, 12), 25],
    ] as const) {
      const curve = curveOf('America/New_York', atMs, ALL_DAY, hours * 1_000_000);
      expect(curve.lineAt(curve.day.startMs + 7 * HOUR_MS)).toBe(7_000_000);
      expect(curve.lineAt(curve.day.endMs)).toBe(hours * 1_000_000);
    }
  });

  it('bears a unit at any time, however small its budget is, and never more than the budget', () => {
    const dayMs = Date.UTC(2026, 5, 1);
    expect(curveOf('UTC', dayMs).limitAt(dayMs)).toBe(864_000);
    expect(curveOf('UTC', dayMs, ALL_DAY, 250).limitAt(dayMs)).toBe(100);
    expect(curveOf('UTC', dayMs, ALL_DAY, 250).limitAt(dayMs + DAY_MS - 1)).toBe(250);
    expect(curveOf('UTC', dayMs, ALL_DAY, 80).limitAt(dayMs)).toBe(80);
    const never = { startMs: dayMs + 2 * DAY_MS, endMs: Infinity, stretches: [] };
    expect(curveOf('UTC', dayMs, never).limitAt(dayMs + HOUR_MS)).toBe(864_000);
  });
});

describe('who is behind the line', () => {
  const dayMs = Date.UTC(2026, 5, 1);
  const curve = curveOf('UTC', dayMs);
  const hourNanos = 36_000_000;

  /** Takes all that it is given from `fromMs` on; what it is behind by, minute by minute. */
  function makeUp(pace: Pace, usedNanos: number, fromMs: number, minutes: number): number[] {
    const behind: number[] = [];
    let used = usedNanos;
    for (let second = 0; second <= minutes * 60; second++) {
      const nowMs = fromMs + second * SECOND_MS;
      used = Math.max(used, pace.levelAt(curve, used, nowMs));
      pace.note(curve, used, nowMs);
      if (second % 60 === 0) behind.push(curve.limitAt(nowMs) - used);
    }
    return behind;
  }

  function onLineUntil(nowMs: number): { readonly pace: Pace; readonly used: number } {
    const pace = new Pace();
    const used = curve.limitAt(nowMs);
    pace.note(curve, used, nowMs);
    return { pace, used };
  }

  it('makes up an hour in 45 minutes, at 7/3 of what the line rises by', () => {
    const { pace, used } = onLineUntil(dayMs + 10 * HOUR_MS);
    const behind = makeUp(pace, used, dayMs + 11 * HOUR_MS, 50);
    expect(behind[43]).toBeGreaterThan(0);
    expect(behind[46]).toBe(0);
    const fastest = Math.max(...behind.slice(2).map((nanos, at) => behind[at + 1]! - nanos));
    expect(fastest).toBeLessThanOrEqual((hourNanos / 60) * (60 / 45) + 1_000);
  });

  it('makes up more by a 45th of it a minute', () => {
    const { pace, used } = onLineUntil(dayMs + 6 * HOUR_MS);
    const behind = makeUp(pace, used, dayMs + 12 * HOUR_MS, 200);
    expect(behind[45]! / behind[0]!).toBeCloseTo(1 / Math.E, 2);
    expect(behind[200]).toBe(0);
  });

  it('saves up no more than a slice while there is no traffic, or hardly any', () => {
    const { pace, used } = onLineUntil(dayMs + 10 * HOUR_MS);
    for (let minute = 1; minute <= 60; minute++)
      pace.note(curve, used + minute, dayMs + 10 * HOUR_MS + minute * MINUTE_MS);
    const level = pace.levelAt(curve, used + 60, dayMs + 11 * HOUR_MS);
    expect(level - used).toBeLessThanOrEqual(curve.sliceNanos + 60);
  });

  it('comes back from what clicks took above it', () => {
    const { pace, used } = onLineUntil(dayMs + 10 * HOUR_MS);
    const above = used + 5 * curve.sliceNanos;
    let level = 0;
    let minute = 0;
    while (level <= above && minute++ < 60)
      level = pace.levelAt(curve, above, dayMs + 10 * HOUR_MS + minute * MINUTE_MS);
    // 86 s of the line are a slice.
    expect(minute).toBe(8);
  });

  it('is not held up by a clock that was ahead', () => {
    const { pace, used } = onLineUntil(dayMs + 20 * HOUR_MS);
    const early = used / 3;
    expect(pace.levelAt(curve, early, dayMs + 10 * HOUR_MS)).toBe(early + curve.sliceNanos);
  });
});
