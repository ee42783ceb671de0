import { expect, it } from 'vitest';
import { NOW_MS, testCampaign, testIndex, uuid } from '../auction/fixtures/market.ts';
import type { Campaign } from '../campaigns/model.ts';
import { openLedger } from '../ledger/embedded.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { createCatalogs } from './catalog.ts';

it('tells the ledger the budget mode and the pacing of a campaign', () => {
  const caps = [{ limit: 3, window: 'day' }] as const;
  const changes: Partial<Campaign>[] = [
    {},
    { budgetMode: 'expected' },
    { pacing: 'even', frequencyCaps: caps, dealsOnly: true },
    { budgetMode: 'expected', pacing: 'even', frequencyCaps: caps },
  ];
  const index = testIndex(changes.map((change, n) => testCampaign(n, change)));
  const catalog = createCatalogs(openLedger({ journal: openMemoryJournal(), nowMs: NOW_MS }))(index);
  const told = changes.map((_, n) => {
    const { budgetMode, evenOver } = catalog.account(index.campaignOrdinal(uuid('campaign', n))).terms;
    return { budgetMode, isEven: evenOver !== null };
  });
  expect(told).toEqual([
    { budgetMode: 'strict', isEven: false },
    { budgetMode: 'expected', isEven: false },
    { budgetMode: 'strict', isEven: true },
    { budgetMode: 'expected', isEven: true },
  ]);
});
