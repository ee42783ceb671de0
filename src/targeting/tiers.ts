/**
 * The index as it is served: a base, and over it small tiers of what changed since the base was compiled.
 *
 *     tier 0          base     every campaign, as of some change
 *     tier 1          middle   what changed since; absent while that is little
 *     the last tier   newest   what changed since the tiers below: compiled anew with each change
 *
 * A campaign is served from the last tier that knows of a change of it; in the tiers before, a tombstone hides it. Ordinals
 * of the index hold the tier's number and the ordinal in the tier's snapshot; like those they mean nothing in another
 * index. An index never changes, but for the budget bits: each change makes another one, with a greater epoch, which
 * shares the snapshots that stay.
 */
import { NONE_LEFT } from './match.ts';
import { type IndexSnapshot, openSnapshot } from './snapshot-view.ts';
import type { AdText, CampaignText } from './snapshot.ts';

/** Of an ordinal of the index; above them stands the tier's number. Three tiers keep it a positive i32. */
const SNAPSHOT_ORDINAL_BITS = 28;
const SNAPSHOT_ORDINAL_MASK = 2 ** SNAPSHOT_ORDINAL_BITS - 1;

/** The campaigns of a snapshot that a later tier has, or that are gone. Never written once it is served. */
export interface Tombstones {
  /** One bit a campaign, in shared memory. */
  readonly bits: Int32Array;
  readonly campaigns: number;
  readonly ads: number;
}

export interface TierParts {
  readonly snapshot: IndexSnapshot;
  /** null: none. */
  readonly hidden: Tombstones | null;
  /** The epoch of the index in which the snapshot stood first: what a later one tells of a campaign is newer. */
  readonly since: number;
}

export interface Tier extends TierParts {
  /** The index's ordinal of the snapshot's campaign 0, and of its ad 0. */
  readonly firstOrdinal: number;
}

/** What another thread needs to open the same index. */
export interface IndexHandle {
  readonly epoch: number;
  readonly tiers: readonly {
    readonly buffer: SharedArrayBuffer;
    readonly hidden: Tombstones | null;
    readonly since: number;
  }[];
}

export class Index {
  readonly epoch: number;
  readonly tiers: readonly Tier[];
  readonly handle: IndexHandle;
  readonly campaignCount: number;
  readonly adCount: number;
  /** Bytes that its snapshots fill. */
  readonly usedBytes: number;
  /** When the last of them was compiled. */
  readonly compiledAtMs: number;

  constructor(epoch: number, parts: readonly TierParts[]) {
    this.epoch = epoch;
    this.tiers = parts.map((tier, number) => ({
      ...tier,
      firstOrdinal: number * 2 ** SNAPSHOT_ORDINAL_BITS,
    }));
    const handles = parts.map(({ snapshot: { buffer }, hidden, since }) => ({ buffer, hidden, since }));
    this.handle = { epoch, tiers: handles };
    this.campaignCount = sum(
      parts,
      ({ snapshot, hidden }) => snapshot.campaignCount - (hidden?.campaigns ?? 0),
    );
    this.adCount = sum(parts, ({ snapshot, hidden }) => snapshot.adCount - (hidden?.ads ?? 0));
    this.usedBytes = sum(parts, ({ snapshot }) => snapshot.usedBytes);
    this.compiledAtMs = Math.max(...parts.map(({ snapshot }) => snapshot.compiledAtMs));
  }

  get base(): Tier {
    return this.tierOf(0);
  }

  /** The tier that the ordinal is of. */
  tierOf(ordinal: number): Tier {
    const tier = this.tiers[tierNumber(ordinal)];
    if (tier === undefined) throw new RangeError(`index: no tier has the ordinal ${ordinal}`);
    return tier;
  }

  /** The ordinal of a campaign's, an ad's UUID; -1 where it is not served. */
  campaignOrdinal(id: string): number {
    for (let i = this.tiers.length - 1; i >= 0; i--) {
      const tier = this.tiers[i];
      const campaign = tier?.snapshot.campaignOrdinal(id) ?? -1;
      if (tier !== undefined && campaign >= 0 && !isHidden(tier, campaign))
        return tier.firstOrdinal + campaign;
    }
    return -1;
  }

  adOrdinal(id: string): number {
    for (let i = this.tiers.length - 1; i >= 0; i--) {
      const tier = this.tiers[i];
      const ad = tier?.snapshot.adOrdinal(id) ?? -1;
      if (tier === undefined || ad < 0 || isHidden(tier, tier.snapshot.adCampaign[ad] ?? 0)) continue;
      return tier.firstOrdinal + ad;
    }
    return -1;
  }

  campaignText(campaign: number): CampaignText {
    return this.tierOf(campaign).snapshot.campaignText(snapshotOrdinal(campaign));
  }

  adText(ad: number): AdText {
    return this.tierOf(ad).snapshot.adText(snapshotOrdinal(ad));
  }

