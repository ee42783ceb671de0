import { describe, expect, it } from 'vitest';
import type { Campaign } from '../campaigns/model.ts';
import { seededRandom, type SeededRandom } from '../campaigns/seeded-random.ts';
import { NO_COUNTS, NOTHING_COUNTED, packCounts, type AdCount, type Counts } from './ad-counts.ts';
import { compileIndex } from './compile.ts';
import { IndexWriter } from './index-writer.ts';
import { oracleOrder } from './oracle.ts';
import { rankPrice, type Offered } from './rank.ts';
import { countMoved } from './rank-check.ts';
import { SCENARIO_NOW_MS, SCENARIO_PRIORS, randomCampaigns } from './scenario.ts';
import { openSnapshot } from './snapshot-view.ts';
import { indexOf, openIndex, snapshotOrdinal, type Index } from './tiers.ts';

const SEED = Number(process.env.GAVEL_TEST_SEED ?? Date.now() % 2 ** 32);
const TRIES = 20_000;

function randomCounts(random: SeededRandom): Counts {
  const impressions = random.integer(random.pick([1, 2, 100, 10_000, 1_000_000, 100_000_000]));
  const clicks = random.integer(random.pick([1, 3, 100, impressions + 2]));
  return { impressions, clicks, conversions: random.integer(clicks + 1) };
}

function offer(random: SeededRandom, model = random.pick(['cpm', 'cpc', 'cpa'] as const)): Offered {
  return {
    model,
    amountMicros: random.between(1, random.pick([10, 5_000_000, 500_000_000])),
    dealsOnly: false,
  };
}

/** As the documentation words it, without steps. */
function oracleRate(events: number, impressions: number, prior: number): number {
  const rate = (Math.min(events, impressions) + 10) / (impressions + 10 / prior);
  return Math.min(1, Math.max(prior / 20, Math.min(rate, prior * 20)));
}

function oraclePrice({ model, amountMicros }: Offered, { impressions, clicks, conversions }: Counts): number {
  const { ctr, cvr } = SCENARIO_PRIORS;
  if (model === 'cpm') {
    return amountMicros * Math.min(1, Math.max(0.5, oracleRate(clicks, impressions, ctr) / ctr));
  }
  const rate =
    model === 'cpc' ? oracleRate(clicks, impressions, ctr) : oracleRate(conversions, impressions, cvr);
  return amountMicros * 1_000 * rate;
}

function each(check: (random: SeededRandom, told: string) => void): void {
  const random = seededRandom(SEED);
  for (let n = 0; n < TRIES; n++) check(random, `GAVEL_TEST_SEED=${SEED}, ${n}`);
}

describe('a rank price', () => {
  it('is what the smoothed rate says, to half a step and a micro', () => {
    each((random, told) => {
      const offered = offer(random);
      const counts = randomCounts(random);
      const price = rankPrice(offered, SCENARIO_PRIORS, counts);
      const expected = oraclePrice(offered, counts);
      expect(price, told).toBeLessThanOrEqual(expected * 1.0101 + 1e-6);
      expect(price, told).toBeGreaterThanOrEqual(expected / 1.0101 - 1);
    });
  });

  it('of cpm is never above its amount and never below half of it', () => {
    each((random, told) => {
      const offered = offer(random, 'cpm');
      const price = rankPrice(offered, SCENARIO_PRIORS, randomCounts(random));
      expect(price, told).toBeLessThanOrEqual(offered.amountMicros);
      expect(price, told).toBeGreaterThanOrEqual(Math.floor(offered.amountMicros / 2));
    });
  });

  it('falls with no click more and rises with no impression more', () => {
    each((random, told) => {
      const offered = offer(random);
      const counts = randomCounts(random);
      const price = rankPrice(offered, SCENARIO_PRIORS, counts);
      const more = random.between(1, random.pick([1, 10, 1_000]));
      const clicked = { ...counts, clicks: counts.clicks + more, conversions: counts.conversions + more };
      expect(rankPrice(offered, SCENARIO_PRIORS, clicked), told).toBeGreaterThanOrEqual(price);
      if (counts.clicks > counts.impressions) return;
      const shown = { ...counts, impressions: counts.impressions + more };
      expect(rankPrice(offered, SCENARIO_PRIORS, shown), told).toBeLessThanOrEqual(price);
    });
  });

  it('is that of the prior where nothing was counted, where the prior held, and where clicks came alone', () => {
    const cpc: Offered = { model: 'cpc', amountMicros: 250_000, dealsOnly: false };
    for (const counts of [
      NOTHING_COUNTED,
      { impressions: 1_000_000, clicks: 1_000, conversions: 0 },
      { impressions: 0, clicks: 1_000_000, conversions: 1_000_000 },
    ]) {
      expect(rankPrice(cpc, SCENARIO_PRIORS, counts)).toBe(250_000);
    }
  });

  it('moves twentyfold at most, however much somebody feigns', () => {
    const cpc: Offered = { model: 'cpc', amountMicros: 250_000, dealsOnly: false };
    const viewed = { impressions: 1e12, clicks: 0, conversions: 0 };
    const clicked = { impressions: 1e12, clicks: 1e12, conversions: 0 };
    expect(rankPrice(cpc, SCENARIO_PRIORS, viewed)).toBeGreaterThan(250_000 / 20.21);
    expect(rankPrice(cpc, SCENARIO_PRIORS, clicked)).toBeLessThan(250_000 * 20.21);
    // However sure a click is, it is one.
    const priors = { ctr: 0.9, cvr: 0.9 };
    expect(rankPrice(cpc, priors, { ...clicked, impressions: 1e13 })).toBeLessThan(250_000 * 1_000);
    expect(rankPrice(cpc, { ctr: 0.99, cvr: 0.99 }, clicked)).toBe(250_000 * 1_000);
  });

  it('of a cpm campaign that is for deals alone stays the amount that was agreed', () => {
    const counts = { impressions: 1e9, clicks: 0, conversions: 0 };
    const offered: Offered = { model: 'cpm', amountMicros: 5_000_000, dealsOnly: true };
    expect(rankPrice(offered, SCENARIO_PRIORS, counts)).toBe(5_000_000);
    expect(rankPrice({ ...offered, dealsOnly: false }, SCENARIO_PRIORS, counts)).toBe(2_500_000);
  });
});

