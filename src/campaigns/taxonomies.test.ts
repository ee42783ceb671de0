import { describe, expect, it } from 'vitest';

import { adCategories, CONTENT_CATEGORIES, isCattax } from './taxonomies.ts';
import { refusalOf } from './value-list.ts';

describe('a category taxonomy', () => {
  it.each([
    [
      'Content 1.0',
      1,
      ['IAB1', 'iab1-7', 'IAB7-45', 'IAB24', 'IAB26-4'],
      ['IAB0', 'IAB1-8', 'IAB24-1', 'IAB27', '1'],
    ],
    ['Content 2.0', 2, ['1', '698', '1000', '1480'], ['0', '699', '999', '1481', '01', 'v9i3On', 'IAB1']],
    ['Ad Product 1.0', 3, ['1', '863'], ['0', '864', 'IAB1']],
    ['Audience 1.1', 4, ['1', '1679'], ['IAB1', 'sports']],
    ['Content 2.1', 5, ['1', '698', '1000', '1480'], ['699', 'v9i3On']],
    ['Content 2.2', 6, ['698', 'v9i3On', 'V9I3ON', 'bsr004'], ['699', 'JLBCU7']],
    [
      'Content 3.0',
      7,
      ['1', '44', '46', '483', '698', 'JLBCU7', 'KHPC6A', '8FD8nI', '1012'],
      ['45', '174', '644', '700'],
    ],
    ['Ad Product 2.0', 8, ['1000', '1582'], ['999', '1583', '1']],
    ['Content 3.1', 9, ['1', '483', '700', 'jlbcu7', '20L2OV'], ['45', '699', '701', 'JLBCU8']],
    ['a vendor’s', 500, ['anything', '1'], []],
  ] as const)('%s has its own ids to its edges', (_, cattax, sound, wrong) => {
    const { accepts } = adCategories(cattax);
    expect(isCattax(cattax)).toBe(true);
    expect(sound.filter((id) => !accepts(id))).toEqual([]);
    expect([...wrong, ''].filter((id) => cattax < 500 && accepts(id))).toEqual([]);
  });

  it('is one that AdCOM numbers, or a vendor', () => {
    expect([0, 10, 499].filter(isCattax)).toEqual([]);
  });

  it('of audiences, and one of products, is none of content', () => {
    expect(['864', '1582', '1679'].filter(CONTENT_CATEGORIES.accepts)).toEqual([]);
    expect(
      ['IAB2-3', '483', '1480', 'bsr001', 'JLBCU7', '700'].filter((id) => !CONTENT_CATEGORIES.accepts(id)),
    ).toEqual([]);
  });

  it('says in a refusal which one was meant by the ad', () => {
    expect(refusalOf('483', adCategories(1))).toBe(
      '"483" is no category of Content Taxonomy 1.0 (cattax 1): it is written as IAB2 or IAB2-3; cattax names another taxonomy',
    );
    expect(refusalOf('Travel', adCategories(1))).toBe(
      '"Travel" is no category of Content Taxonomy 1.0 (cattax 1): did you mean "IAB20"?',
    );
    expect(refusalOf('IAB2', adCategories(9))).toBe(
      '"IAB2" is no category of Content Taxonomy 3.1 (cattax 9): cattax names the taxonomy',
    );
  });
});
