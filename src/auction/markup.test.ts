import { describe, expect, it } from 'vitest';
import type { AdText } from '../targeting/snapshot.ts';
import { bannerMarkup, bannerMarkupJson, compileBannerMarkup } from './markup.ts';

const AD: AdText = {
  id: 'ad',
  title: 'Shoes & "more" <b>',
  imageUrl: 'https://cdn.brand.example/a.png?x=1&y={CLICK_URL}',
  html: null,
  redirectUrl: 'https://brand.example',
  callToAction: null,
  adomain: [],
  categories: [],
};

describe("a banner's markup", () => {
  it('is a link around the image, with everything escaped, and the pixel behind it', () => {
    expect(bannerMarkup(compileBannerMarkup(AD, 300, 250), 'CLICK', 'PIXEL')).toBe(
      '<a href="CLICK" target="_blank" rel="noopener">' +
        '<img src="https://cdn.brand.example/a.png?x=1&amp;y=&#123;CLICK_URL}" width="300" height="250" ' +
        'alt="Shoes &amp; &quot;more&quot; &lt;b&gt;" style="border:0;display:block"></a>' +
        '<img src="PIXEL" width="1" height="1" alt="" style="position:absolute;left:-9999px">',
    );
  });

  it('of an html ad is its own, with the click URL wherever it asks for it', () => {
    const html = '<div onclick="go(\'{CLICK_URL}\')">\n<a href="{CLICK_URL}">x</a></div>';
    const markup = bannerMarkup(compileBannerMarkup({ ...AD, html }, 300, 250), 'C', 'P');
    expect(markup.startsWith('<div onclick="go(\'C\')">\n<a href="C">x</a></div><img src="P"')).toBe(true);
  });

  it('of an html ad without the macro is left as it is', () => {
    const markup = bannerMarkup(
      compileBannerMarkup({ ...AD, html: '<p>$& ${AUCTION_PRICE}</p>' }, 1, 1),
      'C',
      'P',
    );
    expect(markup.startsWith('<p>$& ${AUCTION_PRICE}</p><img src="P"')).toBe(true);
  });

  it('is a JSON string literal as it is joined', () => {
    const compiled = compileBannerMarkup({ ...AD, html: '"\\\u2028\u0000</script>{CLICK_URL}' }, 1, 1);
    expect(JSON.parse(bannerMarkupJson(compiled, 'C', 'P'))).toBe(bannerMarkup(compiled, 'C', 'P'));
  });
});
