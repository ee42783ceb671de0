/** Campaigns managed from outside, by HTTP alone: what the contract says, and that the very next bid serves by it. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';

const ADVERTISER = 'c9bf9e57-1685-4c89-bafb-ff5af830be8a';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const DOCUMENTS = 60;

const dataDir = newDataDir();
let gavel: GavelProcess;

beforeAll(async () => {
  gavel = await startGavel(dataDir, { GAVEL_DEMO: '0', GAVEL_PUBLIC_URL: 'https://ads.example' });
});
afterAll(async () => {
  await gavel.stop();
  removeDataDir(dataDir);
});

interface Ad {
  readonly id: string;
  readonly status: string;
  readonly title: string;
}
interface Document {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly ads: readonly Ad[];
  readonly [field: string]: unknown;
}
interface Answer<Body = Document> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}
interface Refusal {
  readonly error: string;
  readonly message: string;
  readonly requestId: string;
  readonly details?: readonly { readonly field: string; readonly message: string }[];
}

async function call<Body = Document>(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<Body>> {
  const response = await fetch(gavel.url + path, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN_KEY}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = (text === '' ? null : JSON.parse(text)) as Body;
  return { status: response.status, headers: response.headers, body: parsed };
}

async function refused(
  status: number,
  ...request: [method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>]
): Promise<Refusal> {
  const answer = await call<Refusal>(...request);
  expect([answer.status, answer.body]).toEqual([
    status,
    expect.objectContaining({ requestId: expect.any(String) as unknown }),
  ]);
  return answer.body;
}

/** Each test's campaign bids for a size of its own, so that tests do not bid against each other. */
let lastSide = 100;
function newCampaign(change: object = {}, ad: object = {}): { document: object; side: number } {
  const side = ++lastSide;
  const document = {
    name: `Campaign ${String(side)}`,
    advertiserId: ADVERTISER,
    bid: { model: 'cpm', amount: 2.5 },
    dailyBudget: 500,
    pacing: 'asap',
    ads: [newAd(side, ad)],
    ...change,
  };
  return { document, side };
}

function newAd(side: number, change: object = {}): object {
  return {
    title: `Ad ${String(side)}`,
    imageUrl: `https://cdn.brand.example/${String(side)}.png`,
    redirectUrl: 'https://www.brand.example/spring',
    width: side,
    height: side,
    ...change,
  };
}

async function create(
  change: object = {},
): Promise<{ id: string; side: number; tag: string; body: Document }> {
  const { document, side } = newCampaign(change);
  const answer = await call('POST', '/campaigns', document);
  expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
  return { id: answer.body.id, side, tag: answer.headers.get('etag') ?? '', body: answer.body };
}

interface Bid {
  readonly price: number;
  readonly cid: string;
  readonly crid: string;
  readonly burl: string;
}

/** null: a no-bid. */
async function bidFor(side: number): Promise<Bid | null> {
  const response = await fetch(`${gavel.url}/openrtb2/bid`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      id: 'e2e',
      imp: [{ id: '1', banner: { w: side, h: side } }],
      site: { domain: 'news.example' },
      device: { os: 'Android', geo: { country: 'USA' } },
    }),
  });
  if (response.status === 204) return null;
  const answer = (await response.json()) as { seatbid: { bid: Bid[] }[] };
  return answer.seatbid[0]?.bid[0] ?? null;
}

