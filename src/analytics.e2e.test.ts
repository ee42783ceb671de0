/** Reports of a running server: what was counted, what is still on its way, and what is known while Postgres hangs. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { occupants } from './database/disk-postgres-folder.ts';
import {
  ADMIN_KEY,
  newDataDir,
  removeDataDir,
  startGavel,
  type GavelProcess,
} from './fixtures/gavel-process.ts';

const SOON = { timeout: 60_000, interval: 20 };

interface CampaignReport {
  readonly summary: { readonly totalImpressions: number; readonly totalClicks: number; readonly ctr: number };
  readonly dailyMetrics: readonly { readonly impressions: number }[];
  readonly pending: { readonly impressions: number };
  readonly stale: boolean;
}

const dataDir = newDataDir();
let gavel: GavelProcess;

beforeAll(async () => {
  gavel = await startGavel(dataDir, { GAVEL_DEMO: '0' });
});
afterAll(async () => {
  await gavel.kill();
  removeDataDir(dataDir);
});

async function ask<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(gavel.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
  return (await response.json()) as T;
}

it('what is accepted is pending, and then among the totals; while Postgres hangs these stay, and say that they are stale', async () => {
  const { id, ads } = await ask<{ id: string; ads: { id: string }[] }>('/campaigns', {
    name: 'Campaign',
    advertiserId: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
    bid: { model: 'cpm', amount: 2.5 },
    dailyBudget: 500,
    ads: [
      {
        title: 'Ad',
        imageUrl: 'https://a.example/a.png',
        redirectUrl: 'https://a.example/',
        width: 300,
        height: 250,
      },
    ],
  });
  const adId = ads[0]?.id ?? '';
  const events = (from: number, count: number): object[] =>
    Array.from({ length: count }, (_, n) => ({
      event_id: `event ${String(from + n)}`,
      type: n === 0 ? 'click' : 'impression',
      ad_id: adId,
    }));
  await ask('/events', events(0, 41));
  await expect
    .poll(() => ask<CampaignReport>(`/analytics/campaign/${id}`), SOON)
    .toMatchObject({
      summary: { totalImpressions: 40, totalClicks: 1, ctr: 2.5 },
      pending: { impressions: 0 },
      stale: false,
    });
  const { pids } = occupants(`${dataDir}/data/postgres`);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await ask('/events', events(100, 11));
    // What was read half a second ago is as good as new.
    await expect
      .poll(() => ask<CampaignReport>(`/analytics/campaign/${id}`), SOON)
      .toMatchObject({ summary: { totalImpressions: 40 }, pending: { impressions: 10 }, stale: true });
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
  await expect
    .poll(() => ask<CampaignReport>(`/analytics/campaign/${id}`), SOON)
    .toMatchObject({ summary: { totalImpressions: 50 }, pending: { impressions: 0 }, stale: false });
  const byAd = await ask<{ known: boolean; buckets: { impressions: number }[] }>(
    `/analytics/ad/${adId}?bucket=minute`,
  );
  expect(byAd.known).toBe(true);
  expect(byAd.buckets.reduce((sum, { impressions }) => sum + impressions, 0)).toBe(50);
});
