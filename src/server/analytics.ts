/** GET /analytics/campaign/{id} and /analytics/ad/{adId}: what was counted, for those who may read campaigns. */
import { reportAd, reportCampaign } from '../analytics/report.ts';
import {
  BUCKET_UNITS,
  countBuckets,
  spanOf,
  UNIT_MS,
  type BucketUnit,
  type Span,
} from '../analytics/span.ts';
import type { ShownTotals, Subject, Totals } from '../analytics/totals.ts';
import { parseIsoTime } from '../campaigns/schedule-validation.ts';
import { MAX_NAME_CHARS } from '../events/event.ts';
import type { Pending } from '../events/pending.ts';
import { jsonAnswer, NO_CAMPAIGN } from './campaign-answers.ts';
import { fail } from './errors.ts';
import { mistakes, queryFields, type Fields } from './fields.ts';
import type { Gatekeeper, Holder } from './gatekeeper.ts';
import type { HttpAnswer, HttpRequest, Route } from './http.ts';
import { campaignIdOf } from './managing.ts';

export interface AnalyticsEdges {
  readonly gatekeeper: Gatekeeper;
  readonly totals: Totals;
  /** Accepted, and not yet committed. */
  readonly pending: Pending;
  readonly clock: () => number;
  /** Today and so many days before have sums by minute. */
  readonly keptDays: number;
}

type Handle = (request: HttpRequest, holder: Holder) => Promise<HttpAnswer>;
type Asked = { readonly span: Span; readonly refusal: null } | { readonly refusal: HttpAnswer };

/** A year with its leap day. */
export const MAX_DAYS = 366;
/** A day of minutes, and an hour. */
export const MAX_BUCKETS = 1_500;
/** Where no start is told, the end included. */
const DEFAULT_BUCKETS = { minute: 60, hour: 24, day: 30 } as const;
const DATE = /^\d{4}-\d\d-\d\d$/;
/** The last day that has four digits of a year. */
const LAST_MS = Date.UTC(9999, 11, 31);
const AWAY = 'nothing is known of this yet, and Postgres is away';
const NO_AD = 'there is no such ad';

export function analyticsRoutes(edges: AnalyticsEdges): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: '/analytics/campaign/{id}',
      name: 'analytics_campaign',
      handle: admitted(edges, (request, holder) => answerCampaign(edges, request, holder)),
    },
    {
      method: 'GET',
      pattern: '/analytics/ad/{adId}',
      name: 'analytics_ad',
      handle: admitted(edges, (request, holder) => answerAd(edges, request, holder)),
    },
  ];
}

function admitted({ gatekeeper }: AnalyticsEdges, handle: Handle): Route['handle'] {
  return async (request) => {
    const admission = await gatekeeper(request, false);
    return admission.kind === 'refused' ? admission.answer : handle(request, admission.holder);
  };
}

async function answerCampaign(
  edges: AnalyticsEdges,
  request: HttpRequest,
  holder: Holder,
): Promise<HttpAnswer> {
  const asked = readDays(request, edges.clock());
  if (asked.refusal !== null) return asked.refusal;
  const id = campaignIdOf(request);
  const found = id === null ? 'unknown' : await find(edges, { kind: 'campaign', id }, asked.span, holder);
  if (found === 'unavailable') return fail(request, 'UNAVAILABLE', AWAY);
  if (found === 'unknown' || id === null) return fail(request, 'NOT_FOUND', NO_CAMPAIGN);
  return jsonAnswer({
    campaignId: id,
    ...reportCampaign(asked.span, found.counts),
    pending: edges.pending.ofCampaign(id),
    stale: found.isStale,
  });
}

async function answerAd(edges: AnalyticsEdges, request: HttpRequest, holder: Holder): Promise<HttpAnswer> {
  const { adId = '' } = request.params;
  const asked = readBuckets(request, edges.clock(), edges.keptDays);
  if (asked.refusal !== null) return asked.refusal;
  if (adId.length > MAX_NAME_CHARS || adId.includes('\0')) return fail(request, 'NOT_FOUND', NO_AD);
  const found = await find(edges, { kind: 'ad', id: adId }, asked.span, holder);
  if (found === 'unavailable') return fail(request, 'UNAVAILABLE', AWAY);
  if (found === 'unknown') return fail(request, 'NOT_FOUND', NO_AD);
  return jsonAnswer({
    adId,
    known: found.ownerId !== null,
    buckets: reportAd(asked.span, found.counts),
    pending: edges.pending.ofAd(adId),
    stale: found.isStale,
  });
}