describe('the management key', () => {
  it('is asked for at every endpoint, and the answer names the scheme', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    for (const [method, path] of [
      ['POST', '/campaigns'],
      ['GET', '/campaigns'],
      ['GET', `/campaigns/${id}`],
      ['PUT', `/campaigns/${id}`],
      ['PATCH', `/campaigns/${id}`],
      ['DELETE', `/campaigns/${id}`],
      ['POST', `/campaigns/${id}/pause`],
      ['POST', `/campaigns/${id}/resume`],
      ['GET', `/campaigns/${id}/audit`],
      ['POST', `/campaigns/${id}/ads`],
      ['GET', `/campaigns/${id}/ads/${id}`],
      ['PATCH', `/campaigns/${id}/ads/${id}`],
      ['DELETE', `/campaigns/${id}/ads/${id}`],
    ] as const) {
      for (const authorization of [
        '',
        'Bearer wrong-key-wrong-key',
        `Basic ${ADMIN_KEY}`,
        'Bearer gvk_unknown',
      ]) {
        const answer = await call<Refusal>(method, path, undefined, { authorization });
        expect([method, path, answer.status, answer.body.error]).toEqual([method, path, 401, 'UNAUTHORIZED']);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
  });
});

describe('a campaign that is created', () => {
  it('is told with its defaults, its place and its tag, and the very next request gets its bid', async () => {
    const { document, side } = newCampaign();
    const { status, headers, body } = await call('POST', '/campaigns', document);
    const bid = await bidFor(side);
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`https://ads.example/campaigns/${body.id}`);
    expect(headers.get('etag')).toBe(`"${String(body.version)}"`);
    expect(headers.get('content-type')).toBe('application/json');
    expect(body).toEqual({
      ...document,
      id: expect.stringMatching(UUID) as unknown,
      seat: ADVERTISER,
      status: 'active',
      lifetimeBudget: null,
      budgetMode: 'strict',
      schedule: {
        start: expect.stringMatching(/^20\d\d-.*Z$/) as unknown,
        end: null,
        timezone: 'UTC',
        dayparts: [],
      },
      frequencyCaps: [],
      targeting: [],
      ads: [
        {
          ...newAd(side),
          id: expect.stringMatching(UUID) as unknown,
          type: 'banner',
          status: 'active',
          description: null,
          html: null,
          callToAction: null,
          iconUrl: null,
          sponsoredBy: null,
          rating: null,
          price: null,
          adomain: [],
          categories: [],
          cattax: 1,
          attributes: [],
          bundle: null,
          media: [],
          durationSec: null,
          skippableAfterSec: null,
          protocols: [],
        },
      ],
      deals: [],
      dealsOnly: false,
      currency: 'USD',
      version: expect.any(Number) as unknown,
      createdAt: expect.stringMatching(/^20\d\d-.*Z$/) as unknown,
      updatedAt: body.createdAt,
      spentToday: 0,
      spentLifetime: 0,
    });
    expect(bid).toMatchObject({ cid: body.id, crid: body.ads[0]?.id, price: 2.5 });
    const read = await call('GET', `/campaigns/${body.id.toUpperCase()}`);
    expect([read.status, read.body, read.headers.get('etag')]).toEqual([200, body, headers.get('etag')]);
  });

  it('says what was spent of it', async () => {
    const { id, side } = await create({ lifetimeBudget: 900.000000001 });
    const bid = await bidFor(side);
    const notice = new URL(bid?.burl.replace('${AUCTION_PRICE}', '1.25') ?? '');
    expect((await fetch(gavel.url + notice.pathname + notice.search)).status).toBe(204);
    const { body } = await call('GET', `/campaigns/${id}`);
    expect(body).toMatchObject({
      spentToday: 0.00125,
      spentLifetime: 0.00125,
      lifetimeBudget: 900.000000001,
    });
  });

  it('is warned of where it is sound and hardly meant, as long as it is', async () => {
    const { id, body } = await create({ lifetimeBudget: 499 });
    const warnings = [
      { field: 'lifetimeBudget', message: expect.stringContaining('dailyBudget') as unknown },
    ];
    expect(body).toMatchObject({ lifetimeBudget: 499, warnings });
    expect((await call('PUT', `/campaigns/${id}`, body)).body).toMatchObject({
      version: body.version,
      warnings,
    });
    const mended = await call('PATCH', `/campaigns/${id}`, { lifetimeBudget: 500 });
    expect(mended.body).not.toHaveProperty('warnings');
  });

  it('is refused whole, with all its fields at once, where any is wrong', async () => {
    const wrong = {
      name: ' ',
      advertiserId: 'nobody',
      bid: { model: 'cpm', amount: -1 },
      dailyBudget: 0,
      schedule: { start: '2026-12-01T00:00:00Z', end: '2026-11-01T00:00:00Z', timezone: 'Mars/Base' },
      targeting: [
        { dimension: 'weather', values: ['rain'] },
        { dimension: 'country', values: [] },
        { dimension: 'country', values: ['ATLANTIS'] },
      ],
      ads: [{ title: 'x', imageUrl: 'ftp://x/y', redirectUrl: 'https://x.example', width: 1, height: 1 }],
      currency: 'EUR',
    };
    const rule = await refused(422, 'POST', '/campaigns', wrong);
    expect(rule.error).toBe('UNPROCESSABLE');
    expect(rule.details?.map(({ field }) => field).sort()).toEqual([
      'ads[0].imageUrl',
      'advertiserId',
      'bid.amount',
      'currency',
      'dailyBudget',
      'name',
      'schedule.end',
      'schedule.timezone',
      'targeting[0].dimension',
      'targeting[1].values',
      'targeting[2].values[0]',
    ]);
    for (const { field } of rule.details ?? []) expect(rule.message).toContain(field);
    const type = await refused(400, 'POST', '/campaigns', { ...wrong, name: [], ads: 7 });
    expect(type).toMatchObject({ error: 'INVALID_REQUEST' });
    expect(type.details?.map(({ field }) => field)).toEqual(
      expect.arrayContaining(['name', 'ads', 'currency']),
    );
    const none = await refused(400, 'POST', '/campaigns', {});
    expect(none.details?.map(({ field }) => field).sort()).toEqual(
      ['ads', 'advertiserId', 'bid', 'dailyBudget', 'name'].sort(),
    );
  });

  it('must come as a JSON object of a type that is read, and of a size', async () => {
    for (const body of ['', '{', 'null', '[]', '"x"', '{"name":'])
      expect(await refused(400, 'POST', '/campaigns', body)).toMatchObject({ error: 'INVALID_REQUEST' });
    const xml = await refused(415, 'POST', '/campaigns', '<a/>', { 'content-type': 'application/xml' });
    expect(xml.error).toBe('UNSUPPORTED_MEDIA_TYPE');
    const long = await refused(413, 'POST', '/campaigns', { name: 'x'.repeat(256 * 1024) });
    expect(long.error).toBe('BODY_TOO_LARGE');
  });
});

