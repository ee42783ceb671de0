/** What a request and its imps offer to the campaigns of each tier of the index. */
import type { BidRequest, Imp } from '../openrtb/request.ts';
import type { Index } from '../targeting/tiers.ts';
import { admitRequest, type DeciderPolicy, type Refused, type Terms } from './admit.ts';
import { resolveImp, resolveRequest, type Offer, type RequestOffer } from './offer.ts';

/** Of one request, and one of its imps, at a time; its lists are kept from one to the next. */
export class TierOffers {
  readonly #policy: DeciderPolicy;
  readonly #requests: RequestOffer[] = [];
  readonly #offers: Offer[] = [];

  constructor(policy: DeciderPolicy) {
    this.#policy = policy;
  }

  /** The offer to the base's campaigns, which tells what is the same for all; or the refusal of the whole request. */
  admit(index: Index, request: BidRequest, terms: Terms): RequestOffer | Refused {
    const admitted = admitRequest(index, this.#policy, request, terms);
    if ('nbr' in admitted) return admitted;
    this.#requests[0] = admitted;
    for (let i = 1; i < index.tiers.length; i++) {
      const tier = index.tiers[i];
      if (tier !== undefined) this.#requests[i] = resolveRequest(tier.snapshot, request, admitted);
    }
    return admitted;
  }

  /** The imp's offers by tier, of the request that was admitted last. Good until the next call. */
  open({ tiers }: Index, imp: Imp): readonly Offer[] {
    if (this.#offers.length > tiers.length) this.#offers.length = tiers.length;
    for (let i = 0; i < tiers.length; i++) {
      const tier = tiers[i];
      const request = this.#requests[i];
      if (tier === undefined || request === undefined) throw new Error('offers: no request was admitted');
      this.#offers[i] = resolveImp(tier, request, imp, this.#policy.rates);
    }
    return this.#offers;
  }
}
