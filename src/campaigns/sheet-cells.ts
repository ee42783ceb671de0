/** What stands in one cell of a sheet: the text for a value of a campaign's document, and the value for a text. */
import type { AdMedia, FrequencyCap } from './model.ts';
import type { CellForm } from './sheet-columns.ts';

export type ReadCell = { readonly value: unknown } | { readonly fault: string };

/** Between the elements of a list. */
const BAR = '|';
/** A spreadsheet takes a cell that begins so for a formula and runs it; with an apostrophe before it, for text. */
const FORMULA = /^'*[=+\-@\t\r]/;
const DAYPART = /^(\d(?:-\d)?(?:,\d(?:-\d)?)*) ([^ -]+) ?- ?([^ -]+)$/;
const CAP = /^([^ /]+) ?\/ ?([^ /]+)$/;
const MEDIUM = /^(\S+) (\S+)(?: (\d+)x(\d+))?(?: (\d+))?$/;
/** Fewer are written one by one: `6,7`. */
const LEAST_DAYS_OF_RANGE = 3;

/** `text`: not empty. What the value says is judged with the campaign, not here. */
export function readCell(form: CellForm, text: string): ReadCell {
  switch (form) {
    case 'text':
      return { value: text };
    case 'number':
      if (!text.includes(',')) return { value: text };
      return { fault: `${JSON.stringify(text)} has a comma: numbers are written with a point alone, as 2.5` };
    case 'flag':
      return { value: FLAGS.get(text.toLowerCase()) ?? text };
    case 'texts':
    case 'numbers':
      return { value: elementsOf(text) };
    case 'dayparts':
      return readElements(text, readDaypart, '1-5 08:00-20:00|6,7 10:00-24:00');
    case 'caps':
      return readElements(text, readCap, '3/day|10/week');
    case 'media':
      return readElements(text, readMedium, 'https://cdn.brand.example/spot.mp4 video/mp4 640x360 800');
  }
}

/** null: a cell can not hold the value. '' for a value that is absent. */
export function writeCell(form: CellForm, value: unknown): string | null {
  if (value === null || value === undefined) return '';
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  const texts = value.map((element: unknown) => writeElement(form, element));
  return texts.every((text) => text !== null && !text.includes(BAR)) ? texts.join(BAR) : null;
}

/** As it stands in the file, but for quotes. */
export function guardFormula(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

export function unguardFormula(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

function elementsOf(text: string): string[] {
  return text.split(BAR).map((element) => element.trim());
}

function readElements(text: string, read: (element: string) => object | null, example: string): ReadCell {
  const elements = elementsOf(text).map((element) => ({
    element,
    value: read(element.replace(/\s+/g, ' ')),
  }));
  const wrong = elements.find(({ value }) => value === null);
  if (wrong === undefined) return { value: elements.map(({ value }) => value) };
  return { fault: `${JSON.stringify(wrong.element)} is not in the form of ${example}` };
}

function writeElement(form: CellForm, element: unknown): string | null {
  if (form === 'dayparts') return writeDaypart(element as WrittenDaypart);
  if (form === 'caps') return writeCap(element as FrequencyCap);
  return form === 'media' ? writeMedium(element as AdMedia) : String(element);
}

/** As document.ts has it: null and undefined stand for what SQL wrote past validation. */
interface WrittenDaypart {
  readonly days: readonly number[] | undefined;
  readonly from: string | null;
  readonly to: string | null;
}

function readDaypart(text: string): object | null {
  const [, list, from, to] = DAYPART.exec(text) ?? [];
  if (list === undefined) return null;
  const days = list.split(',').map((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  });
  return days.some((range) => range.length === 0) ? null : { days: days.flat(), from, to };
}

function writeDaypart({ days = [], from, to }: WrittenDaypart): string | null {
  if (days.length === 0 || from === null || to === null) return null;
  const [first = 0] = days;
  const isRange = days.length >= LEAST_DAYS_OF_RANGE && days.every((day, i) => day === first + i);
  return `${isRange ? `${first}-${first + days.length - 1}` : days.join()} ${from}-${to}`;
}

function readCap(text: string): object | null {
  const [, limit, window] = CAP.exec(text) ?? [];
  return limit === undefined ? null : { limit, window };
}

function readMedium(text: string): object | null {
  const [, url, mimeType, width, height, bitrateKbps] = MEDIUM.exec(text) ?? [];
  return url === undefined ? null : { url, mimeType, width, height, bitrateKbps };
}

function writeCap({ limit, window }: FrequencyCap): string {
  return `${limit}/${window}`;
}

/** null: it has one side without the other, or a blank in its type. */
function writeMedium({ url, mimeType, width, height, bitrateKbps }: AdMedia): string | null {
  const size = width === null && height === null ? '' : ` ${String(width)}x${String(height)}`;
  const rate = bitrateKbps === null ? '' : ` ${String(bitrateKbps)}`;
  const text = `${url} ${mimeType}${size}${rate}`;
  return MEDIUM.test(text) ? text : null;
}
