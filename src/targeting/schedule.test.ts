/**
 * Which campaigns run, minute by minute about the edges of time: days of 23 and 25 hours, clocks that change at midnight
 * or by half an hour, zones off the whole hour. The oracle reads the wall clock that Intl prints and compares it as text;
 * it shares nothing with the index.
 */
import { describe, expect, it } from 'vitest';
import { testAd, testCampaign, uuid } from '../auction/fixtures/market.ts';
import { DIMENSIONS } from '../campaigns/dimensions.ts';
import type { Campaign, Daypart, TargetingRule } from '../campaigns/model.ts';
import { seededRandom, type SeededRandom } from '../campaigns/seeded-random.ts';
import { compileIndex } from './compile.ts';
import { IndexWriter } from './index-writer.ts';
import { IndexMatcher } from './merge.ts';
import { NOT_ASKED, QUERY_DIMENSIONS, type Query } from './query.ts';
import { SCENARIO_PRIORS } from './scenario.ts';
import { openSnapshot } from './snapshot-view.ts';
import type { Index } from './tiers.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEAR_MS = Date.UTC(2026, 0);
const YEAR_HOURS = 365 * 24;
const CAMPAIGNS_A_ZONE = 40;
const WALK_TIMEOUT_MS = 120_000;

const ZONES = [
  'UTC',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/St_Johns',
  'America/Asuncion',
  'America/Havana',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Pacific/Chatham',
];

/** Where dayparts begin and end: many on the edges of days and of clock changes. */
const TIMES = [
  '00:00',
  '00:30',
  '01:00',
  '01:30',
  '01:45',
  '02:00',
  '02:30',
  '03:00',
  '12:07',
  '22:00',
  '23:30',
];
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

