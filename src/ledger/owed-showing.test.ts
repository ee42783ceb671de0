import { expect, it } from 'vitest';
import { costNanos } from '../money.ts';
import { readOwedCall, writeOwedCall } from './owed-call.ts';
import { readOwedShowing, writeOwedShowing } from './owed-showing.ts';

const BID = { campaignId: '0a1b2c3d-0000-4000-8000-0123456789ab', lease: 1_800_000_000_000, ordinal: 7 };
const SHOWING = {
  bid: { ...BID, userHash: 'ab00000000000001', issuedMs: 1_763_800_000_123, expirySec: 1_763_800_300 },
  atMs: 1_763_800_001_000,
};

it('a showing that is owed is read as it was written, and is no call that the ledger is owed', () => {
  const bytes = writeOwedShowing(SHOWING);
  expect(readOwedShowing(bytes)).toEqual(SHOWING);
  expect(readOwedCall(bytes)).toBeNull();
});

it('whatever else stands in the spool is no showing', () => {
  const bid = { ...BID, reservedNanos: costNanos(5), expirySec: 1_763_800_300 };
  const call = writeOwedCall({ verb: 'post', bid, amountNanos: 5, atMs: 1_763_800_001_000 });
  const texts = [
    '',
    'x',
    '[]',
    '["show"]',
    '["show","ab","cd",1,2,3,4]',
    '["show","ab","cd",1,2,3,4,"5"]',
    'null',
  ];
  for (const bytes of [call, ...texts.map((text) => new TextEncoder().encode(text))])
    expect(readOwedShowing(bytes)).toBeNull();
});
