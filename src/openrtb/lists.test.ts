import { describe, expect, it } from 'vitest';
import { MAX_DEALS, MAX_FORMATS } from './check-imp.ts';
import { MAX_CODES, MAX_NAMES } from './lists.ts';
import { parseBidRequest } from './parse.ts';
import type { BidRequest, ParsedRequest } from './request.ts';

const NOW_MS = Date.UTC(2026, 5, 15);

type Json = boolean | number | string | Json[] | { [key: string]: Json };

describe('block and allow lists', () => {
  it('reads a value of a long list once, however often it is said', () => {
    const often = (value: Json): Json[] => Array.from({ length: 20_000 }, () => value);
    const request = read({
      imp: [{ id: '1', banner: { battr: often(3), mimes: often('image/GIF') } }],
      bcat: often('IAB25-3'),
      acat: [...often('IAB1'), 'iab1', 'IAB2'],
      badv: often('https://www.Brand.example/'),
    });
    expect(request.blockedCategories).toEqual(['IAB25-3']);
    expect(request.allowedCategories).toEqual(['IAB1', 'IAB2']);
    expect(request.blockedDomains).toEqual(['brand.example']);
    expect(request.imps[0]?.banner).toMatchObject({ blockedAttributes: [3], mimes: ['image/gif'] });
  });

  it.each(['cur', 'wseat', 'bseat', 'bcat', 'acat', 'badv', 'bapp'])(
    'refuses more of %s than are read, and cuts none',
    (field) => {
      const names = Array.from({ length: MAX_NAMES + 1 }, (_, i) => `N${i}`);
      const fields = { id: 'r1', imp: [{ id: '1', banner: {} }] };
      expect(parseJson({ ...fields, [field]: names })).toMatchObject({ ok: false, field });
      expect(parseJson({ ...fields, [field]: names.slice(1) })).toMatchObject({ ok: true });
    },
  );

  it('refuses more sections of GPP than are read, wherever they stand', () => {
    const sections = Array.from({ length: MAX_CODES + 1 }, (_, i) => i);
    for (const regs of [{ gpp_sid: sections }, { ext: { gpp_sid: sections } }]) {
      const parsed = parseJson({ id: 'r1', imp: [{ id: '1', banner: {} }], regs });
      expect(parsed).toMatchObject({ ok: false, field: 'regs.gpp_sid' });
    }
  });

  it.each([
    ['banner.btype', MAX_CODES, (list: Json[]) => ({ banner: { btype: list } })],
    ['banner.battr', MAX_CODES, (list: Json[]) => ({ banner: { battr: list } })],
    ['banner.api', MAX_CODES, (list: Json[]) => ({ banner: { api: list } })],
    ['banner.mimes', MAX_NAMES, (list: Json[]) => ({ banner: { mimes: list } })],
    [
      'banner.format',
      MAX_FORMATS,
      (list: Json[]) => ({ banner: { format: list.map(() => ({ w: 1, h: 1 })) } }),
    ],
    ['pmp.deals', MAX_DEALS, (list: Json[]) => ({ banner: {}, pmp: { deals: list.map((id) => ({ id })) } })],
    [
      'pmp.deals[1].wseat',
      MAX_NAMES,
      (list: Json[]) => ({ banner: {}, pmp: { deals: dealsWith('wseat', list) } }),
    ],
    [
      'pmp.deals[1].wadomain',
      MAX_NAMES,
      (list: Json[]) => ({ banner: {}, pmp: { deals: dealsWith('wadomain', list) } }),
    ],
  ])('spoils an imp with more of %s than are read, and no other', (path, limit, impWith) => {
    const values = Array.from({ length: limit + 1 }, (_, i) => i + 1);
    const { imps } = read({
      imp: [
        { id: '1', ...impWith(values) },
        { id: '2', ...impWith(values.slice(1)) },
      ],
    });
    expect(imps[0]?.problem).toBe(`imp[0].${path}: has more than ${limit} entries`);
    expect(imps[1]?.problem).toBe('');
  });
});

function dealsWith(field: string, list: Json[]): Json[] {
  return [{ id: 'd1' }, { id: 'd2', [field]: list }];
}

function parseJson(request: object): ParsedRequest {
  return parseBidRequest(JSON.stringify(request), NOW_MS);
}

function read(fields: object): BidRequest {
  const parsed = parseJson({ id: 'r1', ...fields });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.request;
}
