import { describe, expect, it } from 'vitest';
import { seededRandom, type SeededRandom } from '../campaigns/seeded-random.ts';
import { DIMENSION_NUMBER } from '../campaigns/dimensions.ts';
import type { Ad, Campaign } from '../campaigns/model.ts';
import { compileIndex } from './compile.ts';
import { explainMatch, failedRules } from './explain.ts';
import { Matcher } from './match.ts';
import { oracleFailures, oracleMatches, oracleOrder, oracleRank } from './oracle.ts';
import { NOT_ASKED, QUERY_DIMENSIONS, type Query } from './query.ts';
import { SCENARIO_NOW_MS, SCENARIO_PRIORS, randomCampaigns, randomQuery } from './scenario.ts';
import type { Snapshot } from './snapshot.ts';
import { openSnapshot, type IndexSnapshot } from './snapshot-view.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const SHORTLIST = 16;
/** It takes 20 s; other tests run beside it. */
const PAIRS_TIMEOUT_MS = 240_000;

/** [campaigns, sets, requests a set]: 101,300 pairs in all. */
const SCALES = [
  [0, 10, 100],
  [1, 100, 150],
  [31, 100, 200],
  [32, 100, 200],
  [33, 100, 200],
  [300, 40, 500],
  [1_500, 8, 500],
  [5_000, 2, 650],
] as const;

interface World {
  readonly ordered: readonly Campaign[];
  readonly snapshot: IndexSnapshot;
}

function buildWorld(random: SeededRandom, count: number): World {
  const campaigns = randomCampaigns(random, count);
  const options = { nowMs: SCENARIO_NOW_MS, epoch: 7, priors: SCENARIO_PRIORS };
  const snapshot = openSnapshot(compileIndex(campaigns, options).buffer);
  const ordered = oracleOrder(campaigns, SCENARIO_NOW_MS, SCENARIO_PRIORS);
  for (const ordinal of ordered.keys()) if (random.chance(0.1)) snapshot.setLive(ordinal, false);
  return { ordered, snapshot };
}

function matched(matcher: Matcher, { snapshot }: World, query: Query, limit: number): number[] {
  const found: number[] = [];
  matcher.prepare(snapshot, query);
  matcher.forEach((campaign) => {
    found.push(campaign);
    return found.length < limit;
  });
  return found;
}

function expectedMatches({ ordered, snapshot }: World, query: Query): number[] {
  return [...ordered.keys()].filter((ordinal) => {
    const campaign = ordered[ordinal]!;
    if (ordinal < query.fromOrdinal || oracleRank(campaign, SCENARIO_PRIORS) < query.minRankMicros)
      return false;
    if (!query.includeSpent && !snapshot.isLive(ordinal)) return false;
    return oracleMatches(campaign, query);
  });
}

/** As failedRules orders them: by dimension, include before exclude, the schedule last. */
function byDimension(a: string, b: string): number {
  const place = (rule: string): number => {
    const [dimension, operator] = rule.split(' ');
    return operator === undefined ? Infinity : Number(dimension) * 2 + (operator === 'include' ? 0 : 1);
  };
  return place(a) - place(b);
}

