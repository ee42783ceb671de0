import { describe, expect, it } from 'vitest';
import type { Campaign } from '../campaigns/model.ts';
import { NBR } from '../openrtb/codes.ts';
import { loadCountries } from '../openrtb/geo-database.ts';
import { parseBidRequest } from '../openrtb/parse.ts';
import { completeAttributes } from './attributes.ts';
import { createDecider } from './decide.ts';
import { createDelivery } from './delivery.ts';
import { decided, NOW_MS, testCampaign, testPolicy, testRequest, testIndex } from './fixtures/market.ts';
import { EMPTY_SIMPLE_REQUEST, simpleBidRequest, type SimpleRequest } from './simple-request.ts';

const countries = loadCountries(null).database;
const POLICY = testPolicy({ countries });
const IN_US = '8.8.8.0';
const IN_DE = '5.9.0.0';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

type Rule = Campaign['targeting'][number];

function includes(dimension: Rule['dimension'], value: string): Rule {
  return { dimension, operator: 'include', values: [value] };
}

/** Whether a campaign of one rule bids on a request from `device`. */
function bids(rule: Rule, device: object, more: object = {}, policy = POLICY): boolean {
  const index = testIndex([testCampaign(1, { targeting: [rule] })]);
  return decided(index, testRequest({ device, ...more }), policy).nbr === 0;
}

describe('the country', () => {
  const inUs = includes('country', 'US');

  it('is that of the address where the request names none', () => {
    expect(bids(inUs, { ip: IN_US })).toBe(true);
    expect(bids(inUs, { ip: IN_DE })).toBe(false);
    expect(bids(inUs, { ipv6: '2001:4860:4860::' })).toBe(true);
    expect(bids(inUs, { ip: '10.0.0.1', ipv6: '2001:4860:4860::' })).toBe(true);
    expect(bids(inUs, {})).toBe(false);
    expect(bids(inUs, { ip: IN_US }, {}, testPolicy())).toBe(false);
  });

  it('that the request names is never doubted', () => {
    expect(bids(inUs, { ip: IN_DE, geo: { country: 'USA' } })).toBe(true);
    expect(bids(inUs, { ip: IN_US, geo: { country: 'DEU' } })).toBe(false);
    expect(bids(inUs, { ip: IN_US }, { user: { geo: { country: 'DEU' } } })).toBe(false);
  });

  it('completes a region that was named without one', () => {
    const inCalifornia = includes('region', 'US-CA');
    expect(bids(inCalifornia, { ip: IN_US, geo: { region: 'CA' } })).toBe(true);
    expect(bids(inCalifornia, { ip: IN_DE, geo: { region: 'CA' } })).toBe(false);
    expect(bids(inCalifornia, { ip: IN_US })).toBe(false);
  });

  it('is known also of children and of those who opted out: it is the place, not the person', () => {
    expect(bids(inUs, { ip: IN_US, lmt: 1 }, { regs: { coppa: 1, gdpr: 1, us_privacy: '1YYN' } })).toBe(true);
  });
});

describe('device type, os and browser', () => {
  it('are those of the user agent where the request does not say', () => {
    expect(bids(includes('os', 'ios'), { ua: IPHONE })).toBe(true);
    expect(bids(includes('deviceType', 'mobile'), { ua: IPHONE })).toBe(true);
    expect(bids(includes('browser', 'safari'), { ua: IPHONE })).toBe(true);
    expect(bids(includes('os', 'android'), { ua: IPHONE })).toBe(false);
  });

  it('that the request says are never doubted', () => {
    expect(bids(includes('os', 'android'), { ua: IPHONE, os: 'Android' })).toBe(true);
    expect(bids(includes('deviceType', 'mobile'), { ua: IPHONE, devicetype: 5 })).toBe(false);
  });
});

describe('attributes that nobody targets', () => {
  it('are not looked for: the list is the very one that was parsed', () => {
    const parsed = parseBidRequest(
      JSON.stringify(testRequest({ device: { ua: IPHONE, ip: IN_US } })),
      NOW_MS,
    );
    if (!parsed.ok) throw new Error(parsed.message);
    const { request } = parsed;
    const untargeted = testIndex([testCampaign(1)]);
    const targeted = testIndex([testCampaign(1, { targeting: [includes('os', 'ios')] })]);
    expect(completeAttributes(untargeted, request, countries)).toBe(request.attributes);
    expect(completeAttributes(targeted, request, countries)).not.toBe(request.attributes);
  });
});

describe('a crawler', () => {
  const request = testRequest({ device: { ua: GOOGLEBOT } });

  it('is refused with nbr 3, and the explanation says so', () => {
    const index = testIndex([testCampaign(1)]);
    expect(decided(index, request).nbr).toBe(NBR.knownCrawler);
    const explained = createDecider(POLICY).explain(
      index,
      Buffer.from(JSON.stringify(request)),
      NOW_MS,
      null,
    );
    expect(explained?.imps).toEqual([{ impid: '1', nbr: NBR.knownCrawler, candidates: [] }]);
  });
});

describe('a simple form', () => {
  function nbrOf(rule: Rule | null, change: Partial<SimpleRequest>): number {
    const index = testIndex([testCampaign(1, { targeting: rule === null ? [] : [rule] })]);
    const form = simpleBidRequest({ ...EMPTY_SIMPLE_REQUEST, id: 'r', userId: 'u', ...change });
    const terms = { cpmOnly: false, imageOnly: true };
    return createDecider(POLICY).decideRequest(index, form, terms, NOW_MS, null).nbr;
  }

  it('takes what it does not say from the address and the agent of its client', () => {
    expect(nbrOf(includes('country', 'US'), { address: IN_US })).toBe(0);
    expect(nbrOf(includes('country', 'US'), { address: IN_US, country: 'DE' })).toBe(NBR.noCampaignMatches);
    expect(nbrOf(includes('os', 'ios'), { userAgent: IPHONE })).toBe(0);
    expect(nbrOf(includes('os', 'ios'), { userAgent: IPHONE, os: 'android' })).toBe(NBR.noCampaignMatches);
    expect(nbrOf(includes('os', 'other'), { userAgent: 'curl/8.0' })).toBe(NBR.noCampaignMatches);
  });

  it('gets nothing for a crawler, and all for a program that calls it for somebody', () => {
    expect(nbrOf(null, { userAgent: GOOGLEBOT })).toBe(NBR.knownCrawler);
    expect(nbrOf(null, { userAgent: 'curl/8.0' })).toBe(0);
    const index = testIndex([testCampaign(1)]);
    const list = (userAgent: string): unknown =>
      createDelivery(POLICY).list(index, { ...EMPTY_SIMPLE_REQUEST, userAgent }, NOW_MS);
    expect([list(GOOGLEBOT), list('curl/8.0')]).toEqual([NBR.knownCrawler, [{ campaign: 0, ad: 0 }]]);
  });
});
