/** The server from outside, as its users start and use it. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';

interface Bid {
  readonly id: string;
  readonly impid: string;
  readonly price: number;
  readonly adm: string;
  readonly w: number;
  readonly h: number;
  readonly mtype: number;
  readonly crid: string;
  readonly cid: string;
  readonly adomain: readonly string[];
  readonly nurl: string;
  readonly burl: string;
  readonly lurl: string;
  readonly dealid?: string;
}
interface BidResponse {
  readonly id: string;
  readonly nbr?: number;
  readonly cur?: string;
  readonly seatbid?: readonly { readonly seat: string; readonly bid: readonly Bid[] }[];
  readonly ext?: { readonly explain: { readonly imps: readonly unknown[] } };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const EXAMPLES = new URL('../examples/', import.meta.url);
const dataDir = newDataDir();
let gavel: GavelProcess;

beforeAll(async () => {
  gavel = await startGavel(dataDir, { GAVEL_TRUST_PROXY: '1' });
});
afterAll(async () => {
  await gavel.stop();
  removeDataDir(dataDir);
});

function post(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(gavel.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function get(url: string): Promise<Response> {
  return fetch(url.replace('http://localhost:', 'http://127.0.0.1:'), { redirect: 'manual' });
}

const REQUEST = {
  id: 'e2e',
  imp: [{ id: '1', banner: { w: 300, h: 250 } }],
  site: { domain: 'news.example' },
  device: { os: 'Android', geo: { country: 'USA' } },
};

const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

async function bidOn(request: object, headers: Record<string, string> = {}): Promise<BidResponse> {
  const response = await post('/openrtb2/bid', request, headers);
  expect(response.status).toBe(200);
  return (await response.json()) as BidResponse;
}

async function oneBid(request: object = REQUEST): Promise<Bid> {
  const bid = (await bidOn(request)).seatbid?.[0]?.bid[0];
  if (bid === undefined) throw new Error('no bid');
  return bid;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gavel.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

describe('a first start', () => {
  it('loads the demo campaigns and prints one curl line that, pasted into a shell, returns a bid', async () => {
    const line = gavel
      .stderr()
      .split('\n')
      .find((text) => text.trim().startsWith('curl '));
    expect(line).toBeDefined();
    const { stdout } = await promisify(execFile)('sh', ['-c', line ?? 'false']);
    expect((JSON.parse(stdout) as BidResponse).seatbid?.[0]?.bid.length).toBe(1);
  });
});

/** What the demo campaigns make of each example: the imps that get a bid, or the reason. */
const EXAMPLE_OUTCOMES: Readonly<Record<string, readonly string[] | number>> = {
  'app-banner.json': ['1'],
  'banner-and-video.json': ['1'],
  'coppa.json': ['1'],
  'euro-only.json': 506,
  'gdpr-with-consent.json': ['1'],
  'native-only.json': 511,
  'openrtb-2-5-positions.json': ['1'],
  'private-deal.json': ['1'],
  'secure.json': 505,
  'several-imps.json': ['top', 'side', 'foot'],
  'site-banner.json': ['1'],
  'sizes-as-strings.json': ['1'],
  'smallest.json': ['1'],
  'us-opt-out.json': ['1'],
};

describe('the example requests', () => {
  it('are all expected here', () => {
    const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.json'));
    expect(files.sort()).toEqual(Object.keys(EXAMPLE_OUTCOMES));
  });

  for (const [file, outcome] of Object.entries(EXAMPLE_OUTCOMES)) {
    it(`${file} is answered as it should be`, async () => {
      const request = JSON.parse(readFileSync(new URL(file, EXAMPLES), 'utf8')) as { id: string | number };
      const answer = await bidOn({ ...request, test: 1 });
      // An id that came as a number goes back as the string that the specification asks for.
      expect(answer.id).toBe(String(request.id));
      if (typeof outcome === 'number') {
        expect(answer.nbr).toBe(outcome);
        return;
      }
      const bids = answer.seatbid?.flatMap((seat) => seat.bid) ?? [];
      expect(bids.map((bid) => bid.impid).sort()).toEqual([...outcome].sort());
      expect(new Set(bids.map((bid) => bid.crid)).size).toBe(bids.length);
      for (const bid of bids) expectSoundBid(bid);
      if (file === 'private-deal.json') expect(bids[0]?.dealid).toBe('deal-7');
    });
  }
});

