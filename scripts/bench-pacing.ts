/**
 * How near an `even` budget keeps to its line: `npm run bench -- pacing [seed]`. Days of 24, 23 and 25 hours on the
 * embedded ledger by a simulated clock, with a night trough, an evening peak and an hour's outage. Prints the figures, plots
 * the spend, and draws it into docs/pacing.svg.
 */
import { writeFileSync } from 'node:fs';
import { figuresOf, type PacingFigures } from '../src/ledger/fixtures/paced-day-figures.ts';
import { PACED_DAYS, runPacedDay } from '../src/ledger/fixtures/paced-day.ts';
import { drawDays, plotDay } from './bench-pacing-plot.ts';

const SVG = new URL('../docs/pacing.svg', import.meta.url);

const seed = Number(process.argv[2] ?? 1);
const days = PACED_DAYS.map((options) => ({ name: options.name, day: runPacedDay({ ...options, seed }) }));
for (const { name, day } of days) {
  console.log(`\n${name}: spent (*) beside its line (.), and an hour's outage (the gap below)\n`);
  console.log(plotDay(day));
}
printFigures(days.map(({ name, day }) => ({ name, ...figuresOf(day) })));
writeFileSync(SVG, drawDays(days));
console.log(`\ndrawn into docs/pacing.svg; seed ${seed}`);

function printFigures(rows: readonly ({ readonly name: string } & PacingFigures)[]): void {
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
  console.log('\n                    farthest   above by   back after   fastest 10 min     spent');
  for (const { name, farthestShare, aboveSlices, backAfterMinutes, burst, spentShare } of rows) {
    const cells = [
      percent(farthestShare).padStart(10),
      `${aboveSlices.toFixed(2)} slice`.padStart(12),
      `${backAfterMinutes} min`.padStart(11),
      `${burst.toFixed(2)} × the line`.padStart(19),
      percent(spentShare).padStart(10),
    ];
    console.log(name.padEnd(18) + cells.join(''));
  }
}