describe('a request that comes twice', () => {
  it('with the same key is done once, and answered the same', async () => {
    const { document } = newCampaign();
    const headers = { 'idempotency-key': 'order-1' };
    const [first, second] = await Promise.all([
      call('POST', '/campaigns', document, headers),
      call('POST', '/campaigns', document, headers),
    ]);
    const third = await call('POST', '/campaigns', document, headers);
    for (const again of [second, third]) {
      expect([again.status, again.body]).toEqual([201, first.body]);
      for (const name of ['location', 'etag']) expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    const { body } = await call<{ items: Document[] }>('GET', '/campaigns?limit=500');
    expect(body.items.filter(({ name }) => name === (document as { name: string }).name).length).toBe(1);
  });

  it('with the key of another is refused, and with that of one that was refused is done', async () => {
    const { document } = newCampaign();
    const headers = { 'idempotency-key': 'order-2' };
    await refused(422, 'POST', '/campaigns', { ...document, dailyBudget: -1 }, headers);
    expect((await call('POST', '/campaigns', document, headers)).status).toBe(201);
    const other = await refused(422, 'POST', '/campaigns', { ...document, dailyBudget: 7 }, headers);
    expect(other.message).toContain('idempotency-key');
    await refused(400, 'POST', '/campaigns', document, { 'idempotency-key': 'k'.repeat(256) });
    await refused(400, 'POST', '/campaigns', document, { 'idempotency-key': 'kéy' });
  });
});

describe('a list of campaigns', () => {
  it('goes on where it was, whatever is added meanwhile', async () => {
    const advertiserId = '11111111-1111-4111-8111-111111111111';
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push((await create({ advertiserId })).id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Answer<{ items: Document[]; nextCursor: string | null }> = await call(
        'GET',
        `/campaigns?advertiserId=${advertiserId.toUpperCase()}&limit=2&cursor=${cursor}`,
      );
      expect(page.status).toBe(200);
      seen.push(...page.body.items.map(({ id }) => id));
      cursor = page.body.nextCursor;
      if (made.length === 5) made.push((await create({ advertiserId })).id);
    }
    expect(seen).toEqual(made);
    await call('POST', `/campaigns/${made[0] ?? ''}/pause`);
    const paused = await call<{ items: Document[]; nextCursor: string | null }>(
      'GET',
      `/campaigns?advertiserId=${advertiserId}&status=paused`,
    );
    expect(paused.body).toMatchObject({ items: [{ id: made[0], status: 'paused' }], nextCursor: null });
  });

  it('names what is wrong with a filter, rather than to list nothing', async () => {
    const { details } = await refused(
      400,
      'GET',
      '/campaigns?status=asleep&advertiserId=x&limit=501&cursor=zzz',
    );
    expect(details?.map(({ field }) => field)).toEqual(['status', 'advertiserId', 'limit', 'cursor']);
    for (const limit of ['0', '-1', '1.5', 'many']) await refused(400, 'GET', `/campaigns?limit=${limit}`);
  });
});

describe('a change', () => {
  it('by PATCH leaves what it does not mention, and the very next bid is by it', async () => {
    const { id, side, tag, body } = await create({ targeting: [{ dimension: 'country', values: ['US'] }] });
    const patch = { bid: { amount: 3.25 }, unknown: 1, id: 'x', version: 99 };
    const changed = await call('PATCH', `/campaigns/${id}`, patch, {
      'content-type': 'application/merge-patch+json',
      'if-match': tag,
    });
    const bid = await bidFor(side);
    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({
      ...body,
      bid: { model: 'cpm', amount: 3.25 },
      version: changed.body.version,
      updatedAt: changed.body.updatedAt,
    });
    expect(changed.body.version).toBeGreaterThan(body.version);
    expect(changed.headers.get('etag')).toBe(`"${String(changed.body.version)}"`);
    expect(bid?.price).toBe(3.25);
    const cleared = await call('PATCH', `/campaigns/${id}`, { targeting: null, schedule: { end: null } });
    expect(cleared.body).toMatchObject({ targeting: [] });
  });

  it('that changes nothing leaves version and audit as they are', async () => {
    const { id, body } = await create();
    expect((await call('PATCH', `/campaigns/${id}`, { dailyBudget: '500' })).body).toEqual(body);
    expect((await call('POST', `/campaigns/${id}/resume`)).body).toEqual(body);
    expect((await call('PUT', `/campaigns/${id}`, body)).body).toEqual(body);
    // Without its start it does not begin anew.
    expect((await call('PUT', `/campaigns/${id}`, { ...body, schedule: null })).body).toEqual(body);
    const { ads, ...rest } = body;
    const unnamed = ads.map(({ id: _, ...ad }) => ad);
    expect((await call('PUT', `/campaigns/${id}`, { ...rest, ads: unnamed })).body).toEqual(body);
    const audit = await call<{ items: unknown[] }>('GET', `/campaigns/${id}/audit`);
    expect(audit.body.items.length).toBe(1);
  });

  it('by PUT replaces the whole, and keeps the ads that it names', async () => {
    const { id, side, body } = await create({ lifetimeBudget: 1000, deals: ['deal-7'] });
    const { document } = newCampaign();
    const [kept] = body.ads;
    const ads = [newAd(side, { title: 'First now' }), { ...kept, title: 'Kept' }];
    const answer = await call('PUT', `/campaigns/${id}`, { ...document, ads });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id, lifetimeBudget: null, deals: [], createdAt: body.createdAt });
    expect(answer.body.ads.map(({ title }) => title)).toEqual(['First now', 'Kept']);
    expect(answer.body.ads[1]?.id).toBe(kept?.id);
    expect(answer.body.schedule).toEqual(body.schedule);
    expect((await call('GET', `/campaigns/${id}`)).body).toEqual(answer.body);
    const foreign = { ...document, ads: [{ ...newAd(side), id: '00000000-0000-4000-8000-000000000000' }] };
    expect((await refused(422, 'PUT', `/campaigns/${id}`, foreign)).details).toMatchObject([
      { field: 'ads[0].id' },
    ]);
    const twice = { ...document, ads: [kept, kept] };
    expect((await refused(422, 'PUT', `/campaigns/${id}`, twice)).details).toMatchObject([
      { field: 'ads[1].id' },
    ]);
  });

  it('is refused where another came first, and by a broken rule', async () => {
    const { id, tag } = await create();
    await call('PATCH', `/campaigns/${id}`, { name: 'First' }, { 'if-match': tag });
    for (const [method, path, body] of [
      ['PATCH', '', { name: 'Second' }],
      ['PUT', '', newCampaign().document],
      ['DELETE', '', undefined],
      ['POST', '/pause', undefined],
      ['POST', '/ads', newAd(1)],
    ] as const) {
      const conflict = await refused(409, method, `/campaigns/${id}${path}`, body, { 'if-match': tag });
      expect(conflict.error).toBe('CONFLICT');
    }
    expect((await call('GET', `/campaigns/${id}`)).body).toMatchObject({ name: 'First', status: 'active' });
    const rule = await refused(422, 'PATCH', `/campaigns/${id}`, { dailyBudget: -1, bid: { amount: 0 } });
    expect(rule.details?.map(({ field }) => field).sort()).toEqual(['bid.amount', 'dailyBudget']);
    await refused(400, 'PATCH', `/campaigns/${id}`, { bid: [] });
    await refused(400, 'PATCH', `/campaigns/${id}`, { name: null });
    expect((await call('PATCH', `/campaigns/${id}`, { name: 'Third' }, { 'if-match': '*' })).status).toBe(
      200,
    );
  });

  it('to paused stops the bids at once, and to active begins them', async () => {
    const { id, side } = await create();
    expect((await call('POST', `/campaigns/${id}/pause`)).body.status).toBe('paused');
    expect(await bidFor(side)).toBeNull();
    expect((await call('POST', `/campaigns/${id}/resume`)).body.status).toBe('active');
    expect((await bidFor(side))?.cid).toBe(id);
  });

  it('by DELETE ends it for ever, and keeps its history', async () => {
    const { id, side } = await create();
    const ended = await call('DELETE', `/campaigns/${id}`);
    expect([ended.status, ended.body]).toEqual([204, null]);
    expect(await bidFor(side)).toBeNull();
    expect((await call('DELETE', `/campaigns/${id}`)).status).toBe(204);
    expect((await call('GET', `/campaigns/${id}`)).body.status).toBe('ended');
    for (const [method, path, body] of [
      ['POST', '/resume', undefined],
      ['POST', '/pause', undefined],
      ['PATCH', '', { status: 'active' }],
      ['PUT', '', newCampaign().document],
      ['POST', '/ads', newAd(1)],
    ] as const)
      await refused(409, method, `/campaigns/${id}${path}`, body);
  });

  it('stands in the audit with who made it, and the campaign before and after', async () => {
    const { id, body } = await create();
    const { body: patched } = await call('PATCH', `/campaigns/${id}`, { name: 'Renamed' });
    await call('DELETE', `/campaigns/${id}`);
    interface Entry {
      readonly at: string;
      readonly actor: string;
      readonly action: string;
      readonly before: Document | null;
      readonly after: Document;
    }
    const first = await call<{ items: Entry[]; nextCursor: string }>('GET', `/campaigns/${id}/audit?limit=2`);
    const rest = await call<{ items: Entry[]; nextCursor: null }>(
      'GET',
      `/campaigns/${id}/audit?cursor=${first.body.nextCursor}`,
    );
    const entries = [...first.body.items, ...rest.body.items];
    expect(rest.body.nextCursor).toBeNull();
    const { spentToday: _, spentLifetime: __, ...created } = body;
    expect(entries.map(({ actor, action }) => [actor, action])).toEqual([
      ['admin', 'end'],
      ['admin', 'patch'],
      ['admin', 'create'],
    ]);
    expect(entries[2]).toEqual({
      at: entries[2]?.at,
      actor: 'admin',
      action: 'create',
      before: null,
      after: created,
    });
    expect(entries[1]).toMatchObject({ before: { name: created.name }, after: { name: 'Renamed' } });
    expect(entries[1]?.before).toEqual(entries[2]?.after);
    expect(entries[0]).toMatchObject({ before: { version: patched.version }, after: { status: 'ended' } });
    await refused(400, 'GET', `/campaigns/${id}/audit?cursor=zzz`);
  });
});

