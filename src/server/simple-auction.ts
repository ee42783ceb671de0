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
import { NBR, type Nbr } from '../openrtb/codes.ts';
import type { BidRequest } from '../openrtb/request.ts';
import type { IndexHolder } from '../targeting/index-holder.ts';
import type { Index } from '../targeting/tiers.ts';
import type { Catalog } from './catalog.ts';
import type { Sale } from './sale.ts';
import type { Seller } from './selling.ts';

export interface SimpleSale {
  readonly sale: Sale;
  readonly decided: Decided;
  /** The best price among the others who could have paid it; null: nobody else. */
  readonly runnerUpMicros: PriceMicros | null;
}

export interface SimpleAuction {
  /** The full bid of the winner is reserved. Else the reason why there is no ad. */
  hold(form: SimpleRequest, terms: Terms, nowMs: number): Promise<SimpleSale | Nbr>;
}

export interface SimpleAuctionEdges {
  readonly decider: Decider;
  readonly seller: Seller;
  readonly ledger: Pick<Ledger, 'canReserve'>;
  readonly holder: IndexHolder;
  readonly catalogOf: (index: Index) => Catalog;
}

export function createSimpleAuction(edges: SimpleAuctionEdges): SimpleAuction {
  const { decider, seller, holder, catalogOf } = edges;

  async function auction(
    catalog: Catalog,
    request: BidRequest,
    terms: Terms,
    nowMs: number,
  ): Promise<SimpleSale | Nbr> {
    let resume: readonly number[] | null = null;
    let missed: Nbr = NBR.budgetOrPacing;
    // Once behind a shortlist that fell out whole, as on the bid path.
    for (let round = 0; round < 2; round++) {
      const decided = decider.decideRequest(catalog.index, request, terms, nowMs, resume);
      if (decided.nbr !== 0) return resume === null ? decided.nbr : missed;
      const sold: Sale[] = [];
      missed = await seller.sell(catalog, decided, sold, nowMs);
      const [sale] = sold;
      if (sale !== undefined) {
        const runnerUpMicros = await findRunnerUp(edges, catalog, { request, terms, sale, decided }, nowMs);
        return { sale, decided, runnerUpMicros };
      }
      const [imp] = decided.imps;
      if (imp === undefined || imp.resumeFrom < 0) return missed;
      resume = [imp.resumeFrom];
    }
    return missed;
  }

  return {
    async hold(form, terms, nowMs) {
      const pinned = holder.pin();
      try {
        return await auction(catalogOf(pinned.index), simpleBidRequest(form), terms, nowMs);
      } finally {
        holder.unpin(pinned);
      }
    },
  };
}

/** What was sold, and what it was sold by. */
interface Sold {
  readonly request: BidRequest;
  readonly terms: Terms;
  readonly sale: Sale;
  readonly decided: Decided;
}

/** The next campaign that could have been sold, also behind the shortlist where the winner was its last. */
async function findRunnerUp(
  { decider, seller, ledger }: SimpleAuctionEdges,
  catalog: Catalog,
  { request, terms, sale, decided }: Sold,
  nowMs: number,
): Promise<PriceMicros | null> {
  const { imp } = sale;
  const canPay = ({ campaign }: Candidate): boolean =>
    campaign !== sale.candidate.campaign && ledger.canReserve(catalog.account(campaign), nowMs);
  const next = imp.shortlist.slice(imp.shortlist.indexOf(sale.candidate) + 1).filter(canPay);
  const found = await best(next);
  if (found !== null || imp.resumeFrom < 0) return found;
  const behind = decider.decideRequest(catalog.index, request, terms, nowMs, [imp.resumeFrom]).imps[0];
  return best(behind?.shortlist.filter(canPay) ?? []);

  /** Sold for a test: nothing is reserved, and its caps hold nothing. */
  async function best(shortlist: readonly Candidate[]): Promise<PriceMicros | null> {
    const sold: Sale[] = [];
    await seller.sell(catalog, { ...decided, test: true, imps: [{ ...imp, shortlist }] }, sold, nowMs);
    return sold[0]?.candidate.priceMicros ?? null;
  }
}
