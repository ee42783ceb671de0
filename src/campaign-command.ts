/** `campaigns import | export | validate FILE`: thousands of campaigns at once, past the HTTP server. */
import { checkRows, readRows, type CheckedRows, type Row } from './campaigns/campaign-rows.ts';
import { writeCampaign } from './campaigns/document.ts';
import type { ListPlace } from './campaigns/desk.ts';
import type { Campaign } from './campaigns/model.ts';
import { createCampaignDesk } from './campaigns/postgres-desk.ts';
import { countNamesakes, findPresent } from './campaigns/postgres-present.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { SHEET_HEADER, writeSheetLines } from './campaigns/sheet-lines.ts';
import { readSheet } from './campaigns/sheet-rows.ts';
import { withDatabase } from './command-database.ts';
import type { Config } from './config.ts';
import { tellCount } from './counted.ts';
import { createCampaignFile, readCampaignFile, type CampaignFile } from './disk-campaign-file.ts';
import type { Pool } from './database/postgres-pool.ts';
import { drawBar } from './progress-bar.ts';

export const CAMPAIGN_USAGE =
  'campaigns import FILE [--partial] | campaigns validate FILE | campaigns export FILE';

const EXPORT_PAGE = 500;

/** What to print; rejects, with a sentence a bad row, where nothing or not all was done. */
export function runCampaignCommand(
  config: Config,
  [action, file, ...rest]: readonly string[],
  { partial }: { readonly partial: boolean },
): Promise<string> {
  if (file === undefined || rest.length > 0) throw new Error(`usage: ${CAMPAIGN_USAGE}`);
  switch (action) {
    case 'import':
      return importFile(config, file, partial);
    case 'validate':
      return Promise.resolve(validateFile(file));
    case 'export':
      return exportFile(config, file);
    default:
      throw new Error(`usage: ${CAMPAIGN_USAGE}`);
  }
}

function validateFile(file: string): string {
  const { campaigns, faults } = check(readFile(file));
  const { length } = campaigns;
  if (faults.length > 0) throw new Error(report(faults, `${areSound(length)}.`));
  return length === 1 ? 'The campaign is sound.\n' : `All ${areSound(length)}.\n`;
}

function areSound(count: number): string {
  return `${tellCount(count, 'campaign')} ${count === 1 ? 'is' : 'are'} sound`;
}

async function importFile(config: Config, file: string, partial: boolean): Promise<string> {
  const rows = readFile(file);
  const read = check(rows);
  refuseUnless(partial, read);
  return withDatabase(config, async (pool) => {
    const present = await findPresent(pool, rows.map(idOf));
    const { campaigns, faults } =
      present.size === 0 ? read : check(rows.map((row) => refuseIn(present, row)));
    refuseUnless(partial, { faults });
    const namesakes = await countNamesakes(pool, campaigns);
    await createCampaignStore(pool).insertMany(campaigns, 'import', (written) => {
      drawBar(written, campaigns.length, 'written');
    });
    const { length } = campaigns;
    const done = `${tellCount(length, 'campaign')} ${length === 1 ? 'was' : 'were'} imported.${warnOf(namesakes)}`;
    if (faults.length > 0) throw new Error(report(faults, done));
    return `${done}\n`;
  });
}

function refuseUnless(partial: boolean, { faults }: Pick<CheckedRows, 'faults'>): void {
  if (faults.length === 0 || partial) return;
  throw new Error(report(faults, 'Nothing was imported; --partial imports the sound ones.'));
}

/** '' where there is none. */
function idOf(row: Row): string {
  if ('fault' in row || typeof row.document !== 'object' || row.document === null) return '';
  return 'id' in row.document && typeof row.document.id === 'string' ? row.document.id.toLowerCase() : '';
}

/** What was exported from here, or imported before, must not come to bid twice. */
function refuseIn(present: ReadonlySet<string>, row: Row): Row {
  if ('fault' in row || !present.has(idOf(row))) return row;
  const fault = `is there already, as campaign ${idOf(row)}: with another id, or none, it is imported as one more`;
  return { place: row.locate('id').place, fault };
}

function warnOf(namesakes: number): string {
  if (namesakes === 0) return '';
  return namesakes === 1
    ? ' One of them has the name of a campaign that its advertiser has already.'
    : ` ${String(namesakes)} of them have names of campaigns that their advertisers have already.`;
}

async function exportFile(config: Config, file: string): Promise<string> {
  const target = createCampaignFile(file);
  try {
    const count = await withDatabase(config, (pool) => writeAll(pool, target, isSheet(file)));
    target.finish();
    const were = `${tellCount(count, 'campaign')} ${count === 1 ? 'was' : 'were'}`;
    return `${were} written to ${file}, ${isSheet(file) ? 'a row an ad' : 'one a line'}.\n`;
  } catch (error) {
    target.discard();
    throw error;
  }
}

async function writeAll(pool: Pool, target: CampaignFile, asSheet: boolean): Promise<number> {
  const desk = createCampaignDesk(pool);
  const all = await createCampaignStore(pool).count();
  const unfit: string[] = [];
  if (asSheet) target.write(SHEET_HEADER);
  let count = 0;
  let after: ListPlace | null = null;
  do {
    const page = await desk.list({ status: null, advertiserId: null }, after, EXPORT_PAGE);
    if (page === 'unavailable') throw new Error('Postgres is away: nothing was written');
    for (const campaign of page.items) {
      for (const line of linesOf(campaign, asSheet, unfit)) target.write(line);
    }
    count += page.items.length;
    drawBar(count, Math.max(count, all), 'written');
    after = page.next;
  } while (after !== null);
  if (unfit.length === 0) return count;
  const fit = `${tellCount(unfit.length, 'campaign')} ${unfit.length === 1 ? 'fits' : 'fit'} JSON alone`;
  throw new Error([...unfit, `Nothing was written: ${fit}.`].join('\n'));
}

function linesOf(campaign: Campaign, asSheet: boolean, unfit: string[]): readonly string[] {
  if (!asSheet) return [JSON.stringify(writeCampaign(campaign))];
  const sheet = writeSheetLines(campaign);
  if (sheet.kind === 'lines') return sheet.lines;
  unfit.push(`campaign ${campaign.id}: ${sheet.columns.join(', ')}: holds what a CSV cell can not`);
  return [];
}

function readFile(file: string): readonly Row[] {
  const text = readCampaignFile(file);
  return isSheet(file) ? readSheet(text) : readRows(text);
}

function check(rows: readonly Row[]): CheckedRows {
  const context = { nowMs: Date.now(), newId: () => crypto.randomUUID() };
  return checkRows(rows, context, (checked) => {
    drawBar(checked, rows.length, 'checked');
  });
}

function isSheet(file: string): boolean {
  return /\.csv$/i.test(file);
}

function report(faults: readonly string[], end: string): string {
  const wrong = `${tellCount(faults.length, 'row')} ${faults.length === 1 ? 'is' : 'are'} wrong`;
  return [...faults, `${wrong}. ${end}`].join('\n');
}
