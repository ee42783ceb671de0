/** The showings of the last minutes: Redis may forget them, and by their names a repeat counts once. */
import type { HeldBid } from './caps.ts';

/** As long as an event may take to where lost records are put back from. */
const REMEMBERED_MS = 120_000;
/** Some 200 bytes each. The oldest are forgotten first. */
const MAX_REMEMBERED = 100_000;

export class RecentShowings {
  /** When each was told, in that order. */
  readonly #told = new Map<HeldBid, number>();

  note(bid: HeldBid, nowMs: number): void {
    if (this.#told.has(bid)) return;
    for (const oldest of this.#told.keys()) {
      if (this.#told.size < MAX_REMEMBERED) break;
      this.#told.delete(oldest);
    }
    this.#told.set(bid, nowMs);
  }

  forget(nowMs: number): void {
    for (const [bid, toldMs] of this.#told) {
      if (toldMs > nowMs - REMEMBERED_MS) break;
      this.#told.delete(bid);
    }
  }

  all(): Iterable<HeldBid> {
    return this.#told.keys();
  }
}
