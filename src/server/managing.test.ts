/** What each outcome of a change is answered, also those that a sound database never gives. */
import { expect, it } from 'vitest';
import { testAd, testCampaign, uuid } from '../auction/fixtures/market.ts';
import type { CampaignDesk, Outcome } from '../campaigns/desk.ts';
import { openLedger } from '../ledger/embedded.ts';
import { openMemoryJournal } from '../ledger/memory-journal.ts';
import { adRoutes } from './ad-changes.ts';
import { campaignChangeRoutes } from './campaign-changes.ts';
import { campaignListRoutes } from './campaign-lists.ts';
import { createGatekeeper, type Holder } from './gatekeeper.ts';
import type { HttpAnswer } from './http.ts';

interface Case {
  readonly outcome?: Outcome<HttpAnswer>;
  readonly holder?: Holder | null | 'unavailable';
  readonly catchUp?: () => Promise<void>;
}

const MANAGER: Holder = { actor: 'key:m', mayChange: true, advertiserId: null };
const DONE: Outcome<never> = { kind: 'done', answer: { status: 200, headers: { etag: '"1"' }, body: '{}' } };
const behind: unknown[] = [];

async function ask(
  method: string,
  { outcome = DONE, holder = MANAGER, catchUp = () => Promise.resolve() }: Case,
) {
  const away = () => Promise.resolve('unavailable' as const);
  const settle = <Refusal>() => Promise.resolve(outcome as Outcome<Refusal>);
  const desk: CampaignDesk = { find: away, list: away, audit: away, create: settle, change: settle };
  const edges = {
    desk,
    gatekeeper: createGatekeeper({ isAdmin: () => false, findHolder: () => Promise.resolve(holder) }),
    ledger: openLedger({ journal: openMemoryJournal(), nowMs: 0 }),
    catchUp,
    clock: () => 0,
    newId: () => uuid('ad', 1),
    publicUrl: 'https://ads.example',
    onBehind: (error: unknown) => void behind.push(error),
  };
  const routes = [...campaignListRoutes(edges), ...campaignChangeRoutes(edges), ...adRoutes(edges)];
  const route = routes.find((known) => known.method === method && known.pattern === '/campaigns/{id}');
  const answer = await route?.handle({
    method,
    path: '/campaigns/x',
    query: '',
    requestId: 'r',
    traceId: '',
    header: (name) => (name === 'authorization' ? 'bearer a-key' : ''),
    clientAddress: () => '',
    body: Buffer.from('{}'),
    params: { id: testCampaign(1, { ads: [testAd(1)] }).id },
  });
  const { message } = JSON.parse(String(answer?.body)) as { message?: string };
  return [answer?.status, message ?? ''] as const;
}

it('a change is answered once this node serves by it, and 503 where it can not', async () => {
  const steps: string[] = [];
  const catchUp = async () => {
    await Promise.resolve();
    steps.push('served');
  };
  const answered = ask('PATCH', { catchUp }).then(() => steps.push('answered'));
  await answered;
  expect(steps).toEqual(['served', 'answered']);
  const [status, message] = await ask('PATCH', { catchUp: () => Promise.reject(new Error('away')) });
  expect([status, message]).toEqual([503, expect.stringContaining('the change is made')]);
  expect(behind).toEqual([new Error('away')]);
});

it('a change that can not be made, or of which nothing is known, is 503 and says which', async () => {
  expect(await ask('PATCH', { outcome: { kind: 'unavailable' } })).toEqual([
    503,
    expect.stringContaining('nothing was changed'),
  ]);
  expect(await ask('PATCH', { outcome: { kind: 'uncertain' } })).toEqual([
    503,
    expect.stringContaining('went away during the commit'),
  ]);
  expect(await ask('GET', {})).toEqual([503, expect.stringContaining('Postgres is away')]);
});

it('a key that is unknown is 401, one that may only read 403 for a change, one that can not be looked up 503', async () => {
  expect((await ask('PATCH', { holder: null }))[0]).toBe(401);
  expect((await ask('PATCH', { holder: { ...MANAGER, mayChange: false } }))[0]).toBe(403);
  expect(await ask('PATCH', { holder: 'unavailable' })).toEqual([
    503,
    expect.stringContaining('nothing was done'),
  ]);
  expect((await ask('PATCH', {}))[0]).toBe(200);
});
