/**
 * A campaign as rows of its three tables and back. The keys of what is written are column names; times are
 * written as ISO text and read as Dates.
 */
import { costNanos } from '../money.ts';
import type {
  Ad,
  AdMedia,
  AdStatus,
  AdType,
  BidModel,
  BudgetMode,
  Campaign,
  CampaignStatus,
  Daypart,
  FrequencyCap,
  Pacing,
  TargetingRule,
} from './model.ts';

interface CampaignColumns<Time> {
  readonly id: string;
  readonly name: string;
  readonly advertiser_id: string;
  readonly seat: string;
  readonly status: CampaignStatus;
  readonly bid_model: BidModel;
  readonly bid_amount_micros: number;
  readonly daily_budget_nanos: number;
  readonly lifetime_budget_nanos: number | null;
  readonly pacing: Pacing;
  readonly budget_mode: BudgetMode;
  readonly starts_at: Time;
  readonly ends_at: Time | null;
  readonly timezone: string;
  readonly dayparts: readonly Daypart[];
  readonly frequency_caps: readonly FrequencyCap[];
  readonly deals: readonly string[];
  readonly deals_only: boolean;
  readonly currency: 'USD';
  readonly version: number;
  readonly created_at: Time;
  readonly updated_at: Time;
}

/** A number is Postgres's `infinity` or `-infinity`; a text is what JSON has in the place of either. */
export type CampaignRow = CampaignColumns<Date | number | string>;

/** One rule, with the values of its rows. */
export interface RuleRow {
  readonly rule_type: TargetingRule['dimension'];
  readonly operator: TargetingRule['operator'];
  readonly values: readonly string[];
}

export interface AdRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly ad_number: number;
  readonly type: AdType;
  readonly status: AdStatus;
  readonly title: string;
  readonly description: string | null;
  readonly image_url: string | null;
  readonly html: string | null;
  readonly redirect_url: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly call_to_action: string | null;
  readonly icon_url: string | null;
  readonly sponsored_by: string | null;
  readonly rating: number | null;
  readonly price: string | null;
  readonly adomain: readonly string[];
  readonly categories: readonly string[];
  readonly cattax: number;
  readonly attributes: readonly number[];
  readonly bundle: string | null;
  readonly media: readonly AdMedia[];
  readonly duration_sec: number | null;
  readonly skippable_after_sec: number | null;
  readonly protocols: readonly number[];
}

export function campaignRow(campaign: Campaign, version: number): CampaignColumns<string | null> {
  const { bid, schedule } = campaign;
  return {
    id: campaign.id,
    name: campaign.name,
    advertiser_id: campaign.advertiserId,
    seat: campaign.seat,
    status: campaign.status,
    bid_model: bid.model,
    bid_amount_micros: bid.amountMicros,
    daily_budget_nanos: campaign.dailyBudgetNanos,
    lifetime_budget_nanos: campaign.lifetimeBudgetNanos,
    pacing: campaign.pacing,
    budget_mode: campaign.budgetMode,
    starts_at: isoTime(schedule.startMs),
    ends_at: schedule.endMs === null ? null : isoTime(schedule.endMs),
    timezone: schedule.timezone,
    dayparts: schedule.dayparts,
    frequency_caps: campaign.frequencyCaps,
    deals: campaign.deals,
    deals_only: campaign.dealsOnly,
    currency: campaign.currency,
    version,
    created_at: isoTime(campaign.createdAtMs),
    updated_at: isoTime(campaign.updatedAtMs),
  };
}

/** A row a value. */
export function ruleRows(campaign: Campaign): object[] {
  return campaign.targeting.flatMap(({ dimension, operator, values }, ruleNumber) =>
    values.map((value, valueNumber) => ({
      campaign_id: campaign.id,
      rule_number: ruleNumber,
      value_number: valueNumber,
      rule_type: dimension,
      operator,
      rule_value: value,
    })),
  );
}

