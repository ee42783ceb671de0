import { describe, expect, it } from 'vitest';

import { refusalOf } from './value-list.ts';
import { isTimeZone, TIME_ZONES } from './zone-names.ts';

describe('a time zone', () => {
  it('is accepted by each name that Intl lists, by present names and by links, in any case', () => {
    const names = [
      ...Intl.supportedValuesOf('timeZone'),
      ...['UTC', 'utc', 'Etc/GMT+5', 'EST', 'CET', 'US/Eastern', 'Zulu', 'GB'],
      ...['Asia/Kolkata', 'Europe/Kyiv', 'america/nuuk', 'AMERICA/NEW_YORK'],
    ];
    expect(names.filter((name) => !TIME_ZONES.accepts(name))).toEqual([]);
  });

  it.each([
    ['Mars/Base', null],
    ['+01:00', null],
    ['UTC+1', null],
    ['GMT+2', null],
    ['SystemV/PST8', null],
    ['New York', 'America/New_York'],
    ['America/NewYork', 'America/New_York'],
    ['America/New-York', 'America/New_York'],
    ['Europe/Berln', 'Europe/Berlin'],
    ['Berlin', 'Europe/Berlin'],
    ['Asia/Kolkatta', 'Asia/Kolkata'],
    ['Kyiv', 'Europe/Kyiv'],
    ['US/Easter', 'US/Eastern'],
    ['EDT', 'America/New_York'],
    ['Z', 'UTC'],
    // Intl takes these, and BST for Dhaka's.
    ['PST', 'America/Los_Angeles'],
    ['IST', 'Asia/Kolkata'],
    ['BST', 'Europe/London'],
  ])('%j is refused, and was meant for %j', (name, meant) => {
    expect(TIME_ZONES.accepts(name)).toBe(false);
    expect(TIME_ZONES.suggest(name)).toBe(meant);
    if (meant !== null) expect(TIME_ZONES.accepts(meant)).toBe(true);
  });

  it('is refused in a sentence', () => {
    expect(refusalOf('Europe/Berln', TIME_ZONES)).toBe(
      '"Europe/Berln" is no IANA time zone: did you mean "Europe/Berlin"?',
    );
    expect(refusalOf('+01:00', TIME_ZONES)).toBe(
      '"+01:00" is no IANA time zone: a zone is written as America/New_York',
    );
  });

  it('that only Intl has is still one to tell the time by, so that a stored campaign is served', () => {
    expect(isTimeZone('PST')).toBe(true);
    expect(isTimeZone('Mars/Base')).toBe(false);
  });
});
