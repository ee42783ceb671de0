import { describe, expect, it } from 'vitest';
import { traitsOf } from './agent-traits.ts';
import type { UserAgent } from './request.ts';

const CHROME_TAIL = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0';
const SAFARI_TAIL = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const CHROME = `${WINDOWS} ${CHROME_TAIL} Safari/537.36`;

function agent(ua: string, hints: Partial<UserAgent> = {}): UserAgent {
  return { ua, brands: [], platform: '', mobile: null, sender: 'device', ...hints };
}

function words(of: UserAgent): string {
  const { browser, os, deviceType } = traitsOf(of);
  return [browser, os, deviceType].map((list) => list.join() || '-').join(' ');
}

describe('the traits of a user agent', () => {
  it.each([
    [CHROME, 'chrome windows desktop'],
    [`${CHROME} Edg/126.0.0.0`, 'edge windows desktop'],
    [`${CHROME} OPR/111.0.0.0`, 'opera windows desktop'],
    [
      'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
      'firefox linux desktop',
    ],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${SAFARI_TAIL} Version/17.4 Safari/605.1.15`,
      'safari macos desktop',
    ],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) ${SAFARI_TAIL} CriOS/126.0 Mobile/15E148 Safari/604.1`,
      'chrome ios mobile',
    ],
    [
      `Mozilla/5.0 (Linux; Android 13; SM-S911B) ${CHROME_TAIL} Mobile Safari/537.36`,
      'chrome android mobile',
    ],
    [
      'Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
      'samsung android mobile',
    ],
    [`Mozilla/5.0 (Linux; Android 13; SM-X700) ${CHROME_TAIL} Safari/537.36`, 'chrome android tablet'],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME_TAIL} Safari/537.36`, 'chrome chromeos desktop'],
    [`Mozilla/5.0 (Linux; Android 10; BRAVIA 4K UR2) ${CHROME_TAIL} Safari/537.36`, 'chrome android ctv'],
    [
      'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36 WebAppManager',
      'other other ctv',
    ],
    ['AppleCoreMedia/1.0.0.12B466 (Apple TV; U; CPU OS 8_1_3 like Mac OS X; en_us)', 'other tvos ctv'],
    ['Dalvik/2.1.0 (Linux; U; Android 13; SM-S911B Build/TP1A)', 'other android -'],
    ['curl/8.0', 'other - -'],
    ['\ud800'.repeat(5_000), 'other - -'],
    ['', '- - -'],
  ])('%s: %s', (ua, expected) => {
    expect(words(agent(ua))).toBe(expected);
    expect(words(agent(ua))).toBe(expected);
  });

  it('are those of client hints before those of the text', () => {
    const brands = ['not;a=brand', 'chromium', 'microsoft edge'];
    expect(words(agent(CHROME, { brands }))).toBe('edge windows desktop');
    expect(words(agent(CHROME, { brands: ['not;a=brand', 'chromium'] }))).toBe('chrome windows desktop');
    expect(words(agent('', { brands: ['chromium'] }))).toBe('chrome - -');
    expect(words(agent(CHROME, { platform: 'macOS' }))).toBe('chrome macos desktop');
    expect(words(agent(CHROME, { platform: 'Android', mobile: true }))).toBe('chrome android mobile');
  });

  it('leave open what a device that is not mobile is, unless its system or its text tells', () => {
    const television = `Mozilla/5.0 (Linux; Android 10; Android TV) ${CHROME_TAIL} Safari/537.36`;
    expect(words(agent(television, { platform: 'Android', mobile: false }))).toBe('chrome android ctv');
    expect(words(agent('', { platform: 'Android', mobile: false }))).toBe('- android tablet');
    expect(words(agent('', { platform: 'Windows', mobile: false }))).toBe('- windows desktop');
    expect(words(agent('', { mobile: false }))).toBe('- - -');
  });
});
