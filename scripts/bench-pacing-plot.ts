/** Days of bench-pacing.ts as text and as SVG: what was spent over the line, and the requests below. */
import type { PacedDay, PacedMinute } from '../src/ledger/fixtures/paced-day.ts';

const COLUMNS = 76;
const ROWS = 18;

const WIDTH = 760;
const PANEL = 210;
const LEFT = 48;
const TOP = 26;
const GRAPH_WIDTH = WIDTH - LEFT - 16;
const GRAPH_HEIGHT = 150;
const HOUR_MS = 3_600_000;
const HOURS_A_MARK = 3;

export function plotDay(day: PacedDay): string {
  const rows = Array.from({ length: ROWS + 1 }, () => new Array<string>(COLUMNS).fill(' '));
  const budget = day.curve.terms.dailyBudgetNanos;
  const mark = (column: number, nanos: number, sign: string): void => {
    const row = rows[ROWS - Math.round((nanos / budget) * ROWS)];
    if (row !== undefined) row[column] = sign;
  };
  for (let column = 0; column < COLUMNS; column++) {
    const minute = day.minutes[Math.floor((column / COLUMNS) * day.minutes.length)];
    if (minute === undefined) continue;
    mark(column, minute.lineNanos, '.');
    mark(column, minute.postedNanos, '*');
  }
  const traffic = Array.from({ length: COLUMNS }, (_, column) => levelOf(day, column)).join('');
  const lines = rows.map(
    (row, at) => `${at === 0 ? '100 %' : at === ROWS ? '  0 %' : '     '} ${row.join('')}`,
  );
  return [...lines, `      ${traffic}`].join('\n');
}

/** The traffic of a column as a bar; a space: none. */
function levelOf(day: PacedDay, column: number): string {
  const from = Math.floor((column / COLUMNS) * day.minutes.length);
  const to = Math.floor(((column + 1) / COLUMNS) * day.minutes.length);
  const requests =
    day.minutes.slice(from, to).reduce((sum, minute) => sum + minute.requests, 0) / (to - from);
  const bars = ' ▁▂▃▄▅▆▇█';
  return bars[Math.ceil((requests / mostRequests(day)) * (bars.length - 1))] ?? ' ';
}

function mostRequests({ minutes }: PacedDay): number {
  return Math.max(...minutes.map(({ requests }) => requests));
}

export function drawDays(days: readonly { readonly name: string; readonly day: PacedDay }[]): string {
  const panels = days.map(
    ({ name, day }, at) => `<g transform="translate(0 ${at * PANEL})">\n${drawDay(name, day)}\n</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${days.length * PANEL}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

function drawDay(name: string, day: PacedDay): string {
  const { startMs, endMs } = day.day;
  const budget = day.curve.terms.dailyBudgetNanos;
  const x = (atMs: number): string =>
    (LEFT + ((atMs - startMs) / (endMs - startMs)) * GRAPH_WIDTH).toFixed(1);
  const y = (share: number): string => (TOP + (1 - share) * GRAPH_HEIGHT).toFixed(1);
  const path = (shareOf: (minute: PacedMinute) => number): string =>
    day.minutes
      .filter((_, at) => at % 10 === 0 || at === day.minutes.length - 1)
      .map((minute, at) => `${at === 0 ? 'M' : 'L'}${x(minute.atMs)} ${y(shareOf(minute))}`)
      .join('');
  const requests = path((minute) => minute.requests / mostRequests(day) / 3);
  const last = day.minutes.at(-1);
  const ground = `L${x(last?.atMs ?? endMs)} ${y(0)}L${x(startMs)} ${y(0)}Z`;
  const hours = Array.from(
    { length: Math.floor((endMs - startMs) / HOUR_MS / HOURS_A_MARK) + 1 },
    (_, at) => startMs + at * HOURS_A_MARK * HOUR_MS,
  );
  return [
    `<text x="${LEFT}" y="16" font-size="13">${name}: spent (blue), its line (grey), requests (area)</text>`,
    `<path d="${requests}${ground}" fill="#e8edf3"/>`,
    ...[0, 0.5, 1].map(
      (share) =>
        `<path d="M${x(startMs)} ${y(share)}H${x(endMs)}" stroke="#ddd"/>` +
        `<text x="${LEFT - 6}" y="${y(share)}" dy="4" text-anchor="end">${share * 100} %</text>`,
    ),
    ...hours.map(
      (atMs, at) =>
        `<text x="${x(atMs)}" y="${TOP + GRAPH_HEIGHT + 16}" text-anchor="middle">${at * HOURS_A_MARK} h</text>`,
    ),
    `<path d="${path((minute) => minute.lineNanos / budget)}" fill="none" stroke="#999" stroke-dasharray="4 3"/>`,
    `<path d="${path((minute) => minute.postedNanos / budget)}" fill="none" stroke="#1769d2" stroke-width="2"/>`,
  ].join('\n');
}
