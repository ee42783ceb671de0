/**
 * Which index is served, and which buffer may be written. The front thread knows which request and which batch reads
 * which index, so it counts readers here; worker threads keep no pins of their own, and one that dies leaves none
 * behind. Indexes share their base, so that a base's buffer is free when the last reader of any of them is gone.
 *
 *   publish(i2), the same base     i1 is kept while it is pinned
 *   publish(i3), another base      and after the last unpin of i1 and i2 the old base's buffer is the spare, the
 *                                  compiler's to write
 */
import type { Index } from './tiers.ts';

/** An index that stays as it is until whoever pinned it unpins it. The same object for all who pin it. */
export interface PinnedIndex {
  readonly index: Index;
  readonly pins: number;
}

/** Runs `action` once after `afterMs`, unless the returned function is called before. */
export type StartTimer = (afterMs: number, action: () => void) => () => void;

/** The same object as its holder sees it. */
interface Held {
  readonly index: Index;
  pins: number;
}

export class IndexHolder {
  readonly #startTimer: StartTimer;
  #current: Held;
  /** Replaced, and still pinned. */
  readonly #retired = new Set<Held>();
  /** Of the base that was replaced last; null once it was given away. */
  #spare: SharedArrayBuffer | null = null;
  /** Told when the spare buffer may have lost its last reader. */
  #onSpare: (() => void) | null = null;

  constructor(first: Index, startTimer: StartTimer) {
    this.#startTimer = startTimer;
    this.#current = { index: first, pins: 0 };
  }

  /** What is served now; its base may be overwritten after the caller's turn unless it is pinned. */
  get current(): Index {
    return this.#current.index;
  }

  /** Pins the current index, or once more one that is still pinned. Each pin needs one `unpin`. */
  pin(pinned: PinnedIndex = this.#current): PinnedIndex {
    const held: Held = pinned;
    if (held.pins === 0 && held !== this.#current)
      throw new Error('an index was pinned after it was given up');
    held.pins += 1;
    return held;
  }

  unpin(pinned: PinnedIndex): void {
    const held: Held = pinned;
    if (held.pins === 0) throw new Error('an index was unpinned more often than it was pinned');
    held.pins -= 1;
    if (held.pins > 0 || held === this.#current) return;
    this.#retired.delete(held);
    if (this.#onSpare !== null && !this.#isSpareRead()) this.#onSpare();
  }

  /** Serves `index` from now on. Epochs grow: workers know an index by its epoch alone. */
  publish(index: Index): void {
    const { index: served, pins } = this.#current;
    if (index.epoch <= served.epoch) throw new Error('an index must have a greater epoch than the last');
    if (index.base.snapshot !== served.base.snapshot) {
      if (baseBuffer(index) === baseBuffer(served))
        throw new Error('an index was written over the one being served');
      this.#spare = baseBuffer(served);
    }
    if (pins > 0) this.#retired.add(this.#current);
    this.#current = { index, pins: 0 };
  }

  /**
   * The buffer of the previous base, given away once, as soon as nobody pins an index of it. undefined where there
   * is none, or where one is still pinned after `waitMs`: then the writer takes a new buffer rather than stall.
   * One writer: a second call before the first is answered is a mistake.
   */
  async spareBuffer(waitMs: number): Promise<SharedArrayBuffer | undefined> {
    if (this.#onSpare !== null) throw new Error('two writers wait for the spare buffer');
    const spare = this.#spare;
    if (spare === null) return undefined;
    if (this.#isSpareRead()) await this.#lastUnpin(waitMs);
    if (this.#isSpareRead() || spare !== this.#spare) return undefined;
    this.#spare = null;
    return spare;
  }

  #isSpareRead(): boolean {
    for (const { index } of this.#retired) if (baseBuffer(index) === this.#spare) return true;
    return false;
  }

  #lastUnpin(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#onSpare = null;
        cancelTimer();
        resolve();
      };
      const cancelTimer = this.#startTimer(waitMs, finish);
      this.#onSpare = finish;
    });
  }
}

function baseBuffer(index: Index): SharedArrayBuffer {
  return index.base.snapshot.buffer;
}
