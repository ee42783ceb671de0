/** CSV as spreadsheets write it, read into rows of cells. */
import { CsvError, parse } from 'csv-parse/sync';

export type CsvRecords =
  | { readonly kind: 'records'; readonly records: readonly (readonly string[])[] }
  | { readonly kind: 'unsound'; readonly place: string; readonly fault: string };

/** What stands between cells: Excel writes semicolons where the decimal sign is a comma, and tabs when told to. */
const DELIMITERS = [',', ';', '\t'] as const;

/** A line that is empty is a row too, so that rows are numbered as a spreadsheet does. */
export function readCsvRecords(text: string): CsvRecords {
  try {
    const records: string[][] = parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
    });
    return { kind: 'records', records };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? error.lines : 1;
    return { kind: 'unsound', place: `line ${String(line)}`, fault: faultOf(error.code) };
  }
}

/** The one that the header, whose names hold none, has most of. */
function delimiterOf(text: string): string {
  const header = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

function faultOf(code: string): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'has a quote that is never closed';
  return 'has a quote in the middle of a cell: the whole cell goes in quotes, and a quote in it is written twice';
}
