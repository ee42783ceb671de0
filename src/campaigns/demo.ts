/**
 * The campaigns that a new, empty server starts with, so that the first bid request gets a bid. In the form in
 * which a client would create them.
 */
import type { Campaign } from './model.ts';
import type { CampaignStore } from './store.ts';
import { validateCampaign } from './validation.ts';

/** Of the first of them, for 300x250. */
export const DEMO_AD_ID = 'd0000000-0000-4000-8000-000000000101';

const NORTHWIND = 'a1000000-0000-4000-8000-000000000001';
const HALCYON = 'a1000000-0000-4000-8000-000000000002';
const PEDAL = 'a1000000-0000-4000-8000-000000000003';
const LUMEN = 'a1000000-0000-4000-8000-000000000004';
const MERIDIAN = 'a1000000-0000-4000-8000-000000000005';

const COUNTRIES = { dimension: 'country', operator: 'include', values: ['US', 'GB', 'DE', 'FR'] };

const demoCampaigns = [
  {
    name: 'Northwind Coffee — morning roast',
    advertiserId: NORTHWIND,
    bid: { model: 'cpm', amount: 2.4 },
    dailyBudget: 500,
    targeting: [COUNTRIES],
    ads: [
      banner('northwind', 'morning-roast', 'A better morning, delivered', 'Try a bag', 300, 250, ['IAB8']),
      banner('northwind', 'morning-roast', 'A better morning, delivered', 'Try a bag', 728, 90, ['IAB8']),
      banner('northwind', 'morning-roast', 'A better morning, delivered', 'Try a bag', 320, 50, ['IAB8']),
    ],
  },
  {
    name: 'Northwind Coffee — weekdays until noon',
    advertiserId: NORTHWIND,
    bid: { model: 'cpm', amount: 3.1 },
    dailyBudget: 200,
    lifetimeBudget: 6000,
    schedule: {
      timezone: 'America/New_York',
      dayparts: [{ days: [1, 2, 3, 4, 5], from: '06:00', to: '12:00' }],
    },
    targeting: [{ dimension: 'country', operator: 'include', values: ['US'] }],
    ads: [banner('northwind', 'first-cup', 'Your first cup is on us', 'Claim it', 300, 250, ['IAB8-5'])],
  },
  {
    name: 'Halcyon Air — city breaks',
    advertiserId: HALCYON,
    bid: { model: 'cpm', amount: 3.75 },
    dailyBudget: 900,
    pacing: 'even',
    targeting: [
      { dimension: 'country', operator: 'include', values: ['GB', 'DE', 'FR'] },
      { dimension: 'category', operator: 'include', values: ['IAB20', 'IAB12', 'IAB1'] },
    ],
    ads: [
      banner('halcyon', 'city-breaks', 'Lisbon from €39', 'See fares', 970, 250, ['IAB20']),
      banner('halcyon', 'city-breaks', 'Lisbon from €39', 'See fares', 300, 600, ['IAB20']),
      banner('halcyon', 'city-breaks', 'Lisbon from €39', 'See fares', 300, 250, ['IAB20']),
    ],
  },
  {
    name: 'Halcyon Air — premium deal',
    advertiserId: HALCYON,
    bid: { model: 'cpm', amount: 9.5 },
    dailyBudget: 1500,
    deals: ['deal-7'],
    dealsOnly: true,
    targeting: [COUNTRIES],
    ads: [
      banner('halcyon', 'business', 'Arrive rested', 'Fly business', 970, 250, ['IAB20']),
      banner('halcyon', 'business', 'Arrive rested', 'Fly business', 728, 90, ['IAB20']),
      banner('halcyon', 'business', 'Arrive rested', 'Fly business', 300, 250, ['IAB20']),
    ],
  },
  {
    name: 'Pedal & Post — e-bikes for phones',
    advertiserId: PEDAL,
    bid: { model: 'cpm', amount: 1.85 },
    dailyBudget: 300,
    targeting: [
      COUNTRIES,
      { dimension: 'os', operator: 'include', values: ['ios', 'android'] },
      { dimension: 'deviceType', operator: 'include', values: ['mobile', 'tablet'] },
    ],
    ads: [
      banner('pedal-post', 'e-bike', 'The hill just got shorter', 'Test ride', 320, 50, ['IAB2-5']),
      banner('pedal-post', 'e-bike', 'The hill just got shorter', 'Test ride', 300, 250, ['IAB2-5']),
    ],
  },
  {
    name: 'Pedal & Post — commuters by the click',
    advertiserId: PEDAL,
    bid: { model: 'cpc', amount: 0.9 },
    dailyBudget: 120,
    pacing: 'asap',
    targeting: [COUNTRIES, { dimension: 'interest', operator: 'exclude', values: ['motorsport'] }],
    ads: [
      banner('pedal-post', 'commuter', 'Leave the car at home', 'Find a bike', 728, 90, ['IAB17']),
      banner('pedal-post', 'commuter', 'Leave the car at home', 'Find a bike', 300, 250, ['IAB17']),
    ],
  },
  {
    name: 'Lumen Home — smart lights',
    advertiserId: LUMEN,
    bid: { model: 'cpm', amount: 2.05 },
    dailyBudget: 400,
    targeting: [COUNTRIES, { dimension: 'deviceType', operator: 'exclude', values: ['ctv', 'ooh'] }],
    ads: [
      banner('lumen', 'smart-lights', 'Light that knows the hour', 'Shop lights', 160, 600, ['IAB10']),
      banner('lumen', 'smart-lights', 'Light that knows the hour', 'Shop lights', 300, 600, ['IAB10']),
    ],
  },
  {
    name: 'Lumen Home — animated banner',
    advertiserId: LUMEN,
    bid: { model: 'cpm', amount: 2.65 },
    dailyBudget: 250,
    targeting: [COUNTRIES],
    ads: [
      {
        title: 'Dim the lights from bed',
        html:
          '<a href="{CLICK_URL}" target="_blank" style="display:block;width:300px;height:600px;' +
          'background:linear-gradient(#10163a,#f4b860);color:#fff;font:600 28px/1.3 sans-serif;' +
          'text-align:center;text-decoration:none"><span style="display:block;padding:220px 24px 0">' +
          'Dim the lights from bed</span></a>',
        redirectUrl: 'https://www.lumen.example/bedroom',
        width: 300,
        height: 600,
        callToAction: 'See how',
        adomain: ['lumen.example'],
        categories: ['IAB10'],
      },
    ],
  },
  {
    name: 'Lumen Home — intenders, thrice a day',
    advertiserId: LUMEN,
    bid: { model: 'cpm', amount: 4.2 },
    dailyBudget: 150,
    frequencyCaps: [
      { limit: 3, window: 'day' },
      { limit: 10, window: 'week' },
    ],
    targeting: [
      COUNTRIES,
      { dimension: 'segment', operator: 'include', values: ['home-improvement', 'new-movers'] },
    ],
    ads: [banner('lumen', 'starter-kit', 'The starter kit, 20 % off', 'Get the kit', 300, 250, ['IAB10'])],
  },
  {
    name: 'Meridian Bank — car loans',
    advertiserId: MERIDIAN,
    bid: { model: 'cpm', amount: 5.6 },
    dailyBudget: 800,
    lifetimeBudget: 20000,
    targeting: [
      { dimension: 'country', operator: 'include', values: ['US', 'GB'] },
      { dimension: 'segment', operator: 'include', values: ['auto-intender'] },
    ],
    ads: [
      banner('meridian', 'car-loan', 'Drive it this weekend', 'Check your rate', 300, 250, ['IAB13']),
      banner('meridian', 'car-loan', 'Drive it this weekend', 'Check your rate', 728, 90, ['IAB13']),
    ],
  },
  {
    name: 'Meridian Bank — savings',
    advertiserId: MERIDIAN,
    bid: { model: 'cpm', amount: 1.2 },
    dailyBudget: 1000,
    targeting: [],
    ads: [
      banner('meridian', 'savings', 'Let it grow quietly', 'Open an account', 300, 250, ['IAB13']),
      banner('meridian', 'savings', 'Let it grow quietly', 'Open an account', 320, 50, ['IAB13']),
      banner('meridian', 'savings', 'Let it grow quietly', 'Open an account', 728, 90, ['IAB13']),
      banner('meridian', 'savings', 'Let it grow quietly', 'Open an account', 970, 250, ['IAB13']),
      banner('meridian', 'savings', 'Let it grow quietly', 'Open an account', 160, 600, ['IAB13']),
      banner('meridian', 'savings', 'Let it grow quietly', 'Open an account', 300, 600, ['IAB13']),
    ],
  },
  {
    name: 'Meridian Bank — the app, in news',
    advertiserId: MERIDIAN,
    bid: { model: 'cpm', amount: 2.9 },
    dailyBudget: 350,
    targeting: [
      COUNTRIES,
      { dimension: 'category', operator: 'include', values: ['IAB12', 'IAB13'] },
      { dimension: 'os', operator: 'exclude', values: ['linux'] },
    ],
    ads: [
      banner('meridian', 'app', 'Your bank, in your pocket', 'Install', 320, 50, ['IAB13']),
      banner('meridian', 'app', 'Your bank, in your pocket', 'Install', 160, 600, ['IAB13']),
    ],
  },
] as const;

