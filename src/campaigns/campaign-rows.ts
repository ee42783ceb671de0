/** Campaigns of a file: a JSON array, one JSON object, or one a line. Every bad row is told, not only the first. */
import type { Campaign } from './model.ts';
import { validateCampaign, type ValidationContext } from './validation.ts';

/** One campaign of the file, or why there is none. */
export type Row =
  { readonly place: string; readonly document: unknown } | { readonly place: string; readonly fault: string };

export interface CheckedRows {
  readonly campaigns: readonly Campaign[];
  /** A sentence each: where, and all that is wrong there. */
  readonly faults: readonly string[];
}

/** Between two calls of `onProgress`. */
const PROGRESS_ROWS = 100;

export function readRows(text: string): Row[] {
  const whole = parse(text);
  if (Array.isArray(whole)) {
    return whole.map((document: unknown, i) => ({ place: `campaign ${i + 1}`, document }));
  }
  if (whole !== undefined) return [{ place: 'campaign 1', document: whole }];
  if (text.trimStart().startsWith('[')) return [{ place: 'the file', fault: 'is no sound JSON array' }];
  return text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [readLine(line, i + 1)]));
}

export function checkRows(
  rows: readonly Row[],
  context: ValidationContext,
  onProgress: (checked: number) => void,
): CheckedRows {
  const campaigns: Campaign[] = [];
  const faults: string[] = [];
  rows.forEach((row, i) => {
    if (i % PROGRESS_ROWS === 0) onProgress(i);
    if ('fault' in row) {
      faults.push(`${row.place} ${row.fault}`);
      return;
    }
    const read = validateCampaign(row.document, context);
    if (read.ok) campaigns.push(read.campaign);
    else faults.push(`${row.place}: ${read.mistakes.map(sentenceOf).join('; ')}`);
  });
  onProgress(rows.length);
  return { campaigns, faults };
}

function readLine(line: string, number: number): Row {
  const place = `line ${number}`;
  const document = parse(line);
  return document === undefined ? { place, fault: 'is no JSON' } : { place, document };
}

function sentenceOf({ field, message }: { readonly field: string; readonly message: string }): string {
  return `${field === '' ? 'it' : field} ${message}`;
}

/** undefined: no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
