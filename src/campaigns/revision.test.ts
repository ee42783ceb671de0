import { describe, expect, it } from 'vitest';
import { testAd, testCampaign } from '../auction/fixtures/market.ts';
import { costNanos } from '../money.ts';
import { writeCampaign } from './document.ts';
import type { Campaign } from './model.ts';
import { seededCampaigns } from './seeded.ts';
import { addAd, patchAd, patchCampaign, removeAd } from './revision.ts';
import { validateReplacement } from './validation.ts';

const NEW_ID = 'ffffffff-ffff-4fff-8fff-ffffffffffff';
const newId = () => NEW_ID;

function patched(current: Campaign, patch: Record<string, unknown>): Campaign {
  const read = patchCampaign(current, patch, newId);
  if (!read.ok) throw new Error(JSON.stringify(read.mistakes));
  return read.campaign;
}

describe('a campaign that is written and sent again', () => {
  it('is the same campaign', () => {
    for (const campaign of seededCampaigns({ count: 200, seed: 7 })) {
      const document: unknown = JSON.parse(JSON.stringify(writeCampaign(campaign)));
      expect(validateReplacement(document, campaign, newId)).toEqual({ ok: true, campaign });
    }
  });

  it('shows rows that SQL wrote past validation rather than fail', () => {
    const schedule = {
      startMs: NaN,
      endMs: NaN,
      timezone: 'Mars/Base',
      dayparts: [null, {}, { fromMinute: 'x' }],
    };
    const junk = testCampaign(1, { schedule: schedule as unknown as Campaign['schedule'] });
    expect(writeCampaign(junk).schedule).toEqual({
      start: null,
      end: null,
      timezone: 'Mars/Base',
      dayparts: [1, 2, 3].map(() => ({ days: undefined, from: null, to: null })),
    });
  });
});

describe('a campaign that is replaced', () => {
  it('keeps its start where the replacement names none, and is judged by it', () => {
    const schedule = { startMs: 5_000, endMs: null, timezone: 'UTC', dayparts: [] };
    const current = testCampaign(1, { schedule, createdAtMs: 7_000 });
    const { schedule: _, ...unscheduled } = writeCampaign(current);
    expect(validateReplacement(unscheduled, current, newId)).toEqual({ ok: true, campaign: current });
    const ended = { ...unscheduled, schedule: { end: '1970-01-01T00:00:05Z' } };
    expect(validateReplacement(ended, current, newId)).toMatchObject({ ok: false });
    const endless = testCampaign(1, { schedule: { ...schedule, startMs: NaN }, createdAtMs: 7_000 });
    expect(validateReplacement(unscheduled, endless, newId)).toMatchObject({
      campaign: { schedule: { startMs: 7_000 } },
    });
  });
});

describe('a patched campaign', () => {
  it('whose start is taken away starts when it was made', () => {
    const schedule = { startMs: 9e12, endMs: null, timezone: 'UTC', dayparts: [] };
    const current = testCampaign(1, { schedule, createdAtMs: 7_000 });
    expect(patched(current, { schedule: { start: null } }).schedule.startMs).toBe(7_000);
    expect(patched(current, { schedule: { timezone: 'Asia/Tokyo' } }).schedule.startMs).toBe(9e12);
  });

  it('keeps to the nano the budgets that the patch does not mention', () => {
    const most = costNanos(Number.MAX_SAFE_INTEGER);
    const current = testCampaign(1, { dailyBudgetNanos: most, lifetimeBudgetNanos: most });
    expect(patched(current, { name: 'Other' })).toEqual({ ...current, name: 'Other' });
    expect(patched(current, { lifetimeBudget: null }).lifetimeBudgetNanos).toBeNull();
    expect(patched(current, { dailyBudget: '12.5' }).dailyBudgetNanos).toBe(12_500_000_000);
  });

  it('may hold what validation refuses today, where the patch does not mention it', () => {
    const junk = {
      schedule: { startMs: NaN, endMs: NaN, timezone: 'Mars/Base', dayparts: [] },
      targeting: [{ dimension: 'country', operator: 'include', values: ['YU'] }],
      ads: [testAd(1, { categories: ['IAB99'] })],
    } as const;
    const current = testCampaign(1, junk);
    expect(patched(current, { bid: { amount: 3 }, seat: null, id: NEW_ID, version: 9 })).toEqual({
      ...current,
      bid: { ...current.bid, amountMicros: 3_000_000 },
      seat: current.advertiserId,
    });
    const wrong = patchCampaign(current, { name: null, ads: writeCampaign(current).ads }, newId);
    expect(!wrong.ok && wrong.mistakes.map(({ field }) => field)).toEqual(['name', 'ads[0].categories[0]']);
  });

  it('names ads by their ids, takes a word-for-word repetition for the same, and makes others new', () => {
    const ads = [testAd(1), testAd(2), testAd(3)];
    const current = testCampaign(1, { ads });
    const { id: _, ...second } = testAd(2);
    const next = [{ ...testAd(3), title: 'Renamed' }, second, { ...second, title: 'New' }];
    expect(patched(current, { ads: next }).ads.map(({ id, title }) => [id, title])).toEqual([
      [testAd(3).id, 'Renamed'],
      [testAd(2).id, 'Ad 2'],
      [NEW_ID, 'New'],
    ]);
  });
});

describe('one ad of a campaign', () => {
  const current = testCampaign(1, { ads: [testAd(1), testAd(2)] });

  it('is added behind the others and patched in its place', () => {
    const { id: _, ...ad } = testAd(9);
    const added = addAd(current, ad, newId);
    expect(added.ok && added.campaign.ads.map(({ id }) => id)).toEqual([testAd(1).id, testAd(2).id, NEW_ID]);
    const changed = patchAd(current, current.ads[0]!, { title: 'Renamed', adomain: null, id: NEW_ID });
    expect(changed.ok && changed.campaign.ads).toEqual([
      { ...testAd(1), title: 'Renamed', adomain: [] },
      testAd(2),
    ]);
  });

  it('keeps categories that have left their list, unless the patch is about them', () => {
    const old = testAd(1, { categories: ['IAB99'] });
    const holding = testCampaign(1, { ads: [old] });
    const renamed = patchAd(holding, old, { title: 'Renamed' });
    expect(renamed.ok && renamed.ad).toEqual({ ...old, title: 'Renamed' });
    expect(patchAd(holding, old, { cattax: 1 })).toMatchObject({ ok: false, kind: 'rule' });
  });

  it('is refused with every field that is wrong', () => {
    const refused = patchAd(current, current.ads[0]!, { width: 0, title: null, redirectUrl: 'x' });
    expect(!refused.ok && [refused.kind, refused.mistakes.map(({ field }) => field).sort()]).toEqual([
      'type',
      ['redirectUrl', 'title', 'width'],
    ]);
  });

  it('is taken out unless it is the last', () => {
    const rest = removeAd(current, current.ads[0]!);
    expect(rest?.ads).toEqual([testAd(2)]);
    expect(rest === null ? undefined : removeAd(rest, rest.ads[0]!)).toBeNull();
  });
});
