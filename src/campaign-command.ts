/** `campaigns import | export | validate FILE`: thousands of campaigns at once, past the HTTP server. */
import { checkRows, readRows, type CheckedRows } from './campaigns/campaign-rows.ts';
import { writeCampaign } from './campaigns/document.ts';
import type { ListPlace } from './campaigns/desk.ts';
import type { Campaign } from './campaigns/model.ts';
import { createCampaignDesk } from './campaigns/postgres-desk.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { SHEET_HEADER, writeSheetLines } from './campaigns/sheet-lines.ts';
import { readSheet } from './campaigns/sheet-rows.ts';
import { withDatabase } from './command-database.ts';
import type { Config } from './config.ts';
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
  const { campaigns, faults } = check(file);
  if (faults.length > 0) throw new Error(report(faults, `${campaigns.length} campaigns are sound.`));
  return `All ${campaigns.length} campaigns are sound.\n`;
}

async function importFile(config: Config, file: string, partial: boolean): Promise<string> {
  const { campaigns, faults } = check(file);
  if (faults.length > 0 && !partial) {
    throw new Error(report(faults, 'Nothing was imported; --partial imports the sound ones.'));
  }
  await withDatabase(config, (pool) =>
    createCampaignStore(pool).insertMany(campaigns, 'import', (written) => {
      drawBar(written, campaigns.length, 'written');
    }),
  );
  const done = `${campaigns.length} campaigns were imported.`;
  if (faults.length > 0) throw new Error(report(faults, done));
  return `${done}\n`;
}

async function exportFile(config: Config, file: string): Promise<string> {
  const target = createCampaignFile(file);
  try {
    const count = await withDatabase(config, (pool) => writeAll(pool, target, isSheet(file)));
    target.finish();
    return `${count} campaigns were written to ${file}, ${isSheet(file) ? 'a row an ad' : 'one a line'}.\n`;
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
  throw new Error([...unfit, `Nothing was written: ${unfit.length} campaigns fit JSON alone.`].join('\n'));
}

function linesOf(campaign: Campaign, asSheet: boolean, unfit: string[]): readonly string[] {
  if (!asSheet) return [JSON.stringify(writeCampaign(campaign))];
  const sheet = writeSheetLines(campaign);
  if (sheet.kind === 'lines') return sheet.lines;
  unfit.push(`campaign ${campaign.id}: ${sheet.columns.join(', ')}: holds what a CSV cell can not`);
  return [];
}

function check(file: string): CheckedRows {
  const text = readCampaignFile(file);
  const rows = isSheet(file) ? readSheet(text) : readRows(text);
  const context = { nowMs: Date.now(), newId: () => crypto.randomUUID() };
  return checkRows(rows, context, (checked) => {
    drawBar(checked, rows.length, 'checked');
  });
}

function isSheet(file: string): boolean {
  return /\.csv$/i.test(file);
}

function report(faults: readonly string[], end: string): string {
  return [...faults, `${faults.length} rows are wrong. ${end}`].join('\n');
}
