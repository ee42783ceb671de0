/**
 * What a report costs with 100 million events behind it: `DATABASE_URL=… npx tsx scripts/bench-analytics.ts [campaigns]`, in a
 * database of its own. Loads the sums of a year for 10,000 campaigns and of the kept minutes for busy ads, in the order in
 * which the consumer writes them, asks the endpoints without HTTP, and prints times and plans. Cold: the program has not
 * read it before; whether Postgres or the system has its pages is up to their memory.
 */
import pg from 'pg';
import { createTotalsReader, questionOf } from '../src/analytics/postgres-totals.ts';
import { spanOf, UNIT_MS, type Span } from '../src/analytics/span.ts';
import { createTotals, type Subject } from '../src/analytics/totals.ts';
import { createCampaignStore } from '../src/campaigns/postgres-store.ts';
import { seededRandom } from '../src/campaigns/seeded-random.ts';
import { seededCampaigns } from '../src/campaigns/seeded.ts';
import { migrate } from '../src/database/postgres-migrate.ts';
import { openPool, type Pool } from '../src/database/postgres-pool.ts';
import { readReplica } from '../src/database/postgres-replica.ts';
import { makeDays } from '../src/events/postgres-days.ts';
import { analyticsRoutes } from '../src/server/analytics.ts';
import type { HttpRequest } from '../src/server/http.ts';
import { quantile } from './bench-matching.ts';

const SEED = 20_261_121;
const CAMPAIGNS = 10_000;
const DAYS = 366;
const EVENTS = 100_000_000;
const KEPT_DAYS = 30;
/** Which were shown in every minute; more of them spread the rows of one over no more pages than there are minutes. */
const BUSY_ADS = 20;
const QUESTIONS = 1_000;
const PENDING = { impressions: 0, clicks: 0, conversions: 0 };

interface Loaded {
  readonly campaignIds: readonly string[];
  readonly adIds: readonly string[];
}

/** `loader` may take its time. */
async function load(pool: Pool, loader: pg.Client, count: number, nowMs: number): Promise<Loaded> {
  const campaigns = seededCampaigns({ count, seed: SEED });
  await createCampaignStore(pool).insertMany(campaigns);
  const campaignIds = campaigns.map(({ id }) => id);
  const adIds = campaigns.slice(0, BUSY_ADS).flatMap(({ ads }) => (ads[0] === undefined ? [] : [ads[0].id]));
  const today = new Date(nowMs);
  const perDay = Math.round(EVENTS / CAMPAIGNS / DAYS);
  await loader.query(
    `INSERT INTO daily_metrics (campaign_id, date, impressions, clicks, conversions, spend_nanos)
     SELECT id, ($1::timestamptz AT TIME ZONE 'UTC')::date - day, $2::bigint, 1, 0, $2::bigint * 2500000
       FROM generate_series($3::int - 1, 0, -1) AS day, unnest($4::uuid[]) AS id`,
    [today, perDay, DAYS, campaignIds],
  );
  await makeDays(
    pool,
    Array.from({ length: KEPT_DAYS + 1 }, (_, day) => nowMs - day * UNIT_MS.day),
  );
  await loader.query(
    `INSERT INTO ad_stats_minute (bucket_start, ad_id, known, impressions, clicks)
     SELECT minute, id, true, 60, 1
       FROM generate_series(date_trunc('day', $1::timestamptz, 'UTC') - $2::int * interval '1 day', $1, '1 minute') AS minute,
            unnest($3::text[]) AS id`,
    [today, KEPT_DAYS, adIds],
  );
  await loader.query(
    `INSERT INTO ad_stats_day (ad_id, date, known, impressions, clicks)
     SELECT id, ($1::timestamptz AT TIME ZONE 'UTC')::date - day, true, 86400, 1440
       FROM generate_series($2::int - 1, 0, -1) AS day, unnest($3::text[]) AS id`,
    [today, DAYS, adIds],
  );
  await loader.query('VACUUM ANALYZE');
  return { campaignIds, adIds };
}

