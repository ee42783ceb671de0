/** A campaign: as it is sent, patched and answered, from the words and limits of `campaigns/validation.ts`. */
import { MAX_ADS } from '../../campaigns/ad-list.ts';
import { CAP_WINDOWS, MAX_CAP_LIMIT } from '../../campaigns/frequency-cap.ts';
import { mostAmountMicros } from '../../campaigns/price-limits.ts';
import {
  DAYS_OF_WEEK,
  FIRST_YEAR,
  ISO_TIME,
  LAST_YEAR,
  MAX_DAYPARTS,
  MAX_ZONE_LENGTH,
  TIME_OF_DAY,
} from '../../campaigns/schedule-validation.ts';
import {
  BUDGET_MODES,
  MAX_CAPS,
  MAX_DEALS,
  MICRO_DECIMALS,
  MODELS,
  NANO_DECIMALS,
  PACINGS,
  STATUSES,
} from '../../campaigns/validation.ts';
import { MAX_TEXT_LENGTH } from '../../campaigns/wire.ts';
import { MAX_COST_NANOS, NANOS_PER_USD } from '../../money.ts';
import { patchOf } from './patch.ts';
import {
  anyList,
  anyText,
  form,
  formed,
  integer,
  list,
  moment,
  nullable,
  number,
  object,
  ref,
  text,
  uuid,
  word,
  type Schema,
} from './schema.ts';
import { targeting } from './targeting-schemas.ts';

/** What a campaign is refused for and no schema can say: each begins with its name, which a test knows. */
export const UNSAYABLE = {
  end: 'the end of a schedule is after its start',
  daypart: 'a daypart’s `to` differs from its `from`',
  zone: 'a time zone is one of IANA’s',
  day: 'a day is one that the calendar has',
  year: `a time lies in the years ${FIRST_YEAR} to ${LAST_YEAR}`,
  url: 'a URL parses as one',
  value: 'a targeting value is one that its dimension knows',
  category: 'an ad’s category is one of the taxonomy that `cattax` names',
  decimals: `a bid has at most ${MICRO_DECIMALS} decimals and a budget ${NANO_DECIMALS}: whole micros and nanos`,
  length: 'lengths count UTF-16 code units, without blanks at the ends',
  characters: 'a text holds no NUL and no half of a surrogate pair',
  ad: 'an ad’s `id`, in a PUT or PATCH, is that of one of the campaign’s ads, and stands there once',
} as const;

/** What is accepted beyond what the schema says: clients should not, and some do. */
export const LENIENT = {
  number: 'a number may come as a string, a text as a number',
  absent: 'null or an empty text is an absent field',
  blanks: 'blanks at the ends of a text are cut off',
  unknown: 'unknown fields are ignored',
} as const;

const UNIT = 10 ** MICRO_DECIMALS;
const daypart = form(
  {
    days: {
      ...list({ type: 'integer', minimum: 1, maximum: DAYS_OF_WEEK }, DAYS_OF_WEEK, 'ISO days: 1 is Monday.'),
      minItems: 1,
    },
    from: {
      ...formed(TIME_OF_DAY, MAX_TEXT_LENGTH, 'Local time, inclusive; behind `to` it runs past midnight.'),
      not: { const: '24:00' },
    },
    to: formed(TIME_OF_DAY, MAX_TEXT_LENGTH, 'Local time, exclusive; `24:00` is the end of the day.'),
  },
  ['days', 'from', 'to'],
);
const scheduleFields = {
  start: formed(
    ISO_TIME,
    MAX_TEXT_LENGTH,
    'ISO 8601 with Z or an offset, inclusive; without it, from its creation.',
  ),
  end: nullable(formed(ISO_TIME, MAX_TEXT_LENGTH, 'Exclusive; null: no end.')),
  timezone: {
    ...text('An IANA time zone: of dayparts, and of days and weeks of budgets and caps.', MAX_ZONE_LENGTH),
    default: 'UTC',
  },
  dayparts: list(daypart, MAX_DAYPARTS, 'Empty: at all times.'),
};
const bid = form(
  {
    model: word(MODELS, 'What is paid for: 1,000 impressions (cpm), a click (cpc), a conversion (cpa).'),
    amount: number('USD.', { exclusiveMinimum: 0, maximum: mostAmountMicros('cpm') / UNIT }),
  },
  ['model', 'amount'],
);
const fields = {
  name: text('For people.'),
  advertiserId: uuid('Whose campaign it is.'),
  seat: text('The seat that its bids name; without it, the advertiserId.'),
  status: word(STATUSES, 'Only what is active bids; what has ended stays as it is.', 'active'),
  bid,
  dailyBudget: budget('USD a day of the campaign’s time zone.'),
  lifetimeBudget: nullable(budget('USD in all; null: no such limit.')),
  pacing: word(PACINGS, 'even: over the active hours of the day. asap: as it comes.', 'even'),
  budgetMode: word(
    BUDGET_MODES,
    'strict: a bid reserves all that it may cost. expected: the share that usually wins.',
    'strict',
  ),
  schedule: form(scheduleFields, [], 'When it runs.'),
  frequencyCaps: list(
    form(
      {
        limit: integer(1, MAX_CAP_LIMIT, 'Impressions for one user.'),
        window: word(CAP_WINDOWS, 'A fixed window.'),
      },
      ['limit', 'window'],
    ),
    MAX_CAPS,
    'All hold at once.',
  ),
  targeting,
  ads: { ...list(ref('AdInput'), MAX_ADS, 'What it shows.'), minItems: 1 },
  deals: list(text('A deal id.'), MAX_DEALS, 'The deals that the campaign may answer.'),
  dealsOnly: {
    type: 'boolean',
    default: false,
    description: 'It bids in its deals alone, never in the open auction.',
  },
  currency: word(['USD'], 'Of all its amounts.', 'USD'),
};
/** A click or a conversion costs what fits the counters whole; a thousand impressions may have a price beyond that. */
const actionLimit = {
  if: { required: ['model'], properties: { model: { enum: ['cpc', 'cpa'] } } },
  then: { properties: { amount: { maximum: mostAmountMicros('cpa') / UNIT } } },
};