/** What exchanges ask of every bid: a wrong JSON type costs the whole answer. */
function expectSoundBid(bid: Bid): void {
  expect(bid).toMatchObject({
    id: expect.any(String) as unknown,
    impid: expect.any(String) as unknown,
    adm: expect.stringContaining('<img src="http') as unknown,
    cid: expect.stringMatching(UUID) as unknown,
    crid: expect.stringMatching(UUID) as unknown,
    adomain: [expect.any(String)],
    mtype: 1,
    exp: expect.any(Number) as unknown,
    nurl: expect.stringContaining('/win?t=') as unknown,
    burl: expect.stringContaining('price=${AUCTION_PRICE}') as unknown,
    lurl: expect.stringContaining('reason=${AUCTION_LOSS}') as unknown,
  });
  expect(bid.price).toBeGreaterThan(0);
  expect([bid.w, bid.h].every((side) => Number.isInteger(side) && side > 0)).toBe(true);
}

describe('a bid request', () => {
  it('without a bid is 204 with an empty body, and says the version', async () => {
    const response = await post('/openrtb2/bid', { ...REQUEST, cur: ['XXX'] });
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(response.headers.get('x-openrtb-version')).toBe('2.6');
  });

  it('with test 1 tells the reason of a no-bid and charges nothing', async () => {
    const answer = await bidOn({ ...REQUEST, test: 1, cur: ['XXX'] });
    expect(answer).toEqual({ id: 'e2e', nbr: 506 });
    const pending = await metric('gavel_ledger_pending_nanos');
    const bid = await oneBid({ ...REQUEST, test: 1 });
    expect(await metric('gavel_ledger_pending_nanos')).toBe(pending);
    expect((await get(bid.burl.replace('${AUCTION_PRICE}', '1'))).status).toBe(204);
    expect(await metric('gavel_notices_total{type="billing",outcome="test"}')).toBe(1);
  });

  it('is explained for the holder of a management key alone', async () => {
    const asked = { ...REQUEST, ext: { explain: 1 } };
    expect((await bidOn(asked)).ext).toBeUndefined();
    expect((await bidOn(asked, { authorization: 'Bearer wrong-key-wrong-key' })).ext).toBeUndefined();
    const answer = await bidOn(asked, { authorization: `Bearer ${ADMIN_KEY}` });
    expect(answer.seatbid?.length).toBe(1);
    expect(answer.ext?.explain.imps).toMatchObject([
      {
        impid: '1',
        nbr: 0,
        candidates: expect.arrayContaining([expect.objectContaining({ reason: 'eligible' })]) as unknown,
      },
    ]);
  });

  it('of a crawler is refused, and is told why', async () => {
    const crawling = { ...REQUEST, test: 1, device: { ...REQUEST.device, ua: GOOGLEBOT } };
    expect(await bidOn(crawling)).toEqual({ id: 'e2e', nbr: 3 });
    const asked = { ...crawling, ext: { explain: 1 } };
    const explained = await bidOn(asked, { authorization: `Bearer ${ADMIN_KEY}` });
    expect(explained).toMatchObject({ nbr: 3, ext: { explain: { imps: [{ impid: '1', nbr: 3 }] } } });
    expect(await metric('gavel_bid_answers_total{reason="knownCrawler"}')).toBe(2);
  });

  it('that names no country is decided by its address', async () => {
    const { adm: named } = await oneBid({ ...REQUEST, device: { geo: { country: 'CHN' } } });
    const { adm: derived } = await oneBid({ ...REQUEST, device: { ip: '114.114.114.0' } });
    const image = /https:[^"]*\.png/;
    expect(image.exec(derived)?.[0]).toBe(image.exec(named)?.[0]);
    expect(image.exec(derived)?.[0]).not.toBe(image.exec((await oneBid()).adm)?.[0]);
  });

  it('that is no OpenRTB is a 400 that names the field', async () => {
    const response = await post('/openrtb2/bid', { id: 'x', imp: [] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: 'INVALID_REQUEST',
      message: expect.stringMatching(/^imp: [^:]+$/) as unknown,
    });
  });

  it('comes gzipped as well', async () => {
    const response = await fetch(`${gavel.url}/openrtb2/bid`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(REQUEST)),
    });
    expect(response.status).toBe(200);
  });
});

