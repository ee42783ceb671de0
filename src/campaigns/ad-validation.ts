/** An ad as a client sends it. */
import { CATTAX_DEFAULT } from '../openrtb/codes.ts';
import type { Ad, AdMedia } from './model.ts';
import { adCategories, isCattax } from './taxonomies.ts';
import { HOST_NAMES } from './value-forms.ts';
import type { WireObject } from './wire.ts';

export const AD_TYPES = ['banner', 'video', 'audio', 'native'] as const;
/** An ad is ended by taking it out of its campaign. */
export const AD_STATUSES = ['active', 'paused'] as const;

/** Browsers and exchanges cut longer ones. */
export const MAX_URL_LENGTH = 2_048;
/** It travels in every bid. */
export const MAX_HTML_LENGTH = 65_536;
export const MAX_DESCRIPTION_LENGTH = 2_000;
/** Pixels of a side: beyond any screen that shows ads. */
export const MAX_SIDE = 10_000;
export const MAX_LIST = 100;
export const MAX_MEDIA = 20;
export const MAX_CODE = 65_535;
export const MAX_RATING = 5;
export const MAX_DURATION_SEC = 86_400;
export const MAX_BITRATE_KBPS = 1_000_000;
/** Kept as it was sent: it may hold macros. What would end an attribute or a header is refused. */
export const HTTP_URL = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/(?![/?#])[^\s"'<>\\\p{Cc}]+$/u;

export function readAd(ad: WireObject, id: string): Ad {
  const read = readFields(ad, id);
  if (read.type === 'banner') checkBanner(ad);
  if (read.type === 'video' || read.type === 'audio') checkRecording(ad, read);
  if (read.type === 'native' && read.imageUrl !== null) requireSize(ad, 'is required for an image');
  return read;
}

function readFields(ad: WireObject, id: string): Ad {
  const cattax = readCattax(ad);
  return {
    id,
    type: ad.word('type', AD_TYPES, 'banner'),
    status: ad.word('status', AD_STATUSES, 'active'),
    title: ad.requiredText('title'),
    description: ad.optionalText('description', MAX_DESCRIPTION_LENGTH),
    imageUrl: readUrl(ad, 'imageUrl'),
    html: ad.optionalText('html', MAX_HTML_LENGTH),
    redirectUrl: ad.require('redirectUrl') ? (readUrl(ad, 'redirectUrl') ?? '') : '',
    width: ad.optionalInteger('width', 1, MAX_SIDE),
    height: ad.optionalInteger('height', 1, MAX_SIDE),
    callToAction: ad.optionalText('callToAction'),
    iconUrl: readUrl(ad, 'iconUrl'),
    sponsoredBy: ad.optionalText('sponsoredBy'),
    rating: readRating(ad),
    price: ad.optionalText('price'),
    adomain: ad.listed('adomain', HOST_NAMES, MAX_LIST),
    categories: ad.listed('categories', adCategories(cattax), MAX_LIST),
    cattax,
    attributes: ad.integers('attributes', MAX_LIST, 1, MAX_CODE),
    bundle: ad.optionalText('bundle'),
    media: ad.objects('media', MAX_MEDIA).map(readMedia),
    durationSec: ad.optionalInteger('durationSec', 1, MAX_DURATION_SEC),
    skippableAfterSec: ad.optionalInteger('skippableAfterSec', 0, MAX_DURATION_SEC),
    protocols: ad.integers('protocols', MAX_LIST, 1, MAX_CODE),
  };
}

function checkBanner(ad: WireObject): void {
  if (!ad.has('imageUrl') && !ad.has('html')) ad.forbid('imageUrl', 'or html is required for a banner');
  requireSize(ad, 'is required for a banner');
}

function requireSize(ad: WireObject, message: string): void {
  for (const side of ['width', 'height']) if (!ad.has(side)) ad.forbid(side, message);
}

function checkRecording(ad: WireObject, { type, media }: Ad): void {
  if (media.length === 0) ad.forbid('media', `is required for ${type}`);
  if (!ad.has('durationSec')) ad.forbid('durationSec', `is required for ${type}`);
}

function readMedia(media: WireObject): AdMedia {
  return {
    url: media.require('url') ? (readUrl(media, 'url') ?? '') : '',
    mimeType: media.requiredText('mimeType'),
    width: media.optionalInteger('width', 1, MAX_SIDE),
    height: media.optionalInteger('height', 1, MAX_SIDE),
    bitrateKbps: media.optionalInteger('bitrateKbps', 1, MAX_BITRATE_KBPS),
  };
}

function readUrl(ad: WireObject, name: string): string | null {
  const text = ad.optionalText(name, MAX_URL_LENGTH);
  if (text !== null && !isHttpUrl(text)) ad.forbid(name, 'must be an http or https URL');
  return text;
}

function isHttpUrl(text: string): boolean {
  return HTTP_URL.test(text) && URL.canParse(text);
}

function readRating(ad: WireObject): number | null {
  const rating = ad.optionalNumber('rating');
  if (rating !== null && (rating < 0 || rating > MAX_RATING)) ad.forbid('rating', 'must be from 0 to 5');
  return rating;
}

function readCattax(ad: WireObject): number {
  const cattax = ad.optionalInteger('cattax', 1, MAX_CODE) ?? CATTAX_DEFAULT;
  if (isCattax(cattax)) return cattax;
  ad.forbid('cattax', 'must be a number of AdCOM’s category taxonomies, 1 to 9, or a vendor’s from 500 on');
  return CATTAX_DEFAULT;
}
