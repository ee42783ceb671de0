/**
 * The brute-force matcher that the index is held against: plain campaigns, plain loops, the rules as the contract words
 * them. It shares nothing with the index but the local time of a zone.
 */
import { DIMENSIONS, type Dimension } from '../campaigns/dimensions.ts';
import type { Ad, Campaign, Daypart, TargetingRule } from '../campaigns/model.ts';
import { localMinuteOfWeek } from '../campaigns/zone.ts';
import { ACCESS_DIMENSION, AD_DIMENSION, NOT_ASKED, type Query } from './query.ts';
import type { Priors } from './rank.ts';

/** The campaigns that an index holds, in its order. */
export function oracleOrder(campaigns: readonly Campaign[], nowMs: number, priors: Priors): Campaign[] {
  return campaigns
    .filter(({ status }) => status === 'active')
    .filter(({ schedule }) => schedule.endMs === null || nowMs < schedule.endMs)
    .filter(({ ads }) => ads.some(isShown))
    .toSorted((a, b) => oracleRank(b, priors) - oracleRank(a, priors) || (a.id < b.id ? -1 : 1));
}

export function oracleRank({ bid }: Campaign, { ctr, cvr }: Priors): number {
  if (bid.model === 'cpm') return bid.amountMicros;
  const expected = bid.model === 'cpc' ? ctr : cvr;
  // Priors are taken to the billionth, so that the product is one of integers.
  return Number((BigInt(bid.amountMicros) * 1_000n * BigInt(Math.round(expected * 1e9))) / 1_000_000_000n);
}

export function oracleMatches(campaign: Campaign, query: Query): boolean {
  return brokenRules(campaign, query).next().done === true;
}

/** Every rule that the campaign breaks: `<dimension number> include`, `<dimension number> exclude`, `schedule`. */
export function oracleFailures(campaign: Campaign, query: Query): Set<string> {
  return new Set(brokenRules(campaign, query));
}

function* brokenRules(campaign: Campaign, query: Query): Generator<string, void> {
  const ads = query.values[AD_DIMENSION] ?? [];
  const isOffered = campaign.ads.some((ad) => isShown(ad) && ads.some((value) => isAd(ad, value)));
  if (ads !== NOT_ASKED && !isOffered) yield `${AD_DIMENSION} include`;
  for (const { dimension, operator } of campaign.targeting) {
    const number = DIMENSIONS.indexOf(dimension);
    const values = query.values[number] ?? [];
    if (values === NOT_ASKED) continue;
    const isNamed = campaign.targeting.some(
      (rule) =>
        rule.dimension === dimension &&
        rule.operator === operator &&
        namesOne(rule, dimension, values, campaign, query.nowMs),
    );
    if (isNamed !== (operator === 'include')) yield `${number} ${operator}`;
  }
  const access = query.values[ACCESS_DIMENSION] ?? [];
  if (access !== NOT_ASKED && !access.some((value) => hasAccess(campaign, value))) {
    yield `${ACCESS_DIMENSION} include`;
  }
  if (!isRunning(campaign, query.nowMs)) yield 'schedule';
}

function namesOne(
  rule: TargetingRule,
  dimension: Dimension,
  values: readonly string[],
  campaign: Campaign,
  nowMs: number,
): boolean {
  if (dimension === 'hourOfWeek') {
    const hour = Math.floor(localMinuteOfWeek(nowMs, campaign.schedule.timezone) / 60);
    return rule.values.some((value) => Number(value) === hour);
  }
  return values.some((value) => rule.values.some((listed) => isSame(dimension, listed.toLowerCase(), value)));
}

/** A parent listed matches its children; everything else is equal or not. */
function isSame(dimension: Dimension, listed: string, value: string): boolean {
  switch (dimension) {
    case 'domain': {
      const host = listed.startsWith('www.') ? listed.slice(4) : listed;
      return value === host || value.endsWith(`.${host}`);
    }
    case 'category':
      return value === listed || value.startsWith(`${listed}-`);
    case 'ageRange': {
      const [from = '', to = ''] = listed.endsWith('+') ? [listed.slice(0, -1), '120'] : listed.split('-');
      return Number(from) <= Number(value) && Number(value) <= Number(to);
    }
    default:
      return value === listed;
  }
}

/** Sides of random ads are null or sound. */
function isShown({ status, type, width, height }: Ad): boolean {
  return status === 'active' && (type !== 'banner' || (width !== null && height !== null));
}

function isAd({ type, imageUrl, width, height }: Ad, value: string): boolean {
  const [kind, size] = value.split(':');
  if (size !== undefined && size !== `${width ?? ''}x${height ?? ''}`) return false;
  return kind === 'image' ? type === 'banner' && imageUrl !== null : kind === type;
}

function hasAccess({ deals, dealsOnly }: Campaign, value: string): boolean {
  return value === 'open' ? !dealsOnly : deals.some((deal) => value === `deal:${deal}`);
}

function isRunning({ schedule }: Campaign, nowMs: number): boolean {
  const { startMs, endMs, timezone, dayparts } = schedule;
  if (nowMs < startMs || (endMs !== null && nowMs >= endMs)) return false;
  if (dayparts.length === 0) return true;
  const minuteOfWeek = localMinuteOfWeek(nowMs, timezone);
  const day = Math.floor(minuteOfWeek / 1_440) + 1;
  return dayparts.some((daypart) => isInDaypart(daypart, day, minuteOfWeek % 1_440));
}

function isInDaypart({ days, fromMinute, toMinute }: Daypart, day: number, minute: number): boolean {
  if (fromMinute <= toMinute) return days.includes(day) && fromMinute <= minute && minute < toMinute;
  const yesterday = day === 1 ? 7 : day - 1;
  return (days.includes(day) && minute >= fromMinute) || (days.includes(yesterday) && minute < toMinute);
}
