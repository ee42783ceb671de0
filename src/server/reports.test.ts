/** What browsers and other servers report, over a real connection. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NOW_MS } from '../auction/fixtures/market.ts';
import type { AdEvent } from '../events/event.ts';
import { AD_ID, TrackingDesk } from './fixtures/tracking-desk.ts';
import type { HttpServer } from './http.ts';

const desk = new TrackingDesk({ bid: { model: 'cpc', amountMicros: 500_000 } });
const CAMPAIGN_ID = desk.campaign.id;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DAY_MS = 86_400_000;

let server: HttpServer;
let url: string;
beforeAll(async () => {
  ({ server, url } = await desk.listen());
});
afterAll(() => server.close());
beforeEach(() => {
  desk.spool.records.length = 0;
  desk.outcomes.length = 0;
});

interface Told {
  readonly status: number;
  readonly body: unknown;
  readonly events: readonly AdEvent[];
}

async function call(path: string, init: RequestInit = {}): Promise<Told> {
  const response = await fetch(url + path, { redirect: 'manual', ...init });
  const type = response.headers.get('content-type') ?? '';
  const text = await response.text();
  const body: unknown = type.startsWith('application/json') ? JSON.parse(text) : text;
  return { status: response.status, body, events: desk.spool.adEvents };
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Told> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return call(path, {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

function messageOf({ body }: Told): string {
  return (body as { message: string }).message;
}

const EVENT = { event_id: 'e-1', type: 'impression', ad_id: AD_ID } as const;

describe('POST /events', () => {
  it('takes one event, of the campaign that has its ad, whatever the sender says', async () => {
    const told = await post('/events', {
      ...EVENT,
      campaign_id: 'somebody else',
      user_id: 'u-1',
      ts: '2026-11-20T01:02:03+02:00',
      value: 'unknown here',
    });
    expect([told.status, told.body]).toEqual([202, { status: 'accepted', event_id: 'e-1' }]);
    expect(told.events).toMatchObject([
      {
        type: 'impression',
        eventId: 'e-1',
        atMs: Date.UTC(2026, 10, 19, 23, 2, 3),
        receivedAtMs: NOW_MS,
        adId: AD_ID,
        campaignId: CAMPAIGN_ID,
        known: true,
        signed: false,
        userId: 'u-1',
        spendNanos: 0,
      },
    ]);
  });

  it('counts an ad of nobody under its id, and touches no campaign', async () => {
    const told = await post('/events', { ...EVENT, ad_id: 'Not a UUID', campaign_id: CAMPAIGN_ID });
    expect(told.events).toMatchObject([{ adId: 'Not a UUID', campaignId: '', known: false }]);
  });

  it('knows an ad in whatever case its id comes', async () => {
    const told = await post('/events', { ...EVENT, ad_id: AD_ID.toUpperCase() });
    expect(told.events).toMatchObject([{ adId: AD_ID, campaignId: CAMPAIGN_ID, known: true }]);
  });

  const refused: readonly (readonly [string, object, string])[] = [
    ['no event_id', { event_id: undefined }, 'event_id: is required'],
    [
      'an event_id of 129 characters',
      { event_id: 'x'.repeat(129) },
      'event_id: must have at most 128 characters',
    ],
    [
      'an event_id that looks like ours',
      { event_id: 'gavel:click:1' },
      'event_id: must not begin with gavel:',
    ],
    ['an event_id that is an object', { event_id: {} }, 'event_id: must be a string'],
    ['half a character', { event_id: '\ud800' }, 'event_id: must not hold broken characters'],
    ['an unknown type', { type: 'win' }, 'type: must be one of impression, click, conversion'],
    ['no type', { type: undefined }, 'type: must be one of impression, click, conversion'],
    ['no ad_id', { ad_id: '' }, 'ad_id: is required'],
    ['a field of 10 KB', { ad_id: 'x'.repeat(10_240) }, 'ad_id: must have at most 255 characters'],
    [
      'a campaign_id of 10 KB',
      { campaign_id: 'x'.repeat(10_240) },
      'campaign_id: must have at most 255 characters',
    ],
    ['a zero byte', { user_id: 'a\u0000b' }, 'user_id: must not hold broken characters'],
    ['a ts that is no instant', { ts: '2026-02-30T00:00:00Z' }, 'ts: must be an ISO 8601 time'],
    ['a ts without a zone', { ts: '2026-11-21T00:00:00' }, 'ts: must be an ISO 8601 time'],
    ['a ts that is a word', { ts: 'yesterday' }, 'ts: must be an ISO 8601 time'],
    ['a ts before 1970', { ts: '1969-12-31T23:59:59Z' }, 'ts: must be an ISO 8601 time'],
    ['a ts more than a day ahead', { ts: NOW_MS + DAY_MS + 1 }, 'ts: must not be more than a day ahead'],
  ];
  it.each(refused)(
    'refuses %s by its name, alone and in an array whose others are kept',
    async (_what, change, message) => {
      const alone = await post('/events', { ...EVENT, ...change });
      expect([alone.status, alone.events.length]).toEqual([400, 0]);
      expect(messageOf(alone)).toContain(message);
      const among = await post('/events', [EVENT, { ...EVENT, ...change }, { ...EVENT, event_id: 'e-2' }]);
      expect(among.status).toBe(202);
      expect(among.body).toMatchObject({ accepted: 2, rejected: [{ index: 1 }] });
      expect((among.body as { rejected: { message: string }[] }).rejected[0]?.message).toContain(message);
      expect(among.events.map(({ eventId }) => eventId)).toEqual(['e-1', 'e-2']);
    },
  );

  it('takes a ts of up to a day ahead, and one of long ago', async () => {
    const times = [NOW_MS + DAY_MS, String(NOW_MS + DAY_MS), 0, '1970-01-01T00:00:00Z'];
    const told = await post(
      '/events',
      times.map((ts) => ({ ...EVENT, ts })),
    );
    expect(told.events.map(({ atMs }) => atMs)).toEqual([NOW_MS + DAY_MS, NOW_MS + DAY_MS, 0, 0]);
  });

  it.each(['', '{', 'null', '7', '"text"'])('refuses a body that is no event: %s', async (body) => {
    const told = await post('/events', body);
    expect([told.status, told.events.length]).toEqual([400, 0]);
  });

  it('takes 1,000 in an array and none of 1,001', async () => {
    const events = Array.from({ length: 1_001 }, (_, n) => ({ ...EVENT, event_id: `e-${String(n)}` }));
    const tooMany = await post('/events', events);
    expect([tooMany.status, tooMany.events.length]).toEqual([400, 0]);
    const told = await post('/events', events.slice(1));
    expect([told.status, told.body]).toEqual([202, { status: 'accepted', accepted: 1_000, rejected: [] }]);
    expect(told.events.length).toBe(1_000);
  });

  it('keeps of any array the sound ones in their order, and names each other one', async () => {
    const sound = fc.record({
      event_id: fc
        .string({ minLength: 1, maxLength: 128 })
        .filter((id) => id.trim() !== '' && !id.startsWith('gavel:')),
      type: fc.constantFrom('impression', 'click', 'conversion'),
      ad_id: fc.constantFrom(AD_ID, 'x', '1'),
    });
    const broken = fc.oneof(
      fc.constantFrom(null, [], 7, 'text', true),
      fc.record({ event_id: fc.constantFrom('', null, 'x'.repeat(200)), type: fc.constant('click') }),
      fc.record({ event_id: fc.string(), type: fc.string({ maxLength: 4 }), ad_id: fc.constant('x') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(sound, broken), { maxLength: 30 }), async (events) => {
        desk.spool.records.length = 0;
        const isSound = (event: unknown): boolean =>
          typeof event === 'object' &&
          event !== null &&
          'ad_id' in event &&
          'type' in event &&
          event.type !== '' &&
          ['impression', 'click', 'conversion'].includes(String(event.type));
        const told = await post('/events', events);
        const { accepted, rejected } = told.body as { accepted: number; rejected: { index: number }[] };
        const wanted = events.filter(isSound).map((event) => (event as { event_id: string }).event_id);
        expect(told.events.map(({ eventId }) => eventId)).toEqual(wanted);
        expect(accepted + rejected.length).toBe(events.length);
        expect(rejected.map(({ index }) => index)).toEqual(
          [...events.keys()].filter((k) => !isSound(events[k])),
        );
      }),
      { seed: 20_261_121, numRuns: 200 },
    );
  });

  it('comes as plain text and gzipped as well, and is refused beyond 256 KiB', async () => {
    const text = JSON.stringify(EVENT);
    expect((await post('/events', text, { 'content-type': 'text/plain;charset=UTF-8' })).status).toBe(202);
    const gzipped = { method: 'POST', headers: { 'content-encoding': 'gzip' } };
    expect((await call('/events', { ...gzipped, body: gzipSync(text) })).status).toBe(202);
    const large = gzipSync(JSON.stringify([{ ...EVENT, pad: 'x'.repeat(300_000) }]));
    expect((await call('/events', { ...gzipped, body: large })).status).toBe(413);
    expect(desk.spool.adEvents.length).toBe(2);
  });
});

describe('POST /track/{type}', () => {
  it.each(['impression', 'click', 'conversion'] as const)(
    'counts an %s, and never charges without a token',
    async (type) => {
      const told = await post(`/track/${type}`, {
        ad_id: AD_ID,
        placement_id: 'p',
        value: '12.5',
        event_id: 'mine',
      });
      expect([told.status, told.body]).toEqual([200, { status: 'ok', event_id: 'mine' }]);
      const valueMicros = type === 'conversion' ? 12_500_000 : null;
      expect(told.events).toMatchObject([
        { type, eventId: 'mine', placementId: 'p', valueMicros, spendNanos: 0 },
      ]);
      expect(desk.spentNanos()).toBe(0);
    },
  );

  it('makes an id where none is named', async () => {
    const told = await post('/track/click', { ad_id: AD_ID });
    expect((told.body as { event_id: string }).event_id).toMatch(UUID);
    expect(told.events.map(({ eventId }) => eventId)).toEqual([(told.body as { event_id: string }).event_id]);
  });

  it.each(['win', 'billing', 'auction', 'Click'])('knows nothing of %s', async (type) => {
    expect((await post(`/track/${type}`, { ad_id: AD_ID })).status).toBe(404);
  });

  it.each([
    [{ ad_id: AD_ID, value: -1 }, 'value'],
    [{ ad_id: AD_ID, value: 1e13 }, 'value'],
    [{ ad_id: AD_ID, placement_id: 'x'.repeat(256) }, 'placement_id'],
    [{}, 'ad_id'],
  ])('refuses %j by the field %s', async (body, field) => {
    const told = await post('/track/conversion', body);
    expect([told.status, told.events.length]).toEqual([400, 0]);
    expect(messageOf(told)).toContain(field);
  });

  it('with a token is the very call of its pixel: it charges, once', async () => {
    const before = desk.spentNanos();
    const { click, impression } = await desk.bid();
    const told = await post('/track/click', { t: click, event_id: 'mine' });
    await call(`/click?t=${click}`);
    expect(desk.spentNanos() - before).toBe(500_000_000);
    expect(told.body).toEqual({ status: 'ok', event_id: told.events[0]?.eventId });
    expect(desk.spool.adEvents).toMatchObject([{ type: 'click', signed: true, spendNanos: 500_000_000 }]);
    expect((await post('/track/click', { t: impression })).status).toBe(401);
    expect((await post('/track/click', { t: 'forged', ad_id: AD_ID })).status).toBe(401);
  });
});

describe('POST /click', () => {
  const CLICK = { adId: AD_ID, campaignId: 'c', userId: 'u' };

  it('with a timestamp is the same click again, without one another each time', async () => {
    const timestamp = '2026-11-21T11:00:00Z';
    const bodies = [
      { ...CLICK, timestamp },
      { ...CLICK, timestamp: Date.parse(timestamp) },
      { ...CLICK, timestamp, userId: 'v' },
      { ...CLICK, timestamp: '2026-11-21T11:00:01Z' },
      CLICK,
      CLICK,
    ];
    for (const body of bodies) expect((await post('/click', body)).status).toBe(204);
    const ids = desk.spool.adEvents.map(({ eventId }) => eventId);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(5);
    expect(desk.spool.adEvents[0]).toMatchObject({ type: 'click', atMs: Date.parse(timestamp), userId: 'u' });
  });

  it.each(['adId', 'campaignId', 'userId', 'timestamp'])('refuses a wrong %s by its name', async (name) => {
    const told = await post('/click', { ...CLICK, [name]: [] });
    expect([told.status, told.events.length]).toEqual([400, 0]);
    expect(messageOf(told)).toContain(name);
  });
});

describe('GET, without a token', () => {
  it('/click leads to the landing page of an ad that we have, and counts', async () => {
    const told = await call(`/click?adId=${AD_ID}&campaignId=c&userId=u`);
    expect(told.status).toBe(302);
    expect(told.events).toMatchObject([
      { type: 'click', campaignId: CAMPAIGN_ID, userId: 'u', spendNanos: 0 },
    ]);
    expect((await call(`/click?adId=${'x'.repeat(300)}`)).status).toBe(400);
  });

  it.each(['impression', 'conversion'])('/%s is a GIF, and counts', async (type) => {
    const told = await call(`/${type}?ad_id=nobody%27s&value=2`);
    expect(told.status).toBe(200);
    const valueMicros = type === 'conversion' ? 2_000_000 : null;
    expect(told.events).toMatchObject([{ type, adId: "nobody's", known: false, valueMicros }]);
    for (const bad of ['', '?ad_id=', '?ad_id=%00', `?ad_id=${'x'.repeat(256)}`]) {
      expect((await call(`/${type}${bad}`)).status, bad).toBe(400);
    }
  });
});