/** Some of them with html that counts its clicks elsewhere. */
function randomTagged(random: SeededRandom, count: number): Campaign[] {
  return randomCampaigns(random, count).map((campaign) => ({
    ...campaign,
    ads: campaign.ads.map((ad) => (random.chance(0.2) ? { ...ad, html: '<b>Tag</b>' } : ad)),
  }));
}

/** Counts of most ads, and of ads that no campaign has. */
function countAds(random: SeededRandom, campaigns: readonly Campaign[]): readonly AdCount[] {
  const ads = campaigns.flatMap((campaign) => campaign.ads).filter(() => random.chance(0.8));
  return [...ads.map(({ id }) => id), random.uuid(), random.uuid()].map((adId) => ({
    adId,
    ...randomCounts(random),
  }));
}

/** By ads that are shown: the same formula, and nothing of how an index is made. */
function bruteForce(campaigns: readonly Campaign[], rows: readonly AdCount[]): (readonly [string, number])[] {
  const shown = oracleOrder(campaigns, SCENARIO_NOW_MS, SCENARIO_PRIORS);
  const priced = shown.map(({ id, bid, dealsOnly, ads }) => {
    const ids = ads
      .filter(
        ({ status, type, width, height }) => status === 'active' && (type !== 'banner' || (width && height)),
      )
      .filter(({ html }) => bid.model !== 'cpm' || html?.includes('{CLICK_URL}') !== false)
      .map((ad) => ad.id);
    const own = rows.filter(({ adId }) => ids.includes(adId));
    const sum = (of: keyof Counts): number => own.reduce((total, row) => total + row[of], 0);
    const counts = {
      impressions: sum('impressions'),
      clicks: sum('clicks'),
      conversions: sum('conversions'),
    };
    return [id, rankPrice({ ...bid, dealsOnly }, SCENARIO_PRIORS, counts)] as const;
  });
  return priced.toSorted(([a, aPrice], [b, bPrice]) => bPrice - aPrice || (a < b ? -1 : 1));
}

function rankedIn(index: Index): (readonly [string, number])[] {
  return index.best(Infinity).map((ordinal) => {
    const { snapshot } = index.tierOf(ordinal);
    return [index.campaignText(ordinal).id, snapshot.rankMicros[snapshotOrdinal(ordinal)] ?? 0] as const;
  });
}

