/** What must agree after the recount: load's sums, the books in Redis, the rows in Postgres, the servers' own metrics. */
import type pg from 'pg';
import type { Campaign, CapWindow } from '../src/campaigns/model.ts';
import type { BookSums } from './bench-ledger-redis.ts';
import type { ExchangeFigures } from './bench-open-loop.ts';

/** Two figures that must be the same. */
export interface Check {
  readonly name: string;
  readonly expected: number;
  readonly found: number;
}

/** Of a user and a campaign, what was billed: from rows alone. */
export interface Row {
  readonly id: string;
  readonly userId: string | null;
  readonly showings: number;
  readonly nanos: number;
  readonly firstSec: number;
  readonly lastSec: number;
}

export interface Counted {
  readonly campaigns: readonly Campaign[];
  readonly exchanges: readonly ExchangeFigures[];
  readonly rows: readonly Row[];
  readonly books: ReadonlyMap<string, BookSums>;
  /** Reservations that the books have as posted. */
  readonly posts: number;
  /** What the servers' own counter of it says. */
  readonly unexplainedNanos: number;
  readonly pendingNanos: number;
}

const ROWS = `
  SELECT campaign_id AS id, user_id AS "userId", count(*)::int AS showings, sum(spend_nanos)::float8 AS nanos,
         extract(epoch FROM min("timestamp"))::float8 AS "firstSec", extract(epoch FROM max("timestamp"))::float8 AS "lastSec"
    FROM events_log WHERE event_type = 'billing' GROUP BY 1, 2`;
/** A bill counts in the window of its bid, which may be so much older. */
const BID_AGE_SEC = 70;
const WINDOW_SEC: Readonly<Record<CapWindow, number>> = {
  minute: 60,
  hour: 3_600,
  day: 86_400,
  week: 7 * 86_400,
  lifetime: Infinity,
};
/** The epoch was a Thursday: so far into a week. */
const EPOCH_IN_WEEK_SEC = 3 * 86_400;

export async function readRows(client: pg.Client): Promise<readonly Row[]> {
  return (await client.query<Row>(ROWS)).rows;
}

export function checkRecount(counted: Counted): readonly Check[] {
  const { exchanges, rows, books, posts, campaigns, unexplainedNanos, pendingNanos } = counted;
  const sum = (of: (exchange: ExchangeFigures) => number): number =>
    exchanges.reduce((all, exchange) => all + of(exchange), 0);
  const billed = sum(({ recount }) => recount.sums.billedImpressions);
  const billedNanos = sum(({ recount }) => recount.sums.billedNanos);
  const ofBooks = (of: (book: BookSums) => number): number =>
    [...books.values()].reduce((all, book) => all + of(book), 0);
  const passed = (isPassed: (campaign: Campaign, book: BookSums) => boolean): number =>
    campaigns.filter((campaign) => {
      const book = books.get(campaign.id);
      return book !== undefined && isPassed(campaign, book);
    }).length;
  return [
    check(
      'answers that load did not recount',
      0,
      sum(({ notRecounted }) => notRecounted),
    ),
    check('notices that were not taken', 0, sum(notTaken)),
    check(
      'rules that load found broken',
      0,
      sum(({ recount }) => recount.violations.total),
    ),
    check('billings posted in the books, of those accepted', billed, posts),
    check(
      'billings among the rows',
      billed,
      rows.reduce((all, { showings }) => all + showings, 0),
    ),
    check(
      'nanos posted in the books',
      billedNanos,
      ofBooks(({ postedNanos }) => postedNanos),
    ),
    check(
      'nanos among the rows',
      billedNanos,
      rows.reduce((all, { nanos }) => all + nanos, 0),
    ),
    check('nanos overspent without a reason', 0, unexplainedNanos),
    check(
      'daily budgets passed',
      0,
      passed(({ dailyBudgetNanos }, book) => book.postedOfDayNanos > dailyBudgetNanos),
    ),
    check(
      'lifetime budgets passed',
      0,
      passed(({ lifetimeBudgetNanos }, book) => book.postedNanos > (lifetimeBudgetNanos ?? Infinity)),
    ),
    check('caps passed, by the rows of all servers', 0, countPassedCaps(campaigns, rows)),
    check(
      'nanos leased after the last expiry',
      0,
      ofBooks(({ leasedNanos }) => leasedNanos),
    ),
    check('nanos pending after the last expiry', 0, pendingNanos),
  ];
}

/** One impression more would be above its budget. */
export function isSpent(
  { bid, dailyBudgetNanos, lifetimeBudgetNanos }: Campaign,
  book: BookSums | undefined,
): boolean {
  const budget = Math.min(dailyBudgetNanos, lifetimeBudgetNanos ?? Infinity);
  return (book?.postedNanos ?? 0) + bid.amountMicros > budget;
}

function check(name: string, expected: number, found: number): Check {
  return { name, expected, found };
}

function notTaken({ notices }: ExchangeFigures): number {
  return Object.values(notices).reduce((all, { errors, undelivered }) => all + errors + undelivered, 0);
}

function countPassedCaps(campaigns: readonly Campaign[], rows: readonly Row[]): number {
  const byId = new Map(campaigns.map((campaign) => [campaign.id, campaign]));
  return rows.filter((row) => {
    const caps = byId.get(row.id)?.frequencyCaps ?? [];
    return caps.some(({ limit, window }) => row.showings > limit * countWindows(window, row));
  }).length;
}

/** That the showings may belong to. */
function countWindows(window: CapWindow, { firstSec, lastSec }: Row): number {
  const lengthSec = WINDOW_SEC[window];
  if (lengthSec === Infinity) return 1;
  const place = (sec: number): number =>
    Math.floor((sec + (window === 'week' ? EPOCH_IN_WEEK_SEC : 0)) / lengthSec);
  return place(lastSec) - place(firstSec - BID_AGE_SEC) + 1;
}
