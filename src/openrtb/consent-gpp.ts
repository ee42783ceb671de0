/**
 * The door to @iabgpp/cmpapi: what a GPP string holds. Its sections are decoded by the library; the list of
 * their numbers at its head is walked here, because the library expands ranges before it looks at their size,
 * and twenty characters can spell a range of 10^20 sections.
 */
import { CompressedBase64UrlEncoder, FibonacciIntegerEncoder, GppModel } from '@iabgpp/cmpapi';
import { BoundedCache } from './bounded-cache.ts';
import { GPP_SECTION, type GppGrant } from './privacy.ts';

/** A header with all 24 sections that exist is shorter than 20 characters. */
const MAX_HEADER_LENGTH = 64;
/** Fibonacci codes up to this length are numbers below 2,584; sections are numbered below 100. */
const MAX_NUMBER_BITS = 16;
/** The longest sections of the US are some 30 characters. */
const MAX_US_SECTION_LENGTH = 256;
/** The head (6 bits of type, 6 of version) before the 12 bits that count the entries. */
const COUNT_AT = 12;
const COUNT_BITS = 12;
const CACHE_ENTRIES = 2_048;
/** What is cached is bounded in bytes too: a TCF section is the only long one. */
const MAX_TEXT_LENGTH = 10_000;

const US_PRIVACY_SECTION = 6;
/** In the national section and those of the states 1 is an opt-out, 2 its refusal, 0 not applicable. */
const OPTED_OUT = 1;
const OPT_OUT_FIELDS = ['SaleOptOut', 'SharingOptOut', 'TargetedAdvertisingOptOut'] as const;

const cache = new BoundedCache<GppGrant | null>(CACHE_ENTRIES);

/** The TCF string and the opt-outs in `text`; null where it is no GPP string. */
export function readGpp(text: string): GppGrant | null {
  if (text === '' || text.length > MAX_TEXT_LENGTH) return null;
  const cached = cache.get(text);
  if (cached !== undefined) return cached;
  const grant = decode(text);
  cache.set(text, grant);
  return grant;
}

function decode(text: string): GppGrant | null {
  const [header = '', ...sections] = text.split('~');
  const ids = sectionIds(header);
  if (ids?.length !== sections.length) return null;
  let tcf = '';
  const optedOutSections: number[] = [];
  for (const [place, id] of ids.entries()) {
    const section = sections[place] ?? '';
    if (id === GPP_SECTION.tcfEu) tcf = section;
    else if (id >= GPP_SECTION.firstOfUs && isOptOut(id, section)) optedOutSections.push(id);
  }
  return { tcf, optedOutSections };
}

/** The numbers of the sections, in their order; null where the header is none. */
function sectionIds(header: string): readonly number[] | null {
  if (!header.startsWith('DB') || header.length > MAX_HEADER_LENGTH) return null;
  try {
    return expandSections(CompressedBase64UrlEncoder.getInstance().decode(header));
  } catch {
    return null;
  }
}

/** Each entry is a 0 and a number, or a 1 and both ends of a range; numbers count on from the one before. */
function expandSections(bits: string): readonly number[] | null {
  const ids: number[] = [];
  let at = COUNT_AT + COUNT_BITS;
  let last = 0;
  for (let entries = Number.parseInt(bits.slice(COUNT_AT, at), 2); entries > 0; entries--) {
    const isRange = bits.charAt(at) === '1';
    at++;
    for (let end = isRange ? 2 : 1; end > 0; end--) {
      const stop = bits.indexOf('11', at) + 2;
      if (stop < at + 2 || stop - at > MAX_NUMBER_BITS) return null;
      const number = last + FibonacciIntegerEncoder.decode(bits.slice(at, stop));
      if (isRange && end === 1) for (let id = last + 1; id < number; id++) ids.push(id);
      ids.push(number);
      last = number;
      at = stop;
    }
  }
  return ids;
}

/** Whether a section of the US is an opt-out. One that can't be read grants nothing, so it counts as one. */
function isOptOut(id: number, section: string): boolean {
  if (section === '' || section.length > MAX_US_SECTION_LENGTH) return true;
  try {
    const model = new GppModel();
    model.decodeSectionById(id, section);
    if (!model.hasSectionId(id)) return false;
    if (id === US_PRIVACY_SECTION) return model.getFieldValueBySectionId(id, 'OptOutSale') === 'Y';
    return OPT_OUT_FIELDS.some(
      (field) =>
        model.hasFieldBySectionId(id, field) && model.getFieldValueBySectionId(id, field) === OPTED_OUT,
    );
  } catch {
    return true;
  }
}
