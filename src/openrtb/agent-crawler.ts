/** The door to isbot: whether a user agent is a crawler's. */
import { isbot } from 'isbot';
import { BoundedCache } from './bounded-cache.ts';
import type { UserAgent } from './request.ts';

/** Few user agents make up most of the traffic; isbot takes 4 to 10 µs for one, the cache 0.2. */
const CACHE_ENTRIES = 4_096;
/** What gives a crawler away stands within it. The rest is not looked at: isbot takes a millisecond for 64 KiB. */
const MAX_UA_LENGTH = 512;
/** The brand by which a browser without a screen gives itself away in its client hints. */
const HEADLESS_BRAND = 'headlesschrome';
/**
 * isbot takes every program for a crawler, and the simple forms are called by programs: an app's server, curl. Of
 * those only what poses as a browser, or says that it crawls, is one.
 */
const POSES_OR_SAYS_SO = /^mozilla\/|bot|crawl|spider/i;

const cache = new BoundedCache<boolean>(CACHE_ENTRIES);

export function isCrawler({ ua, brands, sender }: UserAgent): boolean {
  if (brands.includes(HEADLESS_BRAND)) return true;
  if (ua === '' || !isCrawlerText(ua)) return false;
  return sender === 'device' || POSES_OR_SAYS_SO.test(ua.slice(0, MAX_UA_LENGTH));
}

function isCrawlerText(ua: string): boolean {
  // Not cached: a cut text keeps the whole alive, and thousands of whole ones fill the heap.
  if (ua.length > MAX_UA_LENGTH) return isbot(ua.slice(0, MAX_UA_LENGTH));
  const cached = cache.get(ua);
  if (cached !== undefined) return cached;
  const found = isbot(ua);
  cache.set(ua, found);
  return found;
}
