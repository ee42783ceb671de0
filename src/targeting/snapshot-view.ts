/** A Snapshot over a compiled index: typed views, made at each flip; nothing is copied and nothing is decoded. */
import type { WeekStretch } from '../campaigns/daypart.ts';
import type { FrequencyCap } from '../campaigns/model.ts';
import { unpackCap } from './caps.ts';
import { findText } from './dictionary.ts';
import { readHeader, type IndexFacts } from './header.ts';
import { AD_TEXTS, BLOCK_CAMPAIGNS, viewSections, type Sections } from './layout.ts';
import { SPACE, type AdText, type CampaignText, type IdLists, type Snapshot } from './snapshot.ts';

/** Throws with the sentence that says why, where the buffer holds no index that this version can read. */
export function openSnapshot(buffer: SharedArrayBuffer): IndexSnapshot {
  const { facts, placement } = readHeader(buffer);
  return new IndexSnapshot(buffer, facts, viewSections(buffer, placement), placement.usedBytes);
}

/** What `openSnapshot` gives: the Snapshot of the contract, and what matching reads besides. */
export class IndexSnapshot implements Snapshot {
  readonly buffer: SharedArrayBuffer;
  readonly facts: IndexFacts;
  readonly sections: Sections;
  readonly usedBytes: number;
  readonly epoch: number;
  readonly compiledAtMs: number;
  readonly campaignCount: number;
  readonly adCount: number;
  /** Blocks of 1,024 campaigns: the length of a summary. */
  readonly blockCount: number;

  readonly rankMicros: Float64Array;
  readonly amountMicros: Float64Array;
  readonly bidModel: Uint8Array;
  readonly campaignFlags: Uint8Array;
  readonly seat: Uint32Array;
  readonly dailyBudgetNanos: Float64Array;
  readonly lifetimeBudgetNanos: Float64Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  readonly deals: IdLists;
  readonly adStart: Uint32Array;

  readonly adCampaign: Uint32Array;
  readonly adType: Uint8Array;
  readonly adFlags: Uint8Array;
  readonly adWidth: Uint16Array;
  readonly adHeight: Uint16Array;
  readonly adBannerType: Uint8Array;
  readonly adMime: Uint32Array;
  readonly adCattax: Uint16Array;
  readonly adDomains: IdLists;
  readonly adCategories: IdLists;
  readonly adAttributes: IdLists;
  readonly adBundle: Uint32Array;

  readonly #units: Buffer;

  constructor(buffer: SharedArrayBuffer, facts: IndexFacts, sections: Sections, usedBytes: number) {
    this.buffer = buffer;
    this.facts = facts;
    this.sections = sections;
    this.usedBytes = usedBytes;
    this.epoch = facts.epoch;
    this.compiledAtMs = facts.compiledAtMs;
    this.campaignCount = facts.campaignCount;
    this.adCount = facts.adCount;
    this.blockCount = Math.ceil(facts.campaignCount / BLOCK_CAMPAIGNS);
    this.rankMicros = sections.rankMicros;
    this.amountMicros = sections.amountMicros;
    this.bidModel = sections.bidModel;
    this.campaignFlags = sections.campaignFlags;
    this.seat = sections.seat;
    this.dailyBudgetNanos = sections.dailyBudgetNanos;
    this.lifetimeBudgetNanos = sections.lifetimeBudgetNanos;
    this.startMs = sections.startMs;
    this.endMs = sections.endMs;
    this.deals = { start: sections.dealStart, ids: sections.dealIds };
    this.adStart = sections.adStart;
    this.adCampaign = sections.adCampaign;
    this.adType = sections.adType;
    this.adFlags = sections.adFlags;
    this.adWidth = sections.adWidth;
    this.adHeight = sections.adHeight;
    this.adBannerType = sections.adBannerType;
    this.adMime = sections.adMime;
    this.adCattax = sections.adCattax;
    this.adDomains = { start: sections.adDomainStart, ids: sections.adDomainIds };
    this.adCategories = { start: sections.adCategoryStart, ids: sections.adCategoryIds };
    this.adAttributes = { start: sections.adAttributeStart, ids: sections.adAttributeIds };
    this.adBundle = sections.adBundle;
    const { textUnits } = sections;
    this.#units = Buffer.from(buffer, textUnits.byteOffset, textUnits.byteLength);
  }

  lookup(space: number, text: string): number {
    return findText(this.sections, space, text);
  }

  campaignOrdinal(id: string): number {
    return this.lookup(SPACE.campaignId, id) - 1;
  }

