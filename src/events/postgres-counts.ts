/** Writes what a batch brings: its rows and its sums, one statement a table. */
import type { Transaction } from '../database/postgres-pool.ts';
import type { AdEvent } from './event.ts';
import { column } from './postgres-columns.ts';
import type { AdDay, AdSums, AuctionMinute, CountedEvent, Sums, Tally } from './tally.ts';

const INSERT_ROWS = `
  INSERT INTO events_log (
    event_id, event_type, campaign_id, ad_id, known, signed, user_id, placement_id, country, device_type, bid_micros,
    spend_nanos, media_cost_nanos, value_micros, loss_reason, trace_id, "timestamp", stated_at, received_at, rated
  )
  SELECT event_id, event_type, campaign_id, ad_id, known, signed, user_id, placement_id, country, device_type,
         bid_micros, spend_nanos, media_cost_nanos, value_micros, loss_reason, trace_id,
         to_timestamp(counted), to_timestamp(stated), to_timestamp(received), rated
    FROM unnest(
      $1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[], $7::text[], $8::text[], $9::text[],
      $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[],
      $17::float8[], $18::float8[], $19::float8[], $20::boolean[]
    ) AS rows (
      event_id, event_type, campaign_id, ad_id, known, signed, user_id, placement_id, country, device_type, bid_micros,
      spend_nanos, media_cost_nanos, value_micros, loss_reason, trace_id, counted, stated, received, rated
    )`;

export async function insertRows(
  transaction: Transaction,
  rows: readonly CountedEvent<AdEvent>[],
): Promise<void> {
  if (rows.length === 0) return;
  const events = rows.map(({ event }) => event);
  await transaction.query({
    name: 'insert-event-rows',
    text: INSERT_ROWS,
    values: [
      column(events.map(({ eventId }) => eventId)),
      column(events.map(({ type }) => type)),
      column(events.map(({ campaignId }) => (campaignId === '' ? null : campaignId))),
      column(events.map(({ adId }) => adId)),
      column(events.map(({ known }) => known)),
      column(events.map(({ signed }) => signed)),
      column(events.map(({ userId }) => userId)),
      column(events.map(({ placementId }) => placementId)),
      column(events.map(({ country }) => country)),
      column(events.map(({ deviceType }) => deviceType)),
      column(events.map(({ bidMicros }) => bidMicros)),
      column(events.map(({ spendNanos }) => spendNanos)),
      column(events.map(({ mediaCostNanos }) => mediaCostNanos)),
      column(events.map(({ valueMicros }) => valueMicros)),
      column(events.map(({ lossReason }) => lossReason)),
      column(events.map(({ traceId }) => traceId)),
      column(rows.map(({ countedMs }) => countedMs / 1000)),
      column(rows.map(({ event, countedMs }) => (event.atMs === countedMs ? null : event.atMs / 1000))),
      column(events.map(({ receivedAtMs }) => receivedAtMs / 1000)),
      column(events.map(({ rated }) => rated)),
    ],
  });
}

/** The columns of sums, in the order of `sumColumns`. */
const SUM_NAMES = [
  'impressions',
  'clicks',
  'conversions',
  'wins',
  'billings',
  'losses',
  'spend_nanos',
  'media_cost_nanos',
  'value_micros',
];
const SUMS = SUM_NAMES.join(', ');
const SUM_ARRAYS = SUM_NAMES.map((_, place) => `$${String(place + 1)}::bigint[]`).join(', ');

const ADD_AD_MINUTES = `
  INSERT INTO ad_stats_minute AS kept (${SUMS}, bucket_start, ad_id, known)
  SELECT ${SUMS}, to_timestamp(second), ad_id, known
    FROM unnest(${SUM_ARRAYS}, $10::float8[], $11::text[], $12::boolean[]) AS added (${SUMS}, second, ad_id, known)
  ON CONFLICT (bucket_start, ad_id) DO UPDATE SET ${addUp(SUM_NAMES)}, known = kept.known OR excluded.known`;

const RATED_NAMES = ['rated_impressions', 'rated_clicks', 'rated_conversions'];
const DAY_SUMS = [...SUM_NAMES, ...RATED_NAMES].join(', ');

const ADD_AD_DAYS = `
  INSERT INTO ad_stats_day AS kept (${DAY_SUMS}, date, ad_id, known)
  SELECT ${DAY_SUMS}, (to_timestamp(second) AT TIME ZONE 'UTC')::date, ad_id, known
    FROM unnest(${SUM_ARRAYS}, $10::float8[], $11::text[], $12::boolean[], $13::bigint[], $14::bigint[], $15::bigint[])
         AS added (${SUMS}, second, ad_id, known, ${RATED_NAMES.join(', ')})
  ON CONFLICT (ad_id, date) DO UPDATE SET ${addUp([...SUM_NAMES, ...RATED_NAMES])}, known = kept.known OR excluded.known`;

