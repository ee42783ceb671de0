/** The sales of one request as the BidResponse that is sent: each signed, its markup filled in. */
import type { Decided } from '../auction/decision.ts';
import { writeBidResponse, type BidParts } from '../openrtb/response.ts';
import type { Sale } from './sale.ts';
import { admJson, type Seller } from './selling.ts';

/** `sales` is not empty. `extJson`: the `ext` object as JSON, '' where there is none. */
export function writeSales(seller: Seller, decided: Decided, sales: readonly Sale[], extJson = ''): string {
  return writeBidResponse({
    extJson,
    requestId: decided.requestId,
    currency: decided.currency,
    bids: sales.map((sale) => bidParts(seller, decided, sale)),
  });
}

function bidParts(seller: Seller, decided: Decided, sale: Sale): BidParts {
  const { candidate, creative, imp, reservation } = sale;
  const urls = seller.urls(seller.sign(sale, decided, null));
  return {
    id: decided.test ? `test-${imp.impId}` : `${reservation.lease}-${reservation.ordinal}`,
    impId: imp.impId,
    cid: creative.campaignId,
    seat: creative.seat,
    priceMicros: candidate.bidMicros,
    dealId: candidate.dealId,
    expSec: imp.expSec,
    admJson: admJson(creative, urls),
    nurl: urls.win,
    burl: urls.billing,
    lurl: urls.loss,
    adJson: creative.bidJson,
  };
}