  adOrdinal(id: string): number {
    const text = this.lookup(SPACE.adId, id);
    return text === 0 ? -1 : text - 1 - this.campaignCount;
  }

  campaignText(campaign: number): CampaignText {
    const { seat, zone } = this.sections;
    return {
      id: this.#text(campaign + 1),
      seat: this.#text(seat[campaign] ?? 0),
      timezone: this.zoneName(zone[campaign] ?? 0),
    };
  }

  frequencyCaps(campaign: number): readonly FrequencyCap[] {
    const { capStart, caps } = this.sections;
    return Array.from(caps.subarray(capStart[campaign], capStart[campaign + 1]), unpackCap);
  }

  weekStretches(campaign: number): readonly WeekStretch[] {
    const { stretchStart, stretches } = this.sections;
    const packed = stretches.subarray(stretchStart[campaign], stretchStart[campaign + 1]);
    return Array.from(packed, (stretch) => ({ from: stretch >>> 16, to: stretch & 0xffff }));
  }

  adText(ad: number): AdText {
    const { adTexts, adomainStart, adomainTexts, rawCategoryStart, rawCategoryTexts } = this.sections;
    const place = ad * AD_TEXTS;
    return {
      id: this.#text(1 + this.campaignCount + ad),
      title: this.#text(adTexts[place] ?? 0),
      imageUrl: this.#textOrNull(adTexts[place + 1] ?? 0),
      html: this.#textOrNull(adTexts[place + 2] ?? 0),
      redirectUrl: this.#text(adTexts[place + 3] ?? 0),
      callToAction: this.#textOrNull(adTexts[place + 4] ?? 0),
      adomain: this.#texts({ start: adomainStart, ids: adomainTexts }, ad),
      categories: this.#texts({ start: rawCategoryStart, ids: rawCategoryTexts }, ad),
    };
  }

  /** The order of all campaigns, over snapshots: by rank price descending, then by id. */
  isBefore(campaign: number, other: IndexSnapshot, otherCampaign: number): boolean {
    const rank = this.rankMicros[campaign] ?? 0;
    const otherRank = other.rankMicros[otherCampaign] ?? 0;
    if (rank !== otherRank) return rank > otherRank;
    return isIdBefore(this.sections, campaign + 1, other.sections, otherCampaign + 1);
  }

  isTargeted(dimension: number): boolean {
    const { dimensionIncluded, dimensionExcluded } = this.sections;
    return (dimensionIncluded[dimension] ?? 0) + (dimensionExcluded[dimension] ?? 0) > 0;
  }

  setLive(campaign: number, live: boolean): void {
    this.#assertCampaign(campaign);
    const bit = 1 << (campaign & 31);
    if (live) Atomics.or(this.sections.live, campaign >>> 5, bit);
    else Atomics.and(this.sections.live, campaign >>> 5, ~bit);
  }

  isLive(campaign: number): boolean {
    this.#assertCampaign(campaign);
    return (Atomics.load(this.sections.live, campaign >>> 5) & (1 << (campaign & 31))) !== 0;
  }

  get zoneCount(): number {
    return this.sections.zoneTexts.length;
  }

  zoneName(zone: number): string {
    return this.#text(this.sections.zoneTexts[zone] ?? 0);
  }

  #text(text: number): string {
    const { textStart } = this.sections;
    return this.#units.toString('utf16le', (textStart[text] ?? 0) * 2, (textStart[text + 1] ?? 0) * 2);
  }

  #textOrNull(text: number): string | null {
    return text === 0 ? null : this.#text(text);
  }

  #texts({ start, ids }: IdLists, row: number): string[] {
    return Array.from(ids.subarray(start[row], start[row + 1]), (text) => this.#text(text));
  }

  #assertCampaign(campaign: number): void {
    if (!(campaign >= 0 && campaign < this.campaignCount))
      throw new RangeError(`index: no campaign ${campaign}`);
  }
}

/** As strings compare, without making any. */
function isIdBefore(a: Sections, aText: number, b: Sections, bText: number): boolean {
  const aStart = a.textStart[aText] ?? 0;
  const bStart = b.textStart[bText] ?? 0;
  const aLength = (a.textStart[aText + 1] ?? 0) - aStart;
  const bLength = (b.textStart[bText + 1] ?? 0) - bStart;
  for (let i = 0; i < Math.min(aLength, bLength); i++) {
    const difference = (a.textUnits[aStart + i] ?? 0) - (b.textUnits[bStart + i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return aLength < bLength;
}
