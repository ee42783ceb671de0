/**
 * What the index asks of a campaign that comes from the database, where rows can be written past validation: a column
 * of text takes any time zone and any dimension, one of JSON any shape.
 */
import { DIMENSION_NUMBER } from './dimensions.ts';
import { isCap } from './frequency-cap.ts';
import type { Ad, Campaign } from './model.ts';
import { mostAmountMicros } from './price-limits.ts';
import { isTimeZone } from './zone-names.ts';
import { MINUTES_OF_DAY } from './zone.ts';

export interface UnsoundCampaign {
  readonly id: string;
  readonly reason: string;
}

/** Pixels of a side: the index and the size of a bid have 16 bits for it. */
export const MAX_SIDE_PIXELS = 65_535;
const LAST_DAY = 7;

/** Intl takes 30 µs to name a zone, and 100,000 campaigns share a few hundred. Bounded by the zones that there are. */
const soundZones = new Set<string>();

/** Why the campaign can't be served, as half a sentence; null: it can. Ads that are not active are not looked at. */
export function findUnsound(campaign: Campaign): string | null {
  const { bid, deals, ads } = campaign;
  const isPriced = Number.isInteger(bid.amountMicros) && bid.amountMicros >= 1;
  if (!isPriced || bid.amountMicros > mostAmountMicros(bid.model)) return 'its price is out of range';
  if (!deals.every(isText)) return 'its deals are not texts';
  if (!campaign.frequencyCaps.every(isCap)) return 'a frequency cap is not of a limit and a window';
  for (const { dimension } of campaign.targeting) {
    if (!Object.hasOwn(DIMENSION_NUMBER, dimension)) return `no dimension is named ${dimension}`;
  }
  const reason = findUnsoundSchedule(campaign.schedule);
  if (reason !== null) return reason;
  for (const ad of ads) {
    const fault = ad.status === 'active' ? findUnsoundAd(ad) : null;
    if (fault !== null) return `its ad ${ad.id} ${fault}`;
  }
  return null;
}

/** Those that can be served, and why the others can't. */
export function selectSound(campaigns: readonly Campaign[]): {
  readonly sound: readonly Campaign[];
  readonly unsound: readonly UnsoundCampaign[];
} {
  const unsound: UnsoundCampaign[] = [];
  const sound = campaigns.filter((campaign) => {
    const reason = findUnsound(campaign);
    if (reason !== null) unsound.push({ id: campaign.id, reason });
    return reason === null;
  });
  return { sound, unsound };
}

/** A banner's markup is drawn in its size: without one it has no place. */
export function hasSize({ width, height }: Ad): boolean {
  return isSide(width) && isSide(height);
}

function findUnsoundSchedule({ startMs, endMs, timezone, dayparts }: Campaign['schedule']): string | null {
  if (!Number.isFinite(startMs) || (endMs !== null && !Number.isFinite(endMs))) {
    return 'its start or its end is no time';
  }
  if (!isKnownZone(timezone)) return `no time zone is named ${timezone}`;
  return dayparts.every(isDaypart) ? null : 'a daypart is not of days and minutes';
}

function findUnsoundAd(ad: Ad): string | null {
  const { width, height, adomain, categories } = ad;
  if (Math.max(width ?? 0, height ?? 0) > MAX_SIDE_PIXELS) {
    return `has a side above ${MAX_SIDE_PIXELS} pixels`;
  }
  if (ad.type === 'banner' && !hasSize(ad)) return 'is a banner without a size';
  return adomain.every(isText) && categories.every(isText) ? null : 'has a list that is not of texts';
}

function isKnownZone(name: string): boolean {
  if (soundZones.has(name)) return true;
  if (!isTimeZone(name)) return false;
  soundZones.add(name);
  return true;
}

function isDaypart(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { days, fromMinute, toMinute }: Readonly<Record<string, unknown>> = { ...value };
  const areDays = Array.isArray(days) && days.every((day) => isWithin(day, 1, LAST_DAY));
  return areDays && isWithin(fromMinute, 0, MINUTES_OF_DAY) && isWithin(toMinute, 0, MINUTES_OF_DAY);
}

function isSide(value: number | null): boolean {
  return value !== null && value >= 1 && value <= MAX_SIDE_PIXELS;
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
