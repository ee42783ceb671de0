import { describe, expect, it } from 'vitest';
import type { Ad, Campaign } from '../campaigns/model.ts';
import { seededCampaigns } from '../campaigns/seeded.ts';
import { MAX_PRICE_MICROS } from '../money.ts';
import { compileIndex } from './compile.ts';
import { Matcher } from './match.ts';
import { ACCESS_DIMENSION, AD_DIMENSION, QUERY_DIMENSIONS } from './query.ts';
import { NOTHING_COUNTED } from './ad-counts.ts';
import { rankPrice, type Offered } from './rank.ts';
import { AD_FLAG, AD_TYPE_NUMBER, CAMPAIGN_FLAG, SPACE } from './snapshot.ts';
import { openSnapshot } from './snapshot-view.ts';

const NOW_MS = Date.UTC(2026, 10, 4);
const PRIORS = { ctr: 0.001, cvr: 0.00001 };
/** Into Monday. */
const SUNDAY_NIGHT = { days: [7], fromMinute: 22 * 60, toMinute: 60 };
const OPTIONS = { nowMs: NOW_MS, epoch: 3, priors: PRIORS };

function campaign(changed: Partial<Campaign> = {}, ad: Partial<Ad> = {}): Campaign {
  const [base] = seededCampaigns({ count: 1, seed: 1 });
  return { ...base!, ads: [{ ...base!.ads[0]!, ...ad }], targeting: [], ...changed };
}

function open(campaigns: readonly Campaign[]) {
  return openSnapshot(compileIndex(campaigns, OPTIONS).buffer);
}

/** Every section as base64; what lies between them means nothing. */
function bytesOf(buffer: SharedArrayBuffer): Record<string, string> {
  const sections = Object.entries(openSnapshot(buffer).sections).map(([name, { byteOffset, byteLength }]) => {
    return [name, Buffer.from(buffer, byteOffset, byteLength).toString('base64')];
  });
  return Object.fromEntries(sections) as Record<string, string>;
}

