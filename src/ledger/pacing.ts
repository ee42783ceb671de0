/**
 * When a day's budget may be leased. `asap`: at once. `even`: along a line that rises over the active time of the
 * campaign's day, from its start to its end and in its dayparts, so that a day of 23 or of 25 hours has a line of its own:
 *
 *   posted + leased ≤ min(budget, line + one slice)
 *
 * Who is behind the line may not jump to it. What may be leased, the level, rises by 7/3 of the line, or by a 45th a minute
 * of what it is behind where that is more, so that an hour's outage is made up in 45 minutes; and time without traffic
 * saves up no more than a slice.
 */
import type { WeekStretch } from '../campaigns/daypart.ts';
import { minuteOfWeek, QUARTER_HOUR_MS, utcOffsetMs } from '../campaigns/zone.ts';
import { MAX_COST_NANOS } from '../money.ts';
import type { LocalSpan } from './day.ts';
import type { ActiveTime, BudgetTerms } from './ledger.ts';

/** What might be posted and leased of a day at a moment of it. */
interface Level {
  readonly curve: Curve;
  readonly atMs: number;
  readonly nanos: number;
}

const MINUTE_MS = 60_000;
const QUARTER_MINUTES = QUARTER_HOUR_MS / MINUTE_MS;
/** A slice is 86 s of a whole day's line: enough for the ticks that bids wait for, and a twentieth of what `even` may miss. */
const SLICES_A_DAY = 1_000;
/** What a longer outage has left is made up at first by this part of it a millisecond, … */
const CATCH_UP_MS = 45 * MINUTE_MS;
/** … and in the end at this multiple of the line: its own rise, and an hour's in 45 minutes. */
const CATCH_UP_RISE = 1 + 60 / 45;
/** A level from further ahead is that of a clock that was wrong. */
const SKEW_MS = 60_000;

/** The line of one day under some terms. */
export class Curve {
  readonly terms: BudgetTerms;
  readonly day: LocalSpan;
  readonly sliceNanos: number;
  /** How fast it rises in active time. */
  readonly nanosASecond: number;
  readonly #spans: readonly LocalSpan[];
  readonly #activeMs: number;

