/**
 * Every status that the OpenAPI document has of an operation is met on a running server, and the answer is held
 * against the document: body, type, headers. A status that nobody can meet fails, and so does one that is not in it.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killOccupants, occupants } from './database/disk-postgres-folder.ts';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { ERROR_STATUS } from './server/errors.ts';
import type { OpenApiDocument } from './server/openapi/document.ts';
import { closed, createJudge } from './server/openapi/fixtures/judge.ts';

const PUBLIC_URL = 'https://ads.example';
const ADVERTISER = 'c9bf9e57-1685-4c89-bafb-ff5af830be8a';
const NOBODY = '11111111-1111-4111-8111-111111111111';
/** The smallest, so that it is soon full. */
const SPOOL_MB = '16';
const TOO_LARGE = JSON.stringify({ filler: 'x'.repeat(256 * 1024) });

interface Recipe {
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly hasBody: boolean;
  readonly isKeyed: boolean;
  readonly statuses: readonly string[];
}
interface Campaign {
  readonly id: string;
  readonly ads: readonly { readonly id: string }[];
}
interface Tokens {
  readonly win: string;
  readonly billing: string;
  readonly loss: string;
  readonly impression: string;
  readonly click: string;
  readonly conversion: string;
}

const dataDir = newDataDir();
let gavel: GavelProcess;
/** As the server tells it. */
let document: OpenApiDocument;
let readKey = '';
const met = new Set<string>();

beforeAll(async () => {
  gavel = await startGavel(dataDir, {
    GAVEL_DEMO: '0',
    GAVEL_PUBLIC_URL: PUBLIC_URL,
    GAVEL_SPOOL_MAX_MB: SPOOL_MB,
  });
  document = (await (await fetch(`${gavel.url}/openapi.json`)).json()) as OpenApiDocument;
});
afterAll(async () => {
  await gavel.kill();
  // Also one that a test which failed has stopped.
  const folder = `${dataDir}/data/postgres`;
  if (existsSync(folder)) killOccupants(folder);
  removeDataDir(dataDir);
});

function operations(): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      operationId: operation.operationId as string,
      method: method.toUpperCase(),
      path,
      hasBody: 'requestBody' in operation,
      isKeyed: (operation.security as unknown[]).length > 0,
      statuses: Object.keys(operation.responses as object),
    })),
  );
}

let lastSide = 100;
/** Bids for a size of its own. */
async function createCampaign(change: object = {}): Promise<Campaign & { readonly side: number }> {
  const side = ++lastSide;
  const response = await fetch(`${gavel.url}/campaigns`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ ...newCampaign(side), ...change }),
  });
  expect(response.status).toBe(201);
  return { ...((await response.json()) as Campaign), side };
}

function newCampaign(side: number): object {
  return {
    name: `Campaign ${String(side)}`,
    advertiserId: ADVERTISER,
    bid: { model: 'cpm', amount: 2.5 },
    dailyBudget: 500,
    pacing: 'asap',
    frequencyCaps: [],
    ads: [newAd(side)],
  };
}

function newAd(side: number): object {
  return {
    title: 'Ad',
    imageUrl: `${PUBLIC_URL}/a.png`,
    redirectUrl: `${PUBLIC_URL}/landing`,
    width: side,
    height: side,
  };
}

const bidOn = (side: number): object => ({
  id: 'r1',
  imp: [{ id: '1', banner: { w: side, h: side } }],
  site: { domain: 'news.example' },
  device: { os: 'Android', geo: { country: 'USA' } },
});
const formOf = (side: number): object => ({
  user_id: 'u',
  site: { domain: 'news.example' },
  ad_size: { width: side, height: side },
});

