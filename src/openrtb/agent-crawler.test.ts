import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isCrawler } from './agent-crawler.ts';
import type { UserAgent } from './request.ts';

const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const HEADLESS =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36';
const PHONE =
  'Mozilla/5.0 (Linux; Android 13; SM-S911B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/121.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/443.0.0.23.229;]';
const EXAMPLES = new URL('../../examples/', import.meta.url);

function agent(ua: string, hints: Partial<UserAgent> = {}): UserAgent {
  return { ua, brands: [], platform: '', mobile: null, sender: 'device', ...hints };
}

describe('a crawler', () => {
  it.each([GOOGLEBOT, HEADLESS, 'bingbot/2.0', 'curl/8.0', 'python-requests/2.31'])(
    'as a device: %s',
    (ua) => {
      expect(isCrawler(agent(ua))).toBe(true);
      expect(isCrawler(agent(ua))).toBe(true);
    },
  );

  it.each([PHONE, 'Dalvik/2.1.0 (Linux; U; Android 13; SM-S911B Build/TP1A)', ''])('is not: %s', (ua) => {
    expect(isCrawler(agent(ua))).toBe(false);
    expect(isCrawler(agent(ua))).toBe(false);
  });

  it('is none of the devices in the examples', () => {
    for (const name of readdirSync(EXAMPLES)) {
      const request = JSON.parse(readFileSync(new URL(name, EXAMPLES), 'utf8')) as {
        device?: { ua?: string };
      };
      expect(isCrawler(agent(request.device?.ua ?? '')), name).toBe(false);
    }
  });

  it('gives itself away by its client hints, too', () => {
    expect(isCrawler(agent(PHONE, { brands: ['headlesschrome', 'chromium'] }))).toBe(true);
    expect(isCrawler(agent('', { brands: ['google chrome'] }))).toBe(false);
  });

  it('is looked for in the first 512 characters', () => {
    expect(isCrawler(agent(`${GOOGLEBOT} ${'x'.repeat(100_000)}`))).toBe(true);
    expect(isCrawler(agent(`${PHONE} ${'x '.repeat(500)} Googlebot`))).toBe(false);
  });

  it('that calls a simple form is one only if it poses as a browser or says so; programs call them too', () => {
    const programs = [
      'curl/8.0',
      'node',
      'python-requests/2.31',
      'k6/0.49.0 (https://k6.io/)',
      'axios/1.6.0',
    ];
    for (const ua of programs) expect(isCrawler(agent(ua, { sender: 'caller' })), ua).toBe(false);
    const crawlers = [GOOGLEBOT, HEADLESS, 'Twitterbot/1.0', 'Baiduspider+(+http://www.baidu.com/search)'];
    for (const ua of crawlers) expect(isCrawler(agent(ua, { sender: 'caller' })), ua).toBe(true);
  });
});
