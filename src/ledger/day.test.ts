import { describe, expect, it } from 'vitest';
import { localDay } from './day.ts';

const HOUR_MS = 3_600_000;

describe('localDay', () => {
  it('has 25 hours in New York when the clocks go back and 23 when they go forward', () => {
    const back = Date.UTC(2026, 10, 1, 4);
    expect(localDay(back - 1, 'America/New_York').endMs).toBe(back);
    expect(localDay(back, 'America/New_York').endMs).toBe(back + 25 * HOUR_MS);
    const forward = Date.UTC(2026, 2, 8, 5);
    expect(localDay(forward, 'America/New_York').endMs).toBe(forward + 23 * HOUR_MS);
    expect(localDay(forward + 23 * HOUR_MS, 'America/New_York').endMs).toBe(forward + 47 * HOUR_MS);
  });

  it('counts days from 1970-01-01 and changes its key at local midnight, not at midnight UTC', () => {
    expect(localDay(0, 'UTC')).toMatchObject({ key: 0, endMs: 24 * HOUR_MS });
    const midnight = Date.UTC(2026, 5, 1, 18, 30);
    const today = localDay(midnight - 1, 'Asia/Kolkata').key;
    expect(localDay(midnight, 'Asia/Kolkata').key).toBe(today + 1);
    expect(localDay(midnight, 'UTC').key).toBe(today);
  });

  it('goes from the 29th to the 31st where a zone skipped the day between', () => {
    const skip = Date.UTC(2011, 11, 30, 10);
    const day = localDay(skip - 1, 'Pacific/Apia');
    expect(day.endMs).toBe(skip);
    expect(localDay(skip, 'Pacific/Apia').key).toBe(day.key + 2);
  });

  it('ends where the clocks go back at midnight only when the date has changed', () => {
    // Sao Paulo, 2019-02-17 00:00 became 2019-02-16 23:00.
    const noon = Date.UTC(2019, 1, 16, 14);
    expect(localDay(noon, 'America/Sao_Paulo').endMs).toBe(Date.UTC(2019, 1, 17, 3));
  });

  it('answers for an earlier time too after it has answered for a later one', () => {
    const later = localDay(Date.UTC(2026, 0, 10), 'UTC').key;
    expect(localDay(Date.UTC(2026, 0, 8), 'UTC').key).toBe(later - 2);
  });
});
