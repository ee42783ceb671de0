/**
 * The simple forms' few fields as a bid request for one banner, so that they are decided by the very code that
 * decides OpenRTB.
 */
import {
  addCategories,
  ageValues,
  ATTRIBUTE,
  languageValues,
  regionValues,
  textValues,
} from '../openrtb/attributes.ts';
import { countryValues } from '../openrtb/country.ts';
import { domainValues } from '../openrtb/host.ts';
import type { BidRequest, Size } from '../openrtb/request.ts';
import { genderWords, osWords } from '../openrtb/words.ts';
import type { PriceMicros } from '../money.ts';

/** '' and empty lists where a form does not say. */
export interface SimpleRequest {
  readonly id: string;
  readonly userId: string;
  readonly country: string;
  readonly region: string;
  readonly city: string;
  /** In the words of the deviceType dimension. */
  readonly deviceType: string;
  readonly os: string;
  readonly app: string;
  /** A host or an address. */
  readonly domain: string;
  readonly categories: readonly string[];
  readonly segments: readonly string[];
  readonly interests: readonly string[];
  readonly age: number | null;
  readonly gender: string;
  readonly placementId: string;
  /** null: the ad's own size goes. */
  readonly size: Size | null;
  readonly floorMicros: PriceMicros;
  readonly userAgent: string;
  /** The client's address. */
  readonly address: string;
  readonly acceptLanguage: string;
}

export const EMPTY_SIMPLE_REQUEST: SimpleRequest = {
  id: '',
  userId: '',
  country: '',
  region: '',
  city: '',
  deviceType: '',
  os: '',
  app: '',
  domain: '',
  categories: [],
  segments: [],
  interests: [],
  age: null,
  gender: '',
  placementId: '',
  size: null,
  floorMicros: 0 as PriceMicros,
  userAgent: '',
  address: '',
  acceptLanguage: '',
};

/** The imp that a simple form offers; it has one. */
const IMP_ID = '1';

export function simpleBidRequest(form: SimpleRequest): BidRequest {
  return {
    id: form.id,
    test: false,
    explain: false,
    tmaxMs: null,
    currencies: ['USD'],
    allowedSeats: [],
    blockedSeats: [],
    blockedCategories: [],
    allowedCategories: [],
    cattax: 1,
    blockedDomains: [],
    blockedApps: [],
    attributes: attributesOf(form),
    userAgent: { ua: form.userAgent, brands: [], platform: '', mobile: null, sender: 'caller' },
    ip: form.address,
    ipv6: '',
    userId: form.userId,
    privacy: {
      coppa: false,
      gdpr: null,
      consent: '',
      usPrivacy: '',
      gpp: '',
      gppSections: [],
      limitAdTracking: false,
      doNotTrack: false,
    },
    channel: form.app === '' ? 'site' : 'app',
    supplyChain: null,
    seatListsCollide: false,
    imps: [
      {
        id: IMP_ID,
        problem: '',
        floorMicros: form.floorMicros,
        floorCurrency: 'USD',
        secure: false,
        interstitial: false,
        expSec: null,
        tagId: form.placementId,
        multiplier: 1,
        privateAuction: false,
        deals: [],
        formats: ['banner'],
        banner: {
          sizes: form.size === null ? [] : [form.size],
          ratios: [],
          blockedTypes: [],
          blockedAttributes: [],
          mimes: [],
          apis: [],
        },
      },
    ],
  };
}

function attributesOf(form: SimpleRequest): readonly (readonly string[])[] {
  const attributes: (readonly string[])[] = Object.keys(ATTRIBUTE).map(() => []);
  const country = countryValues(form.country);
  const categories: string[] = [];
  addCategories(form.categories, categories);
  attributes[ATTRIBUTE.country] = country;
  attributes[ATTRIBUTE.region] = regionValues(form.region, country);
  attributes[ATTRIBUTE.city] = textValues(form.city);
  attributes[ATTRIBUTE.deviceType] = textValues(form.deviceType);
  attributes[ATTRIBUTE.os] = osWords(form.os);
  attributes[ATTRIBUTE.language] = languageValues(form.acceptLanguage.trim().split(/[,;]/)[0] ?? '');
  attributes[ATTRIBUTE.app] = textValues(form.app);
  attributes[ATTRIBUTE.domain] = domainValues(form.domain);
  attributes[ATTRIBUTE.category] = categories;
  attributes[ATTRIBUTE.segment] = form.segments.flatMap(textValues);
  attributes[ATTRIBUTE.interest] = form.interests.flatMap(textValues);
  attributes[ATTRIBUTE.ageRange] = ageValues(form.age);
  attributes[ATTRIBUTE.gender] = genderWords(form.gender);
  return attributes;
}
