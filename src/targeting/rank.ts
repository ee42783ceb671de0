/** Which campaigns an index holds, and in which order: by rank price, the best first. */
import type { Bid, Campaign } from '../campaigns/model.ts';
import { sumCounts, type AdCounts, type Counts } from './ad-counts.ts';
import { isIndexed, isRated } from './creative.ts';
import { MAX_PRICE_MICROS, priceMicros, type PriceMicros } from '../money.ts';
import { timesPrior } from './rates.ts';

/** What is expected of an impression until data moves it: clicks, conversions. */
export interface Priors {
  readonly ctr: number;
  readonly cvr: number;
}

/** What a campaign offers for an impression. */
export interface Offered extends Bid {
  readonly dealsOnly: boolean;
}

export interface RankedCampaign {
  readonly campaign: Campaign;
  readonly rankMicros: PriceMicros;
  /** Its place in the list that was given: near it in that list is mostly near it in memory. */
  readonly place: number;
}

const IMPRESSIONS_OF_CPM = 1_000;
/** Least performance multiplier: a cpm campaign that nobody clicks on bids half its amount. */
const LEAST_MULTIPLIER = 0.5;
/** Relative floating-point dust of a few multiplications: 250,000 × 1,000 × 0.001 is 250,000. */
const DUST = 1e-12;

/** Campaigns that can still bid after `nowMs`, by rank price descending, then by id. */
export function rankCampaigns(
  campaigns: readonly Campaign[],
  nowMs: number,
  priors: Priors,
  counts: AdCounts,
): readonly RankedCampaign[] {
  // Prices first: a sort of numbers, and then of the few campaigns that share one.
  const byPrice = new Map<PriceMicros, RankedCampaign[]>();
  for (const [place, campaign] of campaigns.entries()) {
    if (!mayBid(campaign, nowMs)) continue;
    const { bid, dealsOnly } = campaign;
    const rankMicros = rankPrice({ ...bid, dealsOnly }, priors, countsOf(campaign, counts));
    const group = byPrice.get(rankMicros);
    if (group === undefined) byPrice.set(rankMicros, [{ campaign, rankMicros, place }]);
    else group.push({ campaign, rankMicros, place });
  }
  const groups = [...byPrice].sort(([a], [b]) => b - a);
  return groups.flatMap(([, group]) => group.sort((a, b) => (a.campaign.id < b.campaign.id ? -1 : 1)));
}

/**
 * What an impression is expected to bring, as a CPM price in whole micros, rounded down: MAX_PRICE_MICROS at most.
 * `counts`: of all its ads that are shown and can be rated.
 */
export function rankPrice(offered: Offered, priors: Priors, counts: Counts): PriceMicros {
  const micros = expectMicros(offered, priors, counts);
  const nearest = Math.round(micros);
  const whole = Math.abs(micros - nearest) <= nearest * DUST ? nearest : Math.floor(micros);
  return priceMicros(Math.min(whole, MAX_PRICE_MICROS));
}

function expectMicros({ model, amountMicros, dealsOnly }: Offered, priors: Priors, counts: Counts): number {
  const { impressions, clicks, conversions } = counts;
  switch (model) {
    case 'cpm': {
      // The price of a deal was agreed: less would lose it.
      if (dealsOnly) return amountMicros;
      const times = timesPrior(clicks, impressions, priors.ctr);
      return amountMicros * Math.min(Math.max(times, LEAST_MULTIPLIER), 1);
    }
    case 'cpc': {
      const ctr = Math.min(priors.ctr * timesPrior(clicks, impressions, priors.ctr), 1);
      return amountMicros * IMPRESSIONS_OF_CPM * ctr;
    }
    case 'cpa': {
      const cvr = Math.min(priors.cvr * timesPrior(conversions, impressions, priors.cvr), 1);
      return amountMicros * IMPRESSIONS_OF_CPM * cvr;
    }
  }
}

function countsOf(campaign: Campaign, counts: AdCounts): Counts {
  const rated = campaign.ads.filter((ad) => isIndexed(ad) && isRated(campaign, ad));
  return sumCounts(
    counts,
    rated.map(({ id }) => id),
  );
}

function mayBid({ status, schedule, ads }: Campaign, nowMs: number): boolean {
  if (status !== 'active') return false;
  if (schedule.endMs !== null && schedule.endMs <= nowMs) return false;
  return ads.some(isIndexed);
}
