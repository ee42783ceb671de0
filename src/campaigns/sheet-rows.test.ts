import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkRows } from './campaign-rows.ts';
import { writeCampaign } from './document.ts';
import { SHEET_COLUMNS } from './sheet-columns.ts';
import { readSheet } from './sheet-rows.ts';

const ADVERTISER = 'c9bf9e57-1685-4c89-bafb-ff5af830be8a';
const HEADER =
  'name,advertiserId,bid.model,bid.amount,dailyBudget,targeting.country,ad.title,ad.imageUrl,ad.redirectUrl,ad.width,ad.height';
const AD = 'Sale,https://x.example/a.png,https://x.example,300,250';
const CAMPAIGN = `Spring,${ADVERTISER},cpm,2.5,500,US|CA`;
const NO_CAMPAIGN = ',,,,,';

function check(...lines: string[]) {
  const context = { nowMs: 0, newId: () => 'new' };
  const { campaigns, faults } = checkRows(readSheet(lines.join('\n')), context, () => undefined);
  return { ads: campaigns.map(({ name, ads }) => [name, ads.length]), faults, campaigns };
}

describe('a row of a sheet', () => {
  it('begins a campaign, or is one more ad of that above where it leaves its cells empty or repeats them all', () => {
    const { ads, faults, campaigns } = check(
      HEADER,
      `${CAMPAIGN},${AD}`,
      `${NO_CAMPAIGN},${AD}`,
      `${CAMPAIGN},${AD}`,
      '',
      ',,,,,,,,,,',
      `${CAMPAIGN.replace('Spring', 'Autumn')},${AD}`,
      `${NO_CAMPAIGN},${AD}`,
    );
    expect([ads, faults]).toEqual([
      [
        ['Spring', 3],
        ['Autumn', 2],
      ],
      [],
    ]);
    expect(campaigns[0]?.targeting).toEqual([
      { dimension: 'country', operator: 'include', values: ['US', 'CA'] },
    ]);
  });

  it('with the id of the one above is of its campaign, and may not say otherwise', () => {
    const rows = [`id,${HEADER}`, `1,${CAMPAIGN},${AD}`, `1,Spring,,,,,,${AD}`];
    expect(check(...rows, `2,${CAMPAIGN},${AD}`)).toMatchObject({
      ads: [
        ['Spring', 2],
        ['Spring', 1],
      ],
      faults: [],
    });
    expect(check(...rows, `1,,,,2.6,,,${AD}`, `2,${CAMPAIGN},${AD}`, `1,${CAMPAIGN},${AD}`).faults).toEqual([
      'row 4: bid.amount is not that of row 2, the first of this campaign: leave it empty, or repeat it',
      'row 6: id is that of row 2: the rows of a campaign stand together',
    ]);
  });

  it('that is wrong is told with its number and the column, and is the whole campaign’s', () => {
    const { ads, faults } = check(
      HEADER,
      `${CAMPAIGN.replace('2.5', '0').replace('CA', 'UK')},${AD}`,
      `${NO_CAMPAIGN},${AD.replace('Sale', '')}`,
      `${CAMPAIGN},${AD}`,
      `${CAMPAIGN.replace('Spring', '').replace('500', '')},${AD.replace('300', '0')}`,
    );
    expect(ads).toEqual([['Spring', 1]]);
    expect(faults).toEqual([
      'row 2: bid.amount must be above 0; targeting.country "UK" is no country of ISO 3166-1: did you mean "GB"?',
      'row 3: ad.title is required',
      'row 5: name is required; dailyBudget is required; ad.width must be a whole number from 1 to 10000',
    ]);
  });

  it('may have fewer cells than the header, but not more', () => {
    expect(check(`${HEADER},ad.description,deals`, `${CAMPAIGN},${AD}`).ads).toEqual([['Spring', 1]]);
    expect(check(HEADER, `${CAMPAIGN},${AD},more`).faults).toEqual([
      'row 2: it has 12 cells and the header 11: a cell that holds the delimiter goes in quotes',
    ]);
    expect(check(`${HEADER},`, `${CAMPAIGN},${AD},`).ads).toEqual([['Spring', 1]]);
    expect(check(`${HEADER},`, `${CAMPAIGN},${AD},more`).faults).toEqual([
      'row 2: it has a value in column 12, which has no name',
    ]);
  });
});