  setLive(campaign: number, live: boolean): void {
    this.tierOf(campaign).snapshot.setLive(snapshotOrdinal(campaign), live);
  }

  isLive(campaign: number): boolean {
    return this.tierOf(campaign).snapshot.isLive(snapshotOrdinal(campaign));
  }

  /** true when a rule of any campaign names the dimension. */
  isTargeted(dimension: number): boolean {
    for (let i = 0; i < this.tiers.length; i++) {
      if (this.tiers[i]?.snapshot.isTargeted(dimension) === true) return true;
    }
    return false;
  }

  /** The first `count` campaigns by rank. */
  best(count: number): number[] {
    const next = this.tiers.map((tier) => skipHidden(tier, 0));
    const found: number[] = [];
    while (found.length < count) {
      const best = leader(this.tiers, next);
      const tier = this.tiers[best];
      const campaign = next[best] ?? 0;
      if (tier === undefined) break;
      found.push(tier.firstOrdinal + campaign);
      next[best] = skipHidden(tier, campaign + 1);
    }
    return found;
  }

  /** How many campaigns of tier `number`'s snapshot stand before the campaign of that ordinal. */
  countBefore(number: number, ordinal: number): number {
    const pivot = this.tierOf(ordinal);
    const campaign = snapshotOrdinal(ordinal);
    const tier = this.tiers[number];
    if (tier === undefined || tier === pivot) return campaign;
    let from = 0;
    let to = tier.snapshot.campaignCount;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (tier.snapshot.isBefore(middle, pivot.snapshot, campaign)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** The place in `tiers` of the tier that the ordinal is of. */
export function tierNumber(ordinal: number): number {
  return ordinal >>> SNAPSHOT_ORDINAL_BITS;
}

/** The ordinal in its tier's snapshot. */
export function snapshotOrdinal(ordinal: number): number {
  return ordinal & SNAPSHOT_ORDINAL_MASK;
}

/** The number of the tier whose next campaign ranks first; NONE_LEFT where all of `next` are NONE_LEFT. */
export function leader(tiers: readonly Tier[], next: readonly number[]): number {
  let best = NONE_LEFT;
  for (let i = 0; i < tiers.length; i++) {
    const campaign = next[i] ?? NONE_LEFT;
    const tier = tiers[i];
    if (campaign === NONE_LEFT || tier === undefined) continue;
    const leading = tiers[best];
    if (leading?.snapshot.isBefore(next[best] ?? 0, tier.snapshot, campaign) !== true) best = i;
  }
  return best;
}

/** Those of `before`, and the campaigns of these ids. */
export function withHidden(
  snapshot: IndexSnapshot,
  before: Tombstones | null,
  ids: Iterable<string>,
): Tombstones | null {
  let after: { bits: Int32Array; campaigns: number; ads: number } | null = null;
  for (const id of ids) {
    const campaign = snapshot.campaignOrdinal(id);
    if (campaign < 0 || hasBit((after ?? before)?.bits, campaign)) continue;
    after ??= copyOf(snapshot, before);
    after.bits[campaign >>> 5] = (after.bits[campaign >>> 5] ?? 0) | (1 << (campaign & 31));
    after.campaigns += 1;
    after.ads += (snapshot.adStart[campaign + 1] ?? 0) - (snapshot.adStart[campaign] ?? 0);
  }
  return after ?? before;
}

/** On another thread; the snapshots that `opened` has already are not opened again. */
export function openIndex({ epoch, tiers }: IndexHandle, opened: Index | null): Index {
  const parts = tiers.map(({ buffer, hidden, since }, number) => {
    const known = opened?.tiers[number];
    return { snapshot: known?.since === since ? known.snapshot : openSnapshot(buffer), hidden, since };
  });
  return new Index(epoch, parts);
}

/** An index of one snapshot. */
export function indexOf(snapshot: IndexSnapshot, epoch = snapshot.epoch): Index {
  return new Index(epoch, [{ snapshot, hidden: null, since: epoch }]);
}

export function isHidden({ hidden }: Tier, campaign: number): boolean {
  return hasBit(hidden?.bits, campaign);
}

function hasBit(bits: Int32Array | undefined, campaign: number): boolean {
  return bits !== undefined && ((bits[campaign >>> 5] ?? 0) & (1 << (campaign & 31))) !== 0;
}

function skipHidden(tier: Tier, from: number): number {
  for (let campaign = from; campaign < tier.snapshot.campaignCount; campaign++) {
    if (!isHidden(tier, campaign)) return campaign;
  }
  return NONE_LEFT;
}

function copyOf(
  { sections: { live } }: IndexSnapshot,
  before: Tombstones | null,
): { bits: Int32Array; campaigns: number; ads: number } {
  const bits = new Int32Array(new SharedArrayBuffer(live.byteLength));
  if (before !== null) bits.set(before.bits);
  return { bits, campaigns: before?.campaigns ?? 0, ads: before?.ads ?? 0 };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
