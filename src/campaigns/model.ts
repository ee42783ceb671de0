/** What may be served: a campaign, its ads and its targeting, as every other room sees them. */
import type { CostNanos } from '../money.ts';
import type { Dimension } from './dimensions.ts';

export type CampaignStatus = 'active' | 'paused' | 'ended';
export type BidModel = 'cpm' | 'cpc' | 'cpa';
export type Pacing = 'even' | 'asap';
export type BudgetMode = 'strict' | 'expected';
export type CapWindow = 'minute' | 'hour' | 'day' | 'week' | 'lifetime';
export type AdType = 'banner' | 'video' | 'audio' | 'native';
export type AdStatus = 'active' | 'paused' | 'ended';

export interface Campaign {
  /** A UUID in lower case. */
  readonly id: string;
  readonly name: string;
  /** A UUID in lower case. */
  readonly advertiserId: string;
  readonly seat: string;
  readonly status: CampaignStatus;
  readonly bid: Bid;
  readonly dailyBudgetNanos: CostNanos;
  /** null: no lifetime budget. */
  readonly lifetimeBudgetNanos: CostNanos | null;
  readonly pacing: Pacing;
  readonly budgetMode: BudgetMode;
  readonly schedule: Schedule;
  readonly frequencyCaps: readonly FrequencyCap[];
  readonly targeting: readonly TargetingRule[];
  readonly ads: readonly Ad[];
  /** Deal ids that the campaign may answer. */
  readonly deals: readonly string[];
  /** true: it bids in its deals alone, never in the open auction. */
  readonly dealsOnly: boolean;
  readonly currency: 'USD';
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface Bid {
  readonly model: BidModel;
  /** Millionths of a USD: per 1,000 impressions (cpm), per click (cpc), per conversion (cpa). */
  readonly amountMicros: number;
}

export interface Schedule {
  /** Epoch milliseconds, inclusive. */
  readonly startMs: number;
  /** Epoch milliseconds, exclusive; null: no end. */
  readonly endMs: number | null;
  /** An IANA time zone. */
  readonly timezone: string;
  /** Empty: at all times. */
  readonly dayparts: readonly Daypart[];
}

export interface Daypart {
  /** ISO days: 1 is Monday, 7 is Sunday. */
  readonly days: readonly number[];
  /** Minutes of the day in the campaign's zone; `to` is exclusive, up to 1440; from > to wraps midnight. */
  readonly fromMinute: number;
  readonly toMinute: number;
}

export interface FrequencyCap {
  readonly limit: number;
  readonly window: CapWindow;
}

export interface TargetingRule {
  readonly dimension: Dimension;
  readonly operator: 'include' | 'exclude';
  readonly values: readonly string[];
}

export interface Ad {
  /** A UUID in lower case. */
  readonly id: string;
  readonly type: AdType;
  readonly status: AdStatus;
  readonly title: string;
  readonly description: string | null;
  readonly imageUrl: string | null;
  /** Markup in place of an image; `{CLICK_URL}` in it becomes the signed click URL. */
  readonly html: string | null;
  readonly redirectUrl: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly callToAction: string | null;
  readonly iconUrl: string | null;
  readonly sponsoredBy: string | null;
  readonly rating: number | null;
  readonly price: string | null;
  readonly adomain: readonly string[];
  /** IAB codes in the taxonomy `cattax` (OpenRTB list: 1 is Content Taxonomy 1.0). */
  readonly categories: readonly string[];
  readonly cattax: number;
  /** OpenRTB creative attributes. */
  readonly attributes: readonly number[];
  /** The app that the ad promotes, compared with bapp. */
  readonly bundle: string | null;
  readonly media: readonly AdMedia[];
  readonly durationSec: number | null;
  readonly skippableAfterSec: number | null;
  readonly protocols: readonly number[];
}

export interface AdMedia {
  readonly url: string;
  readonly mimeType: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly bitrateKbps: number | null;
}
