import { describe, expect, it } from 'vitest';
import type { Campaign } from '../campaigns/model.ts';
import { seededRandom, type SeededRandom } from '../campaigns/seeded-random.ts';
import { compileIndex } from './compile.ts';
import { IndexWriter, type CompiledTier, type NextIndex, type TierKind } from './index-writer.ts';
import { Matcher } from './match.ts';
import { IndexMatcher } from './merge.ts';
import { oracleMatches, oracleOrder, oracleRank } from './oracle.ts';
import { FROM_BEST, type Query } from './query.ts';
import { SCENARIO_NOW_MS, SCENARIO_PRIORS, randomCampaigns, randomQuery } from './scenario.ts';
import { openSnapshot, type IndexSnapshot } from './snapshot-view.ts';
import type { Index } from './tiers.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const SHORTLIST = 16;
const WALK_TIMEOUT_MS = 120_000;
/** [campaigns at the start, walks, steps a walk] */
const WALKS = [
  [0, 6, 40],
  [40, 8, 60],
  [700, 2, 60],
] as const;

function compileAll(campaigns: readonly Campaign[], epoch: number): IndexSnapshot {
  const options = { nowMs: SCENARIO_NOW_MS, epoch, priors: SCENARIO_PRIORS };
  return openSnapshot(compileIndex(campaigns, options).buffer);
}

/** What Postgres would hold: campaigns, the change that touched each last, and tiers that are compiled from them. */
class World {
  readonly campaigns = new Map<string, Campaign>();
  readonly touched = new Map<string, number>();
  version = 1;
  readonly writer: IndexWriter;
  readonly spent = new Set<string>();
  readonly #random: SeededRandom;
  /** Compiled, and not yet installed. */
  readonly #underWay = new Map<TierKind, CompiledTier>();
  /** The last change that the writer was told of. */
  #told = 1;

  constructor(random: SeededRandom, count: number) {
    this.#random = random;
    for (const campaign of randomCampaigns(random, count)) this.campaigns.set(campaign.id, campaign);
    const snapshot = compileAll([...this.campaigns.values()], 1);
    this.writer = new IndexWriter({ snapshot, version: 1, changed: null }, 1, SCENARIO_PRIORS);
  }

