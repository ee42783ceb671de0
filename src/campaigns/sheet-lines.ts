/** Campaigns written as the lines of a sheet: the campaign's cells in the line of its first ad alone. */
import { writeCampaign } from './document.ts';
import type { Campaign, TargetingRule } from './model.ts';
import { guardFormula, writeCell } from './sheet-cells.ts';
import { SHEET_COLUMNS } from './sheet-columns.ts';

export type SheetLines =
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  /** Columns whose cells can't hold what the campaign has there. */
  | { readonly kind: 'unfit'; readonly columns: readonly string[] };

/** Without it Excel takes the file for the code page of its country. */
const BYTE_ORDER_MARK = '\uFEFF';

export const SHEET_HEADER = BYTE_ORDER_MARK + lineOf(SHEET_COLUMNS.map(({ name }) => name));

export function writeSheetLines(campaign: Campaign): SheetLines {
  const document = writeCampaign(campaign);
  const ads = campaign.ads.length === 0 ? [{}] : campaign.ads;
  const unfit = new Set<string>();
  const lines = ads.map((ad, number) =>
    lineOf(
      SHEET_COLUMNS.map((column) => {
        if (!column.isOfAd && number > 0) return '';
        const text = writeCell(column.form, valueOf(column.isOfAd ? ad : document, column.path));
        if (text === null) unfit.add(column.name);
        return guardFormula(text ?? '');
      }),
    ),
  );
  return unfit.size === 0 ? { kind: 'lines', lines } : { kind: 'unfit', columns: [...unfit] };
}

function valueOf(document: object, path: readonly string[]): unknown {
  const [name = '', ...rest] = path;
  const value = (document as Readonly<Record<string, unknown>>)[name];
  if (name === 'targeting') return valuesOf(value as readonly TargetingRule[], rest);
  return rest.length === 0 ? value : valueOf(value as object, rest);
}

/** Rules of one dimension and operator add up: in a cell they are one. */
function valuesOf(rules: readonly TargetingRule[], [dimension, operator]: readonly string[]): string[] {
  return rules
    .filter((rule) => rule.dimension === dimension && rule.operator === operator)
    .flatMap(({ values }) => values);
}

function lineOf(cells: readonly string[]): string {
  return cells.map(quote).join(',');
}

function quote(cell: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
