import { describe, expect, it } from 'vitest';
import { checkRows, readRows } from './campaign-rows.ts';

const SOUND = {
  name: 'Spring',
  advertiserId: 'c9bf9e57-1685-4c89-bafb-ff5af830be8a',
  bid: { model: 'cpm', amount: 2.5 },
  dailyBudget: 500,
  ads: [
    { title: 'x', imageUrl: 'https://x.example/a', redirectUrl: 'https://x.example', width: 1, height: 1 },
  ],
};

function check(text: string) {
  let ids = 0;
  const seen: number[] = [];
  const context = { nowMs: 0, newId: () => `id-${String(ids++)}` };
  const { campaigns, faults } = checkRows(readRows(text), context, (checked) => seen.push(checked));
  return { names: campaigns.map(({ name }) => name), faults, seen };
}

describe('a file of campaigns', () => {
  it('is an array, an object a line, or one object over many lines', () => {
    const other = { ...SOUND, name: 'Autumn' };
    const forms = [
      JSON.stringify([SOUND, other], null, 2),
      `${JSON.stringify(SOUND)}\r\n\n${JSON.stringify(other)}\n`,
    ];
    for (const form of forms) expect(check(form)).toMatchObject({ names: ['Spring', 'Autumn'], faults: [] });
    expect(check(JSON.stringify(SOUND, null, 2))).toMatchObject({ names: ['Spring'], faults: [] });
    expect(check('')).toMatchObject({ names: [], faults: [] });
  });

  it('is read to its end, and every bad row is told with its place and all its fields', () => {
    const text = [SOUND, { ...SOUND, dailyBudget: 0, name: '' }, SOUND, 7].map((row) => JSON.stringify(row));
    expect(check([...text, '{"name":'].join('\n'))).toMatchObject({
      names: ['Spring', 'Spring'],
      faults: [
        'line 2: name is required; dailyBudget must be above 0',
        'line 4: it must be an object',
        'line 5 is no JSON',
      ],
    });
    expect(check(`[${text.join(',')}]`).faults).toEqual([
      'campaign 2: name is required; dailyBudget must be above 0',
      'campaign 4: it must be an object',
    ]);
    expect(check(`[${text.join(',')}`).faults).toEqual(['the file is no sound JSON array']);
  });

  it('tells how far it is', () => {
    const lines = Array.from({ length: 250 }, () => JSON.stringify(SOUND)).join('\n');
    expect(check(lines).seen).toEqual([0, 100, 200, 250]);
  });
});
