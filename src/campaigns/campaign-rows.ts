/** Campaigns of a file: a JSON array, one JSON object, or one a line. Every bad row is told, not only the first. */
import type { Campaign } from './model.ts';
import { validateCampaign, type ValidationContext } from './validation.ts';

/** Where in the file, and the name of the field there. */
export interface Spot {
  readonly place: string;
  readonly field: string;
}

/** What is wrong at a spot. */
export interface Fault extends Spot {
  readonly message: string;
}

/** One campaign of the file, with what was wrong with it before it was judged; or why there is none. */
export type Row =
  | { readonly document: unknown; readonly faults: readonly Fault[]; readonly locate: (path: string) => Spot }
  | { readonly place: string; readonly fault: string };

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
    return whole.map((document: unknown, i) => readRow(document, `campaign ${i + 1}`));
  }
  if (whole !== undefined) return [readRow(whole, 'campaign 1')];
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
    const found = read.ok
      ? []
      : read.mistakes.map(({ field, message }) => ({ ...row.locate(field), message }));
    if (read.ok && row.faults.length === 0) campaigns.push(read.campaign);
    else faults.push(...sentencesOf([...row.faults, ...found]));
  });
  onProgress(rows.length);
  return { campaigns, faults };
}

/** One a place, in the order of the places. Of a field the first fault: what follows from it is no news. */
function sentencesOf(faults: readonly Fault[]): string[] {
  const messagesByPlace = new Map<string, Map<string, string>>();
  for (const { place, field, message } of faults) {
    const messages = messagesByPlace.get(place) ?? new Map<string, string>();
    if (!messages.has(field)) messages.set(field, `${field === '' ? 'it' : field} ${message}`);
    messagesByPlace.set(place, messages);
  }
  return [...messagesByPlace].map(([place, messages]) => `${place}: ${[...messages.values()].join('; ')}`);
}

function readLine(line: string, number: number): Row {
  const place = `line ${number}`;
  const document = parse(line);
  return document === undefined ? { place, fault: 'is no JSON' } : readRow(document, place);
}

function readRow(document: unknown, place: string): Row {
  return { document, faults: [], locate: (field) => ({ place, field }) };
}

/** undefined: no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
