/** Tiers that are compiled beside the index: of each kind one at a time, and whoever asks meanwhile waits for that one. */
import type { TierKind } from './targeting/index-writer.ts';

export class TierOrders {
  readonly #compile: (kind: TierKind) => Promise<void>;
  readonly #underWay = new Map<TierKind, Promise<void>>();

  constructor(compile: (kind: TierKind) => Promise<void>) {
    this.#compile = compile;
  }

  order(kind: TierKind): Promise<void> {
    let work = this.#underWay.get(kind);
    if (work === undefined) {
      work = this.#compile(kind).finally(() => this.#underWay.delete(kind));
      this.#underWay.set(kind, work);
    }
    return work;
  }

  isUnderWay(kind: TierKind): boolean {
    return this.#underWay.has(kind);
  }

  /** Resolves when all that is under way is done or has failed. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
  }
}
