/** The tables of bench-ledger.ts. */
import type { CostRow, StageFigures } from './bench-ledger-cost.ts';
import type { MemoryRow } from './bench-ledger-memory.ts';
import type { RecountFigures } from './bench-ledger-recount.ts';
import type { ReservedFigures, SpentRow } from './bench-ledger-spent.ts';

const NAME_CHARS = 30;
/** Of a core. More than that of other programs' work, and a row says more about them. */
const MAX_OTHERS_CORES = 0.15;

export function printCost(rows: readonly CostRow[]): void {
  printRow('closed loop', [
    'requests/s',
    'p50 ms',
    'p99 ms',
    'bids',
    'CPU µs/req',
    'of Redis',
    'more than 1st',
  ]);
  for (const row of rows) {
    printRow(row.name, [
      row.requestsPerSec.toFixed(0),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      `${(row.okShare * 100).toFixed(1)} %`,
      row.serverMicros.toFixed(1),
      row.redisMicros.toFixed(1),
      row.moreMicros.toFixed(1),
    ]);
  }
  console.log();
  printRow('the ledger in a request', ['scripts', 'commands', 'mean µs', 'p50 µs', 'p99 µs']);
  for (const { name, scripts, commands, stage } of rows) {
    const times = [stage.p50Micros, stage.p99Micros].map((micros) => bounded(micros, stage));
    printRow(name, [scripts.toFixed(2), commands.toFixed(2), stage.meanMicros.toFixed(1), ...times]);
  }
  for (const { name, othersCores } of rows) {
    if (othersCores > MAX_OTHERS_CORES)
      console.log(
        `${name}: all other programs, Redis and Postgres too, took ${othersCores.toFixed(2)} cores`,
      );
  }
}

export function printMemory(rows: readonly MemoryRow[]): void {
  printRow("a user's caps in Redis", ['users', 'bytes a user', 'record alone']);
  for (const { name, users, bytesPerUser, recordBytes } of rows) {
    printRow(name, [String(users), bytesPerUser.toFixed(0), recordBytes.toFixed(0)]);
  }
}

export function printSpent(rows: readonly SpentRow[], { budgets, units, bids }: ReservedFigures): void {
  printRow('last click to last bid', ['budgets', 'p50 ms', 'p99 ms', 'max ms']);
  for (const row of rows) {
    const times = [row.p50Ms, row.p99Ms, row.maxMs].map((ms) => ms.toFixed(1));
    printRow(row.name, [String(row.budgets), ...times]);
  }
  console.log(
    `${budgets} budgets of ${units} impressions have borne ${bids} bids, none behind the last unit`,
  );
}

export function printRecount(recount: RecountFigures): void {
  const { perSecond, answers, bids, billed, shares, spentCampaigns, settledMs, checks } = recount;
  console.log(
    `recount, ${perSecond} requests/s over two servers: ${answers} answers, ${bids} bids, ${billed} billed; ` +
      `${spentCampaigns} budgets spent, ` +
      `nothing pending after ${(settledMs / 1_000).toFixed(0)} s`,
  );
  const told = [...shares].filter(([, share]) => share > 0).sort(([, one], [, other]) => other - one);
  console.log(`answers: ${told.map(([name, share]) => `${name} ${(share * 100).toFixed(1)} %`).join(', ')}`);
  for (const { name, expected, found } of checks) {
    console.log(
      `${found === expected ? 'agrees' : 'DIFFERS'}  ${name}: ${found}${found === expected ? '' : `, not ${expected}`}`,
    );
  }
}

function bounded(micros: number | null, { firstBucketMicros }: StageFigures): string {
  return micros === null ? `< ${firstBucketMicros.toFixed(0)}` : micros.toFixed(0);
}

function printRow(name: string, cells: readonly string[]): void {
  console.log(name.padEnd(NAME_CHARS) + cells.map((cell) => cell.padStart(15)).join(''));
}
