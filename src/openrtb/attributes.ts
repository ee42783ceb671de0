/**
 * What a request says about its page, device and user, as targeting values: one list per dimension, in the form
 * in which compiled rules are looked up (lower case; domains and categories with their parents).
 */
import { countryValues } from './country.ts';
import {
  type JsonObject,
  NO_TEXTS,
  readArray,
  readInteger,
  readObject,
  readText,
  readTexts,
} from './dirt.ts';
import { domainValues } from './host.ts';
import { presentLanguage } from './language.ts';
import { connectionTypeWords, deviceTypeWords, genderWords, osWords } from './words.ts';

/** A dimension's place in a request's attributes. campaigns/dimensions.ts has the same order; a test compares. */
export const ATTRIBUTE = {
  country: 0,
  region: 1,
  city: 2,
  deviceType: 3,
  os: 4,
  browser: 5,
  language: 6,
  connectionType: 7,
  app: 8,
  domain: 9,
  category: 10,
  segment: 11,
  interest: 12,
  ageRange: 13,
  gender: 14,
  placement: 15,
  size: 16,
  format: 17,
  hourOfWeek: 18,
} as const;

/**
 * Values of one list that are looked up. Users have hundreds of segments at most; a body of 256 KiB could hold
 * 60,000, and each costs a look-up.
 */
export const MAX_ATTRIBUTE_VALUES = 1_000;
/** The oldest age that an age range can name. */
const MAX_AGE = 120;

type Values = readonly string[];

/**
 * The attributes that a request says, in ATTRIBUTE's order. At most one of site and app is there. Placement, size,
 * format, browser and hourOfWeek stay empty: see BidRequest.attributes.
 */
export function readAttributes(
  site: JsonObject | null,
  app: JsonObject | null,
  device: JsonObject | null,
  user: JsonObject | null,
  nowMs: number,
): readonly Values[] {
  const geo = device === null ? null : readObject(device.geo);
  const country = countryOf(geo, user);
  return [
    country,
    geo === null ? NO_TEXTS : regionValues(readText(geo.region), country),
    geo === null ? NO_TEXTS : textValues(geo.city),
    device === null ? NO_TEXTS : deviceTypeWords(device.devicetype),
    device === null ? NO_TEXTS : osWords(device.os),
    NO_TEXTS,
    device === null ? NO_TEXTS : languageOf(device),
    device === null ? NO_TEXTS : connectionTypeWords(device.connectiontype),
    app === null ? NO_TEXTS : appOf(app),
    site === null ? NO_TEXTS : siteDomain(site),
    categoriesOf(site ?? app),
    user === null ? NO_TEXTS : segmentsOf(user),
    user === null ? NO_TEXTS : interestsOf(user),
    user === null ? NO_TEXTS : ageValues(ageOf(user, nowMs)),
    user === null ? NO_TEXTS : genderWords(user.gender),
    NO_TEXTS,
    NO_TEXTS,
    NO_TEXTS,
    NO_TEXTS,
  ];
}

/** One text in the form of compiled values. */
export function textValues(value: unknown): Values {
  const text = fold(readText(value));
  return text === '' ? NO_TEXTS : [text];
}

/**
 * A region with its country (`us-ca`) and bare (`ca`): a rule may say either, and a bare one takes the request's
 * country. `region` may come with its country; `country` is the request's.
 */
export function regionValues(region: string, country: Values): Values {
  const folded = fold(region);
  if (folded === '') return NO_TEXTS;
  if (folded.charAt(2) === '-') return [folded, folded.slice(3)];
  return country[0] === undefined ? [folded] : [`${country[0]}-${folded}`, folded];
}

/** `en-US`, `en_us`, `EN` → `en`, `iw` → `he`; none where it is no code of two letters. */
export function languageValues(tag: string): Values {
  const mark = tag.charAt(2);
  if (tag.length < 2 || (mark !== '' && mark !== '-' && mark !== '_')) return NO_TEXTS;
  return [presentLanguage(tag.slice(0, 2).toLowerCase())];
}

