import { GppModel } from '@iabgpp/cmpapi';
import {
  Base64Url,
  GVL,
  PurposeRestriction,
  RestrictionType,
  Segment,
  SegmentEncoder,
  TCModel,
  TCString,
} from '@iabtcf/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedCache } from './bounded-cache.ts';
import { readGpp } from './consent-gpp.ts';
import { readTcf } from './consent-tcf.ts';
import { decidePrivacy, type PrivacyRights } from './privacy.ts';
import type { PrivacySignals } from './request.ts';

const VENDOR = 755;
const READERS = { readTcf, readGpp };
const NOTHING = { identifier: false, profile: false };
const IDENTIFIER = { identifier: true, profile: false };
const EVERYTHING = { identifier: true, profile: true };

const SAID_NOTHING: PrivacySignals = {
  coppa: false,
  gdpr: null,
  consent: '',
  usPrivacy: '',
  gpp: '',
  gppSections: [],
  limitAdTracking: false,
  doNotTrack: false,
};

describe('decidePrivacy under the GDPR', () => {
  it.each([
    ['all purposes', { consents: [1, 2, 3, 4] }, EVERYTHING],
    ['no profile purposes', { consents: [1, 2] }, IDENTIFIER],
    ['only one of the profile purposes', { consents: [1, 2, 3] }, IDENTIFIER],
    ['no storage', { consents: [2, 3, 4] }, NOTHING],
    ['no basic ads', { consents: [1, 3, 4] }, NOTHING],
    ['basic ads by legitimate interest', { consents: [1, 3, 4], interests: [2] }, EVERYTHING],
    [
      'storage by legitimate interest, which TCF does not know',
      { consents: [2, 3, 4], interests: [1] },
      NOTHING,
    ],
    [
      'profiles by legitimate interest, which TCF no longer knows',
      { consents: [1, 2], interests: [3, 4] },
      IDENTIFIER,
    ],
  ])('allows what the string grants: %s', (_name, purposes, rights) => {
    const consent = tcString({ vendors: [VENDOR], ...purposes });
    expect(decide({ gdpr: true, consent })).toEqual(rights);
  });

  it('allows nothing without consent to our vendor, whatever the purposes', () => {
    expect(
      decide({
        gdpr: true,
        consent: tcString({ vendors: [VENDOR - 1, VENDOR + 1], consents: [1, 2, 3, 4] }),
      }),
    ).toEqual(NOTHING);
  });

  it('allows nothing without a vendor id, without a string and with one that is broken', () => {
    const consent = tcString({ vendors: [VENDOR], consents: [1, 2, 3, 4] });
    expect(decidePrivacy({ ...SAID_NOTHING, gdpr: true, consent }, READERS, null)).toEqual(NOTHING);
    for (const broken of [
      '',
      '.',
      'B',
      '🙂',
      consent.slice(0, 40),
      `A${consent.slice(1)}`,
      'C'.repeat(100_000),
    ]) {
      expect(decide({ gdpr: true, consent: broken }), broken.slice(0, 50)).toEqual(NOTHING);
    }
  });

  it('holds to the restrictions of the publisher', () => {
    expect(decide({ gdpr: true, consent: restricted(1, RestrictionType.NOT_ALLOWED) })).toEqual(NOTHING);
    expect(decide({ gdpr: true, consent: restricted(2, RestrictionType.REQUIRE_CONSENT) })).toEqual(
      EVERYTHING,
    );
    expect(decide({ gdpr: true, consent: restricted(3, RestrictionType.NOT_ALLOWED) })).toEqual(IDENTIFIER);
    expect(decide({ gdpr: true, consent: restricted(4, RestrictionType.REQUIRE_LI) })).toEqual(IDENTIFIER);
  });

  it('is in force where gpp_sid names the European section and gdpr is not said', () => {
    const consent = tcString({ vendors: [VENDOR], consents: [1, 2] });
    expect(decide({ gppSections: [2] })).toEqual(NOTHING);
    expect(decide({ gppSections: [2], consent })).toEqual(IDENTIFIER);
    expect(decide({ gppSections: [2], gpp: `DBABMA~${consent}` })).toEqual(IDENTIFIER);
    expect(decide({ gppSections: [2], gdpr: false })).toEqual(EVERYTHING);
  });
});

