/** `campaigns import | export | validate FILE`: thousands of campaigns at once, past the HTTP server. */
import { checkRows, readRows, type CheckedRows } from './campaigns/campaign-rows.ts';
import { writeCampaign } from './campaigns/document.ts';
import type { ListPlace } from './campaigns/desk.ts';
import { createCampaignDesk } from './campaigns/postgres-desk.ts';
import { createCampaignStore } from './campaigns/postgres-store.ts';
import { withDatabase } from './command-database.ts';
import type { Config } from './config.ts';
import { createCampaignFile, readCampaignFile, type CampaignFile } from './disk-campaign-file.ts';
import type { Pool } from './database/postgres-pool.ts';

export const CAMPAIGN_USAGE =
  'campaigns import FILE [--partial] | campaigns validate FILE | campaigns export FILE';

const EXPORT_PAGE = 500;
const BAR_CHARS = 30;

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
  await withDatabase(config, (pool) => createCampaignStore(pool).insertMany(campaigns));
  const done = `${campaigns.length} campaigns were imported.`;
  if (faults.length > 0) throw new Error(report(faults, done));
  return `${done}\n`;
}

async function exportFile(config: Config, file: string): Promise<string> {
  const target = createCampaignFile(file);
  try {
    const count = await withDatabase(config, (pool) => writeAll(pool, target));
    target.finish();
    return `${count} campaigns were written to ${file}, one a line.\n`;
  } catch (error) {
    target.discard();
    throw error;
  }
}

async function writeAll(pool: Pool, target: CampaignFile): Promise<number> {
  const desk = createCampaignDesk(pool);
  let count = 0;
  let after: ListPlace | null = null;
  do {
    const page = await desk.list({ status: null, advertiserId: null }, after, EXPORT_PAGE);
    if (page === 'unavailable') throw new Error('Postgres is away: nothing was written');
    for (const campaign of page.items) target.write(JSON.stringify(writeCampaign(campaign)));
    count += page.items.length;
    after = page.next;
  } while (after !== null);
  return count;
}

function check(file: string): CheckedRows {
  if (/\.csv$/i.test(file))
    throw new Error(`${file}: CSV is not read; give a JSON array, or a JSON object a line`);
  const rows = readRows(readCampaignFile(file));
  const context = { nowMs: Date.now(), newId: () => crypto.randomUUID() };
  return checkRows(rows, context, (checked) => drawBar(checked, rows.length));
}

/** For people alone: a log has no use for it. */
function drawBar(done: number, all: number): void {
  if (!process.stderr.isTTY) return;
  const filled = all === 0 ? BAR_CHARS : Math.round((done / all) * BAR_CHARS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CHARS - filled);
  process.stderr.write(`\r${bar} ${done} of ${all} checked${done === all ? '\n' : ''}`);
}

function report(faults: readonly string[], end: string): string {
  return [...faults, `${faults.length} rows are wrong. ${end}`].join('\n');
}