/** Category codes and, for Content Taxonomy 1.0's `IAB2-3`, the parent `IAB2`. */
export function addCategories(codes: Values, to: string[]): void {
  for (const code of codes) {
    if (to.length >= MAX_ATTRIBUTE_VALUES) return;
    const folded = fold(code);
    if (folded === '') continue;
    to.push(folded);
    const dash = folded.startsWith('iab') ? folded.indexOf('-') : -1;
    if (dash > 0) addOnce(folded.slice(0, dash), to);
  }
}

/** An age in years as the value that age ranges are compiled to; none outside 0 to 120. */
export function ageValues(age: number | null): Values {
  return age === null || age < 0 || age > MAX_AGE ? NO_TEXTS : [String(age)];
}

function countryOf(geo: JsonObject | null, user: JsonObject | null): Values {
  const country = geo === null ? NO_TEXTS : countryValues(readText(geo.country));
  if (country.length > 0 || user === null) return country;
  const userGeo = readObject(user.geo);
  return userGeo === null ? NO_TEXTS : countryValues(readText(userGeo.country));
}

function languageOf(device: JsonObject): Values {
  const language = languageValues(readText(device.language));
  return language.length > 0 ? language : languageValues(readText(device.langb));
}

function appOf(app: JsonObject): Values {
  const bundle = textValues(app.bundle);
  return bundle.length > 0 ? bundle : textValues(app.id);
}

function siteDomain(site: JsonObject): Values {
  const domain = domainValues(readText(site.domain));
  return domain.length > 0 ? domain : domainValues(readText(site.page));
}

function categoriesOf(place: JsonObject | null): Values {
  if (place === null) return NO_TEXTS;
  const codes = readTexts(place.cat);
  const content = readObject(place.content);
  const contentCodes = content === null ? NO_TEXTS : readTexts(content.cat);
  if (codes.length === 0 && contentCodes.length === 0) return NO_TEXTS;
  const categories: string[] = [];
  addCategories(codes, categories);
  addCategories(contentCodes, categories);
  return categories;
}

function segmentsOf(user: JsonObject): Values {
  const data = readArray(user.data);
  if (data.length === 0) return NO_TEXTS;
  const segments: string[] = [];
  for (const provider of data) {
    for (const segment of readArray(readObject(provider)?.segment)) {
      if (segments.length >= MAX_ATTRIBUTE_VALUES) return segments;
      const id = fold(readText(readObject(segment)?.id));
      if (id !== '') segments.push(id);
    }
  }
  return segments.length === 0 ? NO_TEXTS : segments;
}

function interestsOf(user: JsonObject): Values {
  const keywords = readTexts(user.keywords);
  const more = readTexts(user.kwarray);
  if (keywords.length === 0 && more.length === 0) return NO_TEXTS;
  const interests: string[] = [];
  for (const list of keywords) addKeywords(list, interests);
  for (const list of more) addKeywords(list, interests);
  return interests;
}

function addKeywords(list: string, to: string[]): void {
  let start = 0;
  while (start <= list.length && to.length < MAX_ATTRIBUTE_VALUES) {
    const comma = list.indexOf(',', start);
    const end = comma === -1 ? list.length : comma;
    const keyword = fold(list.slice(start, end));
    if (keyword !== '') to.push(keyword);
    start = end + 1;
  }
}

function ageOf(user: JsonObject, nowMs: number): number | null {
  const yearOfBirth = readInteger(user.yob);
  return yearOfBirth === null ? null : new Date(nowMs).getUTCFullYear() - yearOfBirth;
}

/** Parents repeat among neighbours (IAB2-1, IAB2-3); a parent that stands further back does no harm twice. */
function addOnce(value: string, to: string[]): void {
  const recent = Math.max(0, to.length - 8);
  for (let i = to.length - 1; i >= recent; i--) if (to[i] === value) return;
  to.push(value);
}

function fold(text: string): string {
  return text.trim().toLowerCase();
}
