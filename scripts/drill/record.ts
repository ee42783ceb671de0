/** What was sent, and what the server said to it: the promises that the rows are held to. */
import type { Call, CallKind, Mark } from './call.ts';
import { nanosOf } from './notices.ts';

/** open: refused, or never answered. */
export type Fate = 'answered' | 'open';

export interface Expectation extends Mark {
  readonly fate: Fate;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A call as it went, for whoever looks for what was wrong. */
export interface Heard {
  readonly atMs: number;
  readonly tookMs: number;
  readonly path: string;
  readonly keys: readonly string[];
  /** null: no answer came. */
  readonly status: number | null;
}

export interface SendRecord {
  readonly calls: readonly Heard[];
  readonly expectations: ReadonlyMap<string, Expectation>;
  /** Calls by kind that were answered 2xx. */
  readonly answered: ReadonlyMap<CallKind, number>;
  readonly unanswered: () => number;
  readonly refused: () => number;
  /** Answers that a sound call never gets. */
  readonly strange: readonly string[];
  /** Called before it is sent: who is killed while writing may have been heard. */
  readonly sends: (call: Call) => void;
  /** null: no answer came. */
  readonly hears: (call: Call, answer: Answer | null, sentAtMs: number) => void;
}

const UNAVAILABLE = 503;
const NO_CONTENT = 204;
/** What an answer says of itself in a report. */
const LONGEST_QUOTE_CHARS = 200;

export function openRecord(): SendRecord {
  const expectations = new Map<string, Expectation>();
  const answered = new Map<CallKind, number>();
  const strange: string[] = [];
  const calls: Heard[] = [];
  let unanswered = 0;
  let refused = 0;

  function promise(mark: Mark): void {
    expectations.set(mark.key, { ...mark, fate: 'answered' });
  }

  return {
    calls,
    expectations,
    answered,
    strange,
    unanswered: () => unanswered,
    refused: () => refused,
    sends({ marks }) {
      for (const mark of marks) {
        if (!expectations.has(mark.key)) expectations.set(mark.key, { ...mark, fate: 'open' });
      }
    },
    hears(call, answer, atMs) {
      const keys = call.marks.map(({ key }) => key);
      calls.push({ atMs, tookMs: Date.now() - atMs, path: call.path, keys, status: answer?.status ?? null });
      if (answer === null) unanswered += 1;
      else if (answer.status === UNAVAILABLE) refused += 1;
      else if (!isSound(call, answer)) {
        const said = answer.text.slice(0, LONGEST_QUOTE_CHARS);
        strange.push(`${call.method} ${call.path} was answered ${answer.status}: ${said}`);
      } else {
        answered.set(call.kind, (answered.get(call.kind) ?? 0) + 1);
        for (const mark of marksOf(call, answer)) promise(mark);
      }
    },
  };
}

function isSound({ kind, marks }: Call, { status, text }: Answer): boolean {
  switch (kind) {
    case 'array':
      return status === 202 && (JSON.parse(text) as { accepted: number }).accepted === marks.length;
    case 'event':
      return status === 202;
    case 'track':
    case 'pixel':
      return status === 200;
    case 'notice':
      return status === 204 || status === 200;
    case 'serve':
    case 'bid':
      return status === 200 || status === 204;
  }
}

/** An ad that was not served is none to count. */
function marksOf({ kind, marks }: Call, { status, text }: Answer): readonly Mark[] {
  if (kind !== 'serve') return marks;
  if (status === NO_CONTENT) return [];
  const { adId, bidPrice } = JSON.parse(text) as { adId: string; bidPrice: number };
  return marks.map((mark) => ({ ...mark, adId, spendNanos: nanosOf(bidPrice) }));
}