interface WallClock {
  /** 1 is Monday. */
  readonly day: number;
  /** `02:30`. */
  readonly time: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function wallClock(epochMs: number, timeZone: string): WallClock {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  formats.set(timeZone, format);
  const [weekday = '', time = ''] = format.format(epochMs).split(' ');
  return { day: WEEKDAYS.indexOf(weekday.slice(0, 3)) + 1, time };
}

function timeOf(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

function isIn({ days, fromMinute, toMinute }: Daypart, { day, time }: WallClock): boolean {
  const [from, to] = [timeOf(fromMinute), timeOf(toMinute)];
  if (from < to) return days.includes(day) && from <= time && time < to;
  return (days.includes(day) && from <= time) || (days.includes(day === 1 ? 7 : day - 1) && time < to);
}

function runs({ schedule, targeting }: Campaign, epochMs: number): boolean {
  const { startMs, endMs, timezone, dayparts } = schedule;
  if (epochMs < startMs || (endMs !== null && endMs <= epochMs)) return false;
  const clock = wallClock(epochMs, timezone);
  const hour = String((clock.day - 1) * 24 + Number(clock.time.slice(0, 2)));
  const isMeant = targeting.every(
    ({ operator, values }) => values.includes(hour) === (operator === 'include'),
  );
  return isMeant && (dayparts.length === 0 || dayparts.some((daypart) => isIn(daypart, clock)));
}

function matched(matcher: IndexMatcher, index: Index, nowMs: number): Set<string> {
  const values = Array.from({ length: QUERY_DIMENSIONS }, (_, dimension) =>
    DIMENSIONS[dimension] === 'hourOfWeek' ? [] : NOT_ASKED,
  );
  const query: Query = { values, nowMs, minRankMicros: 0, fromOrdinal: -1, includeSpent: false };
  const found = new Set<string>();
  matcher.prepare(index, query);
  matcher.forEach((campaign) => {
    found.add(index.campaignText(campaign).id);
    return true;
  });
  return found;
}

/** Half of the campaigns in the base, the others changed since. */
function tieredIndex(campaigns: readonly Campaign[], nowMs: number): Index {
  const before = campaigns.map((campaign, i) =>
    i % 2 === 0 ? campaign : { ...campaign, schedule: { ...campaign.schedule, dayparts: [], endMs: null } },
  );
  const { buffer } = compileIndex(before, { nowMs, epoch: 1, priors: SCENARIO_PRIORS });
  const tier = { snapshot: openSnapshot(buffer), version: 1, changed: null };
  const writer = new IndexWriter(tier, 1, SCENARIO_PRIORS);
  const late = campaigns.filter((_, i) => i % 2 === 1);
  for (let from = 0; from < late.length; from += 8) {
    const some = late.slice(from, from + 8);
    const version = writer.version + 1;
    writer.apply({ version, changed: new Map(some.map(({ id }) => [id, version])), campaigns: some }, nowMs);
  }
  return writer.index;
}

function randomDaypart(random: SeededRandom): Daypart {
  const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  const fromMinute = minuteOf(random.pick(TIMES));
  const ends = [...TIMES, '24:00'].map(minuteOf).filter((minute) => minute !== fromMinute);
  const days = [1, 2, 3, 4, 5, 6, 7].filter(() => random.chance(0.5));
  return { days: days.length === 0 ? [7] : days, fromMinute, toMinute: random.pick(ends) };
}

function randomHours(random: SeededRandom): TargetingRule {
  const values = Array.from({ length: 168 }, (_, hour) => String(hour)).filter(() => random.chance(0.5));
  return { dimension: 'hourOfWeek', operator: random.pick(['include', 'exclude']), values };
}

/** `edgeMs`: where something happens; starts and ends lie about it, to the second. */
function randomCampaigns(random: SeededRandom, zone: string, edgeMs: number): Campaign[] {
  return Array.from({ length: CAMPAIGNS_A_ZONE }, (_, i) => {
    const startMs = edgeMs + random.between(-9_000, 3_000) * 1_000;
    return testCampaign(i, {
      schedule: {
        startMs,
        endMs: random.chance(0.5) ? null : startMs + random.between(1, 12_000) * 1_000,
        timezone: random.chance(0.9) ? zone : random.pick(ZONES),
        dayparts: Array.from({ length: random.integer(3) }, () => randomDaypart(random)),
      },
      targeting: random.chance(0.3) ? [randomHours(random)] : [],
      ads: [testAd(i)],
    });
  });
}

/** The hours before which the zone's clocks change, and one Sunday midnight and noon of an ordinary week. */
function edgesOf(zone: string): number[] {
  const offset = (ms: number) => {
    const { day, time } = wallClock(ms, zone);
    const local = (day * 24 + Number(time.slice(0, 2))) * 60 + Number(time.slice(3));
    return (local - Math.floor(ms / MINUTE_MS) + 100_000 * 10_080) % 10_080;
  };
  const hours = Array.from({ length: YEAR_HOURS }, (_, i) => YEAR_MS + i * HOUR_MS);
  const changes = hours.filter((ms) => offset(ms - HOUR_MS) !== offset(ms));
  return [...changes, Date.UTC(2026, 5, 14), Date.UTC(2026, 5, 15, 12)];
}

describe('a schedule', () => {
  it.each(ZONES)(
    'holds by the wall clock of %s in every minute about the edges of its year, and to the millisecond',
    (zone) => {
      const random = seededRandom(SEED);
      const matcher = new IndexMatcher();
      for (const edgeMs of edgesOf(zone)) {
        const campaigns = randomCampaigns(random, zone, edgeMs);
        const index = tieredIndex(campaigns, edgeMs - 12 * HOUR_MS);
        const minutes = Array.from({ length: 6 * 60 }, (_, i) => edgeMs + (i - 200) * MINUTE_MS);
        const instants = campaigns
          .flatMap(({ schedule: { startMs, endMs } }) => [startMs, endMs ?? startMs + 59_999])
          .flatMap((ms) => [ms - 1, ms, ms + 999]);
        for (const nowMs of [...minutes, ...minutes.map((ms) => ms - 1), ...instants]) {
          const expected = campaigns.filter((campaign) => runs(campaign, nowMs)).map(({ id }) => id);
          expect([...matched(matcher, index, nowMs)].sort(), `seed ${SEED}, ${zone} ${nowMs}`).toEqual(
            expected.sort(),
          );
        }
      }
    },
    WALK_TIMEOUT_MS,
  );

  it.each([
    // No 02:30 on that day: the clocks go from 01:59 to 03:00.
    ['America/New_York', '2026-03-08T06:59:59.999Z', '02:00', '03:00', false],
    ['America/New_York', '2026-03-08T07:00:00Z', '02:00', '03:00', false],
    ['America/New_York', '2026-03-08T06:59:59.999Z', '01:30', '03:30', true],
    ['America/New_York', '2026-03-08T07:29:59.999Z', '01:30', '03:30', true],
    ['America/New_York', '2026-03-08T07:30:00Z', '01:30', '03:30', false],
    // 01:30 twice: both count.
    ['America/New_York', '2026-11-01T05:30:00Z', '01:30', '02:00', true],
    ['America/New_York', '2026-11-01T06:00:00Z', '01:30', '02:00', false],
    ['America/New_York', '2026-11-01T06:30:00Z', '01:30', '02:00', true],
    ['America/New_York', '2026-11-01T07:00:00Z', '01:30', '02:00', false],
    // Half an hour, twice: 01:30 to 02:00.
    ['Australia/Lord_Howe', '2026-04-04T14:45:00Z', '01:30', '02:00', true],
    ['Australia/Lord_Howe', '2026-04-04T15:15:00Z', '01:30', '02:00', true],
    ['Australia/Lord_Howe', '2026-04-04T15:30:00Z', '01:30', '02:00', false],
    // The day has no midnight: it begins at 01:00.
    ['Africa/Cairo', '2026-04-23T21:59:59.999Z', '00:00', '01:30', false],
    ['Africa/Cairo', '2026-04-23T22:00:00Z', '00:00', '01:30', true],
    ['Africa/Cairo', '2026-04-23T22:30:00Z', '00:00', '01:30', false],
    ['Asia/Kathmandu', '2026-06-14T18:14:59.999Z', '00:00', '24:00', false],
    ['Asia/Kathmandu', '2026-06-14T18:15:00Z', '00:00', '24:00', true],
  ])('in %s at %s from %s to %s of that day: %s', (timezone, at, from, to, expected) => {
    const nowMs = Date.parse(at);
    const [fromMinute = 0, toMinute = 0] = [from, to].map(
      (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)),
    );
    const day = at.startsWith('2026-04-23') ? 5 : at.startsWith('2026-06-14') ? 1 : 7;
    const dayparts = [{ days: [day], fromMinute, toMinute }];
    const campaign = testCampaign(1, { schedule: { startMs: 0, endMs: null, timezone, dayparts } });
    const index = tieredIndex([campaign], nowMs);
    expect(matched(new IndexMatcher(), index, nowMs).has(uuid('campaign', 1))).toBe(expected);
    expect(runs(campaign, nowMs)).toBe(expected);
  });

  it('past midnight belongs to the day on which its daypart began', () => {
    const dayparts = [{ days: [7], fromMinute: 22 * 60, toMinute: 2 * 60 }];
    const schedule = { startMs: 0, endMs: null, timezone: 'Europe/Berlin', dayparts };
    const index = tieredIndex([testCampaign(1, { schedule })], 0);
    const runsAt = (at: string) => matched(new IndexMatcher(), index, Date.parse(at)).size === 1;
    expect(
      [
        '2026-06-14T00:30',
        '2026-06-14T21:59',
        '2026-06-14T22:00',
        '2026-06-15T01:59',
        '2026-06-15T02:00',
      ].map((at) => runsAt(`${at}+02:00`)),
    ).toEqual([false, false, true, true, false]);
  });
});
