/**
 * A sheet of campaigns, read. A row is an ad. It belongs to the campaign above where its campaign cells are all empty,
 * or all the same; else it begins a campaign. Rows that share an `id` are one campaign whatever else they leave empty.
 */
import type { Fault, Row, Spot } from './campaign-rows.ts';
import { readCsvRecords } from './csv-records.ts';
import { readCell, unguardFormula } from './sheet-cells.ts';
import { COLUMN_NAMES, findColumn, KEY_COLUMN, type SheetColumn } from './sheet-columns.ts';
import { refusalOf } from './value-list.ts';

export function readSheet(text: string): Row[] {
  const read = readCsvRecords(text);
  if (read.kind === 'unsound') return [{ place: read.place, fault: read.fault }];
  const [header, ...records] = read.records;
  if (header === undefined) return [];
  const { columns, faults } = readHeader(header);
  if (faults.length > 0) return faults.map((fault) => ({ place: placeOf(HEADER_ROW), fault }));
  const groups = groupRows(columns, records);
  return groups.map((group) => readGroup(columns, group));
}

/** null: a column without a name. */
type Columns = readonly (SheetColumn | null)[];

interface SheetRow {
  readonly number: number;
  /** As many as there are columns, without blanks at their ends. */
  readonly cells: readonly string[];
}

/** The rows of one campaign. */
interface Group {
  readonly rows: SheetRow[];
  readonly faults: Fault[];
}

const HEADER_ROW = 1;
/** More than anyone mistypes. */
const MAX_HEADER_FAULTS = 20;

function readHeader(header: readonly string[]): { columns: Columns; faults: string[] } {
  const names = header.map((name) => name.trim());
  const faults = names.flatMap((name, i) => {
    if (name === '') return [];
    if (!COLUMN_NAMES.accepts(name)) return [`names a column wrong: ${refusalOf(name, COLUMN_NAMES)}`];
    return names.indexOf(name) === i ? [] : [`names the column ${name} twice`];
  });
  return { columns: names.map(findColumn), faults: firstOf([...new Set(faults)]) };
}

/** A header that ran into its rows has as many wrong names as they have cells. */
function firstOf(faults: readonly string[]): string[] {
  const more = faults.length - MAX_HEADER_FAULTS;
  const shown = faults.slice(0, MAX_HEADER_FAULTS);
  return more > 0 ? [...shown, `has ${String(more)} more names that are wrong`] : shown;
}

function groupRows(columns: Columns, records: readonly (readonly string[])[]): Group[] {
  const groups: Group[] = [];
  const places = columns.flatMap((column, i) => (column?.isOfAd === false ? [i] : []));
  const keyPlace = columns.findIndex((column) => column?.name === KEY_COLUMN);
  const rowByKey = new Map<string, number>();
  for (const [i, record] of records.entries()) {
    const row = { number: HEADER_ROW + 1 + i, cells: columns.map((_, c) => cellOf(record, c)) };
    if (record.every((cell) => cell.trim() === '')) continue;
    const faults = surplusFaults(columns, record, row);
    const group = groups.at(-1);
    const head = group?.rows[0];
    const key = row.cells[keyPlace] ?? '';
    if (group !== undefined && head !== undefined && belongs(row, head, places, key, head.cells[keyPlace])) {
      group.rows.push(row);
      group.faults.push(...faults, ...contradictions(columns, places, row, head));
      continue;
    }
    const earlier = rowByKey.get(key);
    if (key !== '') rowByKey.set(key, earlier ?? row.number);
    if (earlier !== undefined) {
      const message = `is that of row ${earlier}: the rows of a campaign stand together`;
      faults.push({ ...spotOf(row, KEY_COLUMN), message });
    }
    groups.push({ rows: [row], faults });
  }
  return groups;
}

function cellOf(record: readonly string[], column: number): string {
  return unguardFormula(record[column] ?? '').trim();
}

function belongs(
  row: SheetRow,
  head: SheetRow,
  places: readonly number[],
  key: string,
  headKey: string | undefined,
): boolean {
  if (key !== '' && key === headKey) return true;
  const isEmpty = places.every((i) => row.cells[i] === '');
  return isEmpty || places.every((i) => row.cells[i] === head.cells[i]);
}

/** Cells that say otherwise than those of the campaign's first row. */
function contradictions(columns: Columns, places: readonly number[], row: SheetRow, head: SheetRow): Fault[] {
  return places
    .filter((i) => row.cells[i] !== '' && row.cells[i] !== head.cells[i])
    .map((i) => ({
      ...spotOf(row, columns[i]?.name ?? ''),
      message: `is not that of row ${head.number}, the first of this campaign: leave it empty, or repeat it`,
    }));
}

/** Spreadsheets leave out empty cells at a row's end, but add none. */
function surplusFaults(columns: Columns, record: readonly string[], row: SheetRow): Fault[] {
  const surplus = record.findIndex(
    (cell, i) => (i >= columns.length || columns[i] === null) && cell.trim() !== '',
  );
  if (surplus < 0) return [];
  const message =
    surplus < columns.length
      ? `has a value in column ${surplus + 1}, which has no name`
      : `has ${record.length} cells and the header ${columns.length}: a cell that holds the delimiter goes in quotes`;
  return [{ ...spotOf(row, ''), message }];
}

function readGroup(columns: Columns, { rows, faults }: Group): Row {
  const document: Members = {};
  const rules: { readonly column: SheetColumn; readonly values: unknown }[] = [];
  const ads: { readonly row: SheetRow; readonly members: Members }[] = [];
  const noted = [...faults];
  rows.forEach((row, place) => {
    const members: Members = {};
    columns.forEach((column, i) => {
      const text = row.cells[i] ?? '';
      // Further rows of the campaign only repeat its cells.
      if (column === null || text === '' || (!column.isOfAd && place > 0)) return;
      const read = readCell(column.form, text);
      if ('fault' in read) noted.push({ ...spotOf(row, column.name), message: read.fault });
      else if (column.isOfAd) put(members, column.path, read.value);
      else if (column.path[0] === 'targeting') rules.push({ column, values: read.value });
      else put(document, column.path, read.value);
    });
    if (Object.keys(members).length > 0) ads.push({ row, members });
  });
  document.targeting = rules.map(({ column: { path }, values }) => ({
    dimension: path[1],
    operator: path[2],
    values,
  }));
  document.ads = ads.map(({ members }) => members);
  const head = rows[0] ?? { number: 0, cells: [] };
  const locate = (field: string): Spot => {
    const [, list, index = '', member = ''] = /^(ads|targeting)\[(\d+)\]\.?(\w*)/.exec(field) ?? [];
    if (list === 'targeting') return spotOf(head, rules[Number(index)]?.column.name ?? field);
    if (list === 'ads') return spotOf(ads[Number(index)]?.row ?? head, `ad.${member}`);
    return spotOf(head, field.replace(/\[.*/, ''));
  };
  return { document, faults: noted, locate };
}

type Members = Record<string, unknown>;

function put(members: Members, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    members[name] = value;
    return;
  }
  const inner = (members[name] ??= {}) as Members;
  put(inner, rest, value);
}

function spotOf(row: SheetRow, field: string): Spot {
  return { place: placeOf(row.number), field };
}

function placeOf(row: number): string {
  return `row ${row}`;
}