describe('matching', () => {
  it(
    'agrees with brute force, to the end and to the first 16, on 100,000 seeded pairs of campaigns and requests',
    () => {
      const matcher = new Matcher();
      const random = seededRandom(SEED);
      let pairs = 0;
      let shortlists = 0;
      let misses = 0;
      for (const [count, sets, requests] of SCALES) {
        for (let set = 0; set < sets; set++) {
          const world = buildWorld(random, count);
          expect(world.snapshot.campaignCount).toBe(world.ordered.length);
          for (let request = 0; request < requests; request++) {
            const query = randomQuery(random, world.ordered.length);
            const expected = expectedMatches(world, query);
            const all = matched(matcher, world, query, Infinity);
            const first = matched(matcher, world, query, SHORTLIST);
            pairs++;
            if (expected.length > SHORTLIST) shortlists++;
            if (expected.length === 0) misses++;
            if (all.join() === expected.join() && first.join() === expected.slice(0, SHORTLIST).join())
              continue;
            const told = `GAVEL_TEST_SEED=${SEED}, ${count} campaigns, set ${set}, request ${request}`;
            expect({ told, all, first }).toEqual({
              told,
              all: expected,
              first: expected.slice(0, SHORTLIST),
            });
          }
        }
      }
      expect(pairs).toBeGreaterThanOrEqual(100_000);
      // Neither all of them nor none: the pairs are of all kinds.
      expect(shortlists).toBeGreaterThan(pairs / 50);
      expect(misses).toBeGreaterThan(pairs / 50);
      expect(pairs - misses).toBeGreaterThan(pairs / 5);
    },
    PAIRS_TIMEOUT_MS,
  );

  it('orders by rank price and then by id, and leaves out whoever cannot bid any more', () => {
    const random = seededRandom(SEED);
    const { ordered, snapshot } = buildWorld(random, 500);
    const ids = ordered.map((_, ordinal) => snapshot.campaignText(ordinal).id);
    expect(ids, `GAVEL_TEST_SEED=${SEED}`).toEqual(ordered.map(({ id }) => id));
    expect([...snapshot.rankMicros]).toEqual(
      ordered.map((campaign) => oracleRank(campaign, SCENARIO_PRIORS)),
    );
  });

  it('resumes behind a shortlist where it stopped', () => {
    const random = seededRandom(SEED);
    const world = buildWorld(random, 3_000);
    const matcher = new Matcher();
    for (let request = 0; request < 50; request++) {
      const query = { ...randomQuery(random, 0), fromOrdinal: 0 };
      const all = matched(matcher, world, query, Infinity);
      const resumed: number[] = [];
      for (let from = 0; ;) {
        const part = matched(matcher, world, { ...query, fromOrdinal: from }, SHORTLIST);
        resumed.push(...part);
        if (part.length < SHORTLIST) break;
        from = part.at(-1)! + 1;
      }
      expect(resumed, `GAVEL_TEST_SEED=${SEED}, request ${request}`).toEqual(all);
    }
  });

  it('finds the one that excludes nothing among those that exclude all of the request', () => {
    const [base] = randomCampaigns(seededRandom(3), 1);
    const ids = ['a', 'b', 'c', 'd'];
    const values = ['x', 'y', 'z', 'w'];
    const campaigns = ids.map((id, i): Campaign => ({
      ...base!,
      id,
      status: 'active',
      schedule: { startMs: 0, endMs: null, timezone: 'UTC', dayparts: [] },
      ads: base!.ads.map((ad) => ({ ...ad, id: `${id}-${ad.id}`, status: 'active' })),
      targeting: i === 2 ? [] : [{ dimension: 'segment', operator: 'exclude', values }],
    }));
    const options = { nowMs: SCENARIO_NOW_MS, epoch: 1, priors: SCENARIO_PRIORS };
    const snapshot = openSnapshot(compileIndex(campaigns, options).buffer);
    const query: Query = {
      values: Array.from({ length: QUERY_DIMENSIONS }, (_, d) =>
        d === DIMENSION_NUMBER.segment ? values : NOT_ASKED,
      ),
      nowMs: SCENARIO_NOW_MS,
      minRankMicros: 0,
      fromOrdinal: 0,
      includeSpent: false,
    };
    expect(matched(new Matcher(), { ordered: campaigns, snapshot }, query, Infinity)).toEqual([2]);
  });

  it('never serves a snapshot with the clocks of another after one of its zones failed', () => {
    const [base] = randomCampaigns(seededRandom(3), 1);
    const snapshotIn = (timezone: string): Snapshot => {
      const schedule = { startMs: 0, endMs: null, timezone, dayparts: [] };
      const ads = base!.ads.map((ad): Ad => ({ ...ad, type: 'video', status: 'active' }));
      const options = { nowMs: SCENARIO_NOW_MS, epoch: 1, priors: SCENARIO_PRIORS };
      return openSnapshot(compileIndex([{ ...base!, status: 'active', schedule, ads }], options).buffer);
    };
    const query = { ...randomQuery(seededRandom(4), 0), nowMs: SCENARIO_NOW_MS };
    const matcher = new Matcher();
    matcher.prepare(snapshotIn('UTC'), query);
    const broken = snapshotIn('Mars/Base');
    expect(() => matcher.prepare(broken, query)).toThrow(RangeError);
    expect(() => matcher.prepare(broken, query)).toThrow(RangeError);
  });

  it('refuses a snapshot that openSnapshot did not make, and to match before a query was prepared', () => {
    const query = randomQuery(seededRandom(1), 0);
    expect(() => new Matcher().prepare(Object.create(null) as Snapshot, query)).toThrow(
      'not one of openSnapshot',
    );
    expect(() => new Matcher().forEach(() => true)).toThrow('no query was prepared');
  });
});

