/** Budget mode `expected` over simulated hours; `npm run bench -- expected` has whole days, and more of them. */
import { describe, expect, it } from 'vitest';
import { type ExchangeDay, simulateDay } from './fixtures/exchange-day.ts';

const SLOW: ExchangeDay = {
  seed: 0,
  hours: 3,
  requestsPerSec: 4,
  budgetUnits: 100,
  winRate: { around: 0.02, swing: 0.5, jumps: [{ hour: 1.5, factor: 3 }] },
  validSec: 900,
  sendsLosses: false,
  billMedianSec: 8,
  tailFactor: 20,
};
const DAYS: Readonly<Record<string, ExchangeDay>> = {
  'a small budget at a low win rate that grows threefold': SLOW,
  'bids that stay valid for an hour': { ...SLOW, requestsPerSec: 8, validSec: 3_600, budgetUnits: 200 },
  'bills that take a minute, and half an hour': { ...SLOW, billMedianSec: 60, tailFactor: 30 },
  'a budget of some units': { ...SLOW, requestsPerSec: 1, budgetUnits: 10 },
  'every second bid won': { ...SLOW, winRate: { ...SLOW.winRate, around: 0.5, jumps: [] } },
};
const SEEDS = [1, 2, 3];
/** Of the budget. */
const MOST_OVERSPENT = 0.01;

describe('budget mode expected', () => {
  for (const [name, day] of Object.entries(DAYS)) {
    it(`overspends by at most 1 %, and spends no less than strict: ${name}`, async () => {
      for (const seed of SEEDS) {
        const strict = await simulateDay({ ...day, seed }, 'strict');
        const expected = await simulateDay({ ...day, seed }, 'expected');
        expect(strict.expectedExcess, `seed ${String(seed)}`).toBe(0);
        expect(expected.expectedExcess, `seed ${String(seed)}`).toBeLessThanOrEqual(MOST_OVERSPENT);
        expect(expected.spent, `seed ${String(seed)}`).toBeGreaterThan(strict.spent - 2 / day.budgetUnits);
      }
    });
  }

  it('spends what strict leaves, where the exchange tells nothing of losses', async () => {
    const strict = await simulateDay({ ...SLOW, seed: 1 }, 'strict');
    const expected = await simulateDay({ ...SLOW, seed: 1 }, 'expected');
    expect(strict.spent).toBeLessThan(0.75);
    expect(expected.spent).toBeGreaterThan(0.95);
  });

  it('counts what it overspends when a win rate grows tenfold while bids of an hour are out', async () => {
    const winRate = { around: 0.05, swing: 0, jumps: [{ hour: 1.5, factor: 10 }] };
    const bids = {
      requestsPerSec: 30,
      budgetUnits: 1_000,
      validSec: 3_600,
      billMedianSec: 60,
      tailFactor: 30,
    };
    const day = { ...SLOW, ...bids, seed: 1, winRate };
    const { spent, late, expectedExcess } = await simulateDay(day, 'expected');
    expect(expectedExcess).toBeGreaterThan(0);
    expect(expectedExcess).toBeGreaterThanOrEqual(spent - 1);
    expect(expectedExcess).toBeLessThanOrEqual(spent + late - 1);
  });
});