describe('the compiled index', () => {
  it('is refused with a sentence that says why, where it is not one', () => {
    const { buffer, usedBytes } = compileIndex(seededCampaigns({ count: 40, seed: 1 }), OPTIONS);
    const damaged = (word: number, value: number): SharedArrayBuffer => {
      const copy = buffer.slice(0);
      new Uint32Array(copy)[word] = value;
      return copy;
    };
    expect(openSnapshot(buffer.slice(0)).campaignCount).toBe(40);
    expect(() => openSnapshot(new SharedArrayBuffer(16))).toThrow('16 bytes are fewer than its header');
    expect(() => openSnapshot(damaged(0, 0x1234))).toThrow('index refused: it starts with 0x1234');
    expect(() => openSnapshot(damaged(1, 99))).toThrow('its layout is version 99, this one reads version 3');
    expect(() => openSnapshot(damaged(5, 3))).toThrow('it has 3 sections');
    expect(() => openSnapshot(damaged(8, 41))).toThrow('damaged or half written');
    expect(() => openSnapshot(damaged(20, 8))).toThrow('damaged or half written');
    expect(() => openSnapshot(buffer.slice(0, usedBytes - 1))).toThrow(
      `it fills ${usedBytes} bytes, but the buffer has ${usedBytes - 1}: it was cut off`,
    );
  });

  it('takes the buffer that it is given as long as it fits, and a larger one then', () => {
    const few = seededCampaigns({ count: 50, seed: 1 });
    const many = seededCampaigns({ count: 2_000, seed: 2 });
    const first = compileIndex(many, OPTIONS);
    const reused = compileIndex(few, { ...OPTIONS, epoch: 4, buffer: compileIndex(many, OPTIONS).buffer });
    expect(reused.buffer.byteLength).toBe(first.buffer.byteLength);
    expect(reused.usedBytes).toBeLessThan(first.usedBytes);
    const fresh = compileIndex(few, { ...OPTIONS, epoch: 4 });
    expect(openSnapshot(reused.buffer)).toMatchObject({ epoch: 4, campaignCount: 50, compiledAtMs: NOW_MS });
    expect(bytesOf(reused.buffer)).toEqual(bytesOf(fresh.buffer));

    const outgrown = compileIndex(many, { ...OPTIONS, buffer: fresh.buffer });
    expect(outgrown.buffer).not.toBe(fresh.buffer);
    expect(outgrown.buffer.byteLength).toBeGreaterThan(outgrown.usedBytes * 1.2);
    expect(openSnapshot(outgrown.buffer).campaignCount).toBe(2_000);
    expect(bytesOf(outgrown.buffer)).toEqual(bytesOf(first.buffer));
    expect(() => openSnapshot(fresh.buffer)).toThrow('index refused');
  });

  it('leaves out campaigns that are paused, have ended or have no active ad', () => {
    const { schedule } = campaign();
    const ids = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(8));
    const snapshot = open([
      campaign({ id: ids[0]!, status: 'paused' }),
      campaign({ id: ids[1]!, schedule: { ...schedule, endMs: NOW_MS } }),
      campaign({ id: ids[2]! }, { status: 'paused' }),
      campaign({ id: ids[3]!, schedule: { ...schedule, startMs: NOW_MS + 1, endMs: NOW_MS + 2 } }),
    ]);
    expect(ids.map((id) => snapshot.campaignOrdinal(id))).toEqual([-1, -1, -1, 0, -1]);
  });

  it('ranks clicks and conversions by what an impression is expected to bring, rounded down to a micro', () => {
    const rank = (model: Offered['model'], amountMicros: number): number =>
      rankPrice({ model, amountMicros, dealsOnly: false }, PRIORS, NOTHING_COUNTED);
    expect([rank('cpm', 2_500_001), rank('cpc', 250_000), rank('cpa', 5_000_150)]).toEqual([
      2_500_001, 250_000, 50_001,
    ]);
    for (let amount = 1; amount < 100_000; amount += 7) expect(rank('cpc', amount)).toBe(amount);
  });

  it('ranks nobody above the price that a token can hold', () => {
    const rank = (model: Offered['model'], amountMicros: number): number =>
      rankPrice({ model, amountMicros, dealsOnly: false }, { ctr: 1, cvr: 1 }, NOTHING_COUNTED);
    expect(rank('cpc', 9_007_199_254_740)).toBe(MAX_PRICE_MICROS);
    expect(rank('cpm', 2 ** 50)).toBe(MAX_PRICE_MICROS);
  });

  it('leaves out banners without a size, and campaigns that have no other ad', () => {
    const { ads } = campaign();
    const ad = (id: string, changed: Partial<Ad>): Ad => ({ ...ads[0]!, id, ...changed });
    const unsized = [ad('a', { width: null }), ad('b', { height: 0 }), ad('c', { width: 65_536 })];
    const native = ad('d', { type: 'native', width: null, height: null });
    const snapshot = open([campaign({ id: 'mixed', ads: [...unsized, native] })]);
    expect(['a', 'b', 'c', 'd'].map((id) => snapshot.adOrdinal(id))).toEqual([-1, -1, -1, 0]);
    expect([...snapshot.adStart]).toEqual([0, 1]);
    expect(snapshot.lookup(AD_DIMENSION, 'banner')).toBe(0);
    expect(open([campaign({ ads: unsized })]).campaignCount).toBe(0);
  });

  it('takes no more memory for fewer campaigns that have many values of their own', () => {
    const sizeOf = (count: number): number => {
      const campaigns = seededCampaigns({ count, seed: 1 }).map((base, c): Campaign => ({
        ...base,
        targeting: [
          {
            dimension: 'segment',
            operator: 'include',
            values: Array.from({ length: 200 }, (_, i) => `s-${c}-${i}`),
          },
        ],
      }));
      return compileIndex(campaigns, OPTIONS).usedBytes;
    };
    const sizes = [1, 2, 127, 128, 129].map((count) => sizeOf(count));
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });

  it('refuses two campaigns of one id', () => {
    expect(() => open([campaign(), campaign()])).toThrow('two campaigns or two ads have the id');
  });

  it('reads back what the campaign and its ads say', () => {
    const capped = campaign(
      {
        seat: 'Seat-9',
        frequencyCaps: [
          { limit: 1_000_000, window: 'lifetime' },
          { limit: 1, window: 'minute' },
        ],
        deals: ['Deal-7'],
        dealsOnly: true,
        pacing: 'even',
        lifetimeBudgetNanos: null,
        schedule: { startMs: 17, endMs: null, timezone: 'Asia/Tokyo', dayparts: [SUNDAY_NIGHT] },
      },
      {
        title: 'Grüße, 東京 🎉',
        adomain: ['www.Shop.Brand.example'],
        categories: ['iab2-3', 'IAB2'],
        attributes: [3, 9],
        bundle: 'com.Brand',
        imageUrl: 'https://cdn.example/a.b/IMAGE.JPG?x=.gif',
      },
    );
    const snapshot = open([capped]);
    const [ad] = capped.ads;
    expect(snapshot.campaignText(0)).toEqual({
      id: capped.id,
      seat: 'Seat-9',
      timezone: capped.schedule.timezone,
    });
    expect(snapshot.adText(snapshot.adOrdinal(ad!.id))).toEqual({
      id: ad!.id,
      title: 'Grüße, 東京 🎉',
      imageUrl: ad!.imageUrl,
      html: null,
      redirectUrl: ad!.redirectUrl,
      callToAction: ad!.callToAction,
      adomain: ['www.Shop.Brand.example'],
      categories: ['iab2-3', 'IAB2'],
    });
    const { capped: isCapped, dealsOnly, even } = CAMPAIGN_FLAG;
    expect(snapshot.campaignFlags[0]).toBe(isCapped | dealsOnly | even);
    expect([snapshot.startMs[0], snapshot.endMs[0]]).toEqual([17, Infinity]);
    expect(snapshot.weekStretches(0)).toEqual([
      { from: 9_960, to: 10_080 },
      { from: 0, to: 60 },
    ]);
    expect(snapshot.frequencyCaps(0)).toEqual(capped.frequencyCaps);
    expect(snapshot.lifetimeBudgetNanos[0]).toBe(-1);
    expect(snapshot.adType[0]).toBe(AD_TYPE_NUMBER.banner);
    const names = (space: number, list: readonly string[]): number[] =>
      list.map((name) => snapshot.lookup(space, name));
    const { adDomains, adCategories, adAttributes, deals } = snapshot;
    expect([...adDomains.ids]).toEqual(
      names(SPACE.advertiserDomain, ['shop.brand.example', 'brand.example', 'example']),
    );
    expect([...adCategories.ids]).toEqual(names(SPACE.category, ['1:IAB2-3', '1:IAB2']));
    expect([...adAttributes.ids]).toEqual([3, 9]);
    expect([...deals.ids]).toEqual(names(SPACE.deal, ['Deal-7']));
    expect([...adDomains.start]).toEqual([0, 3]);
    expect(snapshot.seat[0]).toBe(snapshot.lookup(SPACE.seat, 'Seat-9'));
    expect(snapshot.adBundle[0]).toBe(snapshot.lookup(SPACE.bundle, 'com.Brand'));
    expect(snapshot.adMime[0]).toBe(snapshot.lookup(SPACE.mime, 'image/jpeg'));
    expect(snapshot.lookup(SPACE.seat, 'seat-9')).toBe(0);
    expect(snapshot.lookup(SPACE.bundle, 'Seat-9')).toBe(0);
    expect([snapshot.campaignOrdinal('none'), snapshot.adOrdinal('none')]).toEqual([-1, -1]);
  });

  it('tells markup by its html, and what is insecure, needs mraid or leads nowhere in it', () => {
    const facts = (imageUrl: string | null, html: string | null) => {
      const snapshot = open([campaign({}, { imageUrl, html })]);
      const mime = ['text/html', 'image/png'].find(
        (name) => snapshot.lookup(SPACE.mime, name) === snapshot.adMime[0],
      );
      return [snapshot.adFlags[0], snapshot.adBannerType[0], snapshot.adMime[0] === 0 ? '' : mime];
    };
    expect(facts('https://a.example/b.png', null)).toEqual([AD_FLAG.image, 2, 'image/png']);
    expect(facts('HTTP://a.example/b', null)).toEqual([AD_FLAG.image | AD_FLAG.insecure, 2, '']);
    expect(facts('https://a.example/b.PNG#c.gif', null)).toEqual([AD_FLAG.image, 2, 'image/png']);
    expect(facts('https://a.example/b.constructor', null)).toEqual([AD_FLAG.image, 2, '']);
    const { insecure, mraid, unclickable } = AD_FLAG;
    expect(facts(null, '<b>http:</b>')).toEqual([insecure | unclickable, 2, 'text/html']);
    expect(facts(null, '<SCRIPT src="MRAID.js"></SCRIPT>')).toEqual([mraid | unclickable, 3, 'text/html']);
    expect(facts(null, '<script></script><iFrame>')).toEqual([unclickable, 4, 'text/html']);
    expect(facts(null, '<a href="{CLICK_URL}">x</a>')).toEqual([0, 2, 'text/html']);
  });

  it('shares the budget bits with every reader of the buffer', () => {
    const { buffer } = compileIndex(seededCampaigns({ count: 70, seed: 1 }), OPTIONS);
    const [writer, reader] = [openSnapshot(buffer), openSnapshot(buffer)];
    for (const campaign of [0, 31, 32, 69]) {
      expect(reader.isLive(campaign)).toBe(true);
      writer.setLive(campaign, false);
      expect(reader.isLive(campaign)).toBe(false);
    }
    writer.setLive(31, true);
    expect([0, 30, 31, 32, 33, 69].map((campaign) => reader.isLive(campaign))).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(() => writer.setLive(70, false)).toThrow(RangeError);
  });

  it('knows which dimensions any campaign names', () => {
    const snapshot = open([
      campaign({ targeting: [{ dimension: 'os', operator: 'exclude', values: ['ios'] }] }),
    ]);
    const targeted = Array.from({ length: QUERY_DIMENSIONS }, (_, dimension) =>
      snapshot.isTargeted(dimension),
    );
    expect(targeted.flatMap((is, dimension) => (is ? [dimension] : []))).toEqual([
      4,
      AD_DIMENSION,
      ACCESS_DIMENSION,
    ]);
  });

  it('holds 100,000 campaigns of 20 values each in 256 MiB', () => {
    const campaigns = seededCampaigns({ count: 100_000, seed: 1, rules: [10, 10], valuesPerRule: 2 });
    const { usedBytes, buffer } = compileIndex(campaigns, OPTIONS);
    const matcher = new Matcher();
    matcher.prepare(openSnapshot(buffer), {
      values: Array.from({ length: QUERY_DIMENSIONS }, () => []),
      nowMs: NOW_MS,
      minRankMicros: 0,
      fromOrdinal: 0,
      includeSpent: false,
    });
    expect(usedBytes).toBeLessThan(256 * 2 ** 20);
  }, 120_000);
});