describe('the notices of a bid', () => {
  it('bill once, at the price of the exchange', async () => {
    const bid = await oneBid();
    const before = await metric('gavel_ledger_posted_nanos_total');
    const burl = bid.burl.replace('${AUCTION_PRICE}', '1.25');
    expect((await get(burl)).status).toBe(204);
    expect((await get(burl)).status).toBe(204);
    expect((await metric('gavel_ledger_posted_nanos_total')) - before).toBe(1_250_000);
  });

  it('book nothing without a price, and the true one may still come', async () => {
    const bid = await oneBid();
    const before = await metric('gavel_ledger_posted_nanos_total');
    for (const price of [
      '',
      'AUDIT',
      '%24%7BAUCTION_PRICE%7D',
      '%%WINNING_PRICE%%',
      String(bid.price + 0.01),
    ]) {
      expect((await get(bid.burl.replace('${AUCTION_PRICE}', price))).status).toBe(204);
    }
    expect(await metric('gavel_ledger_posted_nanos_total')).toBe(before);
    await get(bid.burl.replace('${AUCTION_PRICE}', String(bid.price)));
    expect((await metric('gavel_ledger_posted_nanos_total')) - before).toBe(Math.round(bid.price * 1e6));
  });

  it("refuse a forged token, and a pixel's token cannot bill", async () => {
    const bid = await oneBid();
    const pixel = /\/impression\?t=([\w-]+)/.exec(bid.adm)?.[1] ?? '';
    expect((await get(`${gavel.url}/billing?t=${pixel}&price=1`)).status).toBe(401);
    expect((await get(`${gavel.url}/win?t=${'A'.repeat(140)}`)).status).toBe(401);
    expect((await get(`${gavel.url}/loss`)).status).toBe(400);
  });

  it('a loss gives the money back, once', async () => {
    const bid = await oneBid();
    const before = await metric('gavel_ledger_voided_nanos_total');
    const lurl = bid.lurl.replace('${AUCTION_LOSS}', '102');
    await get(lurl);
    await get(lurl);
    expect((await metric('gavel_ledger_voided_nanos_total')) - before).toBe(Math.round(bid.price * 1e6));
  });

  it('the click leads to the landing page, the pixel is a GIF', async () => {
    const bid = await oneBid();
    const click = /href="([^"]+)"/.exec(bid.adm)?.[1] ?? '';
    const redirect = await get(click);
    expect([redirect.status, redirect.headers.get('location')?.startsWith('https://')]).toEqual([302, true]);
    const pixel = await get(/src="([^"]*\/impression[^"]*)"/.exec(bid.adm)?.[1] ?? '');
    expect([pixel.status, pixel.headers.get('content-type'), pixel.headers.get('cache-control')]).toEqual([
      200,
      'image/gif',
      'no-store',
    ]);
  });
});

