import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { costNanos, MAX_COST_NANOS, priceMicros } from '../money.ts';
import { adIdentity } from './ad-identity.ts';
import { createTokenSigner, PURPOSES, type BidToken } from './crypto-token.ts';
import { uuid } from './fixtures/market.ts';
import { packWhereabouts } from './whereabouts.ts';

const KEY = { number: 1, key: Buffer.alloc(64, 1) };
const SALT = Buffer.alloc(32, 9);
const signer = createTokenSigner([KEY], SALT);
const BID: BidToken = {
  identity: adIdentity(uuid('campaign', 7), uuid('ad', 8)),
  model: 'cpm',
  test: false,
  impressionPosts: true,
  isCapped: true,
  lease: 123_456_789_012,
  ordinal: 4_294_967_295,
  priceMicros: priceMicros(2_500_001),
  bidMicros: priceMicros(Number.MAX_SAFE_INTEGER),
  reservedNanos: MAX_COST_NANOS,
  eventNanos: costNanos(1_500_000),
  currencyRate: 0.92,
  issuedMs: Date.UTC(2026, 10, 21),
  expirySec: 1_800_000_000,
  userId: 'user-1',
  multiplier: 1.1,
  whereabouts: packWhereabouts('zz', 'ooh'),
  placementId: '/1234/news.example/top',
};

describe('a bid token', () => {
  it('reads back what was signed, for every purpose', () => {
    const signed = signer.sign(BID);
    for (const purpose of PURPOSES) {
      const { userHash, ...read } = signer.verify(signed.token(purpose), purpose) ?? { userHash: '' };
      const { identity: _identity, userId: _userId, ...sent } = BID;
      expect(read).toEqual({ ...sent, campaignId: uuid('campaign', 7), adId: uuid('ad', 8) });
      expect(userHash).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  it('is signed as it is verified, by keys shorter and longer than a block of the hash', () => {
    for (const bytes of [1, 32, 127, 128, 129, 300]) {
      const keyed = createTokenSigner([{ number: 3, key: Buffer.alloc(bytes, 5) }], SALT);
      expect(keyed.verify(keyed.sign(BID).token('loss'), 'loss'), `${bytes} bytes`).not.toBeNull();
    }
  });

  it('of one purpose serves no other', () => {
    const signed = signer.sign(BID);
    for (const purpose of PURPOSES) {
      for (const other of PURPOSES) {
        expect(signer.verify(signed.token(purpose), other) !== null).toBe(purpose === other);
      }
    }
  });

  it('is refused when any character of it is changed, cut or added', () => {
    const token = signer.sign(BID).token('billing');
    for (let i = 0; i < token.length; i++) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      expect(signer.verify(changed, 'billing')).toBeNull();
    }
    for (let i = 0; i < token.length; i++) {
      const shifted = String.fromCharCode(token.charCodeAt(i) + 0x100);
      expect(signer.verify(token.slice(0, i) + shifted + token.slice(i + 1), 'billing')).toBeNull();
    }
    expect(signer.verify(token.replaceAll('-', '+').replaceAll('_', '/'), 'billing')).toBeNull();
    expect(signer.verify(token.slice(0, -1), 'billing')).toBeNull();
    expect(signer.verify(`${token}A`, 'billing')).toBeNull();
  });

  it('is refused whatever text comes in its place', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        (text) => signer.verify(text, 'win') === null,
      ),
    );
  });

  it('of another key is refused, of an older one that is still held it is not', () => {
    const next = { number: 2, key: Buffer.alloc(64, 2) };
    const token = signer.sign(BID).token('click');
    expect(createTokenSigner([next], SALT).verify(token, 'click')).toBeNull();
    expect(createTokenSigner([next, KEY], SALT).verify(token, 'click')).not.toBeNull();
  });

  it('names a user by a salted hash only, and nobody where nobody may be named', () => {
    const other = createTokenSigner([KEY], Buffer.alloc(32, 8));
    const hashed = signer.verify(signer.sign(BID).token('win'), 'win')?.userHash;
    expect(other.verify(other.sign(BID).token('win'), 'win')?.userHash).not.toBe(hashed);
    expect(hashed).toBe(signer.hashUser('user-1'));
    expect(signer.hashUser('')).toBe('');
    expect(signer.verify(signer.sign({ ...BID, userId: '' }).token('win'), 'win')?.userHash).toBe('');
  });

  it('names the placement, unless that is longer than 48 characters or not of printable ASCII', () => {
    const told = (placementId: string): readonly unknown[] => {
      const token = signer.sign({ ...BID, placementId }).token('click');
      return [signer.verify(token, 'click')?.placementId, token.length];
    };
    expect(told('')).toEqual(['', 156]);
    for (let length = 1; length <= 48; length++) {
      const placementId = 'p ~'.repeat(16).slice(0, length);
      expect(told(placementId)).toEqual([placementId, 156 + 4 * Math.ceil(length / 3)]);
    }
    for (const placementId of ['x'.repeat(49), 'é', 'a\0', 'a\nb', '\ud800'])
      expect(told(placementId)).toEqual(['', 156]);
  });

  it("of a click becomes its conversion's", () => {
    const signed = signer.sign(BID);
    expect(signer.reissue(signed.token('click'), 'conversion')).toBe(signed.token('conversion'));
  });

  it('needs no escaping in a URL, HTML or JSON', () => {
    expect(signer.sign(BID).token('impression')).toMatch(/^[\w-]{188}$/);
  });
});