  constructor(terms: BudgetTerms, active: ActiveTime, zone: string, day: LocalSpan) {
    const { dailyBudgetNanos, unitNanos } = terms;
    this.terms = terms;
    this.day = day;
    this.#spans = activeSpans(active, zone, day);
    this.#activeMs = elapsedMs(this.#spans, day.endMs);
    this.sliceNanos = Math.max(unitNanos, Math.ceil(dailyBudgetNanos / SLICES_A_DAY));
    this.nanosASecond = Math.min(MAX_COST_NANOS, Math.ceil((dailyBudgetNanos / this.#activeMs) * 1_000));
  }

  /** What may be posted and leased by then at the most: the line and a slice. */
  limitAt(nowMs: number): number {
    const { dailyBudgetNanos } = this.terms;
    return Math.min(dailyBudgetNanos, this.lineAt(nowMs) + this.sliceNanos);
  }

  /** A day without active time has no line: its campaign bids by mistake of a clock, if at all. */
  lineAt(nowMs: number): number {
    if (this.#activeMs === 0) return 0;
    return Math.floor(this.terms.dailyBudgetNanos * (elapsedMs(this.#spans, nowMs) / this.#activeMs));
  }
}

/** How far an account of one process is on its way along its line. In shared books, grantLease.lua does the same. */
export class Pace {
  #curve: Curve | null = null;
  #level: Level | null = null;

  /** null: nothing is paced. */
  curve(terms: BudgetTerms, zone: string, day: LocalSpan): Curve | null {
    if (terms.evenOver === null) return null;
    const known = this.#curve;
    if (known?.terms === terms && known.day.startMs === day.startMs && known.day.endMs === day.endMs) {
      return known;
    }
    this.#curve = new Curve(terms, terms.evenOver, zone, { startMs: day.startMs, endMs: day.endMs });
    return this.#curve;
  }

  /** What may be posted and leased of the curve's day by now; `usedNanos` is posted or leased of it. */
  levelAt(curve: Curve, usedNanos: number, nowMs: number): number {
    const limitNanos = curve.limitAt(nowMs);
    const before = this.#level;
    if (before?.curve.day.startMs !== curve.day.startMs || before.atMs - nowMs > SKEW_MS) {
      return this.#set(curve, nowMs, Math.min(limitNanos, usedNanos + curve.sliceNanos));
    }
    const riseNanos = riseOf(curve, Math.max(0, limitNanos - before.nanos), nowMs - before.atMs);
    const nanos = Math.min(limitNanos, before.nanos + riseNanos);
    if (riseNanos < curve.sliceNanos) return nanos;
    // Nobody has asked for so long, or asked in vain.
    return this.#set(curve, nowMs, Math.min(nanos, usedNanos + curve.sliceNanos));
  }

  /** Something was leased: by now `usedNanos` is posted or leased. */
  note(curve: Curve, usedNanos: number, nowMs: number): void {
    const nanos = this.levelAt(curve, usedNanos, nowMs);
    this.#set(curve, nowMs, Math.min(nanos, usedNanos + curve.sliceNanos));
  }

  #set(curve: Curve, atMs: number, nanos: number): number {
    this.#level = { curve, atMs, nanos };
    return nanos;
  }
}

/** In whole nanos. */
function riseOf({ nanosASecond }: Curve, behindNanos: number, elapsedMs: number): number {
  const nanosAMs = Math.max(
    (nanosASecond / 1_000) * CATCH_UP_RISE,
    nanosASecond / 1_000 + behindNanos / CATCH_UP_MS,
  );
  return Math.floor(Math.max(0, elapsedMs) * nanosAMs);
}

/** In order, and apart. */
function activeSpans(active: ActiveTime, zone: string, day: LocalSpan): readonly LocalSpan[] {
  const startMs = Math.max(active.startMs, day.startMs);
  const endMs = Math.min(active.endMs, day.endMs);
  if (startMs >= endMs) return [];
  if (active.stretches.length === 0) return [{ startMs, endMs }];
  const spans: LocalSpan[] = [];
  // Inside a quarter hour of UTC local minutes follow each other, and a local week does not begin.
  for (let ms = startMs - (startMs % QUARTER_HOUR_MS); ms < endMs; ms += QUARTER_HOUR_MS) {
    const minute = minuteOfWeek(ms + utcOffsetMs(ms, zone));
    for (const { from, to } of stretchesWithin(active.stretches, minute, minute + QUARTER_MINUTES)) {
      const span = {
        startMs: Math.max(startMs, ms + (from - minute) * MINUTE_MS),
        endMs: Math.min(endMs, ms + (to - minute) * MINUTE_MS),
      };
      if (span.startMs < span.endMs) appendSpan(spans, span);
    }
  }
  return spans;
}

/** What of them lies between two minutes, by its beginning; they may still overlap. */
function stretchesWithin(
  stretches: readonly WeekStretch[],
  fromMinute: number,
  toMinute: number,
): readonly WeekStretch[] {
  return stretches
    .map(({ from, to }) => ({ from: Math.max(from, fromMinute), to: Math.min(to, toMinute) }))
    .filter(({ from, to }) => from < to)
    .sort((a, b) => a.from - b.from);
}

function appendSpan(spans: LocalSpan[], span: LocalSpan): void {
  const last = spans.at(-1);
  if (last === undefined || span.startMs > last.endMs) spans.push(span);
  else spans[spans.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, span.endMs) };
}

function elapsedMs(spans: readonly LocalSpan[], nowMs: number): number {
  let sumMs = 0;
  for (const { startMs, endMs } of spans) sumMs += Math.max(0, Math.min(nowMs, endMs) - startMs);
  return sumMs;
}
