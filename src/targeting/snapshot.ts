/**
 * A compiled index as its readers see it: typed views over one SharedArrayBuffer (layout.ts draws it). Ordinals
 * are places in this snapshot: campaign 0 has the best rank price. Nothing here outlives the snapshot.
 */
import type { WeekStretch } from '../campaigns/daypart.ts';
import type { BidModel, FrequencyCap } from '../campaigns/model.ts';

/**
 * Name spaces of the interned strings. 0 to QUERY_DIMENSIONS - 1 are the dimensions' values; the rest follow.
 * `domain`: the ad's advertiser domains and all their parent domains. `category`: `<cattax>:<CODE>` of the ad's
 * categories and, in Content Taxonomy 1.0, their parents (`1:IAB2-3` and `1:IAB2`).
 */
export const SPACE = {
  seat: 32,
  advertiserDomain: 33,
  category: 34,
  bundle: 35,
  campaignId: 36,
  adId: 37,
  mime: 38,
  deal: 39,
} as const;
export type Space = (typeof SPACE)[keyof typeof SPACE];

export const CAMPAIGN_FLAG = { capped: 1, dealsOnly: 2, even: 4, expected: 8 } as const;
export const AD_FLAG = {
  image: 1,
  /** Something in its markup is http. */
  insecure: 2,
  /** Its html loads mraid.js. */
  mraid: 4,
  /** Nothing in its markup leads to our click URL. */
  unclickable: 8,
} as const;
export const AD_TYPE_NUMBER = { banner: 1, video: 2, audio: 3, native: 4 } as const;
export const BID_MODEL_BY_NUMBER = ['cpm', 'cpc', 'cpa'] as const satisfies readonly BidModel[];

/** Ids of row r: ids[start[r]] … ids[start[r + 1] - 1]. */
export interface IdLists {
  readonly start: Uint32Array;
  readonly ids: Uint32Array;
}

export interface Snapshot {
  readonly buffer: SharedArrayBuffer;
  readonly epoch: number;
  readonly compiledAtMs: number;
  readonly campaignCount: number;
  readonly adCount: number;
  /** Bytes of the buffer that the snapshot fills. */
  readonly usedBytes: number;

  /** By campaign ordinal. */
  readonly rankMicros: Float64Array;
  readonly amountMicros: Float64Array;
  /** Index into BID_MODEL_BY_NUMBER. */
  readonly bidModel: Uint8Array;
  readonly campaignFlags: Uint8Array;
  readonly seat: Uint32Array;
  readonly dailyBudgetNanos: Float64Array;
  /** -1: none. */
  readonly lifetimeBudgetNanos: Float64Array;
  /** Epoch milliseconds. */
  readonly startMs: Float64Array;
  /** Infinity: no end. */
  readonly endMs: Float64Array;
  /** Interned ids (space `deal`) of its deals. */
  readonly deals: IdLists;
  /** Ads that campaign c shows (active, and sized where they are banners): adStart[c] … adStart[c + 1] - 1. */
  readonly adStart: Uint32Array;

  /** By ad ordinal. */
  readonly adCampaign: Uint32Array;
  readonly adType: Uint8Array;
  readonly adFlags: Uint8Array;
  readonly adWidth: Uint16Array;
  readonly adHeight: Uint16Array;
  /** OpenRTB creative type of a banner: 2 for an image, from the markup for html. */
  readonly adBannerType: Uint8Array;
  /** Interned id (space `mime`) of the image's type or of text/html; 0 where the image's is unknown. */
  readonly adMime: Uint32Array;
  readonly adCattax: Uint16Array;
  readonly adDomains: IdLists;
  readonly adCategories: IdLists;
  /** The OpenRTB attribute numbers themselves. */
  readonly adAttributes: IdLists;
  /** 0: none. */
  readonly adBundle: Uint32Array;

  /** The id (1 and up) of an interned string, 0 where the snapshot does not hold it. Exact, case included. */
  lookup(space: number, text: string): number;
  /** The ordinal of a campaign's, an ad's UUID; -1 where the snapshot does not hold it. */
  campaignOrdinal(id: string): number;
  adOrdinal(id: string): number;
  /** Decoded from the buffer at each call: callers keep what they need. */
  campaignText(campaign: number): CampaignText;
  frequencyCaps(campaign: number): readonly FrequencyCap[];
  /** When its dayparts let it run; none: at all times. */
  weekStretches(campaign: number): readonly WeekStretch[];
  adText(ad: number): AdText;
  /** true when a rule of any campaign names the dimension. */
  isTargeted(dimension: number): boolean;
  /** The budget bit: matching passes over campaigns whose bit is out. Shared by all threads. */
  setLive(campaign: number, live: boolean): void;
  isLive(campaign: number): boolean;
}

export interface CampaignText {
  readonly id: string;
  readonly seat: string;
  readonly timezone: string;
}

export interface AdText {
  readonly id: string;
  readonly title: string;
  readonly imageUrl: string | null;
  readonly html: string | null;
  readonly redirectUrl: string;
  readonly callToAction: string | null;
  readonly adomain: readonly string[];
  readonly categories: readonly string[];
}
