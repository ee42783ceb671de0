/**
 * What was counted of each ad, in a form that threads hand to one another without copying the numbers: ids in one
 * string, in their order, and beside them the counts in shared memory.
 */

/** Of one ad, or of all ads of a campaign. */
export interface Counts {
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
}

export interface AdCount extends Counts {
  /** A UUID in lower case. */
  readonly adId: string;
}

export interface AdCounts {
  readonly ids: string;
  /** Impressions, clicks and conversions of each. */
  readonly numbers: Float64Array;
}

const UUID_LENGTH = 36;
const COLUMNS = 3;

export const NO_COUNTS: AdCounts = { ids: '', numbers: new Float64Array() };
export const NOTHING_COUNTED: Counts = { impressions: 0, clicks: 0, conversions: 0 };

/** `rows`: one an ad, in any order. */
export function packCounts(rows: readonly AdCount[]): AdCounts {
  const sorted = rows.toSorted((a, b) => (a.adId < b.adId ? -1 : 1));
  const bytes = sorted.length * COLUMNS * Float64Array.BYTES_PER_ELEMENT;
  const numbers = new Float64Array(new SharedArrayBuffer(bytes));
  for (const [row, { adId, impressions, clicks, conversions }] of sorted.entries()) {
    if (adId.length !== UUID_LENGTH) throw new RangeError(`counts: ${adId} is no UUID`);
    numbers.set([impressions, clicks, conversions], row * COLUMNS);
  }
  return { ids: sorted.map(({ adId }) => adId).join(''), numbers };
}

/** Of all these ads together. */
export function sumCounts(counts: AdCounts, adIds: readonly string[]): Counts {
  if (counts.ids === '') return NOTHING_COUNTED;
  return adIds.map((adId) => findCounts(counts, adId)).reduce(addCounts, NOTHING_COUNTED);
}

export function* eachCount(counts: AdCounts): Generator<AdCount, void> {
  for (let row = 0; row * UUID_LENGTH < counts.ids.length; row++) {
    yield { adId: idAt(counts, row), ...countsAt(counts, row) };
  }
}

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    impressions: a.impressions + b.impressions,
    clicks: a.clicks + b.clicks,
    conversions: a.conversions + b.conversions,
  };
}

function findCounts(counts: AdCounts, adId: string): Counts {
  let from = 0;
  let to = counts.ids.length / UUID_LENGTH;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (idAt(counts, middle) < adId) from = middle + 1;
    else to = middle;
  }
  return idAt(counts, from) === adId ? countsAt(counts, from) : NOTHING_COUNTED;
}

function idAt({ ids }: AdCounts, row: number): string {
  return ids.slice(row * UUID_LENGTH, (row + 1) * UUID_LENGTH);
}

function countsAt({ numbers }: AdCounts, row: number): Counts {
  const place = row * COLUMNS;
  return {
    impressions: numbers[place] ?? 0,
    clicks: numbers[place + 1] ?? 0,
    conversions: numbers[place + 2] ?? 0,
  };
}
