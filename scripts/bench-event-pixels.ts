/**
 * What the pipeline is for: 10,000 `GET /impression` at 100 connections, against a server that writes each straight to
 * Postgres before it answers, and against Gavel. By turns, on the same Postgres; each round waits until the one before it is
 * counted. All 10,000 are found among the rows afterwards, on both sides.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import type { EventPath } from './bench-event-path.ts';
import { monotonicMicros } from './bench-event-watch.ts';
import { quantile } from './bench-matching.ts';
import { cpuMicrosOf, endProcess, startNode } from './bench-process.ts';

export interface Pixels {
  readonly straight: PixelRow;
  readonly spool: PixelRow;
  readonly rounds: number;
  readonly pool: number;
}

/** Medians over the rounds. */
export interface PixelRow {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of the server's process, a request. */
  readonly serverMicros: number;
  /** From the last answer until the last row can be seen. */
  readonly rowsAfterMs: number;
}

interface Side {
  readonly pid: number;
  readonly url: string;
  /** Rows of all rounds. */
  readonly countRows: () => Promise<number>;
}

const REQUESTS = 10_000;
const CONNECTIONS = 100;
/** As many as the document that the experiment comes from allows. */
const POOL = 20;
const STRAIGHT = fileURLToPath(new URL('bench-straight.mjs', import.meta.url));
const ASK_PAUSE_MS = 5;
const COUNT_LIMIT_MS = 60_000;

export async function measurePixels(path: EventPath, rounds: number): Promise<Pixels> {
  await path.client.query(
    `CREATE TABLE straight_impressions (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ad_id text NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
     )`,
  );
  // No step before sent events of this one.
  const ad = path.ads.at(-1) ?? '';
  const server = await startStraight(path.databaseUrl);
  const count = async (text: string): Promise<number> => {
    const { rows } = await path.client.query<{ rows: number }>(text, [ad]);
    return rows[0]?.rows ?? 0;
  };
  const straight: Side = {
    pid: server.pid,
    url: `${server.origin}/impression?ad_id=${ad}`,
    countRows: () => count('SELECT count(*)::int AS rows FROM straight_impressions WHERE ad_id = $1'),
  };
  const spool: Side = {
    pid: path.pid,
    url: `${path.origin}/impression?ad_id=${ad}`,
    countRows: () =>
      count('SELECT coalesce(sum(impressions), 0)::int AS rows FROM ad_stats_day WHERE ad_id = $1'),
  };
  try {
    // The first round of each warms it up.
    await runRound(straight);
    await runRound(spool);
    const both: { straight: PixelRow[]; spool: PixelRow[] } = { straight: [], spool: [] };
    for (let round = 0; round < rounds; round++) {
      both.straight.push(await runRound(straight));
      both.spool.push(await runRound(spool));
    }
    await checkRows(path, ad, (rounds + 1) * REQUESTS);
    return { straight: medians(both.straight), spool: medians(both.spool), rounds, pool: POOL };
  } finally {
    await server.stop();
  }
}

/** What was summed up stands there row by row, too. */
async function checkRows({ client }: EventPath, ad: string, expected: number): Promise<void> {
  const text = 'SELECT count(*)::int AS rows FROM events_log WHERE ad_id = $1';
  const { rows } = await client.query<{ rows: number }>(text, [ad]);
  if (rows[0]?.rows !== expected)
    throw new Error(`of ${expected} impressions ${String(rows[0]?.rows)} are rows`);
}

async function startStraight(
  databaseUrl: string,
): Promise<{ readonly pid: number; readonly origin: string; stop(): Promise<void> }> {
  const child = startNode([STRAIGHT], {
    env: { DATABASE_URL: databaseUrl, POOL: String(POOL) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null || child.pid === undefined) throw new Error('the straight server does not start');
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { pid: child.pid, origin: `http://127.0.0.1:${port}`, stop: () => endProcess(child) };
}

async function runRound({ pid, url, countRows }: Side): Promise<PixelRow> {
  const rowsBefore = await countRows();
  const cpuBefore = cpuMicrosOf(pid);
  const tookMs: number[] = [];
  const startMicros = monotonicMicros();
  let answeredMicros = startMicros;
  // autocannon itself ends later than its last answer.
  const result = await fire(url, (ms) => {
    tookMs.push(ms);
    answeredMicros = monotonicMicros();
  });
  const answered = result['2xx'];
  if (answered !== REQUESTS)
    throw new Error(`${url}: ${answered} of ${REQUESTS} requests were answered well`);
  const deadlineMs = performance.now() + COUNT_LIMIT_MS;
  for (let left = REQUESTS; left > 0;) {
    if (performance.now() > deadlineMs) throw new Error(`${url}: ${left} impressions are lost`);
    left = rowsBefore + REQUESTS - (await countRows());
    if (left > 0) await sleep(ASK_PAUSE_MS);
  }
  const rowsMicros = monotonicMicros();
  return {
    perSecond: REQUESTS / ((answeredMicros - startMicros) / 1e6),
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    maxMs: quantile(tookMs, 1),
    serverMicros: (cpuMicrosOf(pid) - cpuBefore) / REQUESTS,
    rowsAfterMs: (rowsMicros - answeredMicros) / 1_000,
  };
}

function fire(url: string, onAnswer: (tookMs: number) => void): Promise<autocannon.Result> {
  return new Promise((resolve, reject) => {
    const options = { url, connections: CONNECTIONS, amount: REQUESTS, pipelining: 1 };
    const loop = autocannon(options, (error: Error | null, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
    loop.on('response', (_client, _status, _bytes, tookMs) => onAnswer(tookMs));
  });
}

function medians(rows: readonly PixelRow[]): PixelRow {
  const median = (of: keyof PixelRow): number =>
    quantile(
      rows.map((row) => row[of]),
      0.5,
    );
  return {
    perSecond: median('perSecond'),
    p50Ms: median('p50Ms'),
    p99Ms: median('p99Ms'),
    maxMs: median('maxMs'),
    serverMicros: median('serverMicros'),
    rowsAfterMs: median('rowsAfterMs'),
  };
}