describe('explaining', () => {
  it('names exactly the rules that brute force finds broken, per dimension and operator', () => {
    const matcher = new Matcher();
    const random = seededRandom(SEED);
    for (const [count, requests] of [
      [33, 100],
      [1_500, 8],
    ] as const) {
      const { ordered, snapshot } = buildWorld(random, count);
      for (let request = 0; request < requests; request++) {
        const query = randomQuery(random, ordered.length);
        matcher.prepare(snapshot, query);
        // From the last to the first: lists, too, must find their way back.
        for (const [ordinal, campaign] of [...ordered.entries()].reverse()) {
          const told = failedRules(matcher, ordinal).map((rule) =>
            rule.kind === 'rule' ? `${rule.dimension} ${rule.operator}` : rule.kind,
          );
          const expected = [...oracleFailures(campaign, query)].toSorted(byDimension);
          expect(told, `GAVEL_TEST_SEED=${SEED}, campaign ${ordinal}`).toEqual(expected);
        }
      }
    }
  });

  it('tells the first broken rule by its name, and nothing where targeting and schedule hold', () => {
    const [campaign] = randomCampaigns(seededRandom(3), 1);
    const schedule = { startMs: 0, endMs: null, timezone: 'UTC', dayparts: [] };
    const plain: Campaign = {
      ...campaign!,
      status: 'active',
      schedule,
      ads: campaign!.ads.map((ad) => ({ ...ad, status: 'active' })),
    };
    const query = {
      ...randomQuery(seededRandom(4), 0),
      values: [['us'], [], [], [], ['ios']],
      nowMs: SCENARIO_NOW_MS,
    };
    const explain = (changed: Partial<Campaign>) => {
      const options = { nowMs: 0, epoch: 1, priors: SCENARIO_PRIORS };
      const snapshot = openSnapshot(compileIndex([{ ...plain, ...changed }], options).buffer);
      return explainMatch(snapshot, new Matcher(), query, 0);
    };
    const country = { dimension: 'country', operator: 'include', values: ['DE'] } as const;
    const os = { dimension: 'os', operator: 'exclude', values: ['iOS'] } as const;
    expect(explain({ targeting: [os, country] })).toEqual({ reason: 'targeting', rule: 'country include' });
    expect(explain({ targeting: [os] })).toEqual({ reason: 'targeting', rule: 'os exclude' });
    expect(explain({ targeting: [], schedule: { ...schedule, startMs: SCENARIO_NOW_MS + 1 } })).toEqual({
      reason: 'schedule',
      rule: 'schedule',
    });
    const friday = { days: [5], fromMinute: 14 * 60, toMinute: 15 * 60 };
    expect(explain({ targeting: [], schedule: { ...schedule, dayparts: [friday] } })?.reason).toBe(
      'schedule',
    );
    expect(explain({ targeting: [] })).toBeNull();
  });
});
