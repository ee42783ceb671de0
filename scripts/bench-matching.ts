/**
 * How long one match takes, alone: `npx tsx scripts/bench-matching.ts`. Requests of the campaigns' own world are sorted
 * by how many campaigns want them, then each is prepared and matched as the auction does it, to the first 16.
 */
import { performance } from 'node:perf_hooks';
import { DIMENSION_NUMBER, DIMENSIONS } from '../src/campaigns/dimensions.ts';
import type { Campaign } from '../src/campaigns/model.ts';
import {
  SEEDED_SIZES,
  SEEDED_VALUES,
  seededCampaigns,
  seededValue,
  type SeededDimension,
} from '../src/campaigns/seeded.ts';
import { seededRandom, type SeededRandom } from '../src/campaigns/seeded-random.ts';
import { SHORTLIST_LENGTH } from '../src/auction/decision.ts';
import { compileIndex } from '../src/targeting/compile.ts';
import { Matcher } from '../src/targeting/match.ts';
import { ACCESS_DIMENSION, AD_DIMENSION, QUERY_DIMENSIONS, type Query } from '../src/targeting/query.ts';
import { openSnapshot } from '../src/targeting/snapshot-view.ts';
import type { Snapshot } from '../src/targeting/snapshot.ts';

export interface MatchingRow {
  readonly campaigns: number;
  /** Values that each campaign names, about. */
  readonly values: string;
  readonly indexBytes: number;
  readonly compileMs: number;
  readonly requests: readonly RequestFigures[];
}

/** many: more than a shortlist matches; few: fewer; nobody: none. */
export interface RequestFigures {
  readonly wanted: 'many' | 'few' | 'nobody';
  /** Campaigns that match, in the median. */
  readonly matches: number;
  readonly medianNs: number;
  readonly p99Ns: number;
}

const SEED = 20_261_101;
const NOW_MS = Date.UTC(2026, 10, 4, 15, 30);
const PRIORS = { ctr: 0.001, cvr: 0.00001 };
const REQUESTS_OF_A_KIND = 300;
/** Draws until a kind is given up: at 1,000 campaigns hardly a request is wanted by many. */
const MAX_DRAWS = 60_000;
const ROUNDS = 40;
const WARM_ROUNDS = 20;
/** Each into a new buffer; the median counts. */
const COMPILE_ROUNDS = 3;

export function measureMatching(): MatchingRow[] {
  const rows = [1_000, 5_000, 20_000, 100_000].map((count) => measure(count, '3-8 rules', [3, 8], undefined));
  return [...rows, measure(100_000, '20 values', [10, 10], 2)];
}

export function printMatching(rows: readonly MatchingRow[]): void {
  console.log('campaigns  targeting   index MiB  compile ms  wanted by  matches  median µs  p99 µs');
  for (const { campaigns, values, indexBytes, compileMs, requests } of rows) {
    for (const { wanted, matches, medianNs, p99Ns } of requests) {
      console.log(
        [
          String(campaigns).padStart(9),
          values.padEnd(10),
          (indexBytes / 2 ** 20).toFixed(1).padStart(10),
          compileMs.toFixed(0).padStart(11),
          wanted.padEnd(9),
          String(matches).padStart(8),
          (medianNs / 1_000).toFixed(2).padStart(10),
          (p99Ns / 1_000).toFixed(2).padStart(7),
        ].join('  '),
      );
    }
  }
}

function measure(
  count: number,
  values: string,
  rules: readonly [number, number],
  valuesPerRule: number | undefined,
): MatchingRow {
  const size = valuesPerRule === undefined ? {} : { valuesPerRule };
  // Through JSON, as they come from a store: strings that were just put together are read several times slower.
  const made = JSON.stringify(seededCampaigns({ count, seed: SEED, rules, ...size }));
  const campaigns = JSON.parse(made) as Campaign[];
  const times: number[] = [];
  let buffer = new SharedArrayBuffer(0);
  let usedBytes = 0;
  for (let round = 0; round < COMPILE_ROUNDS; round++) {
    const from = performance.now();
    ({ buffer, usedBytes } = compileIndex(campaigns, { nowMs: NOW_MS, epoch: 1, priors: PRIORS }));
    times.push(performance.now() - from);
  }
  const compileMs = quantile(times, 0.5);
  const snapshot = openSnapshot(buffer);
  return { campaigns: count, values, indexBytes: usedBytes, compileMs, requests: measureRequests(snapshot) };
}