describe('decidePrivacy elsewhere', () => {
  it('allows everything where nothing was said', () => {
    expect(decide({})).toEqual(EVERYTHING);
  });

  it.each([
    { coppa: true },
    { limitAdTracking: true },
    { doNotTrack: true },
    { usPrivacy: '1YYN' },
    { usPrivacy: '1-y-' },
  ])('allows nothing with %j', (signals) => {
    expect(decide(signals)).toEqual(NOTHING);
  });

  it.each(['1YNN', '1---', '1', 'Y'])('sees no opt-out in us_privacy %s', (usPrivacy) => {
    expect(decide({ usPrivacy })).toEqual(EVERYTHING);
  });

  it.each([
    ['usnat', 7, 'SaleOptOut'],
    ['usnat', 7, 'SharingOptOut'],
    ['usnat', 7, 'TargetedAdvertisingOptOut'],
    ['usca', 8, 'SaleOptOut'],
    ['usca', 8, 'SharingOptOut'],
    ['usva', 9, 'TargetedAdvertisingOptOut'],
    ['usco', 10, 'SaleOptOut'],
    ['usut', 11, 'SaleOptOut'],
    ['usct', 12, 'TargetedAdvertisingOptOut'],
    ['usfl', 13, 'SaleOptOut'],
    ['ustx', 16, 'TargetedAdvertisingOptOut'],
    ['usde', 17, 'SaleOptOut'],
    ['usmn', 23, 'TargetedAdvertisingOptOut'],
  ])('honours the opt-out of GPP section %s (%i): %s', (name, section, field) => {
    expect(decide({ gpp: gppString({ [name]: { [field]: 1 } }), gppSections: [section] })).toEqual(NOTHING);
    expect(decide({ gpp: gppString({ [name]: { [field]: 2 } }), gppSections: [section] })).toEqual(
      EVERYTHING,
    );
  });

  it('honours US privacy inside GPP', () => {
    expect(decide({ gpp: gppString({ uspv1: { OptOutSale: 'Y' } }), gppSections: [6] })).toEqual(NOTHING);
    expect(decide({ gpp: gppString({ uspv1: { OptOutSale: 'N' } }), gppSections: [6] })).toEqual(EVERYTHING);
  });

  it('finds a section among others, and heeds those in force alone', () => {
    const gpp = gppString({ usnat: { SaleOptOut: 2 }, usca: { SaleOptOut: 1 }, usva: { SaleOptOut: 2 } });
    expect(decide({ gpp, gppSections: [8] })).toEqual(NOTHING);
    expect(decide({ gpp, gppSections: [7, 9] })).toEqual(EVERYTHING);
    expect(decide({ gpp, gppSections: [] })).toEqual(NOTHING);
  });

  it('takes a section that it can not read for an opt-out', () => {
    const [header = ''] = gppString({ usca: { SaleOptOut: 2 } }).split('~');
    expect(decide({ gpp: `${header}~B!!`, gppSections: [8] })).toEqual(NOTHING);
    expect(decide({ gpp: 'DB!', gppSections: [8] })).toEqual(NOTHING);
  });
});

describe('readTcf', () => {
  it('reads what the library reads', () => {
    const ids = (max: number) => fc.uniqueArray(fc.integer({ min: 1, max }), { maxLength: 40 });
    const vendors = fc.oneof(ids(60), ids(1_200), fc.constant(Array.from({ length: 300 }, (_, i) => i + 1)));
    fc.assert(
      fc.property(
        vendors,
        vendors,
        ids(24),
        ids(24),
        fc.integer({ min: 1, max: 400 }),
        (a, b, consents, interests, vendorId) => {
          const text = tcString({ vendors: a, vendorInterests: b, consents, interests });
          const model = TCString.decode(text);
          expect(readTcf(text, vendorId)).toEqual({
            vendorConsent: model.vendorConsents.has(vendorId),
            vendorInterest: model.vendorLegitimateInterests.has(vendorId),
            purposeConsents: bitsOf(consents),
            purposeInterests: bitsOf(interests),
            restrictions: [],
          });
        },
      ),
      { seed: 26, numRuns: 300 },
    );
  });

  it('reads the restrictions that name the vendor, and no others', () => {
    const text = restricted(3, RestrictionType.REQUIRE_LI);
    expect(readTcf(text, VENDOR)?.restrictions).toEqual([{ purpose: 3, type: 2 }]);
    expect(readTcf(text, 10)?.restrictions).toEqual([]);
  });

  it('answers for another vendor than the one that is cached', () => {
    const text = tcString({ vendors: [7], consents: [1] });
    expect([7, 8, 7].map((vendorId) => readTcf(text, vendorId)?.vendorConsent)).toEqual([true, false, true]);
  });

  it('walks a string that names all vendors a hundred times without building them', () => {
    const all = `1${'0'.repeat(15)}1${'1'.repeat(16)}`;
    const header = '000010'.padEnd(213, '0');
    const list = `${'1'.repeat(16)}1${(200).toString(2).padStart(12, '0')}${all.repeat(200)}`;
    const bits = `${header}${list}${'0'.repeat(17 + 12)}`;
    const text = Base64Url.encode(bits.padEnd(Math.ceil(bits.length / 24) * 24, '0'));
    expect(readTcf(text, VENDOR)).toMatchObject({ vendorConsent: true, vendorInterest: false });
  });
});

