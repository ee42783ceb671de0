/**
 * What a request does not say and its address and user agent give away: country, device type, os, browser. Only
 * what some campaign targets is looked for, and what the request says is never doubted.
 */
import { DIMENSION_NUMBER } from '../campaigns/dimensions.ts';
import { traitsOf } from '../openrtb/agent-traits.ts';
import { regionValues } from '../openrtb/attributes.ts';
import { NO_TEXTS } from '../openrtb/dirt.ts';
import { type CountryDatabase, countryOfAddress } from '../openrtb/geo-country.ts';
import type { BidRequest } from '../openrtb/request.ts';
import type { Index } from '../targeting/tiers.ts';

type Attributes = readonly (readonly string[])[];

const { country, region, deviceType, os, browser } = DIMENSION_NUMBER;

/** The request's attributes; the very list where there is nothing to add. `countries` null: addresses tell nothing. */
export function completeAttributes(
  index: Index,
  request: BidRequest,
  countries: CountryDatabase | null,
): Attributes {
  const said = request.attributes;
  const isPlaceLacking = isEmpty(said, country) && (index.isTargeted(country) || isRegionBare(index, said));
  const isDeviceLacking =
    isWanted(index, said, deviceType) || isWanted(index, said, os) || isWanted(index, said, browser);
  if (!isPlaceLacking && !isDeviceLacking) return said;
  const complete = said.slice();
  if (isPlaceLacking && countries !== null) addPlace(complete, request, countries);
  if (isDeviceLacking) addDevice(complete, request);
  return complete;
}

/** Region and city are never derived; a bare region takes the request's country, wherever that is from. */
function addPlace(to: (readonly string[])[], { ip, ipv6 }: BidRequest, countries: CountryDatabase): void {
  const byIp = countryOfAddress(countries, ip);
  const found = byIp.length > 0 ? byIp : countryOfAddress(countries, ipv6);
  const regions = to[region] ?? NO_TEXTS;
  to[country] = found;
  if (regions.length === 1) to[region] = regionValues(regions[0] ?? '', found);
}

function addDevice(to: (readonly string[])[], request: BidRequest): void {
  const traits = traitsOf(request.userAgent);
  if (isEmpty(to, deviceType)) to[deviceType] = traits.deviceType;
  if (isEmpty(to, os)) to[os] = traits.os;
  if (isEmpty(to, browser)) to[browser] = traits.browser;
}

function isWanted(index: Index, said: Attributes, dimension: number): boolean {
  return isEmpty(said, dimension) && index.isTargeted(dimension);
}

function isEmpty(said: Attributes, dimension: number): boolean {
  return (said[dimension] ?? NO_TEXTS).length === 0;
}

function isRegionBare(index: Index, said: Attributes): boolean {
  return said[region]?.length === 1 && index.isTargeted(region);
}
