/** What an index keeps of an ad besides its texts: flags, type of markup, and the names that block it. */
import type { Ad, Campaign } from '../campaigns/model.ts';
import { hasSize } from '../campaigns/soundness.ts';
import { BANNER_TYPE, CATTAX_DEFAULT } from '../openrtb/codes.ts';
import { AD_FLAG } from './snapshot.ts';

const INSECURE = /http:/i;
const HTML_MIME = 'text/html';
/** In an html ad, where the signed click URL goes. */
export const CLICK_URL_MACRO = '{CLICK_URL}';
/** A map, not an object: `a.constructor` is a file's name, too. */
const MIME_BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['svg', 'image/svg+xml'],
  ['avif', 'image/avif'],
]);

/** Active, and a banner has a size: without one it would be bid with 0 × 0 where a request names none. */
export function isIndexed(ad: Ad): boolean {
  return ad.status === 'active' && (ad.type !== 'banner' || hasSize(ad));
}

export function adFlags({ imageUrl, html }: Ad): number {
  const isInsecure = INSECURE.test(imageUrl ?? '') || INSECURE.test(html ?? '');
  return (
    (imageUrl === null ? 0 : AD_FLAG.image) |
    (isInsecure ? AD_FLAG.insecure : 0) |
    (/mraid\.js/i.test(html ?? '') ? AD_FLAG.mraid : 0) |
    (isClickable(html) ? 0 : AD_FLAG.unclickable)
  );
}

/** An image is a link. Html that counts its clicks elsewhere tells us of none. */
function isClickable(html: string | null): boolean {
  return html === null || html.includes(CLICK_URL_MACRO);
}

/** Its impressions tell whether people click: where clicks are what is paid for, or could be counted. */
export function isRated({ bid }: Campaign, { html }: Ad): boolean {
  return bid.model !== 'cpm' || isClickable(html);
}

/** OpenRTB creative type of a banner's markup. Html goes before an image, as it does when it is served. */
export function bannerType({ html }: Ad): number {
  if (html === null) return BANNER_TYPE.bannerXhtml;
  if (/<iframe/i.test(html)) return BANNER_TYPE.iframe;
  return /<script/i.test(html) ? BANNER_TYPE.javascript : BANNER_TYPE.bannerXhtml;
}

/** '' where the image's URL does not tell. */
export function mimeType({ html, imageUrl }: Ad): string {
  if (html !== null) return HTML_MIME;
  const path = (imageUrl ?? '').replace(/[?#].*$/s, '');
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return MIME_BY_EXTENSION.get(extension) ?? '';
}

/** The ad's advertiser domains, lower case and without `www.`, each with all its parents. */
export function domainsWithParents({ adomain }: Ad): string[] {
  const names: string[] = [];
  for (const domain of adomain) {
    const name = domain
      .trim()
      .toLowerCase()
      .replace(/^www\./, '');
    // From the whole name on, behind each dot.
    for (let from = 0; from < name.length;) {
      const parent = name.slice(from);
      if (!names.includes(parent)) names.push(parent);
      const dot = name.indexOf('.', from);
      from = dot < 0 ? name.length : dot + 1;
    }
  }
  return names;
}

/** `<cattax>:<CODE>` of its categories; in Content Taxonomy 1.0 a code tells its parent (`IAB2-3`, `IAB2`). */
export function categoriesWithParents({ categories, cattax }: Ad): string[] {
  const names: string[] = [];
  const add = (code: string): void => {
    const name = `${cattax}:${code}`;
    if (!names.includes(name)) names.push(name);
  };
  for (const category of categories) {
    const code = category.trim().toUpperCase();
    add(code);
    const parent = cattax === CATTAX_DEFAULT ? /^(IAB\d+)-/.exec(code)?.[1] : undefined;
    if (parent !== undefined) add(parent);
  }
  return names;
}
