import { describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../analytics/counts.ts';
import { countBuckets, dayText, type Span } from '../analytics/span.ts';
import type { ShownTotals, Subject } from '../analytics/totals.ts';
import { analyticsRoutes } from './analytics.ts';
import type { Holder } from './gatekeeper.ts';
import type { HttpRequest } from './http.ts';
import { rememberHolders } from './remembered-holders.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12, 30, 15);
const CAMPAIGN = '7f0c3f0e-53a4-4b0e-9a57-1f0f6f3c2b11';
const ADVERTISER = 'c9bf9e57-1685-4c89-bafb-ff5af830be8a';
const READER: Holder = { actor: 'key:reader', mayChange: false, advertiserId: null };
const PENDING = { impressions: 1, clicks: 2, conversions: 3 };

interface Asking {
  readonly holder?: Holder | null;
  readonly ownerId?: string | null;
  readonly outcome?: 'unknown' | 'unavailable';
  readonly isStale?: boolean;
}

interface Asked {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly span: Span | null;
  readonly subject: Subject | null;
}

async function ask(path: string, asking: Asking = {}): Promise<Asked> {
  const { holder = READER, ownerId = ADVERTISER, outcome, isStale = false } = asking;
  let subject: Subject | null = null;
  let span: Span | null = null;
  const routes = analyticsRoutes({
    gatekeeper: (_, toChange) => {
      expect(toChange).toBe(false);
      return Promise.resolve(
        holder === null ? { kind: 'refused', answer: { status: 401 } } : { kind: 'admitted', holder },
      );
    },
    totals: (askedFor, ofSpan): Promise<ShownTotals | 'unknown' | 'unavailable'> => {
      [subject, span] = [askedFor, ofSpan];
      const counts = Array.from({ length: countBuckets(ofSpan) }, () => NO_COUNTS);
      return Promise.resolve(outcome ?? { ownerId, counts, isStale });
    },
    pending: { ofCampaign: () => PENDING, ofAd: () => PENDING },
    clock: () => NOW_MS,
    keptDays: 30,
  });
  const { pathname, search } = new URL(path, 'http://localhost');
  const [, , kind, id = ''] = pathname.split('/');
  const route = routes.find(({ pattern }) => pattern.startsWith(`/analytics/${kind ?? ''}/`));
  const name = kind === 'ad' ? 'adId' : 'id';
  const request = { query: search.slice(1), params: { [name]: decodeURIComponent(id) }, requestId: 'r' };
  if (route === undefined) throw new Error(`no route for ${path}`);
  const answer = await route.handle(request as unknown as HttpRequest);
  const body = answer.body === undefined ? {} : (JSON.parse(String(answer.body)) as Record<string, unknown>);
  return { status: answer.status, body, span, subject };
}

const campaign = `/analytics/campaign/${CAMPAIGN}`;

describe('GET /analytics/campaign/{id}', () => {
  it('answers with every day, what is pending, and whether it is stale', async () => {
    const { status, body } = await ask(`${campaign}?startDate=2026-11-20&endDate=2026-11-21`, {
      isStale: true,
    });
    const day = { impressions: 0, clicks: 0, conversions: 0, ctr: null, spend: 0, cpc: null };
    expect([status, body]).toEqual([
      200,
      {
        campaignId: CAMPAIGN,
        dateRange: { start: '2026-11-20', end: '2026-11-21' },
        summary: {
          totalImpressions: 0,
          totalClicks: 0,
          totalConversions: 0,
          ctr: null,
          totalSpend: 0,
          cpc: null,
          cpm: null,
        },
        dailyMetrics: [
          { date: '2026-11-20', ...day },
          { date: '2026-11-21', ...day },
        ],
        pending: PENDING,
        stale: true,
      },
    ]);
  });

  it.each([
    ['', '2026-10-23', '2026-11-21'],
    ['?startDate=2026-11-21', '2026-11-21', '2026-11-21'],
    ['?endDate=2026-10-31', '2026-10-02', '2026-10-31'],
    ['?startDate=2025-11-21', '2025-11-21', '2026-11-21'],
  ])('asks for the right days: %s', async (query, start, end) => {
    const { span } = await ask(campaign + query);
    expect([dayText(span?.firstMs ?? 0), dayText(span?.lastMs ?? 0)]).toEqual([start, end]);
  });

  it.each([
    ['?startDate=2026-02-30', 400, /^startDate: must be a day/],
    ['?start=2026-11-01', 400, /^start: is not known here: it is called startDate/],
    ['?endDate=21.11.2026', 400, /^endDate: must be a day/],
    ['?startDate=2026-11-22', 422, /^endDate: must not be before startDate/],
    ['?startDate=2025-11-20', 422, /^startDate: .* 367 days, more than 366/],
  ])('refuses %s with %i', async (query, status, message) => {
    const refused = await ask(campaign + query);
    expect([refused.status, refused.subject]).toEqual([status, null]);
    expect(refused.body.message).toMatch(message);
  });

  it('answers 404 for what is no campaign, or another advertiser’s than the key’s', async () => {
    const ofOne = { ...READER, advertiserId: ADVERTISER };
    expect((await ask(campaign, { holder: ofOne })).status).toBe(200);
    expect((await ask(campaign, { holder: ofOne, ownerId: CAMPAIGN })).status).toBe(404);
    expect((await ask(campaign, { outcome: 'unknown' })).status).toBe(404);
    expect((await ask('/analytics/campaign/7')).status).toBe(404);
  });

  it('answers 401 without a key, and 503 where nothing is known and Postgres is away', async () => {
    expect((await ask(campaign, { holder: null })).status).toBe(401);
    expect((await ask(campaign, { outcome: 'unavailable' })).status).toBe(503);
  });
});

describe('GET /analytics/ad/{adId}', () => {
  it('answers with every bucket, also of an ad of nobody’s', async () => {
    const { status, body, subject } = await ask('/analytics/ad/any%20id?bucket=minute&start=2026-11-21', {
      ownerId: null,
    });
    expect(status).toBe(200);
    expect(subject).toEqual({ kind: 'ad', id: 'any id' });
    expect(body).toMatchObject({ adId: 'any id', known: false, pending: PENDING, stale: false });
    const buckets = body.buckets as object[];
    expect(buckets).toHaveLength(12 * 60 + 31);
    expect(buckets[0]).toEqual({
      start: '2026-11-21T00:00:00.000Z',
      impressions: 0,
      clicks: 0,
      conversions: 0,
    });
  });

  it('is for the holder of one advertiser’s key an ad of that one alone', async () => {
    const holder = { ...READER, advertiserId: ADVERTISER };
    expect((await ask('/analytics/ad/a', { holder })).body.known).toBe(true);
    expect((await ask('/analytics/ad/a', { holder, ownerId: null })).status).toBe(404);
  });

  it.each([
    ['', 24, '2026-11-20T13:00:00.000Z'],
    ['?bucket=day', 30, '2026-10-23T00:00:00.000Z'],
    ['?bucket=minute', 60, '2026-11-21T11:31:00.000Z'],
    ['?bucket=hour&start=2026-10-22', 733, '2026-10-22T00:00:00.000Z'],
    ['?bucket=day&start=2022-10-14', 1_500, '2022-10-14T00:00:00.000Z'],
    ['?bucket=minute&start=2026-11-20T01:00:30%2B01:00&end=2026-11-21', 1_441, '2026-11-20T00:00:00.000Z'],
  ])('asks for the right buckets: %s', async (query, buckets, start) => {
    const { span } = await ask(`/analytics/ad/a${query}`);
    if (span === null) throw new Error('nothing was asked');
    expect([countBuckets(span), new Date(span.firstMs).toISOString()]).toEqual([buckets, start]);
  });

  it.each([
    ['?bucket=week', 400, /^bucket: must be one of/],
    ['?start=yesterday', 400, /^start: must be a day, or an ISO/],
    ['?end=2026-11-20', 200, /^$/],
    ['?start=2026-11-21&end=2026-11-20', 422, /^end: must not be before start/],
    ['?bucket=minute&start=2026-11-20T11:30:00Z', 422, /1501 minutes, more than 1500/],
    ['?bucket=day&start=2022-10-13', 422, /1501 days/],
    ['?bucket=hour&start=2026-10-21T23:00:00Z', 422, /kept from 2026-10-22T00:00:00.000Z on.*bucket=day/],
  ])('answers %s with %i', async (query, status, message) => {
    const answered = await ask(`/analytics/ad/a${query}`);
    expect(answered.status).toBe(status);
    expect(answered.body.message ?? '').toMatch(message);
  });
});

describe('a key', () => {
  it('opens reports while Postgres is away, once it was seen, and not after Postgres said that it is revoked', async () => {
    let answer: Holder | null | 'unavailable' = READER;
    const find = rememberHolders(() => Promise.resolve(answer));
    answer = 'unavailable';
    expect(await find('k')).toBe('unavailable');
    answer = READER;
    expect(await find('k')).toBe(READER);
    answer = 'unavailable';
    expect(await find('k')).toBe(READER);
    expect(await find('other')).toBe('unavailable');
    answer = null;
    expect(await find('k')).toBe(null);
    answer = 'unavailable';
    expect(await find('k')).toBe('unavailable');
  });
});
