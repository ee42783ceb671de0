/** What the calls of one server share: how many are under way, whether it closes, and who watches. */
import type { Log } from './http.ts';

/** `observe`'s status of a call whose client left before the answer. */
export const ABORTED_STATUS = 0;

export interface Watchers {
  readonly log: Log;
  /** An answer left, or its client did (ABORTED_STATUS). `route`: index into the router's names. */
  readonly observe: (route: number, status: number, elapsedMs: number) => void;
  /** A handler threw. */
  readonly countFailure: () => void;
}

export class Traffic {
  inFlight = 0;
  closing = false;
  readonly watchers: Watchers;

  constructor(watchers: Watchers) {
    this.watchers = watchers;
  }

  begin(): void {
    this.inFlight += 1;
  }

  end(route: number, status: number, arrivalMs: number): void {
    this.inFlight -= 1;
    this.watchers.observe(route, status, performance.now() - arrivalMs);
  }

  failed(error: unknown, requestId: string, traceId: string): void {
    this.watchers.countFailure();
    this.watchers.log.error({ err: error, requestId, traceId }, 'a request failed');
  }
}
