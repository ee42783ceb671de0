import { describe, expect, it } from 'vitest';
import { localMinuteOfWeek, minuteOfWeek, utcOffsetMs } from './zone.ts';

/** Day (Monday 0), hour, minute. */
function at(day: number, hour: number, minute: number): number {
  return (day * 24 + hour) * 60 + minute;
}

describe('zone', () => {
  it('counts the minutes of the week from Monday 00:00', () => {
    expect(localMinuteOfWeek(Date.parse('2026-11-02T00:00:00Z'), 'UTC')).toBe(0);
    expect(localMinuteOfWeek(Date.parse('2026-11-08T23:59:59.999Z'), 'UTC')).toBe(10_079);
    expect(minuteOfWeek(Date.parse('1969-12-31T23:59:00Z'))).toBe(at(2, 23, 59));
  });

  it('moves to another day where the zone does', () => {
    expect(localMinuteOfWeek(Date.parse('2026-11-02T01:30:00Z'), 'America/New_York')).toBe(at(6, 20, 30));
    expect(localMinuteOfWeek(Date.parse('2026-11-01T20:30:00Z'), 'Asia/Kathmandu')).toBe(at(0, 2, 15));
  });

  it('skips the hour that does not exist in spring', () => {
    expect(localMinuteOfWeek(Date.parse('2026-03-08T06:59:00Z'), 'America/New_York')).toBe(at(6, 1, 59));
    expect(localMinuteOfWeek(Date.parse('2026-03-08T07:00:00Z'), 'America/New_York')).toBe(at(6, 3, 0));
  });

  it('repeats the hour that exists twice in autumn', () => {
    expect(localMinuteOfWeek(Date.parse('2026-10-25T00:30:00Z'), 'Europe/Berlin')).toBe(at(6, 2, 30));
    expect(localMinuteOfWeek(Date.parse('2026-10-25T01:30:00Z'), 'Europe/Berlin')).toBe(at(6, 2, 30));
    // Lord Howe moves by half an hour, at 02:00 daylight time, which is 15:00 UTC.
    expect(localMinuteOfWeek(Date.parse('2026-04-04T14:59:00Z'), 'Australia/Lord_Howe')).toBe(at(6, 1, 59));
    expect(localMinuteOfWeek(Date.parse('2026-04-04T15:00:00Z'), 'Australia/Lord_Howe')).toBe(at(6, 1, 30));
  });

  it('agrees with the wall clock that Intl prints, in every quarter hour of the days on which clocks change', () => {
    for (const zone of [
      'America/New_York',
      'Europe/London',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
      'Africa/Casablanca',
    ]) {
      const clock = new Intl.DateTimeFormat('en-GB', {
        timeZone: zone,
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      });
      for (const day of [
        '2026-02-15',
        '2026-03-08',
        '2026-03-29',
        '2026-04-04',
        '2026-10-03',
        '2026-10-25',
        '2026-11-01',
      ]) {
        for (let quarter = 0; quarter < 96 * 2; quarter++) {
          const epochMs = Date.parse(`${day}T00:00:00Z`) + quarter * 900_000 + 61_000;
          const [hour, minute] = clock.format(epochMs).split(':').map(Number) as [number, number];
          expect(localMinuteOfWeek(epochMs, zone) % 1_440, `${zone} ${String(epochMs)}`).toBe(
            hour * 60 + minute,
          );
        }
      }
    }
  });

  it('refuses a zone that does not exist', () => {
    expect(() => utcOffsetMs(0, 'Mars/Olympus')).toThrow(RangeError);
  });
});
