import { describe, expect, it } from 'vitest';
import { NOW_MS, testCampaign, testIndex, uuid } from '../auction/fixtures/market.ts';
import { openLedger } from '../ledger/embedded.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { costNanos } from '../money.ts';
import { IndexHolder } from '../targeting/index-holder.ts';
import { IndexWriter } from '../targeting/index-writer.ts';
import type { Index } from '../targeting/tiers.ts';
import { createCatalogs } from './catalog.ts';
import { createSpentCampaigns } from './spent-campaigns.ts';

const UNIT = 2_000_000;

/** One campaign whose daily budget bears `impressions`, served as the index of `epoch`. */
function indexOf(impressions: number, epoch: number): Index {
  return testIndex([testCampaign(1, { dailyBudgetNanos: costNanos(impressions * UNIT) })], epoch);
}

function desk(first: Index) {
  const ledger = openLedger({ journal: openMemoryJournal(), nowMs: NOW_MS });
  const holder = new IndexHolder(first, () => () => undefined);
  const catalogOf = createCatalogs(ledger);
  const spent = createSpentCampaigns(ledger, () => holder, catalogOf);
  const reserve = (index: Index): boolean =>
    ledger.reserve(catalogOf(index).account(0), costNanos(UNIT), NOW_MS, NOW_MS / 1000 + 300) !== null;
  return { ledger, holder, spent, reserve, catalogOf };
}

describe('the budget bit of a campaign', () => {
  it('stays out over a flip while its budget is spent, and is in where that was raised', () => {
    const first = indexOf(1, 1);
    const { spent, reserve } = desk(first);
    expect([reserve(first), reserve(first)]).toEqual([true, false]);
    spent.put(first, 0);
    expect(first.isLive(0)).toBe(false);

    const same = indexOf(1, 2);
    spent.carryOver(same, null, NOW_MS);
    expect([same.isLive(0), spent.count]).toEqual([false, 1]);

    const raised = indexOf(2, 3);
    spent.carryOver(raised, null, NOW_MS);
    expect([raised.isLive(0), spent.count, reserve(raised)]).toEqual([true, 0, true]);
  });

  it('is carried into the tier that a change compiles, and stays where it is in the others', () => {
    const first = testIndex([testCampaign(1, { dailyBudgetNanos: costNanos(UNIT) }), testCampaign(2)]);
    const { spent, reserve, holder } = desk(first);
    const writer = new IndexWriter({ snapshot: first.base.snapshot, version: 1, changed: null }, 1, {
      ctr: 0.001,
      cvr: 0.00001,
    });
    reserve(first);
    spent.put(first, first.campaignOrdinal(uuid('campaign', 1)));
    const change = (n: number, version: number, dailyBudgetNanos: number): boolean => {
      const campaign = testCampaign(n, { name: 'Renamed', dailyBudgetNanos: costNanos(dailyBudgetNanos) });
      const changed = new Map([[campaign.id, version]]);
      const next = writer.apply({ version, changed, campaigns: [campaign] }, NOW_MS);
      if (next === null) throw new Error('a change is an index');
      spent.carryOver(next.index, next.fresh, NOW_MS);
      holder.publish(next.index);
      return next.index.isLive(next.index.campaignOrdinal(uuid('campaign', 1)));
    };
    expect(change(2, 2, UNIT)).toBe(false);
    expect(change(1, 3, UNIT)).toBe(false);
    expect(change(2, 4, UNIT)).toBe(false);
    expect(change(1, 5, 2 * UNIT)).toBe(true);
    expect(spent.count).toBe(0);
  });

  it('comes in again when the ledger says that money came back', () => {
    const first = indexOf(1, 1);
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

  it('goes out and comes in as the line rises along which the budget is paced', () => {
    const minute = Math.floor((NOW_MS % 86_400_000) / 60_000);
    const hour = { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: minute, toMinute: minute + 60 };
    const schedule = { startMs: NOW_MS, endMs: null, timezone: 'UTC', dayparts: [hour] };
    const paced = { pacing: 'even', schedule, dailyBudgetNanos: costNanos(60 * UNIT) } as const;
    const first = testIndex([testCampaign(1, paced)]);
    const { spent, ledger, reserve } = desk(first);
    expect([reserve(first), reserve(first)]).toEqual([true, false]);
    spent.put(first, 0);
    const outAt = [30, 59, 61].map((second) => {
      spent.reopen(ledger.tick(NOW_MS + second * 1_000));
      return first.isLive(0);
    });
    expect(outAt).toEqual([false, false, true]);
  });

  it('of a campaign that left the index is forgotten', () => {
    const first = indexOf(1, 1);
    const { spent } = desk(first);
    spent.put(first, 0);
    const without = testIndex([testCampaign(2)], 2);
    spent.carryOver(without, null, NOW_MS);
    expect([spent.count, without.campaignOrdinal(uuid('campaign', 1))]).toEqual([0, -1]);
  });
});

describe('a budget that was cut', () => {
  it('stays cut when a request of the index before it comes late', () => {
    const before = indexOf(1_000, 1);
    const { reserve } = desk(before);
    const cut = indexOf(2, 2);
    expect([reserve(cut), reserve(before), reserve(before), reserve(cut)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