describe('an ad', () => {
  it('is added, read, changed, paused and taken out by itself, each time for the very next bid', async () => {
    const { id, side, tag } = await create();
    const other = ++lastSide;
    const added = await call<Ad>('POST', `/campaigns/${id}/ads`, newAd(other), { 'if-match': tag });
    expect((await bidFor(other))?.crid).toBe(added.body.id);
    expect(added.status).toBe(201);
    const path = `/campaigns/${id}/ads/${added.body.id}`;
    expect(added.headers.get('location')).toBe(`https://ads.example${path}`);
    expect(added.headers.get('etag')).not.toBe(tag);
    const read = await call<Ad>('GET', path);
    expect([read.body, read.headers.get('etag')]).toEqual([added.body, added.headers.get('etag')]);

    const moved = ++lastSide;
    const patched = await call<Ad>('PATCH', path, { width: moved, height: moved, title: 'Moved' });
    expect(patched.body).toMatchObject({ id: added.body.id, title: 'Moved', width: moved });
    expect([await bidFor(other), (await bidFor(moved))?.crid]).toEqual([null, added.body.id]);

    expect((await call<Ad>('PATCH', path, { status: 'paused' })).body.status).toBe('paused');
    expect(await bidFor(moved)).toBeNull();
    expect((await bidFor(side))?.cid).toBe(id);

    expect((await call('DELETE', path)).status).toBe(204);
    await refused(404, 'GET', path);
    await refused(404, 'DELETE', path);
    const { body } = await call('GET', `/campaigns/${id}`);
    expect(body.ads.length).toBe(1);
    const last = await refused(422, 'DELETE', `/campaigns/${id}/ads/${body.ads[0]?.id ?? ''}`);
    expect(last.message).toContain('ads');
    const click = await fetch(`${gavel.url}/click?adId=${added.body.id}&campaignId=${id}&userId=u`, {
      redirect: 'manual',
    });
    expect([click.status, click.headers.get('location')]).toEqual([302, 'https://www.brand.example/spring']);
  });

  it('is refused by the rules of ads, and where there are a hundred', async () => {
    const { id, side } = await create({
      ads: Array.from({ length: 100 }, (_, i) => newAd(++lastSide, { title: `n${String(i)}` })),
    });
    expect((await refused(422, 'POST', `/campaigns/${id}/ads`, newAd(side))).details).toMatchObject([
      { field: 'ads' },
    ]);
    const wrong = await refused(422, 'POST', `/campaigns/${id}/ads`, {
      ...newAd(side),
      html: null,
      imageUrl: 'x',
    });
    expect(wrong.details?.map(({ field }) => field)).toEqual(['imageUrl', 'ads']);
    await refused(400, 'POST', `/campaigns/${id}/ads`, '[]');
    await refused(400, 'POST', `/campaigns/${id}/ads`, { title: 'no landing page' });
  });
});

