import { describe, expect, it } from 'vitest';
import { costNanos } from '../money.ts';
import { decodeEntry, encodeEntry } from './entry-bytes.ts';
import type { Entry, KeptEntry, LeaseEntry } from './entries.ts';
import { Marks } from './marks.ts';

const LEASE: LeaseEntry = { kind: 'lease', lease: 7, campaignId: 'c', day: 20_605, model: 'cpm', share: 21 };
const KEPT: KeptEntry = {
  ...LEASE,
  kind: 'kept',
  lastExpirySec: 3,
  longestSec: 2,
  expiredThroughSec: 1,
  outstandingNanos: 2 ** 53 - 1,
  marks: new Marks(),
};
KEPT.marks?.set('posted', 40);

function readBack(entry: Entry, less = 0): Entry {
  const bytes = encodeEntry(entry);
  return decodeEntry(Uint8Array.from(bytes.subarray(0, bytes.length - less)));
}

describe('the bytes of a journal entry', () => {
  it('hold the share of a lease', () => {
    expect(readBack(LEASE)).toEqual(LEASE);
    expect(readBack(KEPT)).toEqual(KEPT);
  });

  it('are read as of a whole share, and of mode strict, where an older journal has neither', () => {
    expect(readBack(LEASE, 4)).toEqual({ ...LEASE, share: 1_024 });
    expect(readBack(KEPT, 4)).toEqual({ ...KEPT, share: 1_024 });
    const terms = {
      campaignId: 'c',
      termsVersion: 1,
      model: 'cpm',
      budgetMode: 'expected',
      dailyBudgetNanos: costNanos(5),
      lifetimeBudgetNanos: null,
      timezone: 'UTC',
      evenOver: null,
      unitNanos: costNanos(1),
    } as const;
    const read = readBack({ kind: 'terms', terms }, 1);
    expect(read).toMatchObject({ terms: { campaignId: 'c', budgetMode: 'strict' } });
    expect(readBack({ kind: 'terms', terms })).toMatchObject({ terms: { budgetMode: 'expected' } });
  });
});