describe('an index by measured rates', () => {
  const compile = (campaigns: readonly Campaign[], counts = NO_COUNTS) => {
    const options = { nowMs: SCENARIO_NOW_MS, epoch: 1, priors: SCENARIO_PRIORS, counts };
    return openSnapshot(compileIndex(campaigns, options).buffer);
  };

  it('stands in the order that brute force gives, and two that saw the same rows in another order agree', () => {
    const random = seededRandom(SEED);
    for (const count of [1, 40, 700]) {
      const campaigns = randomTagged(random, count);
      const rows = countAds(random, campaigns);
      const snapshot = compile(campaigns, packCounts(rows));
      expect(rankedIn(indexOf(snapshot)), `GAVEL_TEST_SEED=${SEED}`).toEqual(bruteForce(campaigns, rows));
      const twin = compile(campaigns.toReversed(), packCounts(rows.toReversed()));
      expect(rankedIn(indexOf(twin))).toEqual(rankedIn(indexOf(snapshot)));
    }
  });

  it('asks for a new base exactly where a price has moved, over all its tiers, and not again behind it', () => {
    const random = seededRandom(SEED);
    const campaigns = randomTagged(random, 300);
    const first = { snapshot: compile(campaigns), version: 1, changed: null };
    const writer = new IndexWriter(first, 1, SCENARIO_PRIORS);
    const moved = (counts = NO_COUNTS): number =>
      countMoved(openIndex(writer.index.handle, null), SCENARIO_PRIORS, counts);
    expect(moved()).toBe(0);
    let all = campaigns;
    for (let version = 2; version < 12; version += 2) {
      const rows = countAds(random, all);
      const counts = packCounts(rows);
      writer.rankBy(counts);
      // A change of some campaigns is ranked by the counts at once, whatever the base is ranked by.
      const changes = randomCampaigns(random, 5).map((made, n) => ({
        ...made,
        id: all[n * 7]?.id ?? made.id,
      }));
      const changed = new Map(changes.map(({ id }) => [id, version]));
      writer.apply({ version, changed, campaigns: changes }, SCENARIO_NOW_MS);
      all = [...all.filter(({ id }) => !changed.has(id)), ...changes];
      const expected = new Map(bruteForce(all, rows));
      const stale = rankedIn(writer.index).filter(([id, price]) => expected.get(id) !== price);
      expect(moved(counts), `GAVEL_TEST_SEED=${SEED}`).toBe(stale.length);
      expect(stale.length).toBeGreaterThan(0);
      expect(stale.filter(([id]) => changed.has(id))).toEqual([]);
      writer.install(
        { snapshot: compile(all, counts), version: version + 1, changed: null },
        SCENARIO_NOW_MS,
      );
      expect(moved(counts)).toBe(0);
      expect(rankedIn(writer.index)).toEqual(bruteForce(all, rows));
    }
  });

  it('holds no view against a cpm ad whose clicks can not be counted here', () => {
    const [made] = randomCampaigns(seededRandom(1), 1);
    const ofHtml = (model: Offered['model'], html: string | null): number | undefined => {
      const ad = {
        ...made!.ads[0]!,
        status: 'active' as const,
        type: 'banner' as const,
        width: 300,
        height: 250,
      };
      const campaign: Campaign = {
        ...made!,
        status: 'active',
        bid: { model, amountMicros: 1_000_000 },
        dealsOnly: false,
        schedule: { ...made!.schedule, endMs: null },
        ads: [{ ...ad, html }],
      };
      const counts = packCounts([{ adId: ad.id, impressions: 100_000, clicks: 0, conversions: 0 }]);
      const index = indexOf(compile([campaign], counts));
      expect(countMoved(index, SCENARIO_PRIORS, counts)).toBe(0);
      return rankedIn(index)[0]?.[1];
    };
    expect(ofHtml('cpm', null)).toBe(500_000);
    expect(ofHtml('cpm', '<a href="{CLICK_URL}">x</a>')).toBe(500_000);
    expect(ofHtml('cpm', '<script src="https://tags.example/1"></script>')).toBe(1_000_000);
    // Where clicks are what is paid for, an ad that brings none is worth less.
    expect(ofHtml('cpc', '<b>x</b>')).toBeLessThan(100_000);
  });

  it('is compiled anew for no click that moves a rate by less than a step', () => {
    const [campaign] = randomCampaigns(seededRandom(1), 1).map((made) => ({
      ...made,
      status: 'active' as const,
      bid: { model: 'cpc' as const, amountMicros: 100_000 },
      schedule: { ...made.schedule, endMs: null },
      ads: made.ads.map((ad) => ({ ...ad, status: 'active' as const, width: 300, height: 250 })),
    }));
    const adId = campaign?.ads[0]?.id ?? '';
    const count = (clicks: number) => packCounts([{ adId, impressions: 1_000_000, clicks, conversions: 0 }]);
    const index = indexOf(compile(campaign === undefined ? [] : [campaign], count(1_000)));
    expect(countMoved(index, SCENARIO_PRIORS, count(1_005))).toBe(0);
    expect(countMoved(index, SCENARIO_PRIORS, count(1_025))).toBe(1);
  });
});
