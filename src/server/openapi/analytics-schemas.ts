/** What `analytics.ts` answers. */
import { anyList, anyText, integer, moment, nullable, number, object, type Schema } from './schema.ts';

const count = (description: string): Schema => integer(0, Number.MAX_SAFE_INTEGER, description);
const counts = {
  impressions: count('Ads that were shown.'),
  clicks: count('Clicks.'),
  conversions: count('Conversions.'),
};
const date = (description: string): Schema => ({ type: 'string', format: 'date', description });
const rate = (description: string): Schema =>
  nullable(number(`${description} To 4 places; null where there is nothing to divide by.`));
const ctr = rate('Clicks of a hundred impressions.');
const cpc = rate('USD a click.');
const pending = object(
  { ...counts },
  [],
  'Accepted by this server and not yet committed; repeats among it will not count.',
);
const stale: Schema = {
  type: 'boolean',
  description: 'Postgres could not be asked: this is what was known last.',
};

export const ANALYTICS_SCHEMAS = {
  CampaignReport: object({
    campaignId: anyText('The campaign.'),
    dateRange: object({ start: date('The first day.'), end: date('The last day.') }),
    summary: object({
      totalImpressions: counts.impressions,
      totalClicks: counts.clicks,
      totalConversions: counts.conversions,
      ctr,
      totalSpend: number('USD.'),
      cpc,
      cpm: rate('USD a thousand impressions.'),
    }),
    dailyMetrics: anyList(
      object({ date: date('In UTC.'), ...counts, ctr, spend: number('USD.'), cpc }),
      'Every day of the range.',
    ),
    pending,
    stale,
  }),
  AdReport: object({
    adId: anyText('The ad.'),
    known: { type: 'boolean', description: 'A campaign has it.' },
    buckets: anyList(
      object({ start: moment('Where it begins, in UTC.'), ...counts }),
      'Every bucket of the range.',
    ),
    pending,
    stale,
  }),
} satisfies Readonly<Record<string, Schema>>;