describe('a path of the management', () => {
  it('that names no campaign or no ad is 404', async () => {
    const { id } = await create();
    const nobody = '00000000-0000-4000-8000-000000000000';
    for (const unknown of [nobody, 'x', `${id}x`, '%27%20OR%201=1']) {
      for (const [method, rest, body] of [
        ['GET', '', undefined],
        ['PUT', '', newCampaign().document],
        ['PATCH', '', {}],
        ['DELETE', '', undefined],
        ['POST', '/pause', undefined],
        ['GET', '/audit', undefined],
        ['POST', '/ads', newAd(1)],
        ['GET', `/ads/${nobody}`, undefined],
      ] as const)
        expect((await refused(404, method, `/campaigns/${unknown}${rest}`, body)).error).toBe('NOT_FOUND');
    }
    for (const method of ['GET', 'PATCH', 'DELETE'])
      await refused(404, method, `/campaigns/${id}/ads/${nobody}`, method === 'PATCH' ? {} : undefined);
  });

  it('called by another method is 405 and says which are allowed', async () => {
    const { id } = await create();
    for (const [method, path, allow] of [
      ['DELETE', '/campaigns', 'GET, POST, HEAD, OPTIONS'],
      ['POST', `/campaigns/${id}`, 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
      ['GET', `/campaigns/${id}/pause`, 'POST, OPTIONS'],
      ['PUT', `/campaigns/${id}/ads`, 'POST, OPTIONS'],
      ['PUT', `/campaigns/${id}/ads/${id}`, 'GET, PATCH, DELETE, HEAD, OPTIONS'],
      ['POST', `/campaigns/${id}/audit`, 'GET, HEAD, OPTIONS'],
    ] as const) {
      const answer = await call<Refusal>(method, path);
      expect([answer.status, answer.headers.get('allow'), answer.body.error]).toEqual([
        405,
        allow,
        'METHOD_NOT_ALLOWED',
      ]);
    }
  });
});

describe('any document', () => {
  const oddValue = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      1e308,
      -0,
      5e-324,
      9007199.254740991,
      '0.000000001',
      '\u0000',
      '\ud800',
      '9'.repeat(300),
      [],
    ),
  );
  /** Rarely odd: a document of thirty fields is else never accepted. */
  const mostly = <T>(...sound: readonly T[]) =>
    fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...sound) }, { weight: 1, arbitrary: oddValue });
  const text = fc.oneof(
    {
      weight: 60,
      arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).map((part) => `x${part}`),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
    { weight: 1, arbitrary: oddValue },
  );
  const time = fc.oneof(
    {
      weight: 30,
      arbitrary: fc.date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
    },
    { weight: 1, arbitrary: fc.date({ noInvalidDate: true }) },
  );
  const isoTime = time.map((date) => date.toISOString());
  const rule = fc.record(
    {
      dimension: mostly<unknown>('city', 'segment', 'app', 'placement', '__proto__'),
      operator: mostly<unknown>('include', 'exclude'),
      values: fc.array(text, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ['dimension', 'values'] },
  );
  const schedule = fc.record(
    {
      start: isoTime,
      end: fc.oneof(mostly<unknown>('2036-01-01T00:00:00+14:00', null), isoTime),
      timezone: mostly<unknown>('UTC', 'america/new_york', 'Asia/Kathmandu'),
      dayparts: fc.array(
        fc.record({
          days: fc.array(mostly<unknown>(1, 2, 7), { minLength: 1 }),
          from: mostly<unknown>('00:00', '22:30'),
          to: mostly<unknown>('24:00', '04:00'),
        }),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: [] },
  );
  const ad = fc.record(
    {
      title: text,
      imageUrl: mostly<unknown>('https://cdn.example/a.png?x=%20', 'https://cdn.example/b.png'),
      redirectUrl: fc.constant('https://brand.example/?a={CONVERSION_TOKEN}'),
      width: fc.integer({ min: 1, max: 10_000 }),
      height: mostly<unknown>(250, '90', 10_000),
      rating: fc.oneof(fc.double({ min: 0, max: 5, noNaN: true }), mostly<unknown>(null, '4.5')),
      adomain: mostly<unknown>([], ['brand.example']),
      extra: oddValue,
    },
    { requiredKeys: ['title', 'redirectUrl', 'width', 'height', 'imageUrl'] },
  );
  const cents = fc.integer({ min: 1, max: 900_000_000 }).map((amount) => amount / 100);
  const document = fc.record(
    {
      name: text,
      advertiserId: fc.uuid(),
      seat: text,
      status: mostly<unknown>('active', 'active', 'active', 'paused', 'ended'),
      bid: fc.record({
        model: mostly<unknown>('cpm', 'cpc', 'cpa'),
        amount: fc.oneof(cents, mostly<unknown>(2.5, '0.30', 0.000001, 0.1 + 0.2)),
      }),
      dailyBudget: fc.oneof(cents, mostly<unknown>(500, '0.000000001', 9_007_199.254740991)),
      lifetimeBudget: mostly<unknown>(null, 9_007_199.25, 1e-9),
      pacing: mostly<unknown>('even', 'asap'),
      budgetMode: mostly<unknown>('strict', 'expected'),
      schedule,
      frequencyCaps: fc.array(
        fc.record({ limit: mostly<unknown>(1, 9), window: mostly<unknown>('day', 'week') }),
        { maxLength: 2 },
      ),
      targeting: fc.array(rule, { maxLength: 2 }),
      ads: fc.array(ad, { minLength: 1, maxLength: 2 }),
      deals: fc.array(text, { maxLength: 2 }),
      dealsOnly: fc.boolean(),
      extra: oddValue,
    },
    { requiredKeys: ['name', 'advertiserId', 'bid', 'dailyBudget', 'ads'] },
  );
  const patch = fc.record(
    {
      name: text,
      bid: fc.oneof(fc.record({ amount: mostly<unknown>(1.5) }), oddValue),
      schedule: fc.oneof(schedule, oddValue),
      ads: oddValue,
      lifetimeBudget: mostly<unknown>(1000, null),
      deals: fc.array(text),
      extra: oddValue,
    },
    { requiredKeys: [] },
  );

  it('is refused with its fields named, or reads back as it was answered, and patched likewise', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(document, patch, async (sent, change) => {
        const made = await call<Document & Refusal>('POST', '/campaigns', sent);
        if (!isAccepted(made, 201)) return;
        accepted += 1;
        if (typeof sent.name === 'string') expect(made.body.name).toBe(sent.name.trim());
        expect((made.body.bid as { amount: number }).amount).toBeCloseTo(Number(sent.bid.amount), 6);
        const path = `/campaigns/${made.body.id}`;
        expect((await call('GET', path)).body).toEqual(made.body);
        if (made.body.status === 'ended') return;
        expect((await call('PUT', path, made.body)).body).toEqual(made.body);
        const patched = await call<Document & Refusal>('PATCH', path, change);
        const { body } = await call('GET', path);
        expect(body).toEqual(isAccepted(patched, 200) ? patched.body : made.body);
        await call('DELETE', path);
      }),
      { numRuns: DOCUMENTS, seed: SEED, endOnFailure: true },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  function isAccepted({ status, body }: Answer<Document & Refusal>, success: number): boolean {
    if (status === success) return true;
    expect([400, 422]).toContain(status);
    expect(body.details?.length).toBeGreaterThan(0);
    for (const { field, message } of body.details ?? []) expect([field, message]).not.toContain('');
    return false;
  }
});
