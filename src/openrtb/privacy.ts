/**
 * What a request's privacy signals allow us to use of its user. Decided before any look-up by user. The strings
 * of consent are decoded by the readers (consent-tcf.ts, consent-gpp.ts); the rules are here.
 */
import type { PrivacySignals } from './request.ts';

export interface PrivacyRights {
  /** The user's identifier: frequency caps, tokens, events. */
  readonly identifier: boolean;
  /** Segments, interests, age and gender. Never without `identifier`. */
  readonly profile: boolean;
}

/** What a TCF string says about one vendor. Purposes are bits: purpose p is bit p - 1. */
export interface TcfGrant {
  readonly vendorConsent: boolean;
  readonly vendorInterest: boolean;
  readonly purposeConsents: number;
  readonly purposeInterests: number;
  /** The publisher's restrictions that name the vendor. */
  readonly restrictions: readonly TcfRestriction[];
}

export interface TcfRestriction {
  readonly purpose: number;
  /** TCF: 0 the purpose is not allowed, 1 only with consent, 2 only with legitimate interest. */
  readonly type: number;
}

export interface GppGrant {
  /** The TCF string of section 2, '' where there is none. */
  readonly tcf: string;
  /** Sections of the US by which the user has opted out, or that can't be read. */
  readonly optedOutSections: readonly number[];
}

/** Decoders of consent strings: null where a string can't be decoded. */
export interface ConsentReaders {
  readonly readTcf: (text: string, vendorId: number) => TcfGrant | null;
  readonly readGpp: (text: string) => GppGrant | null;
}

/** In place of two strings of consent of one kind that differ: no such string, so it grants nothing. */
export const CONTRADICTION = '?';

const TCF_RESTRICTION = { notAllowed: 0, requireConsent: 1, requireInterest: 2 } as const;
/** IAB Tech Lab's numbers of GPP sections: the European TCF; everything from US privacy (6) on is of the US. */
export const GPP_SECTION = { tcfEu: 2, firstOfUs: 6 } as const;
/** TCF purposes: 1 store and access, 2 basic ads, 3 build a profile for ads, 4 use it. */
const PURPOSE = { storage: 1, basicAds: 2, createProfile: 3, useProfile: 4 } as const;
/** `1YYN`: version, notice given, opted out of sale, LSPA. */
const US_PRIVACY_OPT_OUT_PLACE = 2;

const NOTHING: PrivacyRights = Object.freeze({ identifier: false, profile: false });
const IDENTIFIER_ONLY: PrivacyRights = Object.freeze({ identifier: true, profile: false });
const EVERYTHING: PrivacyRights = Object.freeze({ identifier: true, profile: true });

/**
 * Children's requests, devices that limit tracking, and opt-outs of the US allow nothing. Where the GDPR
 * applies (`regs.gdpr` 1, or not said and section 2 among `gpp_sid`), an identifier needs our vendor's consent
 * and purposes 1 and 2 (2 also by legitimate interest), a profile purposes 3 and 4 as well; a string that can't
 * be decoded is no consent, and two GPP strings that differ allow nothing anywhere. `vendorId` is our id in the Global Vendor List; null: no identifier under GDPR.
 */
export function decidePrivacy(
  signals: PrivacySignals,
  readers: ConsentReaders,
  vendorId: number | null,
): PrivacyRights {
  if (signals.coppa || signals.limitAdTracking || signals.doNotTrack) return NOTHING;
  if (isUsOptOut(signals.usPrivacy) || signals.gpp === CONTRADICTION) return NOTHING;
  const sections = signals.gppSections;
  const gpp = signals.gpp === '' ? null : readers.readGpp(signals.gpp);
  if (signals.gpp !== '' && isOptedOutByGpp(gpp, sections)) return NOTHING;
  const isGdpr = signals.gdpr ?? sections.includes(GPP_SECTION.tcfEu);
  if (!isGdpr) return EVERYTHING;
  const consent = signals.consent === '' ? (gpp?.tcf ?? '') : signals.consent;
  if (vendorId === null || consent === '') return NOTHING;
  const grant = readers.readTcf(consent, vendorId);
  return grant === null ? NOTHING : rightsByTcf(grant);
}

/** Whether a `us_privacy` string is an opt-out of sale. */
export function isUsOptOut(usPrivacy: string): boolean {
  const mark = usPrivacy.charAt(US_PRIVACY_OPT_OUT_PLACE);
  return mark === 'Y' || mark === 'y';
}

/** Only the sections in force count; where none are named, all that the string has. */
function isOptedOutByGpp(gpp: GppGrant | null, inForce: readonly number[]): boolean {
  if (gpp === null) return inForce.some((section) => section >= GPP_SECTION.firstOfUs);
  if (inForce.length === 0) return gpp.optedOutSections.length > 0;
  return gpp.optedOutSections.some((section) => inForce.includes(section));
}

function rightsByTcf(grant: TcfGrant): PrivacyRights {
  const mayIdentify =
    grant.vendorConsent &&
    hasConsent(grant, PURPOSE.storage) &&
    (hasConsent(grant, PURPOSE.basicAds) || hasInterest(grant, PURPOSE.basicAds));
  if (!mayIdentify) return NOTHING;
  const mayProfile = hasConsent(grant, PURPOSE.createProfile) && hasConsent(grant, PURPOSE.useProfile);
  return mayProfile ? EVERYTHING : IDENTIFIER_ONLY;
}

function hasConsent(grant: TcfGrant, purpose: number): boolean {
  return (
    grant.vendorConsent &&
    (grant.purposeConsents & bitOf(purpose)) !== 0 &&
    !isRestricted(grant, purpose, TCF_RESTRICTION.requireInterest)
  );
}

function hasInterest(grant: TcfGrant, purpose: number): boolean {
  return (
    grant.vendorInterest &&
    (grant.purposeInterests & bitOf(purpose)) !== 0 &&
    !isRestricted(grant, purpose, TCF_RESTRICTION.requireConsent)
  );
}

function isRestricted(grant: TcfGrant, purpose: number, type: number): boolean {
  return grant.restrictions.some(
    (one) => one.purpose === purpose && (one.type === TCF_RESTRICTION.notAllowed || one.type === type),
  );
}

function bitOf(purpose: number): number {
  return 1 << (purpose - 1);
}
