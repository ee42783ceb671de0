/** What this server accepted and what is not yet among the committed rows. */

export interface PendingCounts {
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
}

export interface Pending {
  ofCampaign(campaignId: string): PendingCounts;
  ofAd(adId: string): PendingCounts;
}
