/**
 * The door to @iabtcf/core: what a TCF 2 string says about one vendor.
 *
 * Its base64 and its integers are the library's; the vendor lists are walked here, for our vendor alone. The
 * library's own TCString.decode builds sets and trees of every vendor named, and a string may name 65,535 of
 * them again and again: measured, 1,148 characters take it 560 ms and 52 characters with one restriction 59 ms
 * for 8,191 vendors (growing with their square), on a thread that answers in milliseconds.
 */
import { Base64Url, BitLength, IntEncoder } from '@iabtcf/core';
import { BoundedCache } from './bounded-cache.ts';
import type { TcfGrant, TcfRestriction } from './privacy.ts';

/** Two lists of 5,000 vendors as bits and room for restrictions; 8,192 characters are 49,152 bits to walk. */
const MAX_CORE_LENGTH = 8_192;
/** A consent string is one user's on one site: it comes back within a session or not at all. */
const CACHE_ENTRIES = 2_048;
const TCF_VERSION = 2;

const cache = new BoundedCache<{ readonly vendorId: number; readonly grant: TcfGrant | null }>(CACHE_ENTRIES);

/** The fields between the version and the purposes, in the order of the core segment. */
const BITS_BEFORE_PURPOSES =
  BitLength.version +
  BitLength.created +
  BitLength.lastUpdated +
  BitLength.cmpId +
  BitLength.cmpVersion +
  BitLength.consentScreen +
  BitLength.consentLanguage +
  BitLength.vendorListVersion +
  BitLength.policyVersion +
  BitLength.isServiceSpecific +
  BitLength.useNonStandardStacks +
  BitLength.specialFeatureOptins;

/** What `text` grants to `vendorId`; null where it is no TCF 2 string. Decoded once while it is cached. */
export function readTcf(text: string, vendorId: number): TcfGrant | null {
  const dot = text.indexOf('.');
  const core = dot === -1 ? text : text.slice(0, dot);
  if (core === '' || core.length > MAX_CORE_LENGTH) return null;
  const cached = cache.get(core);
  if (cached?.vendorId === vendorId) return cached.grant;
  const grant = decode(core, vendorId);
  cache.set(core, { vendorId, grant });
  return grant;
}

function decode(core: string, vendorId: number): TcfGrant | null {
  try {
    return new CoreSegment(Base64Url.decode(core), vendorId).read();
  } catch {
    return null;
  }
}

/** A walk over the bits of a core segment. Throws, as the library's integers do, where they end too early. */
class CoreSegment {
  private readonly bits: string;
  private readonly vendorId: number;
  private at = 0;

  constructor(bits: string, vendorId: number) {
    this.bits = bits;
    this.vendorId = vendorId;
  }

  read(): TcfGrant | null {
    if (this.integer(BitLength.version) !== TCF_VERSION) return null;
    this.at = BITS_BEFORE_PURPOSES;
    const purposeConsents = this.purposes(BitLength.purposeConsents);
    const purposeInterests = this.purposes(BitLength.purposeLegitimateInterests);
    this.at += BitLength.purposeOneTreatment + BitLength.publisherCountryCode;
    return {
      vendorConsent: this.vendors(),
      vendorInterest: this.vendors(),
      purposeConsents,
      purposeInterests,
      restrictions: this.restrictions(),
    };
  }

  private integer(length: number): number {
    const value = IntEncoder.decode(this.bits.slice(this.at, this.at + length), length);
    this.at += length;
    return value;
  }

  /** Purpose 1 is the first bit of the field, and the lowest of the answer. */
  private purposes(length: number): number {
    let purposes = 0;
    for (let i = 0; i < length; i++) if (this.bits.charAt(this.at + i) === '1') purposes |= 1 << i;
    this.at += length;
    return purposes;
  }

  /** Whether our vendor is in a list of vendors, which is a field of bits or a list of ranges. */
  private vendors(): boolean {
    const maxId = this.integer(BitLength.maxId);
    if (this.integer(BitLength.encodingType) === 1) return this.ranges();
    const isIn = this.vendorId <= maxId && this.bits.charAt(this.at + this.vendorId - 1) === '1';
    this.at += maxId;
    return isIn;
  }

  private ranges(): boolean {
    let isIn = false;
    for (let entries = this.integer(BitLength.numEntries); entries > 0; entries--) {
      const isRange = this.integer(BitLength.singleOrRange) === 1;
      const first = this.integer(BitLength.vendorId);
      const last = isRange ? this.integer(BitLength.vendorId) : first;
      if (first <= this.vendorId && this.vendorId <= last) isIn = true;
    }
    return isIn;
  }

  private restrictions(): readonly TcfRestriction[] {
    const restrictions: TcfRestriction[] = [];
    for (let count = this.integer(BitLength.numRestrictions); count > 0; count--) {
      const purpose = this.integer(BitLength.purposeId);
      const type = this.integer(BitLength.restrictionType);
      if (this.ranges()) restrictions.push({ purpose, type });
    }
    return restrictions;
  }
}