/** For the holder of one advertiser's key there is nothing that is another's, or nobody's. */
async function find(
  { totals }: AnalyticsEdges,
  subject: Subject,
  span: Span,
  { advertiserId }: Holder,
): Promise<ShownTotals | 'unknown' | 'unavailable'> {
  const found = await totals(subject, span);
  if (typeof found === 'string' || advertiserId === null) return found;
  return found.ownerId === advertiserId ? found : 'unknown';
}

function readDays(request: HttpRequest, nowMs: number): Asked {
  const fields = queryFields(request.query);
  refuseNames(fields, { start: 'startDate', end: 'endDate' });
  const endMs = readDate(fields, 'endDate') ?? nowMs;
  const startMs = readDate(fields, 'startDate') ?? endMs - (DEFAULT_BUCKETS.day - 1) * UNIT_MS.day;
  if (fields.errors.length > 0) return { refusal: mistakes(fields, request) };
  return checkSpan(request, spanOf('day', startMs, endMs), ['startDate', 'endDate'], MAX_DAYS);
}

function readBuckets(request: HttpRequest, nowMs: number, keptDays: number): Asked {
  const fields = queryFields(request.query);
  refuseNames(fields, { startDate: 'start', endDate: 'end' });
  const unit = readUnit(fields);
  const endMs = readTime(fields, 'end') ?? nowMs;
  const startMs = readTime(fields, 'start') ?? endMs - (DEFAULT_BUCKETS[unit] - 1) * UNIT_MS[unit];
  if (fields.errors.length > 0) return { refusal: mistakes(fields, request) };
  const span = spanOf(unit, startMs, endMs);
  const keptFromMs = spanOf('day', nowMs, nowMs).firstMs - keptDays * UNIT_MS.day;
  if (unit !== 'day' && span.firstMs < keptFromMs) {
    const from = new Date(keptFromMs).toISOString();
    const message = `start: minutes are kept from ${from} on; of what was before, ask with bucket=day`;
    return { refusal: fail(request, 'UNPROCESSABLE', message) };
  }
  return checkSpan(request, span, ['start', 'end'], MAX_BUCKETS);
}

function checkSpan(
  request: HttpRequest,
  span: Span,
  [start, end]: readonly [string, string],
  most: number,
): Asked {
  const buckets = countBuckets(span);
  if (buckets >= 1 && buckets <= most) return { span, refusal: null };
  const message =
    buckets < 1
      ? `${end}: must not be before ${start}`
      : `${start}: from there to ${end} are ${String(buckets)} ${span.unit}s, more than ${String(most)}`;
  return { refusal: fail(request, 'UNPROCESSABLE', message) };
}

/** Each report's names are the other's mistakes, and a range that is ignored looks like one that was kept. */
function refuseNames(fields: Fields, names: Readonly<Record<string, string>>): void {
  for (const [name, meant] of Object.entries(names))
    if (fields.text(name) !== '') fields.refuse(name, `is not known here: it is called ${meant}`);
}

function readUnit(fields: Fields): BucketUnit {
  const text = fields.text('bucket');
  const unit = BUCKET_UNITS.find((known) => known === text);
  if (text !== '' && unit === undefined) fields.refuse('bucket', `must be one of ${BUCKET_UNITS.join(', ')}`);
  return unit ?? 'hour';
}

/** null where it is absent. */
function readDate(fields: Fields, name: string): number | null {
  const text = fields.text(name);
  if (text === '') return null;
  const atMs = dateOf(text);
  if (atMs === null) fields.refuse(name, 'must be a day, as 2026-11-21');
  return atMs;
}

function readTime(fields: Fields, name: string): number | null {
  const text = fields.text(name);
  if (text === '') return null;
  const atMs = dateOf(text) ?? parseIsoTime(text);
  if (atMs !== null && atMs >= 0 && atMs <= LAST_MS) return atMs;
  fields.refuse(name, 'must be a day, or an ISO 8601 time with Z or an offset, as 2026-11-21T00:00:00Z');
  return null;
}

/** null: there is no such day since 1970. */
function dateOf(text: string): number | null {
  const atMs = DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(atMs) || atMs < 0 || !new Date(atMs).toISOString().startsWith(text) ? null : atMs;
}