function measureRequests(snapshot: Snapshot): RequestFigures[] {
  const matcher = new Matcher();
  const kinds = sortRequests(snapshot, matcher);
  const figures: RequestFigures[] = [];
  for (const [wanted, requests] of kinds) {
    if (requests.length === 0) continue;
    const queries = requests.map(({ query }) => query);
    for (let round = 0; round < WARM_ROUNDS; round++)
      for (const query of queries) matchOnce(snapshot, matcher, query);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const query of queries) {
        const start = process.hrtime.bigint();
        matchOnce(snapshot, matcher, query);
        times.push(Number(process.hrtime.bigint() - start));
      }
    }
    figures.push({
      wanted,
      matches: quantile(
        requests.map(({ matches }) => matches),
        0.5,
      ),
      medianNs: quantile(times, 0.5),
      p99Ns: quantile(times, 0.99),
    });
  }
  return figures;
}

function matchOnce(snapshot: Snapshot, matcher: Matcher, query: Query): number {
  let left = SHORTLIST_LENGTH;
  matcher.prepare(snapshot, query);
  matcher.forEach(() => --left > 0);
  return SHORTLIST_LENGTH - left;
}

type Wanted = RequestFigures['wanted'];
interface SortedRequest {
  readonly query: Query;
  readonly matches: number;
}

function sortRequests(snapshot: Snapshot, matcher: Matcher): Map<Wanted, SortedRequest[]> {
  const random = seededRandom(SEED + 1);
  const kinds = new Map<Wanted, SortedRequest[]>([
    ['many', []],
    ['few', []],
    ['nobody', []],
  ]);
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const query = drawQuery(random);
    let matches = 0;
    matcher.prepare(snapshot, query);
    matcher.forEach(() => {
      matches++;
      return true;
    });
    const wanted = matches > SHORTLIST_LENGTH ? 'many' : matches > 0 ? 'few' : 'nobody';
    const kind = kinds.get(wanted);
    if (kind !== undefined && kind.length < REQUESTS_OF_A_KIND) kind.push({ query, matches });
    if ([...kinds.values()].every(({ length }) => length === REQUESTS_OF_A_KIND)) break;
  }
  return kinds;
}

/** From a full and common request to one that says hardly anything, or only rare things. */
export function drawQuery(random: SeededRandom): Query {
  const values: string[][] = Array.from({ length: QUERY_DIMENSIONS }, () => []);
  const known = random.pick([1, 0.9, 0.6, 0.3]);
  const isRare = random.chance(0.5);
  for (const [dimension, table] of Object.entries(SEEDED_VALUES) as [SeededDimension, readonly string[]][]) {
    if (!random.chance(known)) continue;
    const several = dimension === 'segment' || dimension === 'interest' || dimension === 'category' ? 5 : 1;
    const drawn = Array.from({ length: several }, () =>
      isRare ? random.pick(table) : seededValue(random, dimension),
    );
    values[DIMENSION_NUMBER[dimension]] =
      dimension === 'ageRange' ? [String(random.between(18, 80))] : drawn.map((value) => value.toLowerCase());
  }
  const [width, height] = random.pick(SEEDED_SIZES);
  values[DIMENSIONS.indexOf('size')] = [`${width}x${height}`];
  values[DIMENSIONS.indexOf('format')] = ['banner'];
  values[AD_DIMENSION] = [`banner:${width}x${height}`];
  values[ACCESS_DIMENSION] = ['open'];
  return { values, nowMs: NOW_MS, minRankMicros: 0, fromOrdinal: 0, includeSpent: false };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

if (process.argv[1]?.endsWith('bench-matching.ts') === true) printMatching(measureMatching());