async function tokensOf(side: number): Promise<Tokens> {
  const ask = async <Body>(path: string, body: object): Promise<Body> => {
    const response = await fetch(gavel.url + path, { method: 'POST', body: JSON.stringify(body) });
    expect(response.status).toBe(200);
    return (await response.json()) as Body;
  };
  const { seatbid } = await ask<{ seatbid: { bid: { nurl: string; burl: string; lurl: string }[] }[] }>(
    '/openrtb2/bid',
    bidOn(side),
  );
  const bid = seatbid[0]?.bid[0];
  const { tracking } = await ask<{ tracking: Record<'impression' | 'click' | 'conversion', string> }>(
    '/bid-request',
    formOf(side),
  );
  const path = (url = ''): string =>
    url.replace(PUBLIC_URL, '').replace('${AUCTION_PRICE}', '1').replace('${AUCTION_LOSS}', '102');
  return {
    win: path(bid?.nurl),
    billing: path(bid?.burl),
    loss: path(bid?.lurl),
    impression: path(tracking.impression),
    click: path(tracking.click),
    conversion: path(tracking.conversion),
  };
}

/** So many charges make a campaign lease more than one at a time. */
const CHARGES = 20;

/** Sends, and holds the answer against the document. */
async function meet(operation: Operation, status: string, recipe: Recipe): Promise<void> {
  await expectAnswer(operation, status, await send(operation, recipe));
}

