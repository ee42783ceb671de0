/**
 * What is wrong inside one imp: the rules of OpenRTB whose breach spoils that imp and leaves its neighbours
 * alone. Everything else that is odd in an imp is read as well as it can be.
 */
import { type JsonObject, readArray, readNumber, readObject, readText } from './dirt.ts';
import { lengthProblem } from './lists.ts';

/** Impressions that one bid may buy. Before the largest screens stand some hundreds of people. */
export const MAX_MULTIPLIER = 10_000;
/** Deals of one imp: each is looked up, and each candidate held against all. Real imps have some dozens. */
export const MAX_DEALS = 500;
/** Sizes and ratios of one banner, doubles included: the largest lists of real exchanges have some thirty. */
export const MAX_FORMATS = 200;

const FORMAT_SIZE_FIELDS = ['w', 'h'] as const;
const FORMAT_RATIO_FIELDS = ['wratio', 'hratio', 'wmin'] as const;
const VIDEO_NUMBERS = ['w', 'h', 'minbitrate', 'maxbitrate'] as const;
const AUDIO_NUMBERS = ['minbitrate', 'maxbitrate', 'sequence', 'maxseq'] as const;

/**
 * The first problem of an imp, as `<path within the imp>: <what is wrong>`; '' when it is sound. A problem of
 * the imp as a whole has no path: `: must …`.
 */
export function findImpProblem(imp: JsonObject): string {
  if (readText(imp.id) === '') return 'id: is missing';
  const banner = readObject(imp.banner);
  const video = readObject(imp.video);
  const audio = readObject(imp.audio);
  const native = readObject(imp.native);
  if (banner === null && video === null && audio === null && native === null) {
    return ': must have a banner, video, audio or native';
  }
  return (
    (banner === null ? '' : bannerProblem(banner)) ||
    (video === null ? '' : mediaProblem('video', video, VIDEO_NUMBERS)) ||
    (audio === null ? '' : mediaProblem('audio', audio, AUDIO_NUMBERS)) ||
    (native === null ? '' : nativeProblem(native)) ||
    quantityProblem(imp) ||
    dealProblem(imp) ||
    metricProblem(imp)
  );
}

/** Below zero. A `w` or `h` of -1 is how some say that they don't know it. */
export function isNegative(object: JsonObject, field: string): boolean {
  const value = object[field];
  if (value === undefined) return false;
  const number = readNumber(value);
  return number !== null && number < 0 && !(number === -1 && (field === 'w' || field === 'h'));
}

/** The field is there and says something: a positive number. */
function isGiven(object: JsonObject, field: string): boolean {
  const number = readNumber(object[field]);
  return number !== null && number > 0;
}

function bannerProblem(banner: JsonObject): string {
  for (const field of FORMAT_SIZE_FIELDS) {
    if (isNegative(banner, field)) return `banner.${field}: must not be negative`;
  }
  const formats = readArray(banner.format);
  const length = lengthProblem('banner.format', formats, MAX_FORMATS);
  if (length !== '') return length;
  for (let i = 0; i < formats.length; i++) {
    const format = readObject(formats[i]);
    const problem = format === null ? '' : formatProblem(format);
    if (problem !== '') return `banner.format[${i}]${problem}`;
  }
  return '';
}

/** A format is w and h, or wratio, hratio and wmin: never some of both, never a part of one. */
function formatProblem(format: JsonObject): string {
  let sizes = 0;
  let ratios = 0;
  for (const field of FORMAT_SIZE_FIELDS) {
    if (isNegative(format, field)) return `.${field}: must not be negative`;
    if (isGiven(format, field)) sizes++;
  }
  for (const field of FORMAT_RATIO_FIELDS) {
    if (isNegative(format, field)) return `.${field}: must not be negative`;
    if (isGiven(format, field)) ratios++;
  }
  if (sizes > 0 && ratios > 0) return ': must not mix w and h with wratio, hratio and wmin';
  if (sizes === 1) return isGiven(format, 'w') ? '.h: is missing beside w' : '.w: is missing beside h';
  if (ratios === 0 || ratios === FORMAT_RATIO_FIELDS.length) return '';
  const missing = FORMAT_RATIO_FIELDS.find((field) => !isGiven(format, field)) ?? '';
  return `.${missing}: is missing; wratio, hratio and wmin go together`;
}

function mediaProblem(kind: string, media: JsonObject, numbers: readonly string[]): string {
  const mimes = media.mimes;
  const hasMimes = Array.isArray(mimes) ? mimes.length > 0 : readText(mimes) !== '';
  if (!hasMimes) return `${kind}.mimes: is missing or empty`;
  for (const field of numbers) if (isNegative(media, field)) return `${kind}.${field}: must not be negative`;
  return '';
}

/** The request is JSON in a string; some send the object itself, or an object without assets. */
function nativeProblem(native: JsonObject): string {
  const isPresent = readObject(native.request) !== null || readText(native.request) !== '';
  return isPresent ? '' : 'native.request: is missing';
}

/** The price is multiplied by it, so a wrong one is never guessed at: only what says nothing is read as 1. */
function quantityProblem(imp: JsonObject): string {
  const multiplier = imp.qty === undefined ? null : readNumber(readObject(imp.qty)?.multiplier);
  if (multiplier === null || (multiplier > 0 && multiplier <= MAX_MULTIPLIER)) return '';
  return `qty.multiplier: must be above 0 and at most ${MAX_MULTIPLIER}`;
}

function dealProblem(imp: JsonObject): string {
  if (imp.pmp === undefined) return '';
  const deals = readArray(readObject(imp.pmp)?.deals);
  const length = lengthProblem('pmp.deals', deals, MAX_DEALS);
  if (length !== '') return length;
  for (let i = 0; i < deals.length; i++) {
    const deal = readObject(deals[i]);
    if (deal === null || readText(deal.id) === '') return `pmp.deals[${i}].id: is missing`;
  }
  return '';
}

function metricProblem(imp: JsonObject): string {
  if (imp.metric === undefined) return '';
  const metrics = readArray(imp.metric);
  for (let i = 0; i < metrics.length; i++) {
    const metric = readObject(metrics[i]);
    if (metric === null || readText(metric.type) === '') return `metric[${i}].type: is missing`;
    if (readNumber(metric.value) === null) return `metric[${i}].value: is missing`;
  }
  return '';
}