describe('readGpp', () => {
  it('refuses a header whose ranges name more sections than there are', () => {
    // Type 3, version 1, one entry, a range from 1 to a Fibonacci code of 60 bits.
    const bits = `000011000001${'1'.padStart(12, '0')}111${'01'.repeat(29)}11`;
    const text = Base64Url.encode(bits.padEnd(Math.ceil(bits.length / 24) * 24, '0'));
    expect(text.startsWith('DB')).toBe(true);
    expect(readGpp(`${text}~x`)).toBeNull();
  });

  it('never throws', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('DBABCQGmzy~.-_019 é')), maxLength: 40 });
    fc.assert(
      fc.property(text, text, (head, tail) => {
        readGpp(head);
        readGpp(`DB${head}~${tail}`);
        readTcf(`C${tail}`, VENDOR);
      }),
      { seed: 27, numRuns: 2_000 },
    );
  });
});

describe('BoundedCache', () => {
  it('drops the oldest entry when it is full', () => {
    const cache = new BoundedCache<number>(2);
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ] as const)
      cache.set(key, value);
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.size]).toEqual([undefined, 2, 4, 2]);
  });
});

function decide(signals: Partial<PrivacySignals>): PrivacyRights {
  return decidePrivacy({ ...SAID_NOTHING, ...signals }, READERS, VENDOR);
}

interface Grants {
  readonly vendors: number[];
  readonly vendorInterests?: number[];
  readonly consents: number[];
  readonly interests?: number[];
}

function tcModel(
  { vendors, vendorInterests = vendors, consents, interests = [] }: Grants,
  gvl?: GVL,
): TCModel {
  const model = new TCModel(gvl);
  model.cmpId = 10;
  model.cmpVersion = 1;
  model.consentScreen = 1;
  model.isServiceSpecific = true;
  if (gvl === undefined) model.vendorListVersion = 270;
  model.purposeConsents.set(consents);
  model.purposeLegitimateInterests.set(interests);
  model.vendorConsents.set(vendors);
  model.vendorLegitimateInterests.set(vendorInterests);
  return model;
}

function tcString(grants: Grants): string {
  return SegmentEncoder.encode(tcModel(grants), Segment.CORE);
}

/** A string with every consent, in which the publisher restricts one purpose for our vendor. */
function restricted(purpose: number, type: RestrictionType): string {
  const ids = Array.from({ length: 11 }, (_, i) => i + 1);
  const vendor = (id: number) => ({
    id,
    purposes: ids,
    legIntPurposes: ids,
    flexiblePurposes: ids,
    specialPurposes: [],
    features: [],
    specialFeatures: [],
  });
  const list = {
    gvlSpecificationVersion: 3,
    vendorListVersion: 270,
    tcfPolicyVersion: 4,
    lastUpdated: '2026-01-01T00:00:00Z',
    purposes: Object.fromEntries(ids.map((id) => [id, { id }])),
    specialPurposes: {},
    features: {},
    specialFeatures: {},
    stacks: {},
    dataCategories: {},
    vendors: { 10: vendor(10), [VENDOR]: vendor(VENDOR) },
  };
  const model = tcModel({ vendors: [10, VENDOR], consents: [1, 2, 3, 4] }, new GVL(list as never));
  model.publisherRestrictions.add(VENDOR, new PurposeRestriction(purpose, type));
  return SegmentEncoder.encode(model, Segment.CORE);
}

function gppString(sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  const model = new GppModel();
  for (const [section, fields] of Object.entries(sections)) {
    for (const [field, value] of Object.entries(fields)) model.setFieldValue(section, field, value);
  }
  return model.encode();
}

function bitsOf(purposes: readonly number[]): number {
  return purposes.reduce((bits, purpose) => bits | (1 << (purpose - 1)), 0);
}
