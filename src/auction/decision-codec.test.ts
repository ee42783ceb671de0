import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { priceMicros } from '../money.ts';
import { NBR } from '../openrtb/codes.ts';
import { decodeDecision, encodeDecision, type SharedBytes } from './decision-codec.ts';
import type { Candidate, Decision, ImpDecision } from './decision.ts';

const BYTES = 1 << 20;
const buffer = new SharedArrayBuffer(BYTES);
const shared: SharedBytes = { view: new DataView(buffer), bytes: Buffer.from(buffer) };

/** Any string of JavaScript: `binary` holds halves of surrogate pairs too. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
);
const number = fc.double({ noNaN: true });
const ordinal = fc.nat({ max: 2 ** 32 - 1 });
const price = fc.maxSafeNat().map(priceMicros);
const nbr = fc.constantFrom(...Object.values(NBR));

const candidate: fc.Arbitrary<Candidate> = fc.record({
  campaign: ordinal,
  ad: ordinal,
  priceMicros: price,
  bidMicros: price,
  dealId: fc.oneof(fc.constant(''), text),
  width: ordinal,
  height: ordinal,
});
const imp: fc.Arbitrary<ImpDecision> = fc.record({
  impId: text,
  placementId: text,
  nbr,
  expSec: number,
  multiplier: number,
  shortlist: fc.array(candidate, { maxLength: 20 }),
  resumeFrom: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
});
const decision: fc.Arbitrary<Decision> = fc.oneof(
  fc.record({ kind: fc.constant('invalid' as const), field: text, message: text }),
  fc.record({
    kind: fc.constant('decided' as const),
    requestId: text,
    test: fc.boolean(),
    explain: fc.boolean(),
    currency: text,
    currencyRate: number,
    userId: text,
    whereabouts: fc.nat(2 ** 13 - 1),
    channel: fc.constantFrom('site' as const, 'app' as const, 'dooh' as const, 'none' as const),
    tmaxMs: fc.oneof(fc.constant(null), number),
    nbr,
    imps: fc.array(imp, { maxLength: 8 }),
  }),
);

describe('a decision in shared memory', () => {
  test('is read as it was written, whatever its strings and numbers, wherever it starts', () => {
    fc.assert(
      fc.property(decision, fc.nat({ max: 1000 }), (written, at) => {
        const bytes = encodeDecision(written, shared, at, BYTES);
        expect(bytes).toBeGreaterThan(0);
        // The next decision lies close behind it.
        const next: Decision = { kind: 'invalid', field: 'next', message: '' };
        encodeDecision(next, shared, at + bytes, BYTES);
        expect(decodeDecision(shared, at)).toEqual(written);
        expect(decodeDecision(shared, at + bytes)).toEqual(next);
      }),
      { numRuns: 2000 },
    );
  });

  test('is refused where a single byte is missing, and leaves alone what lies behind its room', () => {
    fc.assert(
      fc.property(decision, fc.double({ min: 0, max: 1, noNaN: true }), (written, part) => {
        const bytes = encodeDecision(written, shared, 0, BYTES);
        expect(encodeDecision(written, shared, 0, bytes)).toBe(bytes);
        const room = Math.floor(part * (bytes - 1));
        shared.bytes.fill(0xa5);
        expect(encodeDecision(written, shared, 0, room)).toBe(-1);
        expect(encodeDecision(written, shared, 0, bytes - 1)).toBe(-1);
        expect(shared.bytes.subarray(bytes - 1, bytes + 64).every((byte) => byte === 0xa5)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('keeps half a surrogate pair, which JSON can escape and UTF-8 cannot say', () => {
    const id = JSON.parse('"a\\ud800b"') as string;
    encodeDecision({ kind: 'invalid', field: id, message: '' }, shared, 0, BYTES);
    expect(decodeDecision(shared, 0)).toEqual({ kind: 'invalid', field: id, message: '' });
  });
});
