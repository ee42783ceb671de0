/**
 * The door to bowser: the browser, the operating system and the kind of device behind a user agent, in the words
 * by which campaigns target them. Client hints are believed before the user agent's text.
 */
import Bowser from 'bowser';
import { BoundedCache } from './bounded-cache.ts';
import { NO_TEXTS } from './dirt.ts';
import type { UserAgent } from './request.ts';
import { osWords } from './words.ts';

type Words = readonly string[];

/** Few user agents make up most of the traffic; bowser takes 10 to 35 µs for one, the cache 0.2. */
const CACHE_ENTRIES = 4_096;
/** What names browser and device stands in front. */
const MAX_UA_LENGTH = 512;

const OTHER: Words = word('other');
const MOBILE: Words = word('mobile');
const TABLET: Words = word('tablet');
const DESKTOP: Words = word('desktop');
const CTV: Words = word('ctv');
const TVOS: Words = word('tvos');
const CHROME: Words = word('chrome');

const BROWSER_BY_NAME: ReadonlyMap<string, Words> = new Map([
  ['Chrome', CHROME],
  ['Chromium', CHROME],
  ['Safari', word('safari')],
  ['Firefox', word('firefox')],
  ['Focus', word('firefox')],
  ['Microsoft Edge', word('edge')],
  ['Samsung Internet for Android', word('samsung')],
  ['Opera', word('opera')],
  ['Opera Coast', word('opera')],
]);

/** Brands of client hints. Every Chromium browser names `Chromium` too, so that alone decides nothing. */
const BROWSER_BY_BRAND: ReadonlyMap<string, Words> = new Map([
  ['google chrome', CHROME],
  ['microsoft edge', word('edge')],
  ['samsung internet', word('samsung')],
  ['opera', word('opera')],
  ['firefox', word('firefox')],
  ['safari', word('safari')],
]);

const DEVICE_BY_PLATFORM: ReadonlyMap<string, Words> = new Map([
  ['mobile', MOBILE],
  ['tablet', TABLET],
  ['desktop', DESKTOP],
  ['tv', CTV],
]);
/** Systems of which a device that is not mobile stands on a desk. */
const DESKTOP_SYSTEMS: ReadonlySet<string> = new Set(['windows', 'macos', 'linux', 'chromeos']);

/** Televisions and sticks (Fire TV's AFT…) that bowser takes for tablets, or does not know. */
const TELEVISION = /\bAFT[A-Z]|smart-?tv|(android|google|apple) ?tv|bravia|crkey|\broku/i;
const APPLE_TV = /apple ?tv/i;
/** Android's own HTTP client, which phones and tablets name alike. */
const ANDROID_CLIENT = 'Dalvik/';

interface Traits {
  readonly browser: Words;
  readonly os: Words;
  readonly deviceType: Words;
}

const NO_TRAITS: Traits = { browser: NO_TEXTS, os: NO_TEXTS, deviceType: NO_TEXTS };

const cache = new BoundedCache<Traits>(CACHE_ENTRIES);

/** What nothing was sent for is left out: a list of no word. */
export function traitsOf(agent: UserAgent): Traits {
  const told = agent.ua === '' ? NO_TRAITS : traitsOfText(agent.ua);
  if (agent.brands.length === 0 && agent.platform === '' && agent.mobile === null) return told;
  const os = osWords(agent.platform);
  return {
    browser: browserByBrand(agent.brands, told.browser),
    os: os.length > 0 ? os : told.os,
    deviceType: deviceByHints(agent.mobile, os, told.deviceType),
  };
}

function browserByBrand(brands: Words, told: Words): Words {
  for (const brand of brands) {
    const browser = BROWSER_BY_BRAND.get(brand);
    if (browser !== undefined) return browser;
  }
  return told.length === 0 && brands.includes('chromium') ? CHROME : told;
}

/** `mobile` 0 is a desktop, a tablet or a television: of Android's only the text can tell which. */
function deviceByHints(mobile: boolean | null, os: Words, told: Words): Words {
  if (mobile === null) return told;
  if (mobile) return MOBILE;
  if (DESKTOP_SYSTEMS.has(os[0] ?? '')) return DESKTOP;
  return told.length === 0 && os[0] === 'android' ? TABLET : told;
}

function traitsOfText(ua: string): Traits {
  // Not cached: a cut text keeps the whole alive, and thousands of whole ones fill the heap.
  if (ua.length > MAX_UA_LENGTH) return readText(ua.slice(0, MAX_UA_LENGTH));
  const cached = cache.get(ua);
  if (cached !== undefined) return cached;
  const traits = readText(ua);
  cache.set(ua, traits);
  return traits;
}

function readText(ua: string): Traits {
  const parser = Bowser.getParser(ua, true);
  const browser = BROWSER_BY_NAME.get(parser.getBrowserName()) ?? OTHER;
  const os = APPLE_TV.test(ua) ? TVOS : osWords(parser.getOSName());
  return { browser, os, deviceType: deviceOf(ua, os, parser.getPlatformType(true)) };
}

function deviceOf(ua: string, os: Words, platform: string): Words {
  if (TELEVISION.test(ua)) return CTV;
  if (ua.startsWith(ANDROID_CLIENT)) return NO_TEXTS;
  return DEVICE_BY_PLATFORM.get(platform) ?? (os[0] === 'chromeos' ? DESKTOP : NO_TEXTS);
}

function word(text: string): Words {
  return Object.freeze([text]);
}