export function adRows(campaign: Campaign): AdRow[] {
  return campaign.ads.map((ad, adNumber) => ({
    id: ad.id,
    campaign_id: campaign.id,
    ad_number: adNumber,
    type: ad.type,
    status: ad.status,
    title: ad.title,
    description: ad.description,
    image_url: ad.imageUrl,
    html: ad.html,
    redirect_url: ad.redirectUrl,
    width: ad.width,
    height: ad.height,
    call_to_action: ad.callToAction,
    icon_url: ad.iconUrl,
    sponsored_by: ad.sponsoredBy,
    rating: ad.rating,
    price: ad.price,
    adomain: ad.adomain,
    categories: ad.categories,
    cattax: ad.cattax,
    attributes: ad.attributes,
    bundle: ad.bundle,
    media: ad.media,
    duration_sec: ad.durationSec,
    skippable_after_sec: ad.skippableAfterSec,
    protocols: ad.protocols,
  }));
}

export function readCampaign(row: CampaignRow, rules: readonly RuleRow[], ads: readonly Ad[]): Campaign {
  return {
    id: row.id,
    name: row.name,
    advertiserId: row.advertiser_id,
    seat: row.seat,
    status: row.status,
    bid: { model: row.bid_model, amountMicros: row.bid_amount_micros },
    dailyBudgetNanos: costNanos(row.daily_budget_nanos),
    lifetimeBudgetNanos: row.lifetime_budget_nanos === null ? null : costNanos(row.lifetime_budget_nanos),
    pacing: row.pacing,
    budgetMode: row.budget_mode,
    schedule: {
      startMs: epochMs(row.starts_at),
      endMs: row.ends_at === null ? null : epochMs(row.ends_at),
      timezone: row.timezone,
      dayparts: row.dayparts,
    },
    frequencyCaps: row.frequency_caps,
    targeting: rules.map((rule) => ({
      dimension: rule.rule_type,
      operator: rule.operator,
      values: rule.values,
    })),
    ads,
    deals: row.deals,
    dealsOnly: row.deals_only,
    currency: row.currency,
    version: row.version,
    createdAtMs: epochMs(row.created_at),
    updatedAtMs: epochMs(row.updated_at),
  };
}

export function readAd(row: AdRow): Ad {
  return {
    id: row.id,
    type: row.type,
    status: row.status,
    title: row.title,
    description: row.description,
    imageUrl: row.image_url,
    html: row.html,
    redirectUrl: row.redirect_url,
    width: row.width,
    height: row.height,
    callToAction: row.call_to_action,
    iconUrl: row.icon_url,
    sponsoredBy: row.sponsored_by,
    rating: row.rating,
    price: row.price,
    adomain: row.adomain,
    categories: row.categories,
    cattax: row.cattax,
    attributes: row.attributes,
    bundle: row.bundle,
    media: row.media.map(readMedia),
    durationSec: row.duration_sec,
    skippableAfterSec: row.skippable_after_sec,
    protocols: row.protocols,
  };
}

/**
 * In the order in which validation gives its members: jsonb forgets it, and ads are compared as text. SQL may have left
 * members out, or written what is no object.
 */
function readMedia(media: Partial<AdMedia> | null): AdMedia {
  const { url, mimeType, width = null, height = null, bitrateKbps = null } = { ...media };
  return { url: url ?? '', mimeType: mimeType ?? '', width, height, bitrateKbps };
}

/** NaN where the time is infinite, or before our era. */
function epochMs(time: Date | number | string): number {
  const ms = new Date(time).getTime();
  return Number.isNaN(ms) ? readFarTime(String(time)) : ms;
}

/**
 * What Postgres writes as JSON and Date does not read: a year of more than four digits, and the seconds of an offset that
 * was in use before zones. In a zone east of UTC, the last second of 9999 is in the year 10000.
 */
function readFarTime(text: string): number {
  const parts = /^(\d+)(-.+([+-])\d\d:\d\d)(?::(\d\d))?$/.exec(text);
  if (parts === null) return NaN;
  const [, year = '', rest = '', sign = '+', seconds = '0'] = parts;
  return Date.parse(`+${year.padStart(6, '0')}${rest}`) - Number(`${sign}${seconds}`) * 1_000;
}

/** null where the time was infinite: which way, is lost. */
function isoTime(timeMs: number): string | null {
  return Number.isNaN(timeMs) ? null : new Date(timeMs).toISOString();
}
