import { describe, expect, it } from 'vitest';

import { makeDemoCampaigns, seedDemo } from './demo.ts';
import type { Campaign } from './model.ts';
import type { CampaignStore } from './store.ts';

const NOW_MS = Date.parse('2026-11-02T10:00:00Z');

describe('the demo campaigns', () => {
  const campaigns = makeDemoCampaigns(NOW_MS);
  const ads = campaigns.flatMap((campaign) => campaign.ads);

  it('are valid, with ids of their own', () => {
    const ids = [...campaigns, ...ads].map(({ id }) => id);
    expect(campaigns).toHaveLength(12);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('show each common size, a deal, a click price, html, caps, dayparts and an exclude', () => {
    const sizes = new Set(ads.map(({ width, height }) => `${String(width)}x${String(height)}`));
    expect([...sizes].sort()).toEqual(['160x600', '300x250', '300x600', '320x50', '728x90', '970x250']);
    const shows = (what: (campaign: Campaign) => boolean) => campaigns.some(what);
    expect(shows(({ deals }) => deals.includes('deal-7'))).toBe(true);
    expect(shows(({ bid }) => bid.model === 'cpc')).toBe(true);
    expect(shows(({ ads: [ad] }) => ad?.html?.includes('{CLICK_URL}') === true)).toBe(true);
    expect(shows(({ frequencyCaps }) => frequencyCaps.length > 0)).toBe(true);
    expect(shows(({ schedule }) => schedule.dayparts.length > 0)).toBe(true);
    expect(shows(({ targeting }) => targeting.some(({ operator }) => operator === 'exclude'))).toBe(true);
  });

  it.each(['300x250', '320x50', '728x90', '970x250', '160x600', '300x600'])(
    'have a %s image that needs no targeting to be met, cap or deal',
    (size) => {
      const broad = campaigns.filter(
        ({ targeting, frequencyCaps, dealsOnly, schedule }) =>
          targeting.length === 0 &&
          frequencyCaps.length === 0 &&
          !dealsOnly &&
          schedule.dayparts.length === 0,
      );
      const images = broad.flatMap((campaign) => campaign.ads).filter(({ imageUrl }) => imageUrl !== null);
      expect(images.map(({ width, height }) => `${String(width)}x${String(height)}`)).toContain(size);
    },
  );

  it('hold nothing that is not https', () => {
    expect(JSON.stringify(campaigns)).not.toContain('http:');
  });

  it('are offered to the store as the first change, and counted only when it takes them', async () => {
    const offered: string[][] = [];
    const store = (takes: boolean): Pick<CampaignStore, 'insertFirst'> => ({
      insertFirst: (given) => {
        offered.push(given.map(({ id }) => id));
        return Promise.resolve(takes);
      },
    });
    expect(await seedDemo(store(true), NOW_MS)).toBe(12);
    expect(await seedDemo(store(false), NOW_MS)).toBe(0);
    expect(offered[0]).toEqual(offered[1]);
  });
});
