import { describe, expect, it } from 'vitest';
import { browserOf } from './agent-browser.ts';

const CHROME_TAIL = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';

describe('browserOf', () => {
  it.each([
    [`${WINDOWS} ${CHROME_TAIL} Safari/537.36`, 'chrome'],
    [`${WINDOWS} ${CHROME_TAIL} Safari/537.36 Edg/126.0.0.0`, 'edge'],
    [`${WINDOWS} ${CHROME_TAIL} Safari/537.36 OPR/111.0.0.0`, 'opera'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0', 'firefox'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
      'safari',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1',
      'chrome',
    ],
    [
      'Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
      'samsung',
    ],
    ['curl/8.0', 'other'],
    ['\ud800'.repeat(5_000), 'other'],
  ])('knows the browser of %s', (ua, browser) => {
    expect(browserOf({ ua, brands: [] })).toBe(browser);
    expect(browserOf({ ua, brands: [] })).toBe(browser);
  });

  it('believes the brands of client hints before the user agent', () => {
    const ua = `${WINDOWS} ${CHROME_TAIL} Safari/537.36`;
    expect(browserOf({ ua, brands: ['not;a=brand', 'chromium', 'microsoft edge'] })).toBe('edge');
    expect(browserOf({ ua, brands: ['not;a=brand', 'chromium'] })).toBe('chrome');
    expect(browserOf({ ua: '', brands: ['chromium'] })).toBe('chrome');
  });

  it('names none where nothing was sent', () => {
    expect(browserOf({ ua: '', brands: [] })).toBe('');
  });
});
