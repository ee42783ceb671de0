/**
 * From a shortlist to a bid whose money is reserved and whose URLs are signed. Every way to ask for an ad
 * (OpenRTB and the simple forms) ends here.
 */
import type { SignedBid, TokenSigner } from '../auction/crypto-token.ts';
import type { Candidate, Decided, ImpDecision } from '../auction/decision.ts';
import { bannerMarkupJson } from '../auction/markup.ts';
import type { Ledger, Reservation } from '../ledger/ledger.ts';
import { costNanos, type CostNanos, type PriceMicros } from '../money.ts';
import { AUCTION_MACRO } from '../openrtb/macros.ts';
import type { Index } from '../targeting/tiers.ts';
import type { Catalog, Creative } from './catalog.ts';

export interface Seller {
  /**
   * The first candidate of the imp whose ad is not yet `taken` and whose budget bears it; reserved, unless the
   * request is a test. null: the whole shortlist fell out.
   */
  reserve(
    catalog: Catalog,
    decided: Decided,
    imp: ImpDecision,
    taken: readonly number[],
    nowMs: number,
  ): Sale | null;
  /** Signs the sale. `impressionNanos`: what an impression with its token posts, where that is the money event. */
  sign(sale: Sale, decided: Decided, nowMs: number, impressionNanos: CostNanos | null): SignedBid;
  urls(signed: SignedBid): BidUrls;
}

export interface Sale {
  readonly imp: ImpDecision;
  readonly candidate: Candidate;
  readonly creative: Creative;
  readonly reservation: Reservation;
  readonly reservedNanos: CostNanos;
  readonly expirySec: number;
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

/** What stands in the sales of a test request: nothing is reserved for them. */
export const NO_RESERVATION: Reservation = { lease: 0, ordinal: 0 };

export function createSeller(
  publicUrl: string,
  signer: TokenSigner,
  ledger: Ledger,
  /** Told when a campaign's budget bears not even one unit more. */
  onSpent: (index: Index, campaign: number) => void,
): Seller {
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

  return {
    reserve(catalog, decided, imp, taken, nowMs) {
      const expirySec = Math.ceil(nowMs / 1000) + imp.expSec;
      for (const candidate of imp.shortlist) {
        if (taken.includes(candidate.ad)) continue;
        const creative = catalog.creative(candidate.ad);
        const reservedNanos = reservedFor(creative, candidate.priceMicros, imp.multiplier);
        const reservation = decided.test
          ? NO_RESERVATION
          : ledger.reserve(creative.account, reservedNanos, nowMs, expirySec);
        if (reservation !== null) return { imp, candidate, creative, reservation, reservedNanos, expirySec };
        // Only where the budget bears nothing more, rather than not a bid as dear as this one.
        if (ledger.isSound && !ledger.canReserve(creative.account, nowMs)) {
          onSpent(catalog.index, candidate.campaign);
        }
      }
      return null;
    },

    sign(sale, decided, nowMs, impressionNanos) {
      const { creative, reservation } = sale;
      return signer.sign({
        identity: creative.identity,
        model: creative.model,
        test: decided.test,
        impressionPosts: impressionNanos !== null,
        lease: reservation.lease,
        ordinal: reservation.ordinal,
        priceMicros: sale.candidate.priceMicros,
        bidMicros: sale.candidate.bidMicros,
        reservedNanos: sale.reservedNanos,
        eventNanos: creative.model === 'cpm' ? (impressionNanos ?? costNanos(0)) : creative.actionNanos,
        currencyRate: decided.currencyRate,
        issuedMs: nowMs,
        expirySec: sale.expirySec,
        userId: decided.userId,
        whereabouts: decided.whereabouts,
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

/** The whole bid for cpm; nothing for cpc and cpa, whose money moves at the click and the conversion. */
function reservedFor(creative: Creative, price: PriceMicros, multiplier: number): CostNanos {
  return costNanos(creative.model === 'cpm' ? Math.ceil(price * multiplier) : 0);
}

export function admJson(creative: Creative, urls: BidUrls): string {
  return bannerMarkupJson(creative.markup, urls.click, urls.impression);
}
