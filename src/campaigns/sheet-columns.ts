/** The columns of a sheet of campaigns: the names of the JSON fields, with points. A row is an ad. */
import { DIMENSIONS } from './dimensions.ts';
import { nearestValue, spellingsOf } from './near-miss.ts';
import type { ValueList } from './value-list.ts';

export type CellForm = 'text' | 'number' | 'flag' | 'texts' | 'numbers' | 'dayparts' | 'caps' | 'media';

export interface SheetColumn {
  readonly name: string;
  readonly isOfAd: boolean;
  readonly form: CellForm;
  /** Where the value stands in the campaign's document, in the ad's. A rule's: `targeting`, its dimension, its operator. */
  readonly path: readonly string[];
}

/** Tells apart campaigns that are the same in all else; the server gives its own. */
export const KEY_COLUMN = 'id';
const AD_PREFIX = 'ad.';
const EXCLUDE_SUFFIX = '.exclude';

const CAMPAIGN_COLUMNS: Readonly<Record<string, CellForm>> = {
  [KEY_COLUMN]: 'text',
  name: 'text',
  advertiserId: 'text',
  seat: 'text',
  status: 'text',
  'bid.model': 'text',
  'bid.amount': 'number',
  dailyBudget: 'number',
  lifetimeBudget: 'number',
  pacing: 'text',
  budgetMode: 'text',
  'schedule.start': 'text',
  'schedule.end': 'text',
  'schedule.timezone': 'text',
  'schedule.dayparts': 'dayparts',
  frequencyCaps: 'caps',
  deals: 'texts',
  dealsOnly: 'flag',
  currency: 'text',
};

const AD_COLUMNS: Readonly<Record<string, CellForm>> = {
  title: 'text',
  type: 'text',
  status: 'text',
  description: 'text',
  imageUrl: 'text',
  html: 'text',
  redirectUrl: 'text',
  width: 'number',
  height: 'number',
  callToAction: 'text',
  iconUrl: 'text',
  sponsoredBy: 'text',
  rating: 'number',
  price: 'text',
  adomain: 'texts',
  categories: 'texts',
  cattax: 'number',
  attributes: 'numbers',
  bundle: 'text',
  media: 'media',
  durationSec: 'number',
  skippableAfterSec: 'number',
  protocols: 'numbers',
};

/** In the order in which a sheet is written. */
export const SHEET_COLUMNS: readonly SheetColumn[] = [
  ...Object.entries(CAMPAIGN_COLUMNS).map(([name, form]): SheetColumn => ({
    name,
    isOfAd: false,
    form,
    path: name.split('.'),
  })),
  ...DIMENSIONS.flatMap((dimension): SheetColumn[] => {
    const column = { isOfAd: false, form: 'texts' } as const;
    const name = `targeting.${dimension}`;
    return [
      { ...column, name, path: ['targeting', dimension, 'include'] },
      { ...column, name: `${name}${EXCLUDE_SUFFIX}`, path: ['targeting', dimension, 'exclude'] },
    ];
  }),
  ...Object.entries(AD_COLUMNS).map(([name, form]): SheetColumn => ({
    name: `${AD_PREFIX}${name}`,
    isOfAd: true,
    form,
    path: [name],
  })),
];

const byName: ReadonlyMap<string, SheetColumn> = new Map(
  SHEET_COLUMNS.map((column) => [column.name, column]),
);

export function findColumn(name: string): SheetColumn | null {
  return byName.get(name) ?? null;
}

/** `title` and `country` are near misses as well: `ad.title`, `targeting.country`. */
export const COLUMN_NAMES: ValueList = {
  accepts: (name) => byName.has(name),
  noun: 'column of a campaign or an ad',
  hint: 'docs/campaigns.md names them all',
  suggest: (name) =>
    nearestValue(
      name,
      spellingsOf([
        ...SHEET_COLUMNS.map((column) => [column.name, column.name] as const),
        ...SHEET_COLUMNS.filter((column) => !column.name.endsWith(EXCLUDE_SUFFIX)).map(
          (column) => [column.name.slice(column.name.indexOf('.') + 1), column.name] as const,
        ),
      ]),
    ),
};
