/** Campaigns in, an index out: everything is drafted first, so that its size is known before a byte is written. */
import type { Campaign } from '../campaigns/model.ts';
import { NO_COUNTS, type AdCounts } from './ad-counts.ts';
import { isIndexed } from './creative.ts';
import { Dictionary, type ExpectedTexts } from './dictionary.ts';
import { clearHeader, writeHeader } from './header.ts';
import {
  FIRST_SECTION_BYTE,
  SECTION_NAMES,
  placeSections,
  viewSections,
  type SectionName,
  type Sections,
} from './layout.ts';
import type { PostingsDraft } from './postings.ts';
import { rankCampaigns, type Priors, type RankedCampaign } from './rank.ts';
import { draftAds, draftCampaigns, type AdRows, type CampaignRows } from './rows.ts';
import { SPACE } from './snapshot.ts';
import { collectTerms } from './terms.ts';

export interface CompileOptions {
  /** Campaigns that have ended by then are left out. */
  readonly nowMs: number;
  readonly epoch: number;
  readonly priors: Priors;
  /** NO_COUNTS where they are not given. */
  readonly counts?: AdCounts;
  /** Written over where the index fits into it; nobody may read it meanwhile. */
  readonly buffer?: SharedArrayBuffer;
}

export interface CompiledIndex {
  /** That of the options, or a new one. */
  readonly buffer: SharedArrayBuffer;
  readonly usedBytes: number;
  readonly compiledCampaigns: number;
}

/** New buffers have a quarter more than they need: campaigns are added far more often than by a quarter. */
const HEAD_ROOM = 1.25;
/** New buffers are whole pages of the largest common kind. */
const PAGE_BYTES = 65_536;
/** Campaigns that are looked at to guess the size of all. */
const SAMPLES = 256;
const TEXTS_PER_CAMPAIGN = 4;
const TEXTS_PER_AD = 6;
const UUID_LENGTH = 36;
const LEAST_UNITS = 4_096;

/**
 * Compiles the campaigns that can still bid at `nowMs` or later. All of them are live afterwards. Throws where two
 * share an id.
 */
export function compileIndex(campaigns: readonly Campaign[], options: CompileOptions): CompiledIndex {
  const ranked = rankCampaigns(campaigns, options.nowMs, options.priors, options.counts ?? NO_COUNTS);
  if (options.buffer !== undefined) clearHeader(options.buffer);
  const dictionary = new Dictionary(expectTexts(ranked, options.buffer));
  const zones = internIds(ranked, dictionary);
  const postings = collectTerms(ranked, zones, dictionary);
  const campaignRows = draftCampaigns(ranked, zones, dictionary);
  const rows = { ...campaignRows, ...draftAds(ranked, campaignRows.adStart.at(-1) ?? 0, dictionary) };

  const lengths = { ...lengthsOf(rows), ...postings.lengths(), ...dictionary.lengths() };
  const placement = placeSections(lengths);
  const { usedBytes } = placement;
  const isLarge = options.buffer !== undefined && options.buffer.byteLength >= usedBytes;
  const buffer = isLarge ? options.buffer : allocate(usedBytes);
  const sections = viewSections(buffer, placement);
  dictionary.write(sections);
  writeRows(rows, sections);
  postings.write(sections);
  const facts = factsOf(ranked, rows, postings);
  writeHeader(buffer, { ...facts, epoch: options.epoch, compiledAtMs: options.nowMs }, placement);
  return { buffer, usedBytes, compiledCampaigns: ranked.length };
}

/**
 * Guessed from a few campaigns. Texts are the bulk of an index: they are written into the buffer at once where there
 * is one, so that compiling again needs little memory besides (a garbage collection of 100,000 campaigns takes longer
 * than all of their dimensions).
 */
function expectTexts(
  ranked: readonly RankedCampaign[],
  buffer: SharedArrayBuffer | undefined,
): ExpectedTexts {
  const step = Math.max(1, Math.floor(ranked.length / SAMPLES));
  let texts = 0;
  let units = 0;
  for (let i = 0; i < ranked.length; i += step) {
    const { ads = [] } = ranked[i]?.campaign ?? {};
    texts += TEXTS_PER_CAMPAIGN + TEXTS_PER_AD * ads.length;
    units += UUID_LENGTH * TEXTS_PER_CAMPAIGN;
    for (const { title, imageUrl, html, redirectUrl } of ads) {
      units +=
        2 * UUID_LENGTH + title.length + (imageUrl?.length ?? 0) + (html?.length ?? 0) + redirectUrl.length;
    }
  }
  const expectedUnits = units * step + LEAST_UNITS;
  return {
    texts: texts * step + 1,
    units: buffer === undefined ? new Uint16Array(expectedUnits) : unitsOf(buffer),
  };
}

function unitsOf(buffer: SharedArrayBuffer): Uint16Array {
  if (buffer.byteLength <= FIRST_SECTION_BYTE) return new Uint16Array();
  return new Uint16Array(
    buffer,
    FIRST_SECTION_BYTE,
    Math.floor((buffer.byteLength - FIRST_SECTION_BYTE) / 2),
  );
}

type Rows = CampaignRows & AdRows;

/** Gives each id the text number that layout.ts promises, and numbers the zones on the way. */
function internIds(ranked: readonly RankedCampaign[], dictionary: Dictionary): ReadonlyMap<string, number> {
  const zones = new Map<string, number>();
  let expected = dictionary.nextNumber;
  const intern = (space: number, id: string): void => {
    if (dictionary.intern(space, id) !== expected++)
      throw new Error(`index: two campaigns or two ads have the id ${id}`);
  };
  for (const { campaign } of ranked) {
    const { timezone } = campaign.schedule;
    if (!zones.has(timezone)) zones.set(timezone, zones.size);
    intern(SPACE.campaignId, campaign.id);
  }
  for (const { campaign } of ranked) {
    for (const ad of campaign.ads) if (isIndexed(ad)) intern(SPACE.adId, ad.id);
  }
  return zones;
}

function factsOf(
  ranked: readonly RankedCampaign[],
  rows: Rows,
  { listLimit, firstTerm, termCount }: PostingsDraft,
) {
  return { campaignCount: ranked.length, adCount: rows.adCampaign.length, listLimit, firstTerm, termCount };
}

function lengthsOf(rows: Rows): Record<keyof Rows, number> {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row.length])) as Record<
    keyof Rows,
    number
  >;
}

function writeRows(rows: Partial<Sections>, sections: Sections): void {
  for (const name of SECTION_NAMES) writeRow(name, rows, sections);
}

function writeRow(name: SectionName, rows: Partial<Sections>, sections: Sections): void {
  const row = rows[name];
  if (row !== undefined) sections[name].set(row);
}

function allocate(usedBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.ceil((usedBytes * HEAD_ROOM) / PAGE_BYTES) * PAGE_BYTES);
}
