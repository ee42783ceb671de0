/**
 * The `live` bit of each campaign follows its budget: out when a bid could not be reserved, in again when money
 * came back, the day changed or the budget was raised. The bits belong to a snapshot; the list outlives it.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { SnapshotHolder } from '../targeting/snapshot-holder.ts';
import type { Snapshot } from '../targeting/snapshot.ts';
import type { Catalog } from './catalog.ts';

export interface SpentCampaigns {
  /** A bid of the campaign could not be reserved. */
  put(snapshot: Snapshot, campaign: number): void;
  /** The ledger says that these can bid again. */
  reopen(campaignIds: readonly string[]): void;
  /** Before a snapshot is published: its bits as the budgets stand under its terms. */
  carryOver(next: Snapshot, nowMs: number): void;
  readonly count: number;
}

export function createSpentCampaigns(
  ledger: Ledger,
  holder: () => SnapshotHolder,
  catalogOf: (snapshot: Snapshot) => Catalog,
): SpentCampaigns {
  const spent = new Set<string>();
  return {
    get count() {
      return spent.size;
    },
    put(snapshot, campaign) {
      spent.add(snapshot.campaignText(campaign).id);
      snapshot.setLive(campaign, false);
    },
    reopen(campaignIds) {
      const snapshot = holder().current;
      for (const id of campaignIds) {
        if (!spent.delete(id)) continue;
        const campaign = snapshot.campaignOrdinal(id);
        if (campaign >= 0) snapshot.setLive(campaign, true);
      }
    },
    carryOver(next, nowMs) {
      for (const id of spent) {
        const campaign = next.campaignOrdinal(id);
        if (campaign < 0 || ledger.canReserve(catalogOf(next).account(campaign), nowMs)) spent.delete(id);
        else next.setLive(campaign, false);
      }
    },
  };
}