/**
 * The demo campaigns as they are stored. Their ids are the same on every machine: `d0…-…<campaign>` and, for its
 * ads, the numbers after it.
 */
export function makeDemoCampaigns(nowMs: number): Campaign[] {
  return demoCampaigns.map((wire, i) => {
    let next = (i + 1) * 100;
    const newId = () => `d0000000-0000-4000-8000-${String(next++).padStart(12, '0')}`;
    const read = validateCampaign(wire, { nowMs, newId });
    if (!read.ok)
      throw new Error(`the demo campaign ${wire.name} is invalid: ${JSON.stringify(read.mistakes)}`);
    return read.campaign;
  });
}

/** Adds the demo campaigns to a database in which nothing was ever changed; how many were added. */
export async function seedDemo(store: Pick<CampaignStore, 'insertFirst'>, nowMs: number): Promise<number> {
  const campaigns = makeDemoCampaigns(nowMs);
  return (await store.insertFirst(campaigns)) ? campaigns.length : 0;
}

function banner(
  brand: string,
  name: string,
  title: string,
  callToAction: string,
  width: number,
  height: number,
  categories: readonly string[],
) {
  return {
    title,
    imageUrl: `https://cdn.${brand}.example/${name}-${width}x${height}.png`,
    redirectUrl: `https://www.${brand}.example/${name}`,
    width,
    height,
    callToAction,
    adomain: [`${brand}.example`],
    categories,
  };
}
