/**
 * Which snapshot is served, and which buffer may be written. The front thread knows which request and which
 * batch reads which snapshot, so it counts readers here; worker threads keep no pins of their own, and one that
 * dies leaves none behind.
 *
 *   publish(s1)          publish(s2)                    last unpin of s1
 *   s1 current ────────▶ s1 previous, still pinned ───▶ s1's buffer is the spare, the compiler's to write
 */
import type { Snapshot } from './snapshot.ts';

/** A snapshot that stays as it is until whoever pinned it unpins it. The same object for all who pin it. */
export interface PinnedSnapshot {
  readonly snapshot: Snapshot;
  readonly pins: number;
}

/** Runs `action` once after `afterMs`, unless the returned function is called before. */
export type StartTimer = (afterMs: number, action: () => void) => () => void;

/** The same object as its holder sees it. */
interface Held {
  readonly snapshot: Snapshot;
  pins: number;
}

export class SnapshotHolder {
  readonly #startTimer: StartTimer;
  #current: Held;
  #previous: Held | null = null;
  /** Told when the previous snapshot loses its last pin. */
  #onSpare: (() => void) | null = null;

  constructor(first: Snapshot, startTimer: StartTimer) {
    this.#startTimer = startTimer;
    this.#current = { snapshot: first, pins: 0 };
  }

  /** What is served now; may be overwritten after the caller's turn unless it is pinned. */
  get current(): Snapshot {
    return this.#current.snapshot;
  }

  /** Pins the current snapshot, or once more one that is still pinned. Each pin needs one `unpin`. */
  pin(pinned: PinnedSnapshot = this.#current): PinnedSnapshot {
    const held: Held = pinned;
    if (held.pins === 0 && held !== this.#current)
      throw new Error('a snapshot was pinned after it was given up');
    held.pins += 1;
    return held;
  }

  unpin(pinned: PinnedSnapshot): void {
    const held: Held = pinned;
    if (held.pins === 0) throw new Error('a snapshot was unpinned more often than it was pinned');
    held.pins -= 1;
    if (held.pins === 0 && held === this.#previous) this.#onSpare?.();
  }

  /** Serves `snapshot` from now on. Epochs grow: workers know a snapshot by its epoch alone. */
  publish(snapshot: Snapshot): void {
    const { current } = this;
    if (snapshot.epoch <= current.epoch)
      throw new Error('a snapshot must have a greater epoch than the last');
    if (snapshot.buffer === current.buffer)
      throw new Error('a snapshot was written over the one being served');
    this.#previous = this.#current;
    this.#current = { snapshot, pins: 0 };
  }

  /**
   * The buffer of the previous snapshot, given away once, as soon as nobody pins it. undefined where there is
   * none, or where it is still pinned after `waitMs`: then the writer takes a new buffer rather than stall.
   * One writer: a second call before the first is answered is a mistake.
   */
  async spareBuffer(waitMs: number): Promise<SharedArrayBuffer | undefined> {
    if (this.#onSpare !== null) throw new Error('two writers wait for the spare buffer');
    const previous = this.#previous;
    if (previous === null) return undefined;
    if (previous.pins > 0) await this.#lastUnpin(waitMs);
    if (previous.pins > 0 || previous !== this.#previous) return undefined;
    this.#previous = null;
    return previous.snapshot.buffer;
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
