/** One imp of a bid request, normalised: floors in micros, sizes as integers, deals, the types it offers. */
import { microsRoundedUp, priceMicros, type PriceMicros } from '../money.ts';
import { findImpProblem } from './check-imp.ts';
import { AUCTION } from './codes.ts';
import {
  type JsonObject,
  NO_TEXTS,
  readArray,
  readFlag,
  readInteger,
  readNumber,
  readObject,
  readText,
} from './dirt.ts';
import { normaliseHost } from './host.ts';
import { lengthProblem, MAX_CODES, MAX_NAMES, readCodes, readNames } from './lists.ts';
import type { Banner, Deal, Imp, Ratio, Size } from './request.ts';

/** No CPM is higher in any currency: 10^15 micros, which a double still counts exactly. */
const MAX_FLOOR_UNITS = 1_000_000_000;
/** What a floor without a currency is in. */
const DEFAULT_CURRENCY = 'USD';

const NO_FLOOR = priceMicros(0);
const MAX_FLOOR = microsRoundedUp(MAX_FLOOR_UNITS);
const NO_DEALS: readonly Deal[] = Object.freeze([]);
const NO_SIZES: readonly Size[] = Object.freeze([]);
const NO_RATIOS: readonly Ratio[] = Object.freeze([]);

const BANNER_BIT = 1;
const VIDEO_BIT = 2;
const AUDIO_BIT = 4;
const NATIVE_BIT = 8;
/** The formats of an imp by the bits of what it offers: sixteen shared lists. */
const FORMATS = Array.from({ length: 16 }, (_, bits) =>
  Object.freeze(['banner', 'video', 'audio', 'native'].filter((_name, place) => (bits & (1 << place)) !== 0)),
);

/** Reads `imp[index]`. Where it is spoiled only its id and its problem mean anything. */
export function readImp(value: unknown, index: number): Imp {
  const imp = readObject(value);
  if (imp === null) return spoiledImp('', `imp[${index}]: must be an object`);
  const problem = findImpProblem(imp);
  if (problem !== '') {
    return spoiledImp(readText(imp.id), `imp[${index}]${problem.startsWith(':') ? '' : '.'}${problem}`);
  }
  const sound = readSoundImp(imp);
  const listProblem = findLongList(sound);
  return listProblem === '' ? sound : spoiledImp(sound.id, `imp[${index}].${listProblem}`);
}

function readSoundImp(imp: JsonObject): Imp {
  const banner = readObject(imp.banner);
  const pmp = imp.pmp === undefined ? null : readObject(imp.pmp);
  return {
    id: readText(imp.id),
    problem: '',
    floorMicros: readFloor(imp.bidfloor),
    floorCurrency: readCurrency(imp.bidfloorcur),
    secure: readFlag(imp.secure),
    interstitial: readFlag(imp.instl),
    expSec: imp.exp === undefined ? null : readPositive(imp.exp),
    tagId: readText(imp.tagid),
    multiplier: imp.qty === undefined ? 1 : (readNumber(readObject(imp.qty)?.multiplier) ?? 1),
    privateAuction: pmp !== null && readFlag(pmp.private_auction),
    deals: pmp === null ? NO_DEALS : readDeals(pmp.deals),
    formats: formatsOf(imp, banner),
    banner: banner === null ? null : readBanner(banner),
  };
}

/** Lists are counted once their doubles are gone, so only here, where they have been read. */
function findLongList({ banner, deals }: Imp): string {
  const problem =
    banner === null
      ? ''
      : lengthProblem('banner.btype', banner.blockedTypes, MAX_CODES) ||
        lengthProblem('banner.battr', banner.blockedAttributes, MAX_CODES) ||
        lengthProblem('banner.api', banner.apis, MAX_CODES) ||
        lengthProblem('banner.mimes', banner.mimes, MAX_NAMES);
  return problem || findLongDealList(deals);
}

function findLongDealList(deals: readonly Deal[]): string {
  for (let i = 0; i < deals.length; i++) {
    const deal = deals[i];
    if (deal === undefined) break;
    const problem =
      lengthProblem('wseat', deal.allowedSeats, MAX_NAMES) ||
      lengthProblem('wadomain', deal.allowedDomains, MAX_NAMES);
    if (problem !== '') return `pmp.deals[${i}].${problem}`;
  }
  return '';
}

