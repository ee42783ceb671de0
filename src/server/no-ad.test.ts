/** The simple forms without an ad: each tells its reason to the tallies. */
import { expect, it } from 'vitest';
import { NBR } from '../openrtb/codes.ts';
import { costNanos } from '../money.ts';
import { TrackingDesk } from './fixtures/tracking-desk.ts';

const ASK: readonly ((desk: TrackingDesk, country: string) => Promise<{ readonly status: number }>)[] = [
  (desk, country) =>
    desk.post('/bid-request', {
      user_id: 'u',
      site: { domain: 'news.example' },
      ad_size: '300x250',
      geo: { country },
    }),
  (desk, countryCode) => desk.post('/bid', { userId: 'u', placementId: 'p', countryCode }),
  (desk, country) => desk.get(`/serve?userId=u&placementId=p&countryCode=${country}`),
  (desk, country) => desk.post('/v1/delivery', { app: 'com.example', os: 'android', country }),
  (desk, country) => desk.get(`/v1/delivery?app=com.example&os=android&country=${country}`),
];

async function reasonsOf(desk: TrackingDesk, country: string): Promise<readonly number[]> {
  for (const ask of ASK) expect((await ask(desk, country)).status).toBe(204);
  return desk.noBids.splice(0);
}

it('no campaign matches', async () => {
  const desk = new TrackingDesk({
    targeting: [{ dimension: 'country', operator: 'include', values: ['US'] }],
  });
  expect(await reasonsOf(desk, 'DE')).toEqual(ASK.map(() => NBR.noCampaignMatches));
  await desk.bid();
  expect(desk.noBids).toEqual([]);
});

it('the one that matches has no budget left', async () => {
  const desk = new TrackingDesk({ dailyBudgetNanos: costNanos(1) });
  expect(await reasonsOf(desk, 'US')).toEqual(ASK.map(() => NBR.budgetOrPacing));
});

it('a floor is above all bids', async () => {
  const desk = new TrackingDesk();
  const body = { user_id: 'u', site: { domain: 'news.example' }, ad_size: '300x250', floor_price: 500 };
  expect((await desk.post('/bid-request', body)).status).toBe(204);
  expect(desk.noBids).toEqual([NBR.belowFloor]);
});
