/**
 * One ad for one user: what POST /bid-request, POST /bid and GET /serve have in common. Decided inline: handing
 * so small a request to a worker costs more than deciding it.
 */
import type { Terms } from '../auction/admit.ts';
import type { Decider } from '../auction/decide.ts';
import type { Decided } from '../auction/decision.ts';
import { simpleBidRequest, type SimpleRequest } from '../auction/simple-request.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PriceMicros } from '../money.ts';
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
  return {
    hold(form, terms, nowMs) {
      const current = catalog();
      const request = simpleBidRequest(form);
      let resume: readonly number[] | null = null;
      // Once behind a shortlist that fell out whole, as on the bid path.
      for (let round = 0; round < 2; round++) {
        const decided = decider.decideRequest(current.snapshot, request, terms, nowMs, resume);
        const imp = decided.imps[0];
        if (imp === undefined) return null;
        const sale = seller.reserve(current, decided, imp, [], nowMs);
        if (sale !== null) {
          return { sale, decided, runnerUpMicros: runnerUp(current, ledger, sale, nowMs) };
        }
        if (imp.resumeFrom < 0) return null;
        resume = [imp.resumeFrom];
      }
      return null;
    },
  };
}

function runnerUp(catalog: Catalog, ledger: Ledger, sale: Sale, nowMs: number): PriceMicros | null {
  const { shortlist } = sale.imp;
  const behind = shortlist.slice(shortlist.indexOf(sale.candidate) + 1);
  const next = behind.find(
    ({ campaign }) =>
      campaign !== sale.candidate.campaign && ledger.canReserve(catalog.account(campaign), nowMs),
  );
  return next === undefined ? null : next.priceMicros;
}
