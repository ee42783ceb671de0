/** An index's rows: one per campaign and one per ad that it shows, as columns in the order of the ranks. */
import { weekStretches } from '../campaigns/daypart.ts';
import type { Ad } from '../campaigns/model.ts';
import { MAX_SIDE_PIXELS } from '../campaigns/soundness.ts';
import { packCap } from './caps.ts';
import { ListColumn } from './column.ts';
import {
  adFlags,
  bannerType,
  categoriesWithParents,
  domainsWithParents,
  isIndexed,
  mimeType,
} from './creative.ts';
import { PLAIN_SPACE, type Dictionary } from './dictionary.ts';
import { AD_TEXTS, type Sections } from './layout.ts';
import type { RankedCampaign } from './rank.ts';
import { AD_TYPE_NUMBER, BID_MODEL_BY_NUMBER, CAMPAIGN_FLAG, SPACE } from './snapshot.ts';

export type CampaignRows = Pick<
  Sections,
  | 'rankMicros'
  | 'amountMicros'
  | 'startMs'
  | 'endMs'
  | 'dailyBudgetNanos'
  | 'lifetimeBudgetNanos'
  | 'bidModel'
  | 'campaignFlags'
  | 'seat'
  | 'zone'
  | 'zoneTexts'
  | 'dealStart'
  | 'dealIds'
  | 'stretchStart'
  | 'stretches'
  | 'capStart'
  | 'caps'
  | 'adStart'
>;

export type AdRows = Pick<
  Sections,
  | 'adCampaign'
  | 'adType'
  | 'adFlags'
  | 'adWidth'
  | 'adHeight'
  | 'adBannerType'
  | 'adMime'
  | 'adCattax'
  | 'adBundle'
  | 'adTexts'
  | 'adDomainStart'
  | 'adDomainIds'
  | 'adCategoryStart'
  | 'adCategoryIds'
  | 'adAttributeStart'
  | 'adAttributeIds'
  | 'adomainStart'
  | 'adomainTexts'
  | 'rawCategoryStart'
  | 'rawCategoryTexts'
>;

/** Bits of a stretch's `to`. */
const TO_BITS = 16;

export function draftCampaigns(
  ranked: readonly RankedCampaign[],
  zones: ReadonlyMap<string, number>,
  dictionary: Dictionary,
): CampaignRows {
  const deals = new ListColumn();
  const stretches = new ListColumn();
  const caps = new ListColumn();
  const rows = emptyCampaigns(ranked.length, zones.size);
  for (const [c, { campaign, rankMicros }] of ranked.entries()) {
    const { bid, schedule } = campaign;
    rows.rankMicros[c] = rankMicros;
    rows.amountMicros[c] = bid.amountMicros;
    rows.startMs[c] = schedule.startMs;
    rows.endMs[c] = schedule.endMs ?? Infinity;
    rows.dailyBudgetNanos[c] = campaign.dailyBudgetNanos;
    rows.lifetimeBudgetNanos[c] = campaign.lifetimeBudgetNanos ?? -1;
    rows.bidModel[c] = BID_MODEL_BY_NUMBER.indexOf(bid.model);
    rows.campaignFlags[c] =
      (campaign.frequencyCaps.length > 0 ? CAMPAIGN_FLAG.capped : 0) |
      (campaign.budgetMode === 'expected' ? CAMPAIGN_FLAG.expected : 0) |
      (campaign.dealsOnly ? CAMPAIGN_FLAG.dealsOnly : 0) |
      (campaign.pacing === 'even' ? CAMPAIGN_FLAG.even : 0);
    rows.seat[c] = dictionary.intern(SPACE.seat, campaign.seat);
    rows.zone[c] = zones.get(schedule.timezone) ?? 0;
    rows.adStart[c + 1] = (rows.adStart[c] ?? 0) + countIndexed(campaign.ads);
    for (const deal of campaign.deals) deals.push(dictionary.intern(SPACE.deal, deal));
    deals.endRow();
    for (const { from, to } of weekStretches(schedule.dayparts)) stretches.push(from * 2 ** TO_BITS + to);
    stretches.endRow();
    for (const cap of campaign.frequencyCaps) caps.push(packCap(cap));
    caps.endRow();
  }
  for (const [name, zone] of zones) rows.zoneTexts[zone] = dictionary.intern(PLAIN_SPACE, name);
  return {
    ...rows,
    dealStart: deals.start.values(),
    dealIds: deals.ids.values(),
    stretchStart: stretches.start.values(),
    stretches: stretches.ids.values(),
    capStart: caps.start.values(),
    caps: caps.ids.values(),
  };
}

