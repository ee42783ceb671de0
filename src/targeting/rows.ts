/** An index's rows: one per campaign and one per active ad, as columns in the order of the ranks. */
import { weekStretches } from '../campaigns/daypart.ts';
import type { Ad } from '../campaigns/model.ts';
import { ListColumn } from './column.ts';
import { adFlags, bannerType, categoriesWithParents, domainsWithParents, mimeType } from './creative.ts';
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
const MAX_PIXELS = 0xffff;

export function draftCampaigns(
  ranked: readonly RankedCampaign[],
  zones: ReadonlyMap<string, number>,
  dictionary: Dictionary,
): CampaignRows {
  const deals = new ListColumn();
  const stretches = new ListColumn();
  const adStart = new Uint32Array(ranked.length + 1);
  for (const [c, { campaign }] of ranked.entries()) {
    deals.pushRow(new Set(campaign.deals.map((deal) => dictionary.intern(SPACE.deal, deal))));
    stretches.pushRow(
      weekStretches(campaign.schedule.dayparts).map(({ from, to }) => from * 2 ** TO_BITS + to),
    );
    adStart[c + 1] = (adStart[c] ?? 0) + campaign.ads.filter(isActive).length;
  }
  const floats = (value: (row: RankedCampaign) => number): Float64Array => Float64Array.from(ranked, value);
  return {
    rankMicros: floats(({ rankMicros }) => rankMicros),
    amountMicros: floats(({ campaign }) => campaign.bid.amountMicros),
    startMs: floats(({ campaign }) => campaign.schedule.startMs),
    endMs: floats(({ campaign }) => campaign.schedule.endMs ?? Infinity),
    dailyBudgetNanos: floats(({ campaign }) => campaign.dailyBudgetNanos),
    lifetimeBudgetNanos: floats(({ campaign }) => campaign.lifetimeBudgetNanos ?? -1),
    bidModel: Uint8Array.from(ranked, ({ campaign }) => BID_MODEL_BY_NUMBER.indexOf(campaign.bid.model)),
    campaignFlags: Uint8Array.from(
      ranked,
      ({ campaign }) =>
        (campaign.frequencyCaps.length > 0 ? CAMPAIGN_FLAG.capped : 0) |
        (campaign.dealsOnly ? CAMPAIGN_FLAG.dealsOnly : 0),
    ),
    seat: Uint32Array.from(ranked, ({ campaign }) => dictionary.intern(SPACE.seat, campaign.seat)),
    zone: Uint16Array.from(ranked, ({ campaign }) => zones.get(campaign.schedule.timezone) ?? 0),
    zoneTexts: Uint32Array.from(zones.keys(), (zone) => dictionary.intern(PLAIN_SPACE, zone)),
    dealStart: deals.start.values(),
    dealIds: deals.ids.values(),
    stretchStart: stretches.start.values(),
    stretches: stretches.ids.values(),
    adStart,
  };
}

export function draftAds(ranked: readonly RankedCampaign[], dictionary: Dictionary): AdRows {
  const ads: Ad[] = [];
  const owners: number[] = [];
  const domains = new ListColumn();
  const categories = new ListColumn();
  const attributes = new ListColumn();
  const adomains = new ListColumn();
  const rawCategories = new ListColumn();
  const interned = (space: number, names: Iterable<string>): number[] =>
    Array.from(names, (name) => dictionary.intern(space, name));
  for (const [c, { campaign }] of ranked.entries()) {
    for (const ad of campaign.ads.filter(isActive)) {
      ads.push(ad);
      owners.push(c);
      domains.pushRow(interned(SPACE.advertiserDomain, domainsWithParents(ad)));
      categories.pushRow(interned(SPACE.category, categoriesWithParents(ad)));
      attributes.pushRow(ad.attributes);
      adomains.pushRow(interned(PLAIN_SPACE, ad.adomain));
      rawCategories.pushRow(interned(PLAIN_SPACE, ad.categories));
    }
  }
  const text = (space: number, value: string | null): number =>
    value === null ? 0 : dictionary.intern(space, value);
  return {
    adCampaign: Uint32Array.from(owners),
    adType: Uint8Array.from(ads, ({ type }) => AD_TYPE_NUMBER[type]),
    adFlags: Uint8Array.from(ads, adFlags),
    adWidth: Uint16Array.from(ads, ({ width }) => pixels(width)),
    adHeight: Uint16Array.from(ads, ({ height }) => pixels(height)),
    adBannerType: Uint8Array.from(ads, bannerType),
    adMime: Uint32Array.from(ads, (ad) => text(SPACE.mime, mimeType(ad) || null)),
    adCattax: Uint16Array.from(ads, ({ cattax }) => cattax),
    adBundle: Uint32Array.from(ads, ({ bundle }) => text(SPACE.bundle, bundle)),
    adTexts: draftTexts(ads, (value) => text(PLAIN_SPACE, value)),
    adDomainStart: domains.start.values(),
    adDomainIds: domains.ids.values(),
    adCategoryStart: categories.start.values(),
    adCategoryIds: categories.ids.values(),
    adAttributeStart: attributes.start.values(),
    adAttributeIds: attributes.ids.values(),
    adomainStart: adomains.start.values(),
    adomainTexts: adomains.ids.values(),
    rawCategoryStart: rawCategories.start.values(),
    rawCategoryTexts: rawCategories.ids.values(),
  };
}

export function isActive({ status }: Ad): boolean {
  return status === 'active';
}

/** The order is that of layout.ts. */
function draftTexts(ads: readonly Ad[], text: (value: string | null) => number): Uint32Array {
  const texts = new Uint32Array(ads.length * AD_TEXTS);
  for (const [i, { title, imageUrl, html, redirectUrl, callToAction }] of ads.entries()) {
    texts.set([title, imageUrl, html, redirectUrl, callToAction].map(text), i * AD_TEXTS);
  }
  return texts;
}

/** A size beyond 16 bits is no size: 0 fits nothing that a request asks for. */
function pixels(value: number | null): number {
  return value === null || value > MAX_PIXELS ? 0 : value;
}
