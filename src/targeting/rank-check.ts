/** Whether an index is ranked as counts would have it now: what is not asks for a new base. */
import type { BidModel } from '../campaigns/model.ts';
import { addCounts, eachCount, NOTHING_COUNTED, type AdCounts, type Counts } from './ad-counts.ts';
import { rankPrice, type Priors } from './rank.ts';
import { AD_FLAG, BID_MODEL_BY_NUMBER, CAMPAIGN_FLAG } from './snapshot.ts';
import type { IndexSnapshot } from './snapshot-view.ts';
import { isHidden, type Index } from './tiers.ts';

/** How many campaigns that are served have another rank price than they would get by these counts. */
export function countMoved(index: Index, priors: Priors, counts: AdCounts): number {
  let moved = 0;
  for (const tier of index.tiers) {
    const { snapshot } = tier;
    const sums = sumByCampaign(snapshot, counts);
    for (let campaign = 0; campaign < snapshot.campaignCount; campaign++) {
      if (isHidden(tier, campaign)) continue;
      const price = priceOf(snapshot, campaign, priors, sums.get(campaign) ?? NOTHING_COUNTED);
      if (price !== snapshot.rankMicros[campaign]) moved += 1;
    }
  }
  return moved;
}

function sumByCampaign(snapshot: IndexSnapshot, counts: AdCounts): ReadonlyMap<number, Counts> {
  const sums = new Map<number, Counts>();
  for (const { adId, ...ofAd } of eachCount(counts)) {
    const ad = snapshot.adOrdinal(adId);
    if (ad < 0) continue;
    const campaign = snapshot.adCampaign[ad] ?? 0;
    const isUnclickable = ((snapshot.adFlags[ad] ?? 0) & AD_FLAG.unclickable) !== 0;
    if (isUnclickable && modelOf(snapshot, campaign) === 'cpm') continue;
    sums.set(campaign, addCounts(sums.get(campaign) ?? NOTHING_COUNTED, ofAd));
  }
  return sums;
}

function priceOf(snapshot: IndexSnapshot, campaign: number, priors: Priors, counts: Counts): number {
  const model = modelOf(snapshot, campaign);
  const amountMicros = snapshot.amountMicros[campaign] ?? 0;
  const dealsOnly = ((snapshot.campaignFlags[campaign] ?? 0) & CAMPAIGN_FLAG.dealsOnly) !== 0;
  return rankPrice({ model, amountMicros, dealsOnly }, priors, counts);
}

function modelOf(snapshot: IndexSnapshot, campaign: number): BidModel {
  return BID_MODEL_BY_NUMBER[snapshot.bidModel[campaign] ?? 0] ?? 'cpm';
}