describe('a sheet', () => {
  it('comes with any line ends, a byte order mark, semicolons or tabs, and line breaks in quotes', () => {
    const lines = [HEADER, `${CAMPAIGN},"Sale, ""now""\nor never",${AD.slice(5)}`];
    for (const delimiter of [',', ';', '\t']) {
      for (const end of ['\n', '\r\n', '\r']) {
        const text = lines.map((line) => line.replace(/,(?! )/g, delimiter)).join(end);
        const [campaign] = check(`\uFEFF${text}${end}`).campaigns;
        expect(campaign?.ads[0]?.title, JSON.stringify([delimiter, end])).toBe('Sale, "now"\nor never');
      }
    }
  });

  it('holds lists, times of day, caps and media in single cells', () => {
    const { campaigns, faults } = check(
      `${HEADER},schedule.dayparts,frequencyCaps,targeting.os.exclude,deals,dealsOnly,ad.attributes,ad.media,schedule.start,ad.type,ad.durationSec`.replaceAll(
        ',',
        ';',
      ),
      `${CAMPAIGN},${AD};1-5 08:00-20:00 | 6,7 22:00-02:00;3/day|10/week;ios | tvos;a;TRUE;1|16;https://x.example/a.mp4 video/mp4 640x360 800|https://x.example/b video/webm;2026-11-01T00:00:00Z;video;15`.replace(
        /^[^;]*/,
        (part) => part.replaceAll(',', ';'),
      ),
    );
    expect(faults).toEqual([]);
    expect(writeCampaign(campaigns[0]!)).toMatchObject({
      schedule: {
        start: '2026-11-01T00:00:00Z',
        dayparts: [
          { days: [1, 2, 3, 4, 5], from: '08:00', to: '20:00' },
          { days: [6, 7], from: '22:00', to: '02:00' },
        ],
      },
      frequencyCaps: [
        { limit: 3, window: 'day' },
        { limit: 10, window: 'week' },
      ],
      targeting: [
        { dimension: 'country', operator: 'include', values: ['US', 'CA'] },
        { dimension: 'os', operator: 'exclude', values: ['ios', 'tvos'] },
      ],
      deals: ['a'],
      dealsOnly: true,
      ads: [
        {
          attributes: [1, 16],
          media: [
            {
              url: 'https://x.example/a.mp4',
              mimeType: 'video/mp4',
              width: 640,
              height: 360,
              bitrateKbps: 800,
            },
            {
              url: 'https://x.example/b',
              mimeType: 'video/webm',
              width: null,
              height: null,
              bitrateKbps: null,
            },
          ],
        },
      ],
    });
  });

  it.each([
    ['bid.amount', '2,5', '"2,5" has a comma: numbers are written with a point alone, as 2.5'],
    ['dailyBudget', '1,000', '"1,000" has a comma: numbers are written with a point alone, as 2.5'],
    ['bid.amount', '$2.50', 'must be a number'],
    ['schedule.start', '01.11.2026', 'must be an ISO 8601 time with Z or an offset, as 2026-11-01T00:00:00Z'],
    [
      'schedule.dayparts',
      'Mon-Fri 08:00-20:00',
      '"Mon-Fri 08:00-20:00" is not in the form of 1-5 08:00-20:00|6,7 10:00-24:00',
    ],
    [
      'schedule.dayparts',
      '5-1 08:00-20:00',
      '"5-1 08:00-20:00" is not in the form of 1-5 08:00-20:00|6,7 10:00-24:00',
    ],
    ['schedule.dayparts', '1 08:00-25:00', 'must be a time of day from 00:00 to 24:00'],
    ['schedule.dayparts', '8 08:00-20:00', 'must be a whole number from 1 to 7'],
    ['frequencyCaps', '3 a day', '"3 a day" is not in the form of 3/day|10/week'],
    [
      'frequencyCaps',
      '3/fortnight',
      '"fortnight" is no window: it is one of minute, hour, day, week, lifetime',
    ],
    ['dealsOnly', 'WAHR', 'must be true or false'],
    [
      'ad.media',
      'https://x.example/a',
      '"https://x.example/a" is not in the form of https://cdn.brand.example/spot.mp4 video/mp4 640x360 800',
    ],
  ])('tells of %s what is wrong with %s', (column, cell, message) => {
    const header = [...HEADER.split(','), column].filter((name, i, all) => all.lastIndexOf(name) === i);
    const cells = new Map(
      HEADER.split(',').map((name, i) => [name, `${CAMPAIGN},${AD}`.split(',')[i] ?? '']),
    );
    cells.set(column, cell);
    expect(check(header.join(';'), header.map((name) => cells.get(name)).join(';')).faults).toEqual([
      `row 2: ${column} ${message}`,
    ]);
  });

  it('that runs into its rows is refused in a few lines', () => {
    const cells = Array.from({ length: 1_000 }, (_, i) => `cell ${String(i % 200)}`).join(',');
    const { faults } = check(`${HEADER}${cells}`, '');
    expect(faults.length).toBe(21);
    expect(faults.at(-1)).toMatch(/^row 1 has \d+ more names that are wrong$/);
  });

  it('is not read with a column that is unknown, or named twice', () => {
    expect(check(`${HEADER},bid.amout,title,Country,colour,name`, 'x').faults).toEqual([
      'row 1 names a column wrong: "bid.amout" is no column of a campaign or an ad: did you mean "bid.amount"?',
      'row 1 names a column wrong: "title" is no column of a campaign or an ad: did you mean "ad.title"?',
      'row 1 names a column wrong: "Country" is no column of a campaign or an ad: did you mean "targeting.country"?',
      'row 1 names a column wrong: "colour" is no column of a campaign or an ad: docs/campaigns.md names them all',
      'row 1 names the column name twice',
    ]);
  });

  it('of the document is read as it says', () => {
    const text = readFileSync(new URL('../../docs/campaigns.md', import.meta.url), 'utf8');
    const { ads, faults, campaigns } = check(/```csv\n([^]*?)```/.exec(text)?.[1] ?? '');
    expect([ads, faults]).toEqual([
      [
        ['Spring', 2],
        ['Autumn', 1],
      ],
      [],
    ]);
    expect(campaigns[0]?.schedule.dayparts.length).toBe(2);
    for (const { name } of SHEET_COLUMNS.filter(({ path }) => path[0] !== 'targeting')) {
      expect(text).toContain(`\`${name.replace(/^ad\./, '')}\``);
    }
  });

  it('with a quote out of place says in which line', () => {
    expect(check(HEADER, `${CAMPAIGN},"Sale`).faults).toEqual(['line 2 has a quote that is never closed']);
    expect(check(HEADER, `${CAMPAIGN},Sale "now",`).faults).toEqual([
      'line 2 has a quote in the middle of a cell: the whole cell goes in quotes, and a quote in it is written twice',
    ]);
    expect(check('').ads).toEqual([]);
  });
});
