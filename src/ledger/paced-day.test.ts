/** A day of an `even` campaign: `npm run bench -- pacing` plots the same. */
import { describe, expect, it } from 'vitest';
import { figuresOf } from './fixtures/paced-day-figures.ts';
import { PACED_DAYS, runPacedDay } from './fixtures/paced-day.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
/** Some hundred thousand requests each, on a machine that does other things too. */
const TIMEOUT_MS = 60_000;

describe('a budget that is paced evenly', () => {
  it.each(PACED_DAYS)(
    'keeps to its line through $name, and returns to it after an outage without a burst',
    (options) => {
      const figures = figuresOf(runPacedDay({ ...options, seed: SEED }));
      const told = `seed ${String(SEED)}: ${JSON.stringify(figures)}`;
      expect(figures.farthestShare, told).toBeLessThanOrEqual(0.02);
      expect(figures.aboveSlices, told).toBeLessThanOrEqual(1);
      expect(figures.backAfterMinutes, told).toBeLessThanOrEqual(60);
      // 7/3 is the rule; a few minutes of wins are uneven by themselves.
      expect(figures.burst, told).toBeLessThanOrEqual(3);
      expect(figures.spentShare, told).toBeGreaterThanOrEqual(0.98);
      expect(figures.spentShare, told).toBeLessThanOrEqual(1);
    },
    TIMEOUT_MS,
  );
});
