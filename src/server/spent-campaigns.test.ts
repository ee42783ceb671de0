import { describe, expect, it } from 'vitest';
import { NOW_MS, testCampaign, testSnapshot, uuid } from '../auction/fixtures/market.ts';
import { openLedger } from '../ledger/embedded.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { costNanos } from '../money.ts';
import { SnapshotHolder } from '../targeting/snapshot-holder.ts';
import type { Snapshot } from '../targeting/snapshot.ts';
import { createCatalog, type Catalog } from './catalog.ts';
import { createSpentCampaigns } from './spent-campaigns.ts';

const UNIT = 2_000_000;

/** One campaign whose daily budget bears `impressions`, served as the snapshot of `epoch`. */
function snapshotOf(impressions: number, epoch: number): Snapshot {
  return testSnapshot([testCampaign(1, { dailyBudgetNanos: costNanos(impressions * UNIT) })], epoch);
}

function desk(first: Snapshot) {
  const ledger = openLedger({ journal: openMemoryJournal(), nowMs: NOW_MS });
  const holder = new SnapshotHolder(first, () => () => undefined);
  const catalogs = new Map<Snapshot, Catalog>();
  const catalogOf = (snapshot: Snapshot): Catalog => {
    const catalog = catalogs.get(snapshot) ?? createCatalog(snapshot, ledger);
    catalogs.set(snapshot, catalog);
    return catalog;
  };
  const spent = createSpentCampaigns(ledger, () => holder, catalogOf);
  const reserve = (snapshot: Snapshot): boolean =>
    ledger.reserve(catalogOf(snapshot).account(0), costNanos(UNIT), NOW_MS, NOW_MS / 1000 + 300) !== null;
  return { ledger, holder, spent, reserve, catalogOf };
}

describe('the budget bit of a campaign', () => {
  it('stays out over a flip while its budget is spent, and is in where that was raised', () => {
    const first = snapshotOf(1, 1);
    const { spent, reserve } = desk(first);
    expect([reserve(first), reserve(first)]).toEqual([true, false]);
    spent.put(first, 0);
    expect(first.isLive(0)).toBe(false);

    const same = snapshotOf(1, 2);
    spent.carryOver(same, NOW_MS);
    expect([same.isLive(0), spent.count]).toEqual([false, 1]);

    const raised = snapshotOf(2, 3);
    spent.carryOver(raised, NOW_MS);
    expect([raised.isLive(0), spent.count, reserve(raised)]).toEqual([true, 0, true]);
  });

  it('comes in again when the ledger says that money came back', () => {
    const first = snapshotOf(1, 1);
    const { spent, ledger, reserve } = desk(first);
    reserve(first);
    reserve(first);
    spent.put(first, 0);
    spent.reopen(ledger.tick(NOW_MS + 1_000));
    expect(first.isLive(0)).toBe(false);
    // The reservation expires in silence; the next tick returns its money.
    spent.reopen(ledger.tick(NOW_MS + 301_000));
    spent.reopen(ledger.tick(NOW_MS + 302_000));
    expect([first.isLive(0), spent.count]).toEqual([true, 0]);
  });

  it('of a campaign that left the index is forgotten', () => {
    const first = snapshotOf(1, 1);
    const { spent } = desk(first);
    spent.put(first, 0);
    const without = testSnapshot([testCampaign(2)], 2);
    spent.carryOver(without, NOW_MS);
    expect([spent.count, without.campaignOrdinal(uuid('campaign', 1))]).toEqual([0, -1]);
  });
});

describe('a budget that was cut', () => {
  it('stays cut when a request of the snapshot before it comes late', () => {
    const before = snapshotOf(1_000, 1);
    const { reserve } = desk(before);
    const cut = snapshotOf(2, 2);
    expect([reserve(cut), reserve(before), reserve(before), reserve(cut)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
