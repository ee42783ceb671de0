/**
 * The markup of a banner: compiled once per ad into the pieces around its URLs, already escaped for JSON, so
 * that a bid only joins strings.
 */
import { CLICK_URL_MACRO } from '../targeting/creative.ts';
import type { AdText } from '../targeting/snapshot.ts';

export interface BannerMarkup {
  /** JSON string fragments: `adm` is pieces[0] click pieces[1] click … last, with the pixel's URL at the end. */
  readonly pieces: readonly string[];
  readonly tail: string;
}

/**
 * An image ad is a link around its image; an html ad is its own markup, with the click URL in place of
 * `{CLICK_URL}`. Behind either stands the impression pixel. Token URLs are of characters that neither HTML nor
 * JSON escapes.
 */
export function compileBannerMarkup(ad: AdText, width: number, height: number): BannerMarkup {
  const body = ad.html ?? imageMarkup(ad, width, height);
  const pieces = body.split(CLICK_URL_MACRO);
  const last = pieces.pop() ?? '';
  return {
    pieces: [...pieces.map(jsonFragment), jsonFragment(`${last}<img src="`)],
    tail: jsonFragment('" width="1" height="1" alt="" style="position:absolute;left:-9999px">'),
  };
}

/** The markup as a JSON string literal, quotes included. */
export function bannerMarkupJson(markup: BannerMarkup, clickUrl: string, impressionUrl: string): string {
  const { pieces } = markup;
  let text = pieces[0] ?? '';
  for (let i = 1; i < pieces.length; i++) text += clickUrl + (pieces[i] ?? '');
  return `"${text}${impressionUrl}${markup.tail}"`;
}

/** The same as plain markup, for answers that are not written by hand. */
export function bannerMarkup(markup: BannerMarkup, clickUrl: string, impressionUrl: string): string {
  return JSON.parse(bannerMarkupJson(markup, clickUrl, impressionUrl)) as string;
}

function imageMarkup(ad: AdText, width: number, height: number): string {
  return (
    `<a href="${CLICK_URL_MACRO}" target="_blank" rel="noopener">` +
    `<img src="${htmlText(ad.imageUrl ?? '')}" width="${String(width)}" height="${String(height)}" ` +
    `alt="${htmlText(ad.title)}" style="border:0;display:block"></a>`
  );
}

/** A title or an image URL that holds `{CLICK_URL}` must not become a link: its brace is escaped too. */
function htmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('{', '&#123;');
}

function jsonFragment(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
