/**
 * How fast campaigns are imported from a file: `npm run bench -- import [campaigns…]`. The command as its users call it,
 * from lines of JSON and from a sheet, each into a fresh database on the server of DATABASE_URL: its start, the tables,
 * the check of every row and the writing of rows and audit are all in the time.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCampaign } from '../src/campaigns/document.ts';
import type { Campaign } from '../src/campaigns/model.ts';
import { SHEET_HEADER, writeSheetLines } from '../src/campaigns/sheet-lines.ts';
import { inOwnDatabase, requireService } from './bench-database.ts';
import { describeMachine, inWords } from './bench-machine.ts';
import { atEnd, startNode } from './bench-process.ts';
import { benchCampaigns, PROGRAM } from './bench-server.ts';

const SIZES = [5_000, 20_000];

await main(process.argv.slice(2).map(Number));

async function main(asked: readonly number[]): Promise<void> {
  const serverUrl = requireService('DATABASE_URL');
  const folder = mkdtempSync(join(tmpdir(), 'gavel-bench-import-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  console.log(inWords(describeMachine()));
  for (const count of asked.length > 0 ? asked : SIZES) {
    const campaigns = benchCampaigns(count);
    for (const [name, write] of [
      ['campaigns.jsonl', writeLines],
      ['campaigns.csv', writeSheet],
    ] as const) {
      const file = join(folder, name);
      writeFileSync(file, write(campaigns));
      const tookMs = await inOwnDatabase(serverUrl, `import_${count}`, (url) =>
        timeImport(url, folder, file),
      );
      const rate = (count / (tookMs / 1_000)).toFixed(0);
      console.log(`${count} campaigns of ${name}: ${(tookMs / 1_000).toFixed(1)} s, ${rate} a second`);
    }
  }
}

function writeLines(campaigns: readonly Campaign[]): string {
  return `${campaigns.map((campaign) => JSON.stringify(writeCampaign(campaign))).join('\n')}\n`;
}

function writeSheet(campaigns: readonly Campaign[]): string {
  const lines = campaigns.flatMap((campaign) => {
    const sheet = writeSheetLines(campaign);
    if (sheet.kind === 'lines') return sheet.lines;
    throw new Error(`seeded campaign ${campaign.id} does not fit a sheet`);
  });
  return `${[SHEET_HEADER, ...lines].join('\n')}\n`;
}

async function timeImport(databaseUrl: string, folder: string, file: string): Promise<number> {
  const startMs = performance.now();
  const child = startNode([PROGRAM, 'campaigns', 'import', file], {
    env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl, GAVEL_DATA_DIR: folder },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error(`the import of ${file} failed`);
  return performance.now() - startMs;
}
