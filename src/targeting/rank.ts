/** Which campaigns an index holds, and in which order: by rank price, the best first. */
import type { Bid, Campaign } from '../campaigns/model.ts';
import { isIndexed } from './creative.ts';
import { MAX_PRICE_MICROS, priceMicros, type PriceMicros } from '../money.ts';

/** What is expected of an impression until data moves it: clicks, conversions. */
export interface Priors {
  readonly ctr: number;
  readonly cvr: number;
}

export interface RankedCampaign {
  readonly campaign: Campaign;
  readonly rankMicros: PriceMicros;
  /** Its place in the list that was given: near it in that list is mostly near it in memory. */
  readonly place: number;
}

const IMPRESSIONS_OF_CPM = 1_000;
/** Relative floating-point dust of two multiplications: 250,000 × 1,000 × 0.001 is 250,000. */
const DUST = 1e-12;

/** Campaigns that can still bid after `nowMs`, by rank price descending, then by id. */
export function rankCampaigns(
  campaigns: readonly Campaign[],
  nowMs: number,
  priors: Priors,
): readonly RankedCampaign[] {
  // Prices first: a sort of numbers, and then of the few campaigns that share one.
  const byPrice = new Map<PriceMicros, RankedCampaign[]>();
  for (const [place, campaign] of campaigns.entries()) {
    if (!mayBid(campaign, nowMs)) continue;
    const rankMicros = rankPrice(campaign.bid, priors);
    const group = byPrice.get(rankMicros);
    if (group === undefined) byPrice.set(rankMicros, [{ campaign, rankMicros, place }]);
    else group.push({ campaign, rankMicros, place });
  }
  const groups = [...byPrice].sort(([a], [b]) => b - a);
  return groups.flatMap(([, group]) => group.sort((a, b) => (a.campaign.id < b.campaign.id ? -1 : 1)));
}

/** What an impression is expected to bring, as a CPM price in whole micros, rounded down: MAX_PRICE_MICROS at most. */
export function rankPrice({ model, amountMicros }: Bid, { ctr, cvr }: Priors): PriceMicros {
  if (model === 'cpm') return priceMicros(Math.min(amountMicros, MAX_PRICE_MICROS));
  const micros = amountMicros * IMPRESSIONS_OF_CPM * (model === 'cpc' ? ctr : cvr);
  const nearest = Math.round(micros);
  const whole = Math.abs(micros - nearest) <= nearest * DUST ? nearest : Math.floor(micros);
  return priceMicros(Math.min(whole, MAX_PRICE_MICROS));
}

function mayBid({ status, schedule, ads }: Campaign, nowMs: number): boolean {
  if (status !== 'active') return false;
  if (schedule.endMs !== null && schedule.endMs <= nowMs) return false;
  return ads.some(isIndexed);
}
