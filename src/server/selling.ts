/**
 * From shortlists to bids whose money is reserved and whose URLs are signed. Every way to ask for an ad (OpenRTB and
 * the simple forms) ends here.
 */
import type { SignedBid, TokenSigner } from '../auction/crypto-token.ts';
import type { Decided } from '../auction/decision.ts';
import { bannerMarkupJson } from '../auction/markup.ts';
import { costNanos, type CostNanos } from '../money.ts';
import { AUCTION_MACRO } from '../openrtb/macros.ts';
import type { Creative } from './catalog.ts';
import { createReserver, type Reserver, type ReserverEdges } from './reserving.ts';
import type { Sale } from './sale.ts';

export interface Seller extends Reserver {
  /** Signs the sale. `impressionNanos`: what an impression with its token posts, where that is the money event. */
  sign(sale: Sale, decided: Decided, impressionNanos: CostNanos | null): SignedBid;
  urls(signed: SignedBid): BidUrls;
}

export interface BidUrls {
  readonly click: string;
  readonly impression: string;
  readonly win: string;
  readonly billing: string;
  readonly loss: string;
}

/** What JSON or the markup's attributes would have to escape: the URLs of a bid are written as they are. */
const NEEDS_ESCAPING = /[^\x21-\x7e]|["'<>\\]/;

export interface SellerEdges extends Omit<ReserverEdges, 'hashUser'> {
  readonly publicUrl: string;
  readonly signer: Pick<TokenSigner, 'sign' | 'hashUser'>;
}

export function createSeller({ publicUrl, signer, ...edges }: SellerEdges): Seller {
  if (NEEDS_ESCAPING.test(publicUrl)) {
    throw new Error(`GAVEL_PUBLIC_URL must be percent-encoded (it is ${JSON.stringify(publicUrl)})`);
  }
  const clickUrl = `${publicUrl}/click?t=`;
  const impressionUrl = `${publicUrl}/impression?t=`;
  const winUrl = `${publicUrl}/win?t=`;
  const billingUrl = `${publicUrl}/billing?t=`;
  const lossUrl = `${publicUrl}/loss?t=`;
  const price = `&price=${AUCTION_MACRO.price}`;
  const reason = `&reason=${AUCTION_MACRO.loss}`;

  const reserver = createReserver({ ...edges, hashUser: (userId) => signer.hashUser(userId) });

  return {
    sell: (catalog, decided, sold, nowMs) => reserver.sell(catalog, decided, sold, nowMs),
    giveBack: (decided, sales, nowMs) => reserver.giveBack(decided, sales, nowMs),

    sign(sale, decided, impressionNanos) {
      const { creative, reservation } = sale;
      return signer.sign({
        identity: creative.identity,
        model: creative.model,
        test: decided.test,
        impressionPosts: impressionNanos !== null,
        isCapped: sale.isHeld,
        lease: reservation.lease,
        ordinal: reservation.ordinal,
        priceMicros: sale.candidate.priceMicros,
        bidMicros: sale.candidate.bidMicros,
        reservedNanos: sale.reservedNanos,
        eventNanos: creative.model === 'cpm' ? (impressionNanos ?? costNanos(0)) : creative.actionNanos,
        currencyRate: decided.currencyRate,
        issuedMs: sale.issuedMs,
        expirySec: sale.expirySec,
        userId: decided.userId,
        whereabouts: decided.whereabouts,
        placementId: sale.imp.placementId,
        multiplier: sale.imp.multiplier,
      });
    },

    urls: (signed) => ({
      click: clickUrl + signed.token('click'),
      impression: impressionUrl + signed.token('impression'),
      win: winUrl + signed.token('win') + price,
      billing: billingUrl + signed.token('billing') + price,
      loss: lossUrl + signed.token('loss') + reason,
    }),
  };
}

export function admJson(creative: Creative, urls: BidUrls): string {
  return bannerMarkupJson(creative.markup, urls.click, urls.impression);
}
