/** Campaigns for the recount, of which every one is capped and many run out of budget, and the requests that they meet. */
import type { Campaign } from '../src/campaigns/model.ts';
import { seededRandom, type SeededRandom } from '../src/campaigns/seeded-random.ts';
import { costNanos } from '../src/money.ts';
import { seededBodies } from './bench-requests.ts';
import { benchCampaigns } from './bench-server.ts';

/** A campaign that its own request alone is answered by. */
export interface Probe {
  readonly campaign: Campaign;
  readonly body: string;
}

/** How long a bid is valid that nobody speaks of again. */
export const EXP_SEC = 10;

/** Few, so that users meet the same ones again and again. */
const CAMPAIGNS = 200;
const RULES = 2;
const BODIES = 20_000;
const SEED = 20_261_123;
/** A few users come all the time. */
const AUDIENCE = { users: 500, exponent: 1, expSec: EXP_SEC } as const;
const CAPS: readonly Campaign['frequencyCaps'][] = [
  [{ limit: 1, window: 'day' }],
  [
    { limit: 3, window: 'day' },
    { limit: 1, window: 'minute' },
  ],
  [{ limit: 2, window: 'hour' }],
  [
    { limit: 5, window: 'week' },
    { limit: 2, window: 'day' },
  ],
  [{ limit: 4, window: 'lifetime' }],
];
/** Of the campaigns' budgets, the share that a run can spend. */
const SMALL_SHARE = 0.5;
const SMALL_BUDGET_IMPRESSIONS = [20, 300] as const;
/** That no other campaign has. */
const PROBE_SIZE = { width: 333, height: 222 } as const;

export function recountCampaigns(): Campaign[] {
  const random = seededRandom(SEED);
  return benchCampaigns(CAMPAIGNS).map((campaign, i) => ({
    ...campaign,
    // A day of every campaign is one of Postgres' dates, by which its rows are counted anew.
    schedule: { ...campaign.schedule, timezone: 'UTC' },
    // So few rules that a request finds several campaigns.
    targeting: campaign.targeting.slice(0, RULES),
    frequencyCaps: CAPS[i % CAPS.length] ?? [],
    ...(random.chance(SMALL_SHARE) ? smallBudgets(random, campaign) : {}),
  }));
}

export function recountBodies(): string[] {
  return seededBodies(BODIES, SEED, AUDIENCE);
}

/** Others than those of the recount. */
export function spareCampaigns(count: number): Campaign[] {
  return benchCampaigns(CAMPAIGNS + count).slice(CAMPAIGNS);
}

export function toProbe(campaign: Campaign, number: number, terms: Partial<Campaign>): Probe {
  const domain = `probe-${number}.example`;
  const { width: w, height: h } = PROBE_SIZE;
  return {
    campaign: {
      ...campaign,
      schedule: { ...campaign.schedule, dayparts: [] },
      targeting: [{ dimension: 'domain', operator: 'include', values: [domain] }],
      ads: campaign.ads.slice(0, 1).map((ad) => ({ ...ad, ...PROBE_SIZE })),
      ...terms,
    },
    body: JSON.stringify({
      id: `probe-${number}`,
      imp: [{ id: '1', banner: { w, h }, exp: EXP_SEC }],
      site: { domain },
      tmax: 5_000,
    }),
  };
}

/** Of the day, and for some of the campaign's whole life. */
function smallBudgets(random: SeededRandom, { bid }: Campaign): Partial<Campaign> {
  // A price of N micros CPM costs N nanos an impression.
  const impressions = random.between(...SMALL_BUDGET_IMPRESSIONS);
  const budget = costNanos(impressions * bid.amountMicros);
  return random.chance(0.5)
    ? { dailyBudgetNanos: budget }
    : { dailyBudgetNanos: costNanos(2 * budget), lifetimeBudgetNanos: budget };
}
