/** Every applicable campaign, best first: matching without the stop at a full shortlist. */
import { AD_FLAG, AD_TYPE_NUMBER, type Snapshot } from '../targeting/snapshot.ts';
import { Matcher } from '../targeting/match.ts';
import { admitRequest, type DeciderPolicy } from './admit.ts';
import { impQuery } from './lookup.ts';
import { resolveImp } from './offer.ts';
import { simpleBidRequest, type SimpleRequest } from './simple-request.ts';

export interface Delivery {
  /** One entry a campaign: its first active banner ad that has an image. */
  list(snapshot: Snapshot, form: SimpleRequest, nowMs: number): readonly { campaign: number; ad: number }[];
}

export function createDelivery(policy: DeciderPolicy): Delivery {
  const matcher = new Matcher();
  return {
    list(snapshot, form, nowMs) {
      const request = simpleBidRequest(form);
      const admitted = admitRequest(snapshot, policy, request, { cpmOnly: false, imageOnly: true });
      const imp = request.imps[0];
      if ('nbr' in admitted || imp === undefined) return [];
      const found: { campaign: number; ad: number }[] = [];
      matcher.prepare(snapshot, impQuery(resolveImp(snapshot, admitted, imp, policy.rates), nowMs, 0));
      matcher.forEach((campaign) => {
        const ad = firstImageBanner(snapshot, campaign);
        if (ad >= 0) found.push({ campaign, ad });
        return true;
      });
      return found;
    },
  };
}

function firstImageBanner(snapshot: Snapshot, campaign: number): number {
  const end = snapshot.adStart[campaign + 1] ?? 0;
  for (let ad = snapshot.adStart[campaign] ?? 0; ad < end; ad++) {
    const isBanner = snapshot.adType[ad] === AD_TYPE_NUMBER.banner;
    if (isBanner && ((snapshot.adFlags[ad] ?? 0) & AD_FLAG.image) !== 0) return ad;
  }
  return -1;
}