function send({ method, isKeyed }: Operation, { path, body, headers = {} }: Recipe): Promise<Response> {
  return fetch(gavel.url + path, {
    method,
    redirect: 'manual',
    headers: { ...(isKeyed ? { authorization: `Bearer ${ADMIN_KEY}` } : {}), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

async function expectAnswer(operation: Operation, status: string, response: Response): Promise<void> {
  const text = Buffer.from(await response.arrayBuffer()).toString('utf8');
  const name = `${operation.operationId} ${status}`;
  expect([name, String(response.status), text]).toEqual([name, status, text]);
  expectDocumented(operation, status, response.headers, text);
  met.add(name);
}

interface Described {
  readonly headers?: Readonly<Record<string, { readonly schema?: object; readonly $ref?: string }>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

function expectDocumented(operation: Operation, status: string, headers: Headers, text: string): void {
  const { judge } = createJudge(closed(document));
  const name = `${operation.operationId} ${status}`;
  const shared = ((partAt(pointerOf(operation, status)) as { readonly $ref?: string }).$ref ?? '').slice(1);
  const pointer = shared === '' ? pointerOf(operation, status) : shared;
  const described = partAt(pointer) as Described;
  for (const [header, { $ref }] of Object.entries(described.headers ?? {})) {
    const schema = `${$ref?.slice(1) ?? `${pointer}/headers/${header}`}/schema`;
    expect([name, header, judge(schema, headers.get(header) ?? undefined)]).toEqual([name, header, []]);
  }
  const [mediaType] = Object.keys(described.content ?? {});
  const sent = headers.get('content-type')?.split(';')[0];
  expect([name, sent ?? undefined]).toEqual([name, mediaType]);
  if (mediaType === undefined) expect([name, text]).toEqual([name, '']);
  if (mediaType !== 'application/json') return;
  const value: unknown = JSON.parse(text);
  expect([name, value, judge(`${pointer}/content/application~1json/schema`, value)]).toEqual([
    name,
    value,
    [],
  ]);
  if (shared !== '')
    expect(ERROR_STATUS[(value as { error: keyof typeof ERROR_STATUS }).error]).toBe(Number(status));
}

function pointerOf({ path, method }: Operation, status: string): string {
  return `/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method.toLowerCase()}/responses/${status}`;
}

/** The part of the document that a JSON pointer leads to. */
function partAt(pointer: string): unknown {
  const names = pointer
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return names.reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], document);
}

async function meetAll(recipes: Readonly<Record<string, Recipe>>): Promise<void> {
  const known = new Map(operations().map((operation) => [operation.operationId, operation]));
  for (const [name, recipe] of Object.entries(recipes)) {
    const [operationId = '', status = ''] = name.split(' ');
    const operation = known.get(operationId);
    if (operation === undefined) throw new Error(`the document has no operation ${operationId}`);
    await meet(operation, status, recipe);
  }
}

/** A path with something of its kind in every parameter. */
function somewhere(path: string): string {
  return path.replace('{type}', 'click').replaceAll(/\{\w+\}/g, NOBODY);
}

it('what is sent wrongly is refused as the document says', async () => {
  readKey = await createReadKey();
  for (const operation of operations()) {
    const path = somewhere(operation.path);
    const body = operation.hasBody ? { body: '{}' } : {};
    const refusals: Readonly<Record<string, Recipe>> = {
      '401': operation.isKeyed
        ? { path, ...body, headers: { authorization: 'Bearer wrong' } }
        : { path: `${path}?t=forged`, ...(operation.hasBody ? { body: { t: 'forged' } } : {}) },
      '403': { path, ...body, headers: { authorization: `Bearer ${readKey}` } },
      '413': { path, body: TOO_LARGE },
      '415': { path, body: '{}', headers: { 'content-type': 'image/png' } },
    };
    for (const [status, recipe] of Object.entries(refusals)) {
      if (operation.statuses.includes(status)) await meet(operation, status, recipe);
    }
  }
  const campaign = `/campaigns/${NOBODY}`;
  const { id, ads } = await createCampaign();
  const ad = `/campaigns/${id}/ads/${ads[0]?.id ?? ''}`;
  const late = { headers: { 'if-match': '"99"' } };
  const reused = { 'idempotency-key': 'used' };
  await createCampaignOnce(reused);
  await meetAll({
    'bidOpenRtb 400': { path: '/openrtb2/bid', body: '{}' },
    'requestBid 400': { path: '/bid-request', body: '{}' },
    'bid 400': { path: '/bid', body: '[]' },
    'serve 400': { path: '/serve' },
    'listDelivery 400': { path: '/v1/delivery', body: '{}' },
    'getDelivery 400': { path: '/v1/delivery' },
    'trackImpression 400': { path: '/impression' },
    'trackConversion 400': { path: '/conversion' },
    'trackClick 400': { path: '/click' },
    'trackClick 404': { path: `/click?adId=${NOBODY}` },
    'track 400': { path: '/track/click', body: '{}' },
    'track 404': { path: '/track/view', body: '{}' },
    'postEvents 400': { path: '/events', body: '{}' },
    'postClick 400': { path: '/click', body: '{}' },
    'noticeWin 400': { path: '/win' },
    'noticeBilling 400': { path: '/billing' },
    'noticeLoss 400': { path: '/loss' },
    'listCampaigns 400': { path: '/campaigns?limit=0' },
    'createCampaign 400': { path: '/campaigns', body: '{}' },
    'createCampaign 422': { path: '/campaigns', body: { ...newCampaign(1), dailyBudget: -1 } },
    'readCampaign 404': { path: campaign },
    'replaceCampaign 400': { path: `/campaigns/${id}`, body: '{}' },
    'replaceCampaign 404': { path: campaign, body: newCampaign(1) },
    'replaceCampaign 409': { path: `/campaigns/${id}`, body: newCampaign(1), ...late },
    'replaceCampaign 422': { path: `/campaigns/${id}`, body: { ...newCampaign(1), dailyBudget: -1 } },
    'patchCampaign 400': { path: `/campaigns/${id}`, body: '[]' },
    'patchCampaign 404': { path: campaign, body: '{}' },
    'patchCampaign 409': { path: `/campaigns/${id}`, body: '{}', ...late },
    'patchCampaign 422': { path: `/campaigns/${id}`, body: { currency: 'EUR' } },
    'endCampaign 404': { path: campaign },
    'endCampaign 409': { path: `/campaigns/${id}`, ...late },
    'pauseCampaign 400': { path: `/campaigns/${id}/pause`, headers: { 'idempotency-key': 'x'.repeat(256) } },
    'pauseCampaign 404': { path: `${campaign}/pause` },
    'pauseCampaign 409': { path: `/campaigns/${id}/pause`, ...late },
    'pauseCampaign 422': { path: `/campaigns/${id}/pause`, headers: reused },
    'resumeCampaign 400': {
      path: `/campaigns/${id}/resume`,
      headers: { 'idempotency-key': 'x'.repeat(256) },
    },
    'resumeCampaign 404': { path: `${campaign}/resume` },
    'resumeCampaign 409': { path: `/campaigns/${id}/resume`, ...late },
    'resumeCampaign 422': { path: `/campaigns/${id}/resume`, headers: reused },
    'auditCampaign 400': { path: `/campaigns/${id}/audit?limit=0` },
    'auditCampaign 404': { path: `${campaign}/audit` },
    'addAd 400': { path: `/campaigns/${id}/ads`, body: '{}' },
    'addAd 404': { path: `${campaign}/ads`, body: newAd(1) },
    'addAd 409': { path: `/campaigns/${id}/ads`, body: newAd(1), ...late },
    'addAd 422': { path: `/campaigns/${id}/ads`, body: { ...newAd(1), imageUrl: 'ftp://x' } },
    'reportCampaign 400': { path: `/analytics/campaign/${id}?startDate=today` },
    'reportCampaign 404': { path: `/analytics/campaign/${NOBODY}` },
    'reportCampaign 422': { path: `/analytics/campaign/${id}?startDate=2020-01-01` },
    'reportAd 400': { path: '/analytics/ad/a?bucket=week' },
    'reportAd 404': { path: `/analytics/ad/${'a'.repeat(256)}` },
    'reportAd 422': { path: '/analytics/ad/a?bucket=day&start=2000-01-01' },
    'readAd 404': { path: `/campaigns/${id}/ads/${NOBODY}` },
    'patchAd 400': { path: ad, body: '[]' },
    'patchAd 404': { path: `/campaigns/${id}/ads/${NOBODY}`, body: '{}' },
    'patchAd 409': { path: ad, body: '{}', ...late },
    'patchAd 422': { path: ad, body: { imageUrl: 'ftp://x' } },
    'removeAd 404': { path: `/campaigns/${id}/ads/${NOBODY}` },
    'removeAd 409': { path: ad, ...late },
    'removeAd 422': { path: ad },
  });
});

/** Not by a call that waits: meanwhile the server may close lines that fetch keeps. */
async function createReadKey(): Promise<string> {
  const command = ['dist/main.js', 'keys', 'create', 'reader', '--role', 'read'];
  const env = {
    ...process.env,
    GAVEL_DATA_DIR: `${dataDir}/data`,
    DATABASE_URL: '',
    DATABASE_READ_URL: '',
    REDIS_URL: '',
    KAFKA_BROKERS: '',
  };
  const { stdout } = await promisify(execFile)(process.execPath, command, { env });
  return stdout.trim();
}

async function createCampaignOnce(headers: Readonly<Record<string, string>>): Promise<void> {
  const create = operations().find(({ operationId }) => operationId === 'createCampaign');
  if (create === undefined) throw new Error('the document has no createCampaign');
  await meet(create, '201', { path: '/campaigns', body: newCampaign(++lastSide), headers });
}

it('what is sent well is answered as the document says', async () => {
  const { id, side } = await createCampaign();
  const tokens = await tokensOf(side);
  const placement = 'userId=u&placementId=p&countryCode=US';
  const delivery = { app: 'com.x', os: 'android', country: 'US' };
  await meetAll({
    'bidOpenRtb 200': { path: '/openrtb2/bid', body: bidOn(side) },
    'bidOpenRtb 204': { path: '/openrtb2/bid', body: bidOn(1) },
    'requestBid 200': { path: '/bid-request', body: formOf(side) },
    'requestBid 204': { path: '/bid-request', body: formOf(1) },
    'bid 200': { path: '/bid', body: { userId: 'u', placementId: 'p' } },
    'serve 200': { path: `/serve?${placement}` },
    'listDelivery 200': { path: '/v1/delivery', body: delivery },
    'getDelivery 200': { path: `/v1/delivery?${new URLSearchParams(delivery).toString()}` },
    'noticeWin 204': { path: tokens.win },
    'noticeBilling 204': { path: tokens.billing },
    'noticeLoss 204': { path: tokens.loss },
    'trackImpression 200': { path: tokens.impression },
    'trackClick 302': { path: tokens.click },
    'trackConversion 200': { path: tokens.conversion },
    'track 200': { path: '/track/click', body: { ad_id: 'a' } },
    'postEvents 202': { path: '/events', body: [{ event_id: 'e', type: 'click', ad_id: 'a' }, {}] },
    'postClick 204': { path: '/click', body: { adId: 'a', campaignId: 'c', userId: 'u' } },
    'listCampaigns 200': { path: '/campaigns?limit=1' },
    'readCampaign 200': { path: `/campaigns/${id}` },
    'replaceCampaign 200': { path: `/campaigns/${id}`, body: newCampaign(side) },
    'patchCampaign 200': {
      path: `/campaigns/${id}`,
      body: { schedule: { end: '2099-01-01T00:00:00Z' }, lifetimeBudget: 900 },
    },
    'pauseCampaign 200': { path: `/campaigns/${id}/pause` },
    'resumeCampaign 200': { path: `/campaigns/${id}/resume` },
    'auditCampaign 200': { path: `/campaigns/${id}/audit` },
    'addAd 201': { path: `/campaigns/${id}/ads`, body: newAd(side) },
    'reportCampaign 200': { path: `/analytics/campaign/${id}` },
    'reportAd 200': { path: '/analytics/ad/a?bucket=minute' },
    'readHealth 200': { path: '/health' },
    'readLiveness 200': { path: '/health/live' },
    'readReadiness 200': { path: '/health/ready' },
    'readMetrics 200': { path: '/metrics' },
    'readOpenApi 200': { path: '/openapi.json' },
    'readDocs 200': { path: '/docs' },
  });
  const explained = { ...bidOn(1), ext: { explain: 1 } };
  await meetAll({
    'bidOpenRtb 200': {
      path: '/openrtb2/bid',
      body: explained,
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    },
  });
  const page = (await (
    await fetch(`${gavel.url}/campaigns/${id}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  ).json()) as Campaign;
  const ad = `/campaigns/${id}/ads/${page.ads[1]?.id ?? ''}`;
  await meetAll({
    'readAd 200': { path: ad },
    'patchAd 200': {
      path: ad,
      body: { type: 'video', media: [{ url: `${PUBLIC_URL}/a.mp4`, mimeType: 'video/mp4' }], durationSec: 9 },
    },
    'readCampaign 200': { path: `/campaigns/${id}` },
    'removeAd 204': { path: ad },
    'endCampaign 204': { path: `/campaigns/${id}` },
  });
});

it('what no campaign is for gets no ad', async () => {
  const list = (await (
    await fetch(`${gavel.url}/campaigns`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  ).json()) as { items: Campaign[] };
  for (const { id } of list.items) {
    await fetch(`${gavel.url}/campaigns/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
  }
  await meetAll({
    'bid 204': { path: '/bid', body: { userId: 'u', placementId: 'p' } },
    'serve 204': { path: '/serve?userId=u&placementId=p' },
    'listDelivery 204': { path: '/v1/delivery', body: { app: 'a', os: 'ios', country: 'US' } },
    'getDelivery 204': { path: '/v1/delivery?app=a&os=ios&country=US' },
  });
});

it('what can not be looked up, or has no room to wait, is 503 as the document says', async () => {
  // A Postgres that hangs answers nobody, and takes no events either, so that they pile up.
  const postgres = occupants(`${dataDir}/data/postgres`).pids;
  for (const pid of postgres) process.kill(pid, 'SIGSTOP');
  await fillSpool();
  await meetAll({
    'track 503': { path: '/track/click', body: { ad_id: 'a' } },
    'postEvents 503': { path: '/events', body: { event_id: 'e3', type: 'click', ad_id: 'a' } },
    'postClick 503': { path: '/click', body: { adId: 'a', campaignId: 'c', userId: 'u' } },
  });
  const waiting = operations().filter(({ isKeyed, operationId }) => isKeyed || operationId === 'trackClick');
  await Promise.all(
    waiting.map((operation) => {
      const path =
        operation.operationId === 'trackClick' ? `/click?adId=${NOBODY}` : somewhere(operation.path);
      const body = operation.hasBody
        ? { body: operation.operationId === 'createCampaign' ? newCampaign(1) : '{}' }
        : {};
      return meet(operation, '503', { path, ...body });
    }),
  );
  for (const pid of postgres) process.kill(pid, 'SIGCONT');
});

it('what can not be kept is 503 as the document says', async () => {
  await expect.poll(async () => (await fetch(`${gavel.url}/health`)).text()).toContain('"status":"ok"');
  const tokens = await tokensOf((await createCampaign()).side);
  // Without its click a conversion is nothing to keep.
  await fetch(gavel.url + tokens.click, { redirect: 'manual' });
  const charges: readonly (readonly [string, Recipe])[] = [
    ['bid', { path: '/bid', body: { userId: 'u', placementId: 'p' } }],
    ['serve', { path: '/serve?userId=u&placementId=p' }],
  ];
  for (const [operationId, recipe] of charges) await meetUncharged(operationId, recipe);
  await meetAll({
    'noticeWin 503': { path: tokens.win },
    // A loss after the billing would be no news.
    'noticeLoss 503': { path: tokens.loss },
    'noticeBilling 503': { path: tokens.billing },
    'trackImpression 503': { path: tokens.impression },
    'trackConversion 503': { path: tokens.conversion },
  });
  setDisk('empty');
});

/** Only what is leased already can fail to be charged, and that is little: it is leased and tried until there is some. */
async function meetUncharged(operationId: string, recipe: Recipe): Promise<void> {
  const operation = operations().find((known) => known.operationId === operationId);
  if (operation === undefined) throw new Error(`the document has no operation ${operationId}`);
  let response = await send(operation, recipe);
  await expect
    .poll(async () => {
      setDisk('empty');
      for (let charged = 0; charged < CHARGES; charged++) await (await send(operation, recipe)).arrayBuffer();
      await untilSpoolRests();
      setDisk('full');
      response = await send(operation, recipe);
      return response.status;
    })
    .toBe(503);
  await expectAnswer(operation, '503', response);
}

/** Events, until there is no room for them. */
async function fillSpool(): Promise<void> {
  const user = 'u'.repeat(150);
  for (let batch = 0, status = 0; status !== 503; batch++) {
    const events = Array.from({ length: 1_000 }, (_, i) => ({
      event_id: `${String(batch)}-${String(i)}`,
      type: 'click',
      ad_id: 'a',
      user_id: user,
    }));
    const response = await fetch(`${gavel.url}/events`, { method: 'POST', body: JSON.stringify(events) });
    ({ status } = response);
    expect([202, 503]).toContain(status);
    await response.arrayBuffer();
  }
}

/**
 * Nothing of the spool is being committed. A disk fills up between two writes; a limit that is set in the middle of a commit
 * fails one for which there was room a moment before, and that LMDB's binding does not survive.
 */
async function untilSpoolRests(): Promise<void> {
  await expect
    .poll(async () => (await fetch(`${gavel.url}/metrics`)).text())
    .toMatch(/^gavel_spool_live_records 0$/m);
}

/** Full: the server can not write a byte more to any file. */
function setDisk(state: 'full' | 'empty'): void {
  const limit = state === 'full' ? '0' : 'unlimited';
  execFileSync('prlimit', ['--pid', String(gavel.child.pid), `--fsize=${limit}:`]);
}

it('a server that stops is not ready, as the document says', async () => {
  const ready = operations().find(({ operationId }) => operationId === 'readReadiness');
  if (ready === undefined) throw new Error('the document has no readReadiness');
  // One request that is never finished keeps the server; another, on a line that is open already, asks.
  const slow = connect(gavel.port, '127.0.0.1');
  slow.write('POST /bid HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{');
  const line = connect(gavel.port, '127.0.0.1');
  let received = '';
  line.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  const ask = (): boolean => line.write('GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n');
  ask();
  await expect.poll(() => received).toContain('200 OK');
  gavel.child.kill('SIGTERM');
  await expect.poll(() => (ask(), received)).toContain('503 Service Unavailable');
  const answer = received.slice(received.indexOf('HTTP/1.1 503'));
  const [head = '', text = ''] = answer.split('\r\n\r\n');
  const headers = new Headers(
    head
      .split('\r\n')
      .slice(1)
      .map((field) => field.split(/: (.*)/s).slice(0, 2) as [string, string]),
  );
  expectDocumented(ready, '503', headers, text.slice(0, Number(headers.get('content-length') ?? 0)));
  met.add('readReadiness 503');
  slow.destroy();
  line.destroy();
});

it('nothing in the document was left unmet', () => {
  const documented = operations().flatMap(({ operationId, statuses }) =>
    statuses.map((status) => `${operationId} ${status}`),
  );
  expect([...met].sort()).toEqual(documented.sort());
});