function spoiledImp(id: string, problem: string): Imp {
  return {
    id,
    problem,
    floorMicros: NO_FLOOR,
    floorCurrency: DEFAULT_CURRENCY,
    secure: false,
    interstitial: false,
    expSec: null,
    tagId: '',
    multiplier: 1,
    privateAuction: false,
    deals: NO_DEALS,
    formats: NO_TEXTS,
    banner: null,
  };
}

function formatsOf(imp: JsonObject, banner: JsonObject | null): readonly string[] {
  const bits =
    (banner === null ? 0 : BANNER_BIT) |
    (readObject(imp.video) === null ? 0 : VIDEO_BIT) |
    (readObject(imp.audio) === null ? 0 : AUDIO_BIT) |
    (readObject(imp.native) === null ? 0 : NATIVE_BIT);
  return FORMATS[bits] ?? NO_TEXTS;
}

/** A floor rounded up to a micro; a negative one is none, one beyond all prices stays beyond them. */
function readFloor(value: unknown): PriceMicros {
  const floor = readNumber(value);
  if (floor === null || floor <= 0) return NO_FLOOR;
  return floor >= MAX_FLOOR_UNITS ? MAX_FLOOR : microsRoundedUp(floor);
}

function readCurrency(value: unknown): string {
  const currency = value === undefined ? '' : readText(value).trim().toUpperCase();
  return currency === '' ? DEFAULT_CURRENCY : currency;
}

function readPositive(value: unknown): number | null {
  const number = readInteger(value);
  return number !== null && number > 0 ? number : null;
}

/** A deal's floor and currency are its own: they inherit nothing from the imp. */
function readDeals(value: unknown): readonly Deal[] {
  const list = readArray(value);
  if (list.length === 0) return NO_DEALS;
  const deals: Deal[] = [];
  for (const one of list) {
    const deal = readObject(one);
    if (deal === null) continue;
    deals.push({
      id: readText(deal.id),
      floorMicros: readFloor(deal.bidfloor),
      floorCurrency: readCurrency(deal.bidfloorcur),
      fixedPrice: readInteger(deal.at) === AUCTION.fixedPrice,
      allowedSeats: readNames(deal.wseat),
      allowedDomains: readNames(deal.wadomain, normaliseHost),
    });
  }
  return deals;
}

function readBanner(banner: JsonObject): Banner {
  const formats = readArray(banner.format);
  return {
    sizes: readSizes(banner, formats),
    ratios: readRatios(formats),
    blockedTypes: readCodes(banner.btype),
    blockedAttributes: readCodes(banner.battr),
    mimes: readNames(banner.mimes, lowerCase),
    apis: readCodes(banner.api),
  };
}

/** The banner's own w and h, then those of its formats, each size once. */
function readSizes(banner: JsonObject, formats: readonly unknown[]): readonly Size[] {
  const sizes: Size[] = [];
  addSize(banner, sizes);
  for (const one of formats) {
    const format = readObject(one);
    if (format !== null) addSize(format, sizes);
  }
  return sizes.length === 0 ? NO_SIZES : sizes;
}

function addSize(from: JsonObject, to: Size[]): void {
  const width = readPositive(from.w);
  const height = readPositive(from.h);
  if (width === null || height === null) return;
  for (const size of to) if (size.width === width && size.height === height) return;
  to.push({ width, height });
}

function readRatios(formats: readonly unknown[]): readonly Ratio[] {
  let ratios: Ratio[] | null = null;
  for (const one of formats) {
    const format = readObject(one);
    if (format?.wratio === undefined) continue;
    const widthRatio = readPositive(format.wratio);
    const heightRatio = readPositive(format.hratio);
    if (widthRatio === null || heightRatio === null) continue;
    (ratios ??= []).push({ widthRatio, heightRatio, minWidth: readPositive(format.wmin) ?? 0 });
  }
  return ratios ?? NO_RATIOS;
}

function lowerCase(text: string): string {
  return text.trim().toLowerCase();
}
