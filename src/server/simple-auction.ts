/**
 * One ad for one user: what POST /bid-request, POST /bid and GET /serve have in common. Decided inline: handing
 * so small a request to a worker costs more than deciding it.
 */
import type { Terms } from '../auction/admit.ts';
import type { Decider } from '../auction/decide.ts';
import type { Candidate, Decided } from '../auction/decision.ts';
import { simpleBidRequest, type SimpleRequest } from '../auction/simple-request.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PriceMicros } from '../money.ts';
import type { BidRequest } from '../openrtb/request.ts';
import type { Catalog } from './catalog.ts';
import type { Sale, Seller } from './selling.ts';

export interface SimpleSale {
  readonly sale: Sale;
  readonly decided: Decided;
  /** The best price among the others who could have paid it; null: nobody else. */
  readonly runnerUpMicros: PriceMicros | null;
}

export interface SimpleAuction {
  /** null: no ad. The full bid of the winner is reserved. */
  hold(form: SimpleRequest, terms: Terms, nowMs: number): SimpleSale | null;
}

export function createSimpleAuction(
  decider: Decider,
  seller: Seller,
  ledger: Ledger,
  catalog: () => Catalog,
): SimpleAuction {
  /** The next campaign that could have paid, also behind the shortlist where the winner was its last. */
  function findRunnerUp(
    current: Catalog,
    request: BidRequest,
    terms: Terms,
    sale: Sale,
    nowMs: number,
  ): PriceMicros | null {
    const canPay = ({ campaign }: Candidate): boolean =>
      campaign !== sale.candidate.campaign && ledger.canReserve(current.account(campaign), nowMs);
    const { shortlist, resumeFrom } = sale.imp;
    const next = shortlist.slice(shortlist.indexOf(sale.candidate) + 1).find(canPay);
    if (next !== undefined || resumeFrom < 0) return next?.priceMicros ?? null;
    const behind = decider.decideRequest(current.index, request, terms, nowMs, [resumeFrom]).imps[0];
    return behind?.shortlist.find(canPay)?.priceMicros ?? null;
  }

  return {
    hold(form, terms, nowMs) {
      const current = catalog();
      const request = simpleBidRequest(form);
      let resume: readonly number[] | null = null;
      // Once behind a shortlist that fell out whole, as on the bid path.
      for (let round = 0; round < 2; round++) {
        const decided = decider.decideRequest(current.index, request, terms, nowMs, resume);
        const imp = decided.imps[0];
        if (imp === undefined) return null;
        const sale = seller.reserve(current, decided, imp, [], nowMs);
        if (sale !== null) {
          return { sale, decided, runnerUpMicros: findRunnerUp(current, request, terms, sale, nowMs) };
        }
        if (imp.resumeFrom < 0) return null;
        resume = [imp.resumeFrom];
      }
      return null;
    },
  };
}