const ADD_CAMPAIGN_DAYS = `
  INSERT INTO daily_metrics AS kept (${SUMS}, date, campaign_id, bids)
  SELECT ${SUMS}, (to_timestamp(second) AT TIME ZONE 'UTC')::date, campaign_id, bids
    FROM unnest(${SUM_ARRAYS}, $10::float8[], $11::uuid[], $12::bigint[]) AS added (${SUMS}, second, campaign_id, bids)
  ON CONFLICT (campaign_id, date) DO UPDATE SET ${addUp([...SUM_NAMES, 'bids'])}, updated_at = now()`;

const ADD_BIDS = `
  INSERT INTO bids_minute AS kept (bucket_start, campaign_id, bids)
  SELECT to_timestamp(second), campaign_id, bids
    FROM unnest($1::float8[], $2::uuid[], $3::bigint[]) AS added (second, campaign_id, bids)
  ON CONFLICT (bucket_start, campaign_id) DO UPDATE SET ${addUp(['bids'])}`;

const ADD_NO_BIDS = `
  INSERT INTO no_bids_minute AS kept (bucket_start, nbr, no_bids)
  SELECT to_timestamp(second), nbr, no_bids
    FROM unnest($1::float8[], $2::bigint[], $3::bigint[]) AS added (second, nbr, no_bids)
  ON CONFLICT (bucket_start, nbr) DO UPDATE SET ${addUp(['no_bids'])}`;

export async function addUpTally(
  transaction: Transaction,
  { adMinutes, adDays, campaignDays, bidMinutes, noBidMinutes }: Tally,
): Promise<void> {
  await addAds(transaction, 'add-ad-minutes', ADD_AD_MINUTES, adMinutes, []);
  await addAds(transaction, 'add-ad-days', ADD_AD_DAYS, adDays, ratedColumns(adDays));
  if (campaignDays.length > 0) {
    const values = [
      ...sumColumns(campaignDays),
      column(campaignDays.map(({ startMs }) => startMs / 1000)),
      column(campaignDays.map(({ campaignId }) => campaignId)),
      column(campaignDays.map(({ bids }) => bids)),
    ];
    await transaction.query({ name: 'add-campaign-days', text: ADD_CAMPAIGN_DAYS, values });
  }
  await addAuctions(transaction, 'add-bids', ADD_BIDS, bidMinutes);
  await addAuctions(transaction, 'add-no-bids', ADD_NO_BIDS, noBidMinutes);
}

async function addAds(
  transaction: Transaction,
  name: string,
  text: string,
  sums: readonly AdSums[],
  further: readonly string[],
): Promise<void> {
  if (sums.length === 0) return;
  const values = [
    ...sumColumns(sums),
    column(sums.map(({ startMs }) => startMs / 1000)),
    column(sums.map(({ adId }) => adId)),
    column(sums.map(({ known }) => known)),
    ...further,
  ];
  await transaction.query({ name, text, values });
}

async function addAuctions(
  transaction: Transaction,
  name: string,
  text: string,
  minutes: readonly AuctionMinute[],
): Promise<void> {
  if (minutes.length === 0) return;
  const values = [
    column(minutes.map(({ startMs }) => startMs / 1000)),
    column(minutes.map(({ of }) => of)),
    column(minutes.map(({ count }) => count)),
  ];
  await transaction.query({ name, text, values });
}

function sumColumns(sums: readonly Sums[]): readonly string[] {
  return [
    column(sums.map(({ impression }) => impression)),
    column(sums.map(({ click }) => click)),
    column(sums.map(({ conversion }) => conversion)),
    column(sums.map(({ win }) => win)),
    column(sums.map(({ billing }) => billing)),
    column(sums.map(({ loss }) => loss)),
    column(sums.map(({ spendNanos }) => spendNanos)),
    column(sums.map(({ mediaCostNanos }) => mediaCostNanos)),
    column(sums.map(({ valueMicros }) => valueMicros)),
  ];
}

function ratedColumns(days: readonly AdDay[]): readonly string[] {
  return [
    column(days.map(({ rated }) => rated.impression)),
    column(days.map(({ rated }) => rated.click)),
    column(days.map(({ rated }) => rated.conversion)),
  ];
}

function addUp(names: readonly string[]): string {
  return names.map((name) => `${name} = kept.${name} + excluded.${name}`).join(', ');
}