describe('the simple forms', () => {
  const form = {
    request_id: 'r1',
    user_id: 'u1',
    site: { domain: 'news.example' },
    ad_size: '300x250',
    floor_price: 0.5,
    geo: { country: 'US' },
  };

  it('POST /bid-request holds the full bid, and its impression posts the price that it named', async () => {
    const answer = (await (await post('/bid-request', form)).json()) as {
      price: number;
      creative: { width: number };
      tracking: { impression: string; click: string; conversion: string };
      win_notice_url: string;
    };
    expect(answer).toMatchObject({
      request_id: 'r1',
      currency: 'USD',
      creative: { width: 300, height: 250 },
    });
    const before = await metric('gavel_ledger_posted_nanos_total');
    expect((await get(answer.tracking.impression)).status).toBe(200);
    await get(answer.tracking.impression);
    expect((await metric('gavel_ledger_posted_nanos_total')) - before).toBe(Math.round(answer.price * 1e6));
    expect((await get(answer.tracking.click)).status).toBe(302);
    expect((await get(answer.tracking.conversion)).status).toBe(200);
    expect((await get(answer.win_notice_url)).status).toBe(204);
  });

  it('POST /bid-request takes the size as an object, and names every missing field', async () => {
    expect((await post('/bid-request', { ...form, ad_size: { width: 300, height: 250 } })).status).toBe(200);
    const refused = await post('/bid-request', { ad_size: 'big' });
    expect(refused.status).toBe(400);
    const { details } = (await refused.json()) as { details: { field: string }[] };
    expect(details.map(({ field }) => field)).toEqual(['user_id', 'site.domain', 'ad_size']);
  });

  it('take the country that they do not name from the address behind our proxy', async () => {
    const { geo, ...unsaid } = form;
    const winner = async (body: object, forwardedFor: string): Promise<string> => {
      const answer = await post('/bid-request', body, { 'x-forwarded-for': forwardedFor });
      return ((await answer.json()) as { campaign_id: string }).campaign_id;
    };
    const american = await winner({ ...unsaid, geo }, '');
    const chinese = await winner({ ...unsaid, geo: { country: 'CN' } }, '8.8.8.8');
    expect(chinese).not.toBe(american);
    expect(await winner(unsaid, '8.8.8.8')).toBe(american);
    expect(await winner(unsaid, '8.8.8.8, 114.114.114.114')).toBe(chinese);
  });

  it('have no ad for a crawler', async () => {
    const headers = { 'user-agent': GOOGLEBOT };
    const placement = { userId: 'u', placementId: 'p', countryCode: 'US' };
    const answers = await Promise.all([
      post('/bid-request', form, headers),
      post('/bid', placement, headers),
      fetch(`${gavel.url}/serve?${new URLSearchParams(placement).toString()}`, { headers }),
      post('/v1/delivery', { app: 'a', os: 'android', country: 'US' }, headers),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
  });

  it('POST /bid and GET /serve charge at the answer', async () => {
    const before = await metric('gavel_ledger_posted_nanos_total');
    const bid = (await (
      await post('/bid', { userId: 'u', placementId: 'p', countryCode: 'US', userAttributes: { age: '25' } })
    ).json()) as { bidPrice: number; confidence: number };
    expect(bid.confidence).toBeGreaterThanOrEqual(0.5);
    const served = (await (await get(`${gavel.url}/serve?userId=u&placementId=p&countryCode=US`)).json()) as {
      bidPrice: number;
      clickTrackingUrl: string;
    };
    const charged = (await metric('gavel_ledger_posted_nanos_total')) - before;
    expect(charged).toBe(Math.round((bid.bidPrice + served.bidPrice) * 1e6));
    expect((await get(served.clickTrackingUrl)).status).toBe(302);
    expect((await get(`${gavel.url}/serve?userId=u`)).status).toBe(400);
  });

  it('/v1/delivery lists every campaign that applies, by POST and by GET alike', async () => {
    const byPost = await (await post('/v1/delivery', { app: 'a', os: 'android', country: 'US' })).json();
    const byGet = await (await get(`${gavel.url}/v1/delivery?app=a&os=android&country=US`)).json();
    expect(byPost).toEqual(byGet);
    expect((byPost as { cid: string; img: string; cta: string }[]).length).toBeGreaterThan(2);
    expect((await post('/v1/delivery', { app: 'a', os: 'android' })).status).toBe(400);
    const elsewhere = await (await post('/v1/delivery', { app: 'a', os: 'android', country: 'AQ' })).json();
    expect((elsewhere as unknown[]).length).toBeLessThan((byPost as unknown[]).length);
  });

  it('a click by names redirects and is counted, never charged', async () => {
    const before = await metric('gavel_ledger_posted_nanos_total');
    const { adId } = (await (
      await get(`${gavel.url}/serve?userId=u&placementId=p&countryCode=US`)
    ).json()) as {
      adId: string;
    };
    const charged = await metric('gavel_ledger_posted_nanos_total');
    expect(charged).toBeGreaterThan(before);
    expect((await get(`${gavel.url}/click?adId=${adId}&campaignId=x&userId=u`)).status).toBe(302);
    expect((await get(`${gavel.url}/click?adId=nobodys&campaignId=x&userId=u`)).status).toBe(404);
    expect((await get(`${gavel.url}/impression?ad_id=nobodys`)).status).toBe(200);
    expect(await metric('gavel_ledger_posted_nanos_total')).toBe(charged);
  });
});

describe('what browsers and other servers report', () => {
  const event = { event_id: 'e2e-1', type: 'impression', ad_id: 'nobodys' };

  it('is taken one by one and in arrays, as a beacon sends it and gzipped', async () => {
    const name = 'gavel_events_total{type="impression",origin="unknown",outcome="kept"}';
    const before = await metric(name);
    const one = await post('/events', event, { 'content-type': 'text/plain;charset=UTF-8' });
    expect([one.status, await one.json()]).toEqual([202, { status: 'accepted', event_id: 'e2e-1' }]);
    const many = await fetch(`${gavel.url}/events`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify([event, { ...event, ts: 'soon' }, event])),
    });
    expect(await many.json()).toMatchObject({ accepted: 2, rejected: [{ index: 1 }] });
    expect((await metric(name)) - before).toBe(3);
    expect((await post('/events', Array(1_001).fill(event))).status).toBe(400);
    expect((await fetch(`${gavel.url}/events`, { method: 'OPTIONS' })).status).toBe(204);
  });

  it('is tracked by its type, charged by a token alone, and clicked by four fields', async () => {
    const tracked = await post('/track/conversion', { ad_id: 'nobodys', value: 3 });
    expect(await tracked.json()).toMatchObject({ status: 'ok' });
    expect((await post('/track/billing', { ad_id: 'nobodys' })).status).toBe(404);
    const answer = (await (
      await post('/bid-request', { user_id: 'u', site: { domain: 'news.example' }, ad_size: '300x250' })
    ).json()) as { tracking: { impression: string } };
    const t = new URL(answer.tracking.impression).searchParams.get('t');
    const before = await metric('gavel_ledger_posted_nanos_total');
    for (let call = 0; call < 2; call++) expect((await post('/track/impression', { t })).status).toBe(200);
    expect(await metric('gavel_ledger_posted_nanos_total')).toBeGreaterThan(before);
    expect((await post('/track/click', { t })).status).toBe(401);
    expect((await post('/click', { adId: 'nobodys', campaignId: 'c', userId: 'u' })).status).toBe(204);
  });

  it('counts bids and no-bids within a second or two', async () => {
    const name = 'gavel_auctions_told_total{outcome="kept"}';
    const before = await metric(name);
    await oneBid();
    await post('/openrtb2/bid', { ...REQUEST, bcat: [], cur: ['XXX'] });
    await expect.poll(() => metric(name), { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 2);
  });
});

describe('operating', () => {
  it('says what it stands on', async () => {
    expect(await (await get(`${gavel.url}/health`)).json()).toEqual({
      status: 'ok',
      checks: { redis: 'embedded', kafka: 'embedded', postgres: 'embedded' },
      caps: 'up',
      index: { source: 'postgres' },
    });
    expect((await get(`${gavel.url}/health/live`)).status).toBe(200);
  });

  it('answers 404 and 405 in the one shape of errors', async () => {
    expect(await (await get(`${gavel.url}/nowhere`)).json()).toMatchObject({ error: 'NOT_FOUND' });
    const head = await fetch(`${gavel.url}/serve?userId=u&placementId=p`, { method: 'HEAD' });
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET, OPTIONS']);
    const refused = await get(`${gavel.url}/openrtb2/bid`);
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });
});
