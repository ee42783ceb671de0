/**
 * The `live` bit of each campaign follows its budget: out when a bid could not be reserved, in again when money
 * came back, the day changed or the budget was raised. The bits belong to the index's snapshots; the list outlives them.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { IndexHolder } from '../targeting/index-holder.ts';
import type { Index } from '../targeting/tiers.ts';
import type { Catalog } from './catalog.ts';

export interface SpentCampaigns {
  /** A bid of the campaign could not be reserved. */
  put(index: Index, campaign: number): void;
  /** The ledger says that these can bid again. */
  reopen(campaignIds: readonly string[]): void;
  /**
   * Before an index is published: the bits of its new snapshots as the budgets stand under its terms. `fresh`: the
   * campaigns that may stand in those; null: all.
   */
  carryOver(next: Index, fresh: Iterable<string> | null, nowMs: number): void;
  readonly count: number;
}

export function createSpentCampaigns(
  ledger: Ledger,
  holder: () => IndexHolder,
  catalogOf: (index: Index) => Catalog,
): SpentCampaigns {
  const spent = new Set<string>();
  return {
    get count() {
      return spent.size;
    },
    put(index, campaign) {
      spent.add(index.campaignText(campaign).id);
      index.setLive(campaign, false);
    },
    reopen(campaignIds) {
      const index = holder().current;
      for (const id of campaignIds) {
        if (!spent.delete(id)) continue;
        const campaign = index.campaignOrdinal(id);
        if (campaign >= 0) index.setLive(campaign, true);
      }
    },
    carryOver(next, fresh, nowMs) {
      for (const id of fresh ?? spent) {
        if (!spent.has(id)) continue;
        const campaign = next.campaignOrdinal(id);
        if (campaign < 0 || ledger.canReserve(catalogOf(next).account(campaign), nowMs)) spent.delete(id);
        else next.setLive(campaign, false);
      }
    },
  };
}