  /** One committed change of a few campaigns. */
  change(): void {
    this.version++;
    const ids = [...this.campaigns.keys()];
    for (const made of randomCampaigns(this.#random, this.#random.between(1, 3))) {
      const isNew = ids.length === 0 || this.#random.chance(0.4);
      const id = isNew ? made.id : this.#random.pick(ids);
      if (!isNew && this.#random.chance(0.4)) this.campaigns.delete(id);
      else this.campaigns.set(id, { ...made, id });
      this.touched.set(id, this.version);
    }
  }

  /** The writer is told of all changes that it was not told of. */
  tell(): NextIndex | null {
    const changed = this.changedSince(this.#told);
    this.#told = this.version;
    const campaigns = [...changed.keys()].flatMap((id) => this.campaigns.get(id) ?? []);
    return this.writer.apply({ version: this.version, changed, campaigns }, SCENARIO_NOW_MS);
  }

  /** Starts what is not under way, and installs what is. */
  compile(kind: TierKind): NextIndex | null {
    const compiled = this.#underWay.get(kind);
    if (compiled === undefined) {
      this.#underWay.set(kind, this.#compileTier(kind));
      return null;
    }
    this.#underWay.delete(kind);
    this.#told = Math.max(this.#told, compiled.version);
    return this.writer.install(compiled, SCENARIO_NOW_MS);
  }

  /** Until the base holds all changes. */
  settle(): NextIndex | null {
    let last: NextIndex | null = null;
    while (this.writer.baseVersion < this.version) last = this.compile('base');
    return last;
  }

  changedSince(since: number): Map<string, number> {
    return new Map([...this.touched].filter(([, version]) => version > since));
  }

  #compileTier(kind: TierKind): CompiledTier {
    const { version } = this;
    const changed = kind === 'base' ? null : [...this.changedSince(this.writer.baseVersion).keys()];
    const ids = changed ?? [...this.campaigns.keys()];
    const campaigns = ids.flatMap((id) => this.campaigns.get(id) ?? []);
    return { snapshot: compileAll(campaigns, 1), version, changed };
  }
}

/** An index, and the campaigns that it must hold. */
interface Epoch {
  readonly index: Index;
  readonly campaigns: readonly Campaign[];
  readonly ordered: readonly Campaign[];
}

function ids(index: Index, ordinals: readonly number[]): string[] {
  return ordinals.map((ordinal) => index.campaignText(ordinal).id);
}

function matched(matcher: IndexMatcher, index: Index, query: Query, limit: number): number[] {
  const found: number[] = [];
  matcher.prepare(index, query);
  matcher.forEach((campaign) => found.push(campaign) < limit);
  return found;
}

function expectedIds({ ordered }: Epoch, query: Query, from: string | null, spent: ReadonlySet<string>) {
  const first = from === null ? 0 : ordered.findIndex(({ id }) => id === from);
  return ordered
    .filter((campaign, place) => {
      if (place < first || oracleRank(campaign, SCENARIO_PRIORS) < query.minRankMicros) return false;
      return (query.includeSpent || !spent.has(campaign.id)) && oracleMatches(campaign, query);
    })
    .map(({ id }) => id);
}

/** Carries the budget bits over as the server does: only to the campaigns that are told to stand in new snapshots. */
function carryOver({ spent }: World, { index, fresh }: NextIndex): void {
  for (const id of fresh ?? spent) {
    const campaign = spent.has(id) ? index.campaignOrdinal(id) : -1;
    if (campaign >= 0) index.setLive(campaign, false);
  }
}

function spendSome(random: SeededRandom, { writer, spent }: World): void {
  const { index } = writer;
  for (const campaign of index.best(50)) {
    if (!random.chance(0.02)) continue;
    spent.add(index.campaignText(campaign).id);
    index.setLive(campaign, false);
  }
}

/** One step of the walk: the next index, up to the last change. `changed` null: it tells nothing of what changed. */
function advance(random: SeededRandom, world: World, step: number): Pick<NextIndex, 'changed'> | null {
  for (let i = random.pick([0, 0, 1, 2, 3]); i > 0; i--) world.change();
  const next = nextOf(random, world, step);
  if (next === null) return null;
  carryOver(world, next);
  if (world.writer.version === world.version) return next;
  // A tier that was compiled is behind what was changed meanwhile.
  const caughtUp = world.tell();
  if (caughtUp !== null) carryOver(world, caughtUp);
  return { changed: null };
}

function nextOf(random: SeededRandom, world: World, step: number): NextIndex | null {
  if (step % 15 === 14) return world.settle();
  return random.chance(0.2) ? world.compile(random.pick(['middle', 'middle', 'base'])) : world.tell();
}

function expectEqualTables({ index, ordered }: Epoch, told: string): void {
  expect(ids(index, index.best(ordered.length + 1)), told).toEqual(ordered.map(({ id }) => id));
  expect(index.campaignCount, told).toBe(ordered.length);
  for (const campaign of ordered.slice(0, 20)) {
    const ordinal = index.campaignOrdinal(campaign.id);
    expect(index.campaignText(ordinal).id, told).toBe(campaign.id);
    const ad = campaign.ads.find(({ id }) => index.adOrdinal(id) >= 0);
    expect(index.adText(index.adOrdinal(ad?.id ?? '')).id, told).toBe(ad?.id);
  }
}

function expectEqualMatches(
  random: SeededRandom,
  matchers: { readonly tiered: IndexMatcher; readonly full: Matcher },
  epoch: Epoch,
  spent: ReadonlySet<string>,
  told: string,
): number {
  const { index, ordered } = epoch;
  const full = compileAll(epoch.campaigns, 1);
  for (const id of spent) {
    const campaign = full.campaignOrdinal(id);
    if (campaign >= 0) full.setLive(campaign, false);
  }
  let found = 0;
  for (let i = 0; i < 6; i++) {
    const from = ordered.length > 0 && random.chance(0.5) ? random.pick(ordered).id : null;
    const fromOrdinal = from === null ? FROM_BEST : index.campaignOrdinal(from);
    const query = { ...randomQuery(random, 0), fromOrdinal };
    const expected = expectedIds(epoch, query, from, spent);
    const fullOrdinals: number[] = [];
    matchers.full.prepare(full, { ...query, fromOrdinal: from === null ? 0 : full.campaignOrdinal(from) });
    matchers.full.forEach((campaign) => fullOrdinals.push(campaign) > 0);
    expect(
      fullOrdinals.map((campaign) => full.campaignText(campaign).id),
      told,
    ).toEqual(expected);
    expect(ids(index, matched(matchers.tiered, index, query, Infinity)), told).toEqual(expected);
    const first = matched(matchers.tiered, index, query, SHORTLIST);
    expect(ids(index, first), told).toEqual(expected.slice(0, SHORTLIST));
    found += expected.length;
  }
  return found;
}

/** What the writer says of the step must be so: whoever is not among the changed is as before. */
function expectOnlyChanged(
  before: Epoch,
  after: Epoch,
  changed: ReadonlySet<string> | null,
  told: string,
): void {
  if (changed === null) return;
  const known = new Map(before.campaigns.map((campaign) => [campaign.id, campaign]));
  for (const campaign of after.campaigns) {
    if (!changed.has(campaign.id)) expect(known.get(campaign.id), told).toBe(campaign);
    known.delete(campaign.id);
  }
  for (const id of known.keys()) expect(changed.has(id), told).toBe(true);
}

describe('an index under changes', () => {
  it(
    'matches at every step of a random walk as brute force and as an index compiled anew do',
    () => {
      const random = seededRandom(SEED);
      const matchers = { tiered: new IndexMatcher(), full: new Matcher() };
      let found = 0;
      const tiers = [0, 0, 0];
      for (const [count, walks, steps] of WALKS) {
        for (let walk = 0; walk < walks; walk++) {
          const world = new World(random, count);
          let last: Epoch | null = null;
          const kept: Epoch[] = [];
          for (let step = 0; step < steps; step++) {
            const told = `GAVEL_TEST_SEED=${SEED}, ${count} campaigns, walk ${walk}, step ${step}`;
            const next = advance(random, world, step);
            if (next === null) continue;
            const { index } = world.writer;
            const campaigns = [...world.campaigns.values()];
            const epoch = {
              index,
              campaigns,
              ordered: oracleOrder(campaigns, SCENARIO_NOW_MS, SCENARIO_PRIORS),
            };
            if (last !== null) expectOnlyChanged(last, epoch, next.changed, told);
            expectEqualTables(epoch, told);
            found += expectEqualMatches(random, matchers, epoch, world.spent, told);
            spendSome(random, world);
            tiers[index.tiers.length - 1]! += 1;
            last = epoch;
            if (random.chance(0.1)) kept.push(epoch);
          }
          // Whoever still reads an older index reads all of it and nothing newer.
          for (const epoch of kept) {
            const query = { ...randomQuery(random, 0), fromOrdinal: FROM_BEST, includeSpent: true };
            const all = ids(epoch.index, matched(matchers.tiered, epoch.index, query, Infinity));
            expect(all, `GAVEL_TEST_SEED=${SEED}`).toEqual(expectedIds(epoch, query, null, new Set()));
          }
        }
      }
      // Indexes of one, two and three tiers, and queries that found something.
      for (const seen of tiers) expect(seen, `GAVEL_TEST_SEED=${SEED}`).toBeGreaterThan(4);
      expect(found).toBeGreaterThan(1_000);
    },
    WALK_TIMEOUT_MS,
  );

  it('asks for a middle tier when the newest is full, and for a base when the middle would be', () => {
    const world = new World(seededRandom(3), 200);
    expect(world.writer.due).toBeNull();
    const due = (): TierKind | null => {
      for (let changed = 0; changed < 70; changed++) {
        world.change();
        world.tell();
      }
      return world.writer.due;
    };
    expect(due()).toBe('middle');
    world.compile('middle');
    world.compile('middle');
    expect(world.writer.due).toBeNull();
    for (let i = 0; i < 20 && due() === 'middle'; i++) {
      world.compile('middle');
      world.compile('middle');
    }
    expect(world.writer.due).toBe('base');
    world.compile('base');
    world.compile('base');
    expect([world.writer.due, world.writer.index.tiers.length]).toEqual([null, 1]);
  });
});
