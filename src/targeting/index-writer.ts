/**
 * Turns changes of campaigns into the next index (tiers.ts). Small changes are compiled at once into the newest tier. When
 * that has grown, someone compiles everything that changed since the base into a new middle tier, and when that has
 * grown, too, everything into a new base; changes go on meanwhile, and those that the new tier does not hold stay in
 * the newest one. All that it is told are numbers of changes, which grow in the order of commits.
 */
import type { Campaign } from '../campaigns/model.ts';
import { NO_COUNTS, type AdCounts } from './ad-counts.ts';
import { compileIndex } from './compile.ts';
import type { Priors } from './rank.ts';
import { openSnapshot, type IndexSnapshot } from './snapshot-view.ts';
import { Index, withHidden, type TierParts } from './tiers.ts';

/**
 * Changed campaigns in the newest tier before they are moved on. It is compiled with each change: 32 campaigns take
 * 0.4 ms.
 */
export const NEWEST_CAMPAIGNS = 32;
/**
 * The middle tier is compiled every NEWEST_CAMPAIGNS changes, the base whenever the middle is full: both together are
 * least work where the middle grows with the base.
 */
const MIDDLE_SHARE = 1 / 32;
const LEAST_MIDDLE_CAMPAIGNS = 512;

/** Changes as they are committed. */
export interface AppliedChanges {
  /** The last change that is in it. */
  readonly version: number;
  /** By campaign: the last change of it. */
  readonly changed: ReadonlyMap<string, number>;
  /** Those of them that can be served. */
  readonly campaigns: readonly Campaign[];
}

/** What was compiled beside the index: a base, or the middle tier over one. */
export interface CompiledTier {
  readonly snapshot: IndexSnapshot;
  /** The last change that is in it. */
  readonly version: number;
  /** The campaigns that changed since the base, gone ones too; null: it is a base. */
  readonly changed: readonly string[] | null;
}

/** The next index, and what is new in it. */
export interface NextIndex {
  readonly index: Index;
  /** The campaigns that may stand in a snapshot which the last index did not have; null: all. */
  readonly fresh: ReadonlySet<string> | null;
  /** The campaigns that may be others than in the last index; null: all. */
  readonly changed: ReadonlySet<string> | null;
}

export type TierKind = 'middle' | 'base';

interface MiddleTier extends TierParts {
  readonly version: number;
  readonly ids: ReadonlySet<string>;
}

interface Change {
  readonly version: number;
  /** null: it is gone, or is not served. */
  readonly campaign: Campaign | null;
}

/** Before every number of a change, also before that of an empty database. */
export const NONE_TRUSTED = -1;

export class IndexWriter {
  readonly #priors: Priors;
  #counts = NO_COUNTS;
  #index: Index;
  #version: number;
  #baseVersion: number;
  #base: TierParts;
  #middle: MiddleTier | null = null;
  readonly #newest = new Map<string, Change>();
  readonly #hiddenInBase = new Set<string>();

  constructor(first: CompiledTier, epoch: number, priors: Priors) {
    this.#priors = priors;
    this.#version = first.version;
    this.#baseVersion = first.version;
    this.#base = { snapshot: first.snapshot, hidden: null, since: epoch };
    this.#index = new Index(epoch, [this.#base]);
  }

  get index(): Index {
    return this.#index;
  }

  /** The last change that is in the index; NONE_TRUSTED until a base comes that was read anew. */
  get version(): number {
    return this.#version;
  }

  /** The last change that is in its base: what a new middle tier begins behind. */
  get baseVersion(): number {
    return this.#baseVersion;
  }

  /** What its changes are ranked by. */
  get counts(): AdCounts {
    return this.#counts;
  }

  /** The tiers that are there stay as they are. */
  rankBy(counts: AdCounts): void {
    this.#counts = counts;
  }

  /** What should be compiled beside the index; null: nothing. */
  get due(): TierKind | null {
    return this.#newest.size <= NEWEST_CAMPAIGNS ? null : this.dueWith(0);
  }

