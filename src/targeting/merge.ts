/** Matching over the tiers of an index: the campaigns of all of them that accept a query, in one order, the best first. */
import { Matcher, NONE_LEFT } from './match.ts';
import type { Query } from './query.ts';
import { leader, type Index, type Tier } from './tiers.ts';

/** Holds the scratch of one query at a time: one per thread, never used from within its own `forEach`. */
export class IndexMatcher {
  /** By tier. */
  readonly #matchers: Matcher[] = [];
  readonly #next: number[] = [];
  #tiers: readonly Tier[] = [];

  /** Looks the query up. Good until the next `prepare`. */
  prepare(index: Index, query: Query): void {
    const { tiers } = index;
    this.#tiers = tiers;
    for (let i = 0; i < tiers.length; i++) {
      const tier = tiers[i];
      if (tier === undefined) break;
      const from = query.fromOrdinal < 0 ? 0 : index.countBefore(i, query.fromOrdinal);
      this.#matcher(i).prepare(tier.snapshot, query, tier.hidden?.bits, from);
    }
  }

  /** Calls `visit` with the ordinal of each campaign that matches until it returns false or none is left. */
  forEach(visit: (campaign: number) => boolean): void {
    const tiers = this.#tiers;
    // Ordinals of the base are those of its snapshot.
    if (tiers.length === 1) {
      this.#matcher(0).forEach(visit);
      return;
    }
    for (let i = 0; i < tiers.length; i++) this.#advance(i);
    for (let best = leader(tiers, this.#next); best !== NONE_LEFT; best = leader(tiers, this.#next)) {
      if (!visit((tiers[best]?.firstOrdinal ?? 0) + (this.#next[best] ?? 0))) return;
      this.#advance(best);
    }
  }

  #advance(tier: number): void {
    this.#next[tier] = this.#matcher(tier).next();
  }

  #matcher(tier: number): Matcher {
    return (this.#matchers[tier] ??= new Matcher());
  }
}
