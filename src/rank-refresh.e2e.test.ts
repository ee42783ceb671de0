/** Clicks on ads that were shown decide who wins the next auction; what anyone may post does not. */
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';
import { postAll } from './fixtures/posted-events.ts';

const SOON = { timeout: 60_000, interval: 50 };
const FEIGNED = 400;

interface Made {
  readonly id: string;
  readonly ads: readonly { readonly id: string }[];
}
interface Bid {
  readonly cid: string;
  readonly price: number;
  readonly adm: string;
}

const dataDir = newDataDir();
let gavel: GavelProcess;

beforeAll(async () => {
  gavel = await startGavel(dataDir, { GAVEL_DEMO: '0', GAVEL_RATES_SEC: '1' });
});
afterAll(async () => {
  await gavel.stop();
  removeDataDir(dataDir);
});

async function ask<T>(path: string, body?: object, method = body === undefined ? 'GET' : 'POST'): Promise<T> {
  const response = await fetch(gavel.url + path, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
  return (await response.json()) as T;
}

function createCampaign(name: string, model: 'cpm' | 'cpc', amount: number): Promise<Made> {
  return ask<Made>('/campaigns', {
    name,
    advertiserId: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
    bid: { model, amount },
    dailyBudget: 500,
    pacing: 'asap',
    ads: [
      {
        title: name,
        imageUrl: 'https://a.example/a.png',
        redirectUrl: 'https://a.example/',
        width: 300,
        height: 250,
      },
    ],
  });
}

async function auction(): Promise<Bid> {
  const request = {
    id: 'r',
    imp: [{ id: '1', banner: { w: 300, h: 250 } }],
    site: { domain: 'news.example' },
  };
  const { seatbid } = await ask<{ seatbid: { bid: Bid[] }[] }>('/openrtb2/bid', request);
  const bid = seatbid[0]?.bid[0];
  if (bid === undefined) throw new Error('nobody bid');
  return bid;
}

/** What a browser loads, and the person behind it clicks on. */
async function showAndClick({ adm }: Bid): Promise<void> {
  const [click = '', pixel = ''] = [/href="([^"]+)"/, /(?:<img src=")([^"]+\/impression[^"]+)"/].map(
    (pattern) => pattern.exec(adm)?.[1]?.replace('localhost', '127.0.0.1') ?? '',
  );
  expect((await fetch(pixel)).status).toBe(200);
  expect((await fetch(click, { redirect: 'manual' })).status).toBe(302);
}

async function countedImpressions(id: string): Promise<number> {
  const { summary } = await ask<{ summary: { totalImpressions: number } }>(`/analytics/campaign/${id}`);
  return summary.totalImpressions;
}

function postFeigned(adId: string, type: 'click' | 'impression', count: number) {
  const events = Array.from({ length: count }, (_, n) => ({
    event_id: `${adId} ${type} ${n}`,
    type,
    ad_id: adId,
  }));
  return postAll(gavel, [events]);
}

it('a click on one of two cpc ads makes it win, at what is expected of it; feigned views and clicks change nothing', async () => {
  const [dear, cheap] = [
    await createCampaign('Dear', 'cpc', 0.51),
    await createCampaign('Cheap', 'cpc', 0.5),
  ];
  expect(await auction()).toMatchObject({ cid: dear.id, price: 0.51 });

  // A stranger would ruin the one with views and have the other win with clicks.
  expect(await postFeigned(dear.ads[0]?.id ?? '', 'impression', FEIGNED)).toEqual([]);
  expect(await postFeigned(cheap.ads[0]?.id ?? '', 'click', FEIGNED)).toEqual([]);
  expect(await postFeigned(cheap.ads[0]?.id ?? '', 'impression', FEIGNED)).toEqual([]);
  await expect.poll(() => countedImpressions(dear.id), SOON).toBe(FEIGNED);
  await expect.poll(() => countedImpressions(cheap.id), SOON).toBe(FEIGNED);

  await ask(`/campaigns/${dear.id}/pause`, {});
  const bid = await auction();
  expect(bid).toMatchObject({ cid: cheap.id, price: 0.5 });
  await showAndClick(bid);
  await ask(`/campaigns/${dear.id}/resume`, {});

  // One click in one impression: (1 + 10) / (0.001 + 10) of the prior, and in steps of 2 % that is 1.02^5.
  const price = Math.floor(500_000 * 1.02 ** 5) / 1_000_000;
  await expect.poll(auction, SOON).toMatchObject({ cid: cheap.id, price });
  expect(gavel.stdout()).toContain('measured rates moved rank prices');

  // The other still has its price of before, whatever was said of its views.
  await ask(`/campaigns/${cheap.id}/pause`, {});
  expect(await auction()).toMatchObject({ cid: dear.id, price: 0.51 });
  // Whoever is changed meanwhile is ranked by what was measured, too.
  await ask(`/campaigns/${cheap.id}/resume`, {});
  expect(await auction()).toMatchObject({ cid: cheap.id, price });

  // And over a restart.
  await gavel.stop();
  gavel = await startGavel(dataDir, { GAVEL_DEMO: '0', GAVEL_RATES_SEC: '3600' });
  await expect.poll(auction, SOON).toMatchObject({ cid: cheap.id, price });
});

it('a cpm ad that is shown and not clicked on bids less; what /bid answered, whose clicks nobody can count, is left out', async () => {
  await gavel.stop();
  removeDataDir(dataDir);
  mkdirSync(dataDir);
  gavel = await startGavel(dataDir, { GAVEL_DEMO: '0', GAVEL_RATES_SEC: '1', GAVEL_PRIOR_CTR: '1' });
  const { id } = await createCampaign('Shown', 'cpm', 2);
  const place = { userId: 'u', placementId: 'p', countryCode: 'US' };
  for (let n = 0; n < 20; n++) await ask('/bid', place);
  await ask(`/serve?${new URLSearchParams(place).toString()}`);
  await expect.poll(() => countedImpressions(id), SOON).toBe(21);
  // One impression without a click: (0 + 10) / (1 + 10) of the prior, 1.02^-5 in steps. Twenty-one would be 0.5.
  const price = Math.floor(2_000_000 / 1.02 ** 5) / 1_000_000;
  await expect.poll(auction, SOON).toMatchObject({ cid: id, price });
});