  /** What holds all changes and so many more, that are too many to apply. */
  dueWith(changes: number): TierKind {
    const { campaignCount } = this.#base.snapshot;
    const mostInMiddle = Math.max(LEAST_MIDDLE_CAMPAIGNS, campaignCount * MIDDLE_SHARE);
    return (this.#middle?.ids.size ?? 0) + this.#newest.size + changes > mostInMiddle ? 'base' : 'middle';
  }

  /** From now on every number of a change counts as later than what the index holds. */
  distrust(): void {
    this.#version = NONE_TRUSTED;
    for (const [id, change] of this.#newest) this.#newest.set(id, { ...change, version: 0 });
    if (this.#middle !== null) this.#middle = { ...this.#middle, version: 0 };
  }

  /** null: nothing of the index changed. */
  apply({ version, changed, campaigns }: AppliedChanges, nowMs: number): NextIndex | null {
    if (changed.size === 0) {
      this.#version = version;
      return null;
    }
    const byId = new Map(campaigns.map((campaign) => [campaign.id, campaign]));
    for (const [id, changeVersion] of changed) {
      this.#newest.set(id, { version: changeVersion, campaign: byId.get(id) ?? null });
    }
    this.#hideInBase(changed.keys());
    if (this.#middle !== null) this.#middle = hiding(this.#middle, changed.keys());
    const next = this.#next(nowMs, new Set(this.#newest.keys()), new Set(changed.keys()));
    // Not before: a change that could not be compiled is not in the index.
    this.#version = version;
    return next;
  }

  /** null: a base came in the meantime that holds all of it, or the base under a middle tier is not trusted any more. */
  install({ snapshot, version, changed }: CompiledTier, nowMs: number): NextIndex | null {
    const isBase = changed === null;
    if (!isBase && (version <= this.#baseVersion || this.#version === NONE_TRUSTED)) return null;
    const isAhead = version > this.#version;
    const tier = { snapshot, hidden: null, since: this.#index.epoch + 1 };
    if (changed === null) {
      this.#base = tier;
      this.#hiddenInBase.clear();
      this.#baseVersion = version;
      if (this.#middle !== null && this.#middle.version <= version) this.#middle = null;
    } else {
      this.#middle = { ...tier, version, ids: new Set(changed) };
    }
    for (const [id, change] of this.#newest) if (change.version <= version) this.#newest.delete(id);
    if (this.#middle !== null) this.#middle = hiding(this.#middle, this.#newest.keys());
    const returned = this.#hideChanged();
    this.#version = Math.max(version, this.#version);
    if (changed === null) return this.#next(nowMs, null, null);
    const fresh = new Set([...changed, ...this.#newest.keys(), ...returned]);
    return this.#next(nowMs, fresh, isAhead ? null : new Set());
  }

  /** Hides the later tiers' campaigns in the base, and no others: returned are those that may stand there again. */
  #hideChanged(): string[] {
    const ids = this.#middle?.ids;
    const hidden = [...this.#hiddenInBase];
    // A middle tier that begins behind a newer base has fewer campaigns than the one before it.
    const isLess = hidden.some((id) => !this.#newest.has(id) && ids?.has(id) !== true);
    if (isLess) {
      this.#base = { ...this.#base, hidden: null };
      this.#hiddenInBase.clear();
    }
    if (ids !== undefined) this.#hideInBase(ids);
    this.#hideInBase(this.#newest.keys());
    return isLess ? hidden : [];
  }

  #hideInBase(ids: Iterable<string>): void {
    const missing: string[] = [];
    for (const id of ids) {
      if (this.#hiddenInBase.has(id)) continue;
      missing.push(id);
      this.#hiddenInBase.add(id);
    }
    this.#base = hiding(this.#base, missing);
  }

  #next(nowMs: number, fresh: ReadonlySet<string> | null, changed: ReadonlySet<string> | null): NextIndex {
    const epoch = this.#index.epoch + 1;
    const tiers: TierParts[] = [this.#base];
    if (this.#middle !== null && this.#middle.snapshot.campaignCount > 0) tiers.push(this.#middle);
    const newest = [...this.#newest.values()].flatMap(({ campaign }) => campaign ?? []);
    if (newest.length > 0) {
      const ranking = { priors: this.#priors, counts: this.#counts };
      const { buffer } = compileIndex(newest, { nowMs, epoch, ...ranking });
      tiers.push({ snapshot: openSnapshot(buffer), hidden: null, since: epoch });
    }
    this.#index = new Index(epoch, tiers);
    return { index: this.#index, fresh, changed };
  }
}

function hiding<T extends TierParts>(tier: T, ids: Iterable<string>): T {
  return { ...tier, hidden: withHidden(tier.snapshot, tier.hidden, ids) };
}