export const CAMPAIGN_SCHEMAS = {
  CampaignInput: {
    ...form(
      { ...fields, bid: { ...bid, allOf: [actionLimit] } },
      ['name', 'advertiserId', 'bid', 'dailyBudget', 'ads'],
      `A campaign as it is sent. Beyond the schema these rules hold (422):\n\n${bullets(UNSAYABLE)}\n\n` +
        `And more is accepted than it says:\n\n${bullets(LENIENT)}`,
    ),
    example: {
      name: 'Spring',
      advertiserId: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
      bid: { model: 'cpm', amount: 2.5 },
      dailyBudget: 500,
      lifetimeBudget: 10_000,
      schedule: {
        start: '2026-11-01T00:00:00Z',
        end: '2026-12-01T00:00:00Z',
        timezone: 'America/New_York',
        dayparts: [{ days: [1, 2, 3, 4, 5], from: '08:00', to: '20:00' }],
      },
      frequencyCaps: [{ limit: 3, window: 'day' }],
      targeting: [
        { dimension: 'country', operator: 'include', values: ['US', 'CA'] },
        { dimension: 'os', operator: 'exclude', values: ['ios'] },
      ],
      ads: [
        {
          title: 'Spring sale',
          imageUrl: 'https://cdn.brand.example/spring.png',
          redirectUrl: 'https://www.brand.example/spring',
          width: 300,
          height: 250,
        },
      ],
    },
  },
  CampaignPatch: patchOf(
    fields,
    'A JSON merge patch (RFC 7396): what it does not name stays as it is, null takes it away or back to its default; ' +
      'lists are replaced whole. What it names is judged by the rules of `CampaignInput`.',
  ),
  Campaign: object(
    {
      id: uuid('Names the campaign for ever.'),
      ...fields,
      bid,
      schedule: object({
        ...scheduleFields,
        start: moment('Inclusive.'),
        end: nullable(moment('Exclusive.')),
      }),
      ads: list(ref('Ad'), MAX_ADS, 'What it shows.'),
      version: integer(1, Number.MAX_SAFE_INTEGER, 'Grows with every change; its ETag.'),
      createdAt: moment('When it was made.'),
      updatedAt: moment('When it was last changed.'),
      spentToday: number('USD, as far as this node knows.', { minimum: 0 }),
      spentLifetime: number('USD, as far as this node knows.', { minimum: 0 }),
      warnings: anyList(
        object({
          field: anyText('Its path.'),
          message: anyText('What it does otherwise than it seems to say.'),
        }),
        'What is sound and hardly meant, as a budget that bears no bid; absent: nothing.',
      ),
    },
    ['warnings'],
    'A campaign with every default written out. What is read here and sent again is the same campaign.',
  ),
} satisfies Readonly<Record<string, Schema>>;

function budget(description: string): Schema {
  return number(description, { exclusiveMinimum: 0, maximum: MAX_COST_NANOS / NANOS_PER_USD });
}

function bullets(rules: Readonly<Record<string, string>>): string {
  return Object.values(rules)
    .map((rule) => `- ${rule}`)
    .join('\n');
}
