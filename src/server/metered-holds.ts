/** Frequency caps whose answers on the bid path are counted, and the time that they take. */
import type { Caps, HoldAnswer } from '../ledger/caps.ts';

export interface HoldMeter {
  /** What was answered for the imps of a request. Milliseconds of `performance.now`. */
  countHold(answer: HoldAnswer, imps: number, startMs: number, endMs: number): void;
}

export function meterHolds(
  caps: Pick<Caps, 'hold' | 'release'>,
  meter: () => HoldMeter,
): Pick<Caps, 'hold' | 'release'> {
  return {
    hold(order) {
      const startMs = performance.now();
      const count = (answer: HoldAnswer): HoldAnswer => {
        meter().countHold(answer, order.imps.length, startMs, performance.now());
        return answer;
      };
      const answer = caps.hold(order);
      return answer instanceof Promise ? answer.then(count) : count(answer);
    },
    release: (bid, nowMs) => caps.release(bid, nowMs),
  };
}
