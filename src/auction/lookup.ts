/** The values under which one imp is looked up in the index: its request's, as far as privacy allows, and its own. */
import { DIMENSION_NUMBER } from '../campaigns/dimensions.ts';
import type { Imp } from '../openrtb/request.ts';
import { ACCESS_DIMENSION, AD_DIMENSION, QUERY_DIMENSIONS, type Query } from '../targeting/query.ts';
import { lowestFloor, type Offer } from './offer.ts';

const NONE: readonly string[] = Object.freeze([]);
const OPEN: readonly string[] = Object.freeze(['open']);
const ANY_BANNER: readonly string[] = Object.freeze(['banner']);
const ANY_IMAGE: readonly string[] = Object.freeze(['image']);

/** What is known of the user as a person rather than of the place and the device. */
const PROFILE_DIMENSIONS = [
  DIMENSION_NUMBER.segment,
  DIMENSION_NUMBER.interest,
  DIMENSION_NUMBER.ageRange,
  DIMENSION_NUMBER.gender,
] as const;

/** `offers`: the imp's, by tier. They differ in the numbers of names, and the query holds the names themselves. */
export function impQuery(offers: readonly Offer[], nowMs: number, fromOrdinal: number): Query {
  const offer = offers[0];
  if (offer === undefined) throw new Error('lookup: an index has a tier, and an imp an offer for each');
  const { imp, request } = offer;
  const { attributes } = request;
  const values = new Array<readonly string[]>(QUERY_DIMENSIONS);
  for (let dimension = 0; dimension < QUERY_DIMENSIONS; dimension++) {
    values[dimension] = attributes[dimension] ?? NONE;
  }
  if (!request.profile) for (const dimension of PROFILE_DIMENSIONS) values[dimension] = NONE;
  if (imp.tagId !== '') values[DIMENSION_NUMBER.placement] = [imp.tagId.toLowerCase()];
  values[DIMENSION_NUMBER.size] = sizes(imp, '');
  values[DIMENSION_NUMBER.format] = imp.formats;
  values[AD_DIMENSION] = adValues(offer);
  values[ACCESS_DIMENSION] = accessValues(imp);
  return { values, nowMs, minRankMicros: lowestFloor(offers), fromOrdinal, includeSpent: false };
}

function adValues({ imp, request }: Offer): readonly string[] {
  const fixed = imp.banner !== null && imp.banner.sizes.length > 0 && imp.banner.ratios.length === 0;
  if (!fixed) return request.imageOnly ? ANY_IMAGE : ANY_BANNER;
  return sizes(imp, request.imageOnly ? 'image:' : 'banner:');
}

function sizes(imp: Imp, prefix: string): readonly string[] {
  if (imp.banner === null || imp.banner.sizes.length === 0) return NONE;
  return imp.banner.sizes.map(({ width, height }) => `${prefix}${String(width)}x${String(height)}`);
}

function accessValues(imp: Imp): readonly string[] {
  if (imp.deals.length === 0) return imp.privateAuction ? NONE : OPEN;
  const deals = imp.deals.map(({ id }) => `deal:${id}`);
  return imp.privateAuction ? deals : ['open', ...deals];
}
