import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { AD_EVENT_TYPES, MAX_EVENT_ID_CHARS, MAX_NAME_CHARS, type EventRecord } from './event.ts';
import { decodeEvent, encodeEvent } from './msgpack-event.ts';

const text = (maxLength: number, minLength = 0): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'binary', maxLength, minLength, size: 'max' })
    .filter((value) => !value.includes('\u0000') && value.length <= maxLength && value.isWellFormed());
/** What comes back has the prototype of every object. */
const WHOLE = { noNullPrototype: true } as const;
const name = fc.option(text(MAX_NAME_CHARS));
const amount = fc.maxSafeNat();
const instant = fc.nat({ max: 7_258_118_399_999 });
const shared = {
  eventId: text(MAX_EVENT_ID_CHARS, 1),
  atMs: instant,
  receivedAtMs: instant,
  campaignId: text(MAX_NAME_CHARS),
};
const adEvent = fc.record(
  {
    ...shared,
    type: fc.constantFrom(...AD_EVENT_TYPES),
    adId: text(MAX_NAME_CHARS, 1),
    known: fc.boolean(),
    signed: fc.boolean(),
    rated: fc.boolean(),
    userId: name,
    placementId: name,
    country: name,
    deviceType: name,
    // The wire's decimal price has 15 digits.
    bidMicros: fc.option(fc.nat({ max: 1e15 })),
    spendNanos: amount,
    mediaCostNanos: amount,
    lossReason: fc.option(amount),
    valueMicros: fc.option(amount),
    traceId: text(MAX_NAME_CHARS),
  },
  WHOLE,
);
const tally = fc.record(
  {
    ...shared,
    type: fc.constant('auction' as const),
    adId: text(MAX_NAME_CHARS),
    nbr: fc.option(amount),
    count: amount,
  },
  WHOLE,
);
const anyEvent: fc.Arbitrary<EventRecord> = fc.oneof(adEvent, tally);
const packr = new Packr({ useRecords: false });
const EXAMPLE = {
  eventId: 'e1',
  eventType: 'click',
  timestamp: 1_764_426_645_123,
  receivedAt: 1_764_426_645_200,
  userId: 'user-123',
  campaignId: 'campaign-456',
  adId: 'ad-789',
  placementId: null,
  bidPrice: 2.5,
  country: 'US',
  deviceType: 'mobile',
  known: true,
  signed: false,
  rated: false,
  spendNanos: 0,
  mediaCostNanos: 0,
  lossReason: null,
  valueMicros: null,
  traceId: '',
};

function bytesOf(fields: unknown, version = 1): Uint8Array {
  return Buffer.concat([Buffer.from([version]), packr.pack(fields)]);
}

describe('an event as bytes', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(decodeEvent(encodeEvent(event))).toStrictEqual({ event });
      }),
      { verbose: true },
    );
  });

  it('carries the documented names, as any MessagePack library reads them', () => {
    const bytes = bytesOf(EXAMPLE);
    const decoded = decodeEvent(bytes);
    if (!('event' in decoded)) throw new Error(decoded.fault);
    const encoded = encodeEvent(decoded.event);
    expect(encoded[0]).toBe(1);
    expect(packr.unpack(encoded.subarray(1))).toStrictEqual(EXAMPLE);
  });

  it.each([
    ['nothing at all', new Uint8Array(), 'It is empty.'],
    ['another version', bytesOf(EXAMPLE, 2), 'Version 2 is unknown, 1 is read.'],
    ['bytes that end too soon', bytesOf(EXAMPLE).subarray(0, 40), 'It is no MessagePack.'],
    ['a list', bytesOf([EXAMPLE]), 'It is no map.'],
    ['no id', bytesOf({ ...EXAMPLE, eventId: '' }), 'eventId has 0 characters, not 1 to 128.'],
    [
      'a long id',
      bytesOf({ ...EXAMPLE, eventId: 'x'.repeat(129) }),
      'eventId has 129 characters, not 1 to 128.',
    ],
    ['an unknown type', bytesOf({ ...EXAMPLE, eventType: 'view' }), 'eventType is none of ours.'],
    [
      'half a millisecond',
      bytesOf({ ...EXAMPLE, timestamp: 0.5 }),
      'timestamp is no whole number from 0 to 2^53 - 1.',
    ],
    [
      'a far future',
      bytesOf({ ...EXAMPLE, timestamp: 7_258_118_400_000 }),
      'timestamp lies behind the year 2199.',
    ],
    ['a zero byte', bytesOf({ ...EXAMPLE, adId: 'a\u0000b' }), 'adId holds a zero byte.'],
    ['a negative price', bytesOf({ ...EXAMPLE, bidPrice: -1 }), 'bidPrice is no price.'],
    [
      'negative money',
      bytesOf({ ...EXAMPLE, spendNanos: -1 }),
      'spendNanos is no whole number from 0 to 2^53 - 1.',
    ],
    ['a missing field', bytesOf({ ...EXAMPLE, known: undefined }), 'known is neither true nor false.'],
  ])('is refused with its reason where it is %s', (_title, bytes, fault) => {
    expect(decodeEvent(bytes)).toStrictEqual({ fault });
  });

  it('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        expect(decodeEvent(Buffer.concat([Buffer.from([1]), tail]))).toBeTypeOf('object');
      }),
      { numRuns: 2_000, verbose: true },
    );
  });
});