export function draftAds(ranked: readonly RankedCampaign[], adCount: number, dictionary: Dictionary): AdRows {
  const rows = emptyAds(adCount);
  const lists = {
    adDomain: new ListColumn(),
    adCategory: new ListColumn(),
    adAttribute: new ListColumn(),
    adomain: new ListColumn(),
    rawCategory: new ListColumn(),
  };
  const all = Object.values(lists);
  let row = 0;
  for (const [c, { campaign }] of ranked.entries()) {
    for (const ad of campaign.ads) {
      if (!isIndexed(ad)) continue;
      rows.adCampaign[row] = c;
      fillAd(rows, row, ad, dictionary);
      for (const name of domainsWithParents(ad))
        lists.adDomain.push(dictionary.intern(SPACE.advertiserDomain, name));
      for (const name of categoriesWithParents(ad))
        lists.adCategory.push(dictionary.intern(SPACE.category, name));
      for (const attribute of ad.attributes) lists.adAttribute.push(attribute);
      for (const domain of ad.adomain) lists.adomain.push(dictionary.intern(PLAIN_SPACE, domain));
      for (const category of ad.categories) lists.rawCategory.push(dictionary.intern(PLAIN_SPACE, category));
      for (const list of all) list.endRow();
      row++;
    }
  }
  return {
    ...rows,
    adDomainStart: lists.adDomain.start.values(),
    adDomainIds: lists.adDomain.ids.values(),
    adCategoryStart: lists.adCategory.start.values(),
    adCategoryIds: lists.adCategory.ids.values(),
    adAttributeStart: lists.adAttribute.start.values(),
    adAttributeIds: lists.adAttribute.ids.values(),
    adomainStart: lists.adomain.start.values(),
    adomainTexts: lists.adomain.ids.values(),
    rawCategoryStart: lists.rawCategory.start.values(),
    rawCategoryTexts: lists.rawCategory.ids.values(),
  };
}

function emptyCampaigns(count: number, zones: number) {
  return {
    rankMicros: new Float64Array(count),
    amountMicros: new Float64Array(count),
    startMs: new Float64Array(count),
    endMs: new Float64Array(count),
    dailyBudgetNanos: new Float64Array(count),
    lifetimeBudgetNanos: new Float64Array(count),
    bidModel: new Uint8Array(count),
    campaignFlags: new Uint8Array(count),
    seat: new Uint32Array(count),
    zone: new Uint16Array(count),
    zoneTexts: new Uint32Array(zones),
    adStart: new Uint32Array(count + 1),
  };
}

function emptyAds(count: number) {
  return {
    adCampaign: new Uint32Array(count),
    adType: new Uint8Array(count),
    adFlags: new Uint8Array(count),
    adWidth: new Uint16Array(count),
    adHeight: new Uint16Array(count),
    adBannerType: new Uint8Array(count),
    adMime: new Uint32Array(count),
    adCattax: new Uint16Array(count),
    adBundle: new Uint32Array(count),
    adTexts: new Uint32Array(count * AD_TEXTS),
  };
}

/** The order of the texts is that of layout.ts. */
function fillAd(rows: ReturnType<typeof emptyAds>, row: number, ad: Ad, dictionary: Dictionary): void {
  const mime = mimeType(ad);
  rows.adType[row] = AD_TYPE_NUMBER[ad.type];
  rows.adFlags[row] = adFlags(ad);
  rows.adWidth[row] = pixels(ad.width);
  rows.adHeight[row] = pixels(ad.height);
  rows.adBannerType[row] = bannerType(ad);
  rows.adMime[row] = mime === '' ? 0 : dictionary.intern(SPACE.mime, mime);
  rows.adCattax[row] = ad.cattax;
  rows.adBundle[row] = ad.bundle === null ? 0 : dictionary.intern(SPACE.bundle, ad.bundle);
  const place = row * AD_TEXTS;
  rows.adTexts[place] = dictionary.intern(PLAIN_SPACE, ad.title);
  rows.adTexts[place + 1] = ad.imageUrl === null ? 0 : dictionary.append(ad.imageUrl);
  rows.adTexts[place + 2] = ad.html === null ? 0 : dictionary.intern(PLAIN_SPACE, ad.html);
  rows.adTexts[place + 3] = dictionary.append(ad.redirectUrl);
  rows.adTexts[place + 4] = ad.callToAction === null ? 0 : dictionary.intern(PLAIN_SPACE, ad.callToAction);
}

function countIndexed(ads: readonly Ad[]): number {
  let count = 0;
  for (const ad of ads) if (isIndexed(ad)) count++;
  return count;
}

/** 0: no size, which banners never have. */
function pixels(value: number | null): number {
  return value === null || value > MAX_SIDE_PIXELS ? 0 : value;
}