async function explain(pool: Pool, title: string, subject: Subject, span: Span): Promise<void> {
  const { text, values } = questionOf(subject, span);
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, BUFFERS) ${text}`, [
    ...values,
  ]);
  const lines = rows.map((row) => row['QUERY PLAN']);
  // Thirty days are thirty times the same.
  const shown = lines.length > 40 ? [...lines.slice(0, 16), '  …', ...lines.slice(-6)] : lines;
  console.log(`\n${title}\n${shown.join('\n')}`);
}

async function measure(pool: Pool, { campaignIds, adIds }: Loaded, nowMs: number): Promise<void> {
  const routes = analyticsRoutes({
    gatekeeper: () =>
      Promise.resolve({ kind: 'admitted', holder: { actor: 'bench', mayChange: false, advertiserId: null } }),
    totals: createTotals({
      read: createTotalsReader(readReplica(pool, null, () => undefined, Date.now)),
      highWater: null,
      clock: Date.now,
    }),
    pending: { ofCampaign: () => PENDING, ofAd: () => PENDING },
    clock: Date.now,
    keptDays: KEPT_DAYS,
  });
  const random = seededRandom(SEED);
  const day = (days: number): string => new Date(nowMs - days * UNIT_MS.day).toISOString().slice(0, 10);
  const kinds = [
    {
      title: 'a campaign, 366 days',
      kind: 'campaign',
      ids: campaignIds,
      query: `startDate=${day(DAYS - 1)}`,
    },
    { title: 'an ad, 366 days', kind: 'ad', ids: adIds, query: `bucket=day&start=${day(DAYS - 1)}` },
    {
      title: 'an ad, 30 days by hours',
      kind: 'ad',
      ids: adIds,
      query: `bucket=hour&start=${day(KEPT_DAYS)}`,
    },
    { title: 'an ad, a day by minutes', kind: 'ad', ids: adIds, query: `bucket=minute&start=${day(0)}` },
  ];
  for (const { title, kind, ids, query } of kinds) {
    const route = routes.find(({ pattern }) => pattern.startsWith(`/analytics/${kind}/`));
    if (route === undefined) throw new Error('no route');
    const times = { cold: [] as number[], cached: [] as number[] };
    const asked = new Set(Array.from({ length: QUESTIONS }, () => random.pick(ids)));
    for (const id of asked) {
      const request = { query, requestId: 'bench', params: { id, adId: id } } as unknown as HttpRequest;
      for (const state of ['cold', 'cached'] as const) {
        const startMs = performance.now();
        const { status } = await route.handle(request);
        times[state].push(performance.now() - startMs);
        if (status !== 200) throw new Error(`answered with ${String(status)}`);
      }
    }
    for (const [state, list] of Object.entries(times)) {
      const of = (share: number): string => quantile(list, share).toFixed(2).padStart(8);
      console.log(
        `${title.padEnd(26)}${state.padEnd(8)} p50${of(0.5)} p99${of(0.99)} ms  (${String(list.length)})`,
      );
    }
  }
  const [campaignId = ''] = campaignIds;
  const [adId = ''] = adIds;
  await explain(
    pool,
    'a campaign, 366 days',
    { kind: 'campaign', id: campaignId },
    spanOf('day', nowMs - (DAYS - 1) * UNIT_MS.day, nowMs),
  );
  const hours = spanOf('hour', nowMs - (KEPT_DAYS - 1) * UNIT_MS.day, nowMs);
  await explain(pool, 'an ad, 30 days by hours', { kind: 'ad', id: adId }, hours);
}

const { DATABASE_URL: url } = process.env;
if (url === undefined) throw new Error('DATABASE_URL must name the Postgres to measure on');
const name = `gavel_bench_${String(process.pid)}`;
const own = new URL(url);
own.pathname = `/${name}`;
const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query(`CREATE DATABASE ${name}`);
try {
  await migrate(own.href);
  const pool = openPool(own.href, () => undefined);
  const nowMs = Date.now();
  const loader = new pg.Client({ connectionString: own.href });
  await loader.connect();
  const loaded = await load(pool, loader, Number(process.argv[2] ?? CAMPAIGNS), nowMs);
  await loader.end();
  console.log(`loaded in ${((Date.now() - nowMs) / 1_000).toFixed(0)} s`);
  await measure(pool, loaded, nowMs);
  await pool.end();
} finally {
  await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await client.end();
}
