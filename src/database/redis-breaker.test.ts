import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { backoffMs } from './redis-backoff.ts';
import { createBreaker, type Breaker, type BreakerTotals } from './redis-breaker.ts';

const SOON_MS = 10;
const TOO_LATE_MS = 501;
/** Pauses are as long as they say, give or take a quarter. */
const SHORTEST = 0.75;
const LONGEST = 1.25;

let breaker: Breaker;
let totals: BreakerTotals;
let probes: number;
let changes: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  totals = { failures: 0, openings: 0 };
  probes = 0;
  changes = [];
  breaker = createBreaker({
    probe: () => (probes += 1),
    onChange: () => changes.push(breaker.state),
    totals,
  });
});
afterEach(() => {
  breaker.stop();
  vi.useRealTimers();
});

function end(isAnswered: boolean, calls: number): void {
  for (let call = 0; call < calls; call++) breaker.note(breaker.epoch, isAnswered);
}

/** The pause that has just begun is of that length: not over before, and then a probe is asked for. */
function passPause(pauseMs: number): void {
  const before = probes;
  vi.advanceTimersByTime(pauseMs * SHORTEST - 1);
  expect([breaker.state, probes]).toEqual(['open', before]);
  vi.advanceTimersByTime(pauseMs * (LONGEST - SHORTEST) + 1);
  expect([breaker.state, probes]).toEqual(['half-open', before + 1]);
}

describe('a breaker', () => {
  it('opens at the fifth failure in a row, and not where an answer came between', () => {
    end(false, 4);
    end(true, 1);
    end(false, 4);
    expect(breaker.state).toBe('closed');
    end(false, 1);
    expect(breaker.state).toBe('open');
    expect(changes).toEqual(['open']);
    expect(totals).toEqual({ failures: 9, openings: 1 });
  });

  /** Every other call fails, in nine seconds. */
  function halfFail(): void {
    for (let pair = 0; pair < 9; pair++) {
      end(false, 1);
      end(true, 1);
      vi.advanceTimersByTime(1_000);
    }
  }

  it('opens where half of the calls of ten seconds fail, at twenty of them, and not at nineteen', () => {
    halfFail();
    end(false, 1);
    expect(breaker.state).toBe('closed');
    end(false, 1);
    expect(breaker.state).toBe('open');
  });

  it('begins to count anew when it closes', () => {
    halfFail();
    end(false, 2);
    passPause(100);
    breaker.hear(SOON_MS);
    end(true, 1);
    end(false, 4);
    expect(breaker.state).toBe('closed');
  });

  it('does not open where less than half fail', () => {
    for (let round = 0; round < 100; round++) {
      end(true, 2);
      end(false, 1);
    }
    expect(breaker.state).toBe('closed');
  });

  it('does not open for what failed longer ago', () => {
    halfFail();
    vi.advanceTimersByTime(10_000);
    end(true, 1);
    end(false, 2);
    expect(breaker.state).toBe('closed');
  });

  it('asks for a probe after its pause, and closes when that was answered in time', () => {
    end(false, 5);
    breaker.hear(SOON_MS);
    expect(breaker.state).toBe('open');
    passPause(100);
    breaker.hear(SOON_MS);
    expect(changes).toEqual(['open', 'closed']);
    end(false, 4);
    expect(breaker.state).toBe('closed');
  });

  it('pauses twice as long after each probe that came too late, up to 1.6 s', () => {
    end(false, 5);
    for (const pauseMs of [100, 200, 400, 800, 1_600, 1_600]) {
      passPause(pauseMs);
      breaker.hear(TOO_LATE_MS);
    }
    expect(totals.openings).toBe(1);
  });

  it('pauses longer each time that it opens soon after it closed, and begins anew after ten calm seconds', () => {
    for (const pauseMs of [100, 200, 400]) {
      end(false, 5);
      passPause(pauseMs);
      breaker.hear(SOON_MS);
    }
    vi.advanceTimersByTime(10_000);
    end(false, 5);
    passPause(100);
    expect(totals.openings).toBe(4);
  });

  it('learns nothing from calls that were sent before it opened', () => {
    const { epoch } = breaker;
    end(false, 5);
    passPause(100);
    breaker.note(epoch, true);
    expect(breaker.state).toBe('half-open');
    breaker.hear(SOON_MS);
    for (let call = 0; call < 100; call++) breaker.note(epoch, false);
    expect(breaker.state).toBe('closed');
  });

  it('that is stopped asks for nothing any more', () => {
    end(false, 5);
    breaker.stop();
    vi.advanceTimersByTime(10_000);
    expect(probes).toBe(0);
  });
});

describe('a pause before another attempt', () => {
  it('is 100 ms, then twice as long up to 1.6 s, a quarter more or less', () => {
    const attempts = [1, 2, 3, 4, 5, 6, 100];
    expect(attempts.map((attempt) => backoffMs(attempt, () => 0.5))).toEqual([
      100, 200, 400, 800, 1_600, 1_600, 1_600,
    ]);
    expect(backoffMs(1, () => 0)).toBe(75);
    expect(backoffMs(5, () => 1)).toBe(2_000);
  });
});
