import { describe, expect, it } from 'vitest';
import { AUCTION_MACRO, readAuctionPrice, readLossReason } from './macros.ts';

describe('readAuctionPrice', () => {
  it.each([
    ['2.5', 2_500_000],
    ['0.000001', 1],
    ['1.0E-5', 10],
    ['+3', 3_000_000],
    ['.5', 500_000],
    ['12', 12_000_000],
    ['1.0000001', 1_000_001],
  ])('reads %s as micros, rounded up', (text, micros) => {
    expect(readAuctionPrice(text)).toBe(micros);
  });

  it.each([
    '',
    'AUDIT',
    AUCTION_MACRO.price,
    encodeURIComponent(AUCTION_MACRO.price),
    '${AUCTION_PRICE:B64}',
    'abc',
    'NaN',
    'Infinity',
    '0x10',
    '1,5',
    ' 1',
    '0',
    '-1',
    '1e999',
    '1000000001',
    '1'.repeat(400),
  ])('reads %j as no price', (text) => {
    expect(readAuctionPrice(text)).toBeNull();
  });
});

describe('readLossReason', () => {
  it('reads the numbers of the list and of the exchanges themselves', () => {
    expect(['0', '102', '1000'].map(readLossReason)).toEqual([0, 102, 1000]);
  });

  it('reads nothing else', () => {
    expect(['', AUCTION_MACRO.loss, '-1', '1.5', '99999', 'x'].map(readLossReason)).toEqual(
      Array.from({ length: 6 }, () => null),
    );
  });
});
