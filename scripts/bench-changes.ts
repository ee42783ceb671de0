/**
 * What a change of one campaign costs, and what the tiers that it leaves behind cost a match: `npm run bench --
 * changes`. All in this thread and from memory: reading the campaign from Postgres comes on top. Times
 * are CPU time, the collector's threads included.
 */
import { SHORTLIST_LENGTH } from '../src/auction/decision.ts';
import type { Campaign } from '../src/campaigns/model.ts';
import { seededRandom, type SeededRandom } from '../src/campaigns/seeded-random.ts';
import { seededCampaigns } from '../src/campaigns/seeded.ts';
import { compileIndex } from '../src/targeting/compile.ts';
import { IndexWriter } from '../src/targeting/index-writer.ts';
import { IndexMatcher } from '../src/targeting/merge.ts';
import { FROM_BEST, type Query } from '../src/targeting/query.ts';
import { openSnapshot, type IndexSnapshot } from '../src/targeting/snapshot-view.ts';
import type { Index } from '../src/targeting/tiers.ts';
import { drawQuery, quantile } from './bench-matching.ts';

const SEED = 20_261_121;
const NOW_MS = Date.UTC(2026, 10, 4, 15, 30);
const PRIORS = { ctr: 0.001, cvr: 0.00001 };
const WARM_CHANGES = 300;
const MEASURED_CHANGES = 2_000;
/** A middle tier has at most 1/32 of the campaigns. */
const HALF_FULL = 64;
const QUERIES = 300;
const ROUNDS = 30;

function compile(campaigns: readonly Campaign[]): IndexSnapshot {
  return openSnapshot(compileIndex(campaigns, { nowMs: NOW_MS, epoch: 1, priors: PRIORS }).buffer);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Changes campaigns one by one, and puts what is due in as soon as it is due: what that takes is not a change's. */
class Changes {
  readonly writer: IndexWriter;
  readonly applyMs: number[] = [];
  readonly mergeMs = { middle: [] as number[], base: [] as number[] };
  /** The index when the newest tier, and then the middle one, is half full and full. */
  readonly seen = new Map<string, Index>();
  readonly #random: SeededRandom;
  readonly #campaigns: Campaign[];
  readonly #changed = new Set<string>();
  #version = 1;

  constructor(count: number) {
    this.#random = seededRandom(SEED + 1);
    // Through JSON, as they come from a store.
    const made = JSON.stringify(seededCampaigns({ count, seed: SEED, rules: [3, 8] }));
    this.#campaigns = JSON.parse(made) as Campaign[];
    this.writer = new IndexWriter(
      { snapshot: compile(this.#campaigns), version: 1, changed: null },
      1,
      PRIORS,
    );
    this.seen.set('none', this.writer.index);
  }

  one(): void {
    const place = this.#random.integer(this.#campaigns.length);
    const before = this.#campaigns[place];
    if (before === undefined) return;
    const amountMicros = this.#random.between(10, 200) * 100_000;
    const campaign = { ...before, bid: { ...before.bid, amountMicros } };
    this.#campaigns[place] = campaign;
    this.#changed.add(campaign.id);
    const version = ++this.#version;
    const startMs = cpuMs();
    const changed = new Map([[campaign.id, version]]);
    this.writer.apply({ version, changed, campaigns: [campaign] }, NOW_MS);
    this.applyMs.push(cpuMs() - startMs);
    this.#mergeWhereDue();
  }

  #mergeWhereDue(): void {
    const { due } = this.writer;
    if (due === null) return;
    const isBase = due === 'base';
    if (isBase) this.seen.set('full', this.writer.index);
    else if (!this.seen.has('half') && this.#changed.size > this.#campaigns.length / HALF_FULL)
      this.seen.set('half', this.writer.index);
    const campaigns = isBase ? this.#campaigns : this.#campaigns.filter(({ id }) => this.#changed.has(id));
    const changed = isBase ? null : [...this.#changed];
    const startMs = cpuMs();
    this.writer.install({ snapshot: compile(campaigns), version: this.#version, changed }, NOW_MS);
    this.mergeMs[due].push(cpuMs() - startMs);
    if (isBase) this.#changed.clear();
  }
}

function matchUs(index: Index, queries: readonly Query[]): number {
  const matcher = new IndexMatcher();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = cpuMs();
    for (const query of queries) {
      let left = SHORTLIST_LENGTH;
      matcher.prepare(index, query);
      matcher.forEach(() => --left > 0);
    }
    if (round > ROUNDS / 3) times.push(((cpuMs() - startMs) * 1_000) / queries.length);
  }
  return quantile(times, 0.5);
}

function measure(count: number): void {
  const changes = new Changes(count);
  for (let i = 0; i < WARM_CHANGES; i++) changes.one();
  changes.applyMs.length = 0;
  // Until a base was due once, so that a full index was seen, whatever the size.
  while (changes.applyMs.length < MEASURED_CHANGES || !changes.seen.has('full')) changes.one();
  const random = seededRandom(SEED + 2);
  const queries = Array.from({ length: QUERIES }, () => ({ ...drawQuery(random), fromOrdinal: FROM_BEST }));
  const most = changes.applyMs.length;
  const sum = changes.applyMs.reduce((total, ms) => total + ms, 0);
  const ms = (values: readonly number[], share: number): string => quantile(values, share).toFixed(2);
  console.log(
    `${count} campaigns: a change ${ms(changes.applyMs, 0.5)} ms`,
    `(mean ${(sum / most).toFixed(2)}, p99 ${ms(changes.applyMs, 0.99)}, of ${most});`,
    `middle tier ${ms(changes.mergeMs.middle, 0.5)} ms (most ${ms(changes.mergeMs.middle, 1)}),`,
    `base ${ms(changes.mergeMs.base, 0.5)} ms`,
  );
  for (const [how, index] of changes.seen) {
    const sizes = index.tiers.map(({ snapshot }) => snapshot.campaignCount).join(' + ');
    const mib = (index.usedBytes / 2 ** 20).toFixed(1);
    console.log(
      `  ${how.padEnd(5)} ${sizes.padEnd(20)} ${mib} MiB, a match ${matchUs(index, queries).toFixed(1)} µs`,
    );
  }
}

for (const count of [5_000, 20_000, 100_000]) measure(count);
