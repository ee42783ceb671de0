/** Every applicable campaign, best first: matching without the stop at a full shortlist. */
import { NBR, type Nbr } from '../openrtb/codes.ts';
import { IndexMatcher } from '../targeting/merge.ts';
import { FROM_BEST } from '../targeting/query.ts';
import { AD_FLAG, AD_TYPE_NUMBER } from '../targeting/snapshot.ts';
import { snapshotOrdinal, type Index } from '../targeting/tiers.ts';
import type { DeciderPolicy } from './admit.ts';
import { impQuery } from './lookup.ts';
import { simpleBidRequest, type SimpleRequest } from './simple-request.ts';
import { TierOffers } from './tier-offers.ts';

export interface Delivery {
  /** One entry a campaign: its first active banner ad that has an image. A reason where there is none. */
  list(index: Index, form: SimpleRequest, nowMs: number): readonly Delivered[] | Nbr;
}

export interface Delivered {
  /** Ordinals in the index. */
  readonly campaign: number;
  readonly ad: number;
}

export function createDelivery(policy: DeciderPolicy): Delivery {
  const matcher = new IndexMatcher();
  const offers = new TierOffers(policy);
  return {
    list(index, form, nowMs) {
      const request = simpleBidRequest(form);
      const admitted = offers.admit(index, request, { cpmOnly: false, imageOnly: true });
      const imp = request.imps[0];
      if ('nbr' in admitted) return admitted.nbr;
      if (imp === undefined) return NBR.noCampaignMatches;
      const found: Delivered[] = [];
      matcher.prepare(index, impQuery(offers.open(index, imp), nowMs, FROM_BEST));
      matcher.forEach((campaign) => {
        const ad = firstImageBanner(index, campaign);
        if (ad >= 0) found.push({ campaign, ad });
        return true;
      });
      return found.length === 0 ? NBR.noCampaignMatches : found;
    },
  };
}

function firstImageBanner(index: Index, campaign: number): number {
  const { snapshot, firstOrdinal } = index.tierOf(campaign);
  const { adStart } = snapshot;
  const row = snapshotOrdinal(campaign);
  const end = adStart[row + 1] ?? 0;
  for (let ad = adStart[row] ?? 0; ad < end; ad++) {
    const isBanner = snapshot.adType[ad] === AD_TYPE_NUMBER.banner;
    if (isBanner && ((snapshot.adFlags[ad] ?? 0) & AD_FLAG.image) !== 0) return firstOrdinal + ad;
  }
  return -1;
}
