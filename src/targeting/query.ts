/** What is looked up in the index for one imp. */
import { DIMENSIONS } from '../campaigns/dimensions.ts';

/**
 * Two more dimensions that no rule names; every campaign has values in both, so they work as an include:
 * `ad` — what its active ads are: `banner`, `banner:300x250`, and for ads with an image `image`,
 * `image:300x250`; `access` — where it may bid: `open` unless it is for deals only, and `deal:<id>` (ids keep
 * their case) for each of its deals.
 */
export const AD_DIMENSION = DIMENSIONS.length;
export const ACCESS_DIMENSION = DIMENSIONS.length + 1;
export const QUERY_DIMENSIONS = DIMENSIONS.length + 2;

/** In the place of a dimension's values: the dimension is not asked, whatever campaigns say of it. */
export const NOT_ASKED: readonly string[] = Object.freeze(['*']);

/** In the place of `fromOrdinal`: nobody is passed over. */
export const FROM_BEST = -1;

export interface Query {
  /**
   * Values by dimension number, QUERY_DIMENSIONS long, in the form of `compiledValues`. hourOfWeek is ignored:
   * it follows from `nowMs` and each campaign's zone.
   */
  readonly values: readonly (readonly string[])[];
  readonly nowMs: number;
  /**
   * Campaigns whose rank price is below this are not visited. 0: all are.
   */
  readonly minRankMicros: number;
  /** Campaigns that rank before the one of this ordinal are not visited: how matching resumes behind a shortlist. */
  readonly fromOrdinal: number;
  /** true: campaigns whose budget bit is out are visited as well. */
  readonly includeSpent: boolean;
}
