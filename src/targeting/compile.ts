/** Campaigns in, an index out: everything is drafted first, so that its size is known before a byte is written. */
import type { Campaign } from '../campaigns/model.ts';
import { Dictionary } from './dictionary.ts';
import { clearHeader, writeHeader } from './header.ts';
import { SECTION_NAMES, placeSections, viewSections, type SectionName, type Sections } from './layout.ts';
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

/**
 * Compiles the campaigns that can still bid at `nowMs` or later. All of them are live afterwards. Throws where two
 * share an id.
 */
export function compileIndex(campaigns: readonly Campaign[], options: CompileOptions): CompiledIndex {
  const ranked = rankCampaigns(campaigns, options.nowMs, options.priors);
  const dictionary = new Dictionary();
  internIds(ranked, dictionary);
  const zones = numberZones(ranked);
  const postings = collectTerms(ranked, zones, dictionary);
  const campaignRows = draftCampaigns(ranked, zones, dictionary);
  const rows = { ...campaignRows, ...draftAds(ranked, campaignRows.adStart.at(-1) ?? 0, dictionary) };

  const lengths = { ...lengthsOf(rows), ...postings.lengths(), ...dictionary.lengths() };
  const placement = placeSections(lengths);
  const { usedBytes } = placement;
  const buffer =
    options.buffer !== undefined && options.buffer.byteLength >= usedBytes
      ? options.buffer
      : allocate(usedBytes);
  clearHeader(buffer);
  const sections = viewSections(buffer, placement);
  writeRows(rows, sections);
  postings.write(sections);
  dictionary.write(sections);
  writeHeader(
    buffer,
    { ...factsOf(ranked, rows, postings), epoch: options.epoch, compiledAtMs: options.nowMs },
    placement,
  );
  return { buffer, usedBytes, compiledCampaigns: ranked.length };
}

type Rows = CampaignRows & AdRows;

function internIds(ranked: readonly RankedCampaign[], dictionary: Dictionary): void {
  let expected = dictionary.nextNumber;
  const intern = (space: number, id: string): void => {
    if (dictionary.intern(space, id) !== expected++)
      throw new Error(`index: two campaigns or two ads have the id ${id}`);
  };
  for (const { campaign } of ranked) intern(SPACE.campaignId, campaign.id);
  for (const { campaign } of ranked)
    for (const { id, status } of campaign.ads) if (status === 'active') intern(SPACE.adId, id);
}

function numberZones(ranked: readonly RankedCampaign[]): ReadonlyMap<string, number> {
  const zones = new Map<string, number>();
  for (const { campaign } of ranked) {
    const { timezone } = campaign.schedule;
    if (!zones.has(timezone)) zones.set(timezone, zones.size);
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
