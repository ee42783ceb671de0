/**
 * `npm run bench -- expected`: days of one campaign over the real embedded ledger with a simulated clock, in budget mode
 * strict and expected: how much of the budget is spent, and how much more. BENCH_HOURS shortens the days.
 */
import {
  type DayOutcome,
  type ExchangeDay,
  simulateDay,
  type WinRate,
} from '../src/ledger/fixtures/exchange-day.ts';
import { numberFromEnvironment } from './bench-process.ts';

const HOURS = numberFromEnvironment('BENCH_HOURS', 24);
const SEEDS = [1, 2, 3, 4];
const RATES = [0.01, 0.03, 0.1, 0.3, 0.5];
/** Twice as high in the morning, back at noon, and half as high again in the evening; half of it up and down besides. */
const MOVES: Omit<WinRate, 'around'> = {
  swing: 0.5,
  jumps: [
    { hour: HOURS * 0.3, factor: 2 },
    { hour: HOURS * 0.5, factor: 1 },
    { hour: HOURS * 0.75, factor: 1.5 },
  ],
};

interface Row {
  readonly name: string;
  readonly day: Omit<ExchangeDay, 'seed' | 'hours' | 'winRate'>;
}

const SOON = { billMedianSec: 8, tailFactor: 20 };
const LATE = { billMedianSec: 60, tailFactor: 15 };
const SILENT = { sendsLosses: false, ...SOON };
/** A budget in bids at its highest price, the requests of a second, the validity of a bid. */
const ROWS: readonly Row[] = [
  { name: '10 bids, 1/s, 5 min', day: { budgetUnits: 10, requestsPerSec: 1, validSec: 300, ...SILENT } },
  { name: '100 bids, 1/s, 15 min', day: { budgetUnits: 100, requestsPerSec: 1, validSec: 900, ...SILENT } },
  { name: '300 bids, 4/s, 1 h', day: { budgetUnits: 300, requestsPerSec: 4, validSec: 3_600, ...SILENT } },
  {
    name: '300 bids, 4/s, 1 h, late bills',
    day: { budgetUnits: 300, requestsPerSec: 4, validSec: 3_600, sendsLosses: false, ...LATE },
  },
  {
    name: '300 bids, 4/s, 1 h, losses told',
    day: { budgetUnits: 300, requestsPerSec: 4, validSec: 3_600, sendsLosses: true, ...SOON },
  },
  {
    name: '5,000 bids, 10/s, 15 min',
    day: { budgetUnits: 5_000, requestsPerSec: 10, validSec: 900, ...SILENT },
  },
];

console.log(
  'budget, requests, validity        win rate  strict: spent  expected: spent  excess: mean    worst  late bills',
);
let worst = 0;
for (const { name, day } of ROWS) {
  for (const around of RATES) {
    const [strict, expected] = [await simulate('strict'), await simulate('expected')];
    worst = Math.max(worst, most(expected, 'expectedExcess'));
    console.log(
      [
        name.padEnd(33),
        percent(around, 0).padStart(9),
        percent(mean(strict, 'spent')).padStart(15),
        percent(mean(expected, 'spent')).padStart(17),
        percent(mean(expected, 'expectedExcess'), 2).padStart(14),
        percent(most(expected, 'expectedExcess'), 2).padStart(9),
        percent(mean(expected, 'late')).padStart(12),
      ].join(''),
    );

    async function simulate(mode: 'strict' | 'expected'): Promise<readonly DayOutcome[]> {
      const outcomes: DayOutcome[] = [];
      for (const seed of SEEDS)
        outcomes.push(await simulateDay({ ...day, seed, hours: HOURS, winRate: { ...MOVES, around } }, mode));
      return outcomes;
    }
  }
}
console.log(
  `\n${String(SEEDS.length)} days of ${String(HOURS)} h a row; the worst excess of one day: ${percent(worst, 2)}`,
);

function mean(outcomes: readonly DayOutcome[], of: keyof DayOutcome): number {
  return outcomes.reduce((sum, outcome) => sum + outcome[of], 0) / outcomes.length;
}

function most(outcomes: readonly DayOutcome[], of: keyof DayOutcome): number {
  return Math.max(...outcomes.map((outcome) => outcome[of]));
}

function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}
